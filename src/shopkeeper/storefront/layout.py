"""What stands around every page of the storefront: departments above, texts and languages below, the cart."""

from collections.abc import Iterable
from typing import Any

from fastapi import Request
from starlette.responses import Response

from shopkeeper.pages import Visit, render
from shopkeeper.shop.records import PageKind, ProductId, ProductStatus
from shopkeeper.storefront import cart, shelves
from shopkeeper.storefront.cards import Card, card_of

IN_FOOTER = 6  # links of a kind; the rest is on the page of all texts


def kept(request: Request) -> shelves.Kept:
    """What is kept of the shop between requests."""
    found: shelves.Kept | None = getattr(request.app.state, "shelves", None)
    if found is None:
        found = request.app.state.shelves = shelves.Kept()
    return found


def departments_of(request: Request, visit: Visit) -> tuple[shelves.Department, ...]:
    """The widest categories in the visitor's language."""
    search = visit.shop.search
    return kept(request).get(
        ("departments", visit.language),
        search.catalogue,
        lambda: shelves.departments(search, visit.language),
    )


def texts_of(request: Request, visit: Visit) -> list[tuple[PageKind, list[shelves.TextLink]]]:
    """The shop's pages in the visitor's language, kind by kind."""

    def ask() -> list[tuple[PageKind, list[shelves.TextLink]]]:
        with visit.shop.database.connection() as conn:
            found = shelves.texts(conn, visit.language)
        kinds = ((kind, [text for text in found if text.kind is kind]) for kind in PageKind)
        return [(kind, texts) for kind, texts in kinds if texts]

    return kept(request).get(("texts", visit.language), None, ask)


def show(request: Request, visit: Visit, template: str, **values: Any) -> Response:
    """A page of the storefront with everything around it."""
    return render(
        visit,
        f"storefront/{template}",
        headers={"cache-control": "private, no-cache"},
        departments=departments_of(request, visit),
        footer=[(kind, found[:IN_FOOTER]) for kind, found in texts_of(request, visit)],
        cart_count=sum(cart.read(request.cookies.get(cart.COOKIE, "")).values()),
        **values,
    )


def cards_of(visit: Visit, ids: Iterable[ProductId]) -> list[Card]:
    """Those of the products that shoppers may see, as cards, in this order."""
    found = visit.shop.search.products(list(ids))
    return [card_of(p, visit) for p in found.values() if p.status is ProductStatus.ACTIVE]
