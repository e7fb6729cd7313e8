"""The merchant's pages: what needs doing, catalogue, imports, search and what to do about it, sales, jobs, keys.

In comes a request that `api.guard` has let through, or a form. Each page has a file of routes (`routes` for the first
page, `catalogue`, `product`, `importing`, `sales`, `jobs`, `access`, and those of the package `search`); what it reads
of the database beside single records is in a read model (`overview`, `listing`, `problems`, `search.asked`), what a
look at a file shows in `looking`. Out go values to a template by `page.show`, in the words of `labels`. What is changed
of a product is kept by `shop.edits`.
"""

from shopkeeper.console.routes import router

__all__ = ["router"]
