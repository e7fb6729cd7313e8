"""The front page: what the shop has, and shelves of products."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from shopkeeper.pages import Visit, visit_of
from shopkeeper.pages.products import picture_of
from shopkeeper.recommend import Slot
from shopkeeper.search import Sort
from shopkeeper.search.shelves import SHELF, first_by, popular, reduced, varied
from shopkeeper.shop import products, reviews
from shopkeeper.shop.records import ProductId
from shopkeeper.storefront.cards import Card
from shopkeeper.storefront.layout import cards_of, departments_of, kept, show
from shopkeeper.storefront.recommended import picked
from shopkeeper.storefront.shelves import seen_lately
from shopkeeper.storefront.visits import Visitor, visitor_of

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

IN_HERO = 3


@dataclass(frozen=True, slots=True)
class Shelf:
    """A row of products. url: where there are more of the kind."""

    title: str
    cards: list[Card]
    url: str = ""


@dataclass(frozen=True, slots=True)
class Stock:
    """What is on the shelves for everybody. pictures: of the departments, by category."""

    popular: list[ProductId]
    reduced: list[ProductId]
    best: list[ProductId]
    newest: list[ProductId]
    pictures: dict[str, str]
    reviews: int


@router.get("/")
def home(request: Request) -> Response:
    """The front page."""
    visit = visit_of(request)
    stock = kept(request).get(
        ("stock", visit.language), visit.shop.search.catalogue, lambda: _stock(request, visit)
    )
    visitor = visitor_of(request)
    seen: list[ProductId] = []
    if visitor.session_id and not visitor.is_new:
        with visit.shop.database.connection() as conn:
            seen = seen_lately(conn, visitor.session_id)
    personal = _personal(visit, visitor) if seen else []
    full = len(stock.popular) == SHELF  # fewer say nothing about what many like
    rows = [
        *personal,
        Shelf(visit.t("Popular now"), cards_of(visit, stock.popular if full else ())),
        Shelf(visit.t("Seen lately"), cards_of(visit, seen)),
        Shelf(visit.t("Reduced"), cards_of(visit, stock.reduced)),
        Shelf(visit.t("Loved by buyers"), cards_of(visit, stock.best), "/search?sort=rating"),
        Shelf(visit.t("New"), cards_of(visit, stock.newest), "/search?sort=newest"),
    ]
    shown = [row for row in rows if row.cards]
    return show(
        request,
        visit,
        "home.html",
        title=visit.t("Home"),
        shelves=shown,
        hero=next((row.cards[:IN_HERO] for row in shown if len(row.cards) >= IN_HERO), []),
        pictures=stock.pictures,
        total=visit.shop.search.size,
        reviews=stock.reviews,
    )


def _personal(visit: Visit, visitor: Visitor) -> list[Shelf]:
    """Shelves for somebody who has looked around already."""
    home = picked(visit, visitor, Slot.HOME, limit=SHELF)
    looked = picked(visit, visitor, Slot.LOOKED, limit=SHELF)
    shelf = [Shelf(visit.t("For you"), home.cards)] if home.personal else []
    title = visit.t("Because you looked at {title}", title=looked.anchor)
    return [*shelf, Shelf(title, looked.cards)]


def _stock(request: Request, visit: Visit) -> Stock:
    search = visit.shop.search
    emblems = {d.value: d.emblem for d in departments_of(request, visit) if d.emblem}
    best, newest = (first_by(search, visit.language, sort) for sort in (Sort.RATING, Sort.NEWEST))
    with visit.shop.database.connection() as conn:
        pictured = products.get_many(conn, list(emblems.values()))
        return Stock(
            popular=varied(conn, popular(conn)),
            reduced=varied(conn, reduced(conn)),
            best=varied(conn, best, rated=True),
            newest=varied(conn, newest),
            pictures={c: picture_of(pictured[i]) for c, i in emblems.items() if i in pictured},
            reviews=reviews.count(conn),
        )
