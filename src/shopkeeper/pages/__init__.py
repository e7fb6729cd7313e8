"""What the storefront and the console share: templates and components, style, words in each language, formats."""

from shopkeeper.pages.environment import Visit, redirect, render, visit_of
from shopkeeper.pages.routes import router

__all__ = ["Visit", "redirect", "render", "router", "visit_of"]
