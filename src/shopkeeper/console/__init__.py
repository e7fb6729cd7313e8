"""The merchant's pages: what needs doing, conversations, catalogue, imports, search, recommendation, sales, models, jobs.

In comes a request that `api.guard` has let through, or a form. Each page has a file of routes: `routes` for the first
page, `catalogue`, `product`, `importing`, `sales`, `jobs`, `attention`, `workshop`, `access`, and those of the packages
`inbox`, `search`, `recommend` and `models`. What a page reads of the database beside single records is in a read model
(`overview`, `listing`, `problems`, `search.asked`), what a look at a file shows in `looking`, what pages of versions
share in `switching`. Out go values to a template by `page.show`, in the words of `labels`. What is changed of a product
is kept by `shop.edits`.
"""

from shopkeeper.console.routes import router

__all__ = ["router"]
