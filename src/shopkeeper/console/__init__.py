"""The merchant's pages: what needs doing, the catalogue, imports, a search tester, sales, background work, keys.

In comes a request that `api.guard` has let through, or a form. Each page has a file of routes (`routes` for the first
page, `catalogue`, `product`, `importing`, `searching`, `sales`, `jobs`, `access`); what it reads of the database beside
single records is in a read model (`overview`, `listing`, `problems`), what a look at a file shows in `looking`. Out go
values to a template by `page.show`, in the words of `labels`. What is changed of a product is kept by `shop.edits`.
"""

from shopkeeper.console.routes import router

__all__ = ["router"]
