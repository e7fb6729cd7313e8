"""What the storefront and the console share.

In comes a request: `environment.visit_of` says in which language and theme it is to be answered. A route hands its
values to `environment.render`, which fills a template under a strict Content-Security-Policy. Components are macros in
`templates/components.html`, colours and sizes are in `static/style.css`, the words of each language other than English
in `messages.<language>.json` (`words.py`), money, numbers and dates in `formats.py`, errors in `problems.py`.
"""

from shopkeeper.pages.environment import Visit, redirect, render, visit_of
from shopkeeper.pages.problems import problem_page
from shopkeeper.pages.routes import router

__all__ = ["Visit", "problem_page", "redirect", "render", "router", "visit_of"]
