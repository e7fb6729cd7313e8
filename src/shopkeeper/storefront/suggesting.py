"""What is suggested below the search box while somebody types: a part of a page, asked for by `suggest.js`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, Response

from shopkeeper.pages import Visit, render, visit_of
from shopkeeper.pages.links import MAX_TEXT, SEARCH, SearchLinks
from shopkeeper.pages.products import Offer, offer_of, picture_of, translation_of
from shopkeeper.search import Piece
from shopkeeper.search.suggest import Kind, Suggestion
from shopkeeper.shop.records import Product, ProductStatus
from shopkeeper.storefront.cards import url_of
from shopkeeper.storefront.narrowing import BRAND

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

MOST, PRODUCTS = 8, 3
KEPT_S = 60


@dataclass(frozen=True, slots=True)
class Line:
    """One suggestion. about: where a category is, or that it is a brand. picture and offer: of a product."""

    kind: Kind
    url: str
    text: tuple[Piece, ...]
    about: str = ""
    picture: str = ""
    offer: Offer | None = None


@router.get("/suggest")
def suggestions(request: Request, q: Annotated[str, Query(max_length=MAX_TEXT)] = "") -> Response:
    """The lines for what has been typed so far; nothing where nothing is like it."""
    visit = visit_of(request)
    lines = list(_lines(visit, q))
    return render(
        visit,
        "storefront/suggestions.html",
        headers={"cache-control": f"private, max-age={KEPT_S}"},
        lines=[line for line in lines if line.kind is not Kind.PRODUCT],
        products=[line for line in lines if line.kind is Kind.PRODUCT],
    )


def _lines(visit: Visit, typed: str) -> Iterator[Line]:
    search = visit.shop.search
    found = search.suggest(typed, limit=MOST, products=PRODUCTS)
    products = search.products([s.target for s in found if s.kind is Kind.PRODUCT])
    shown = {i: p for i, p in products.items() if p.status is ProductStatus.ACTIVE}
    labels = search.labels(visit.language)
    for suggestion in found:
        if suggestion.kind is Kind.PRODUCT:
            if suggestion.target in shown:
                yield _product(visit, shown[suggestion.target], typed)  # type: ignore[index]
        elif suggestion.kind is Kind.CATEGORY:
            names = [labels.get(part, part) for part in suggestion.path]
            above = names[-2] if len(names) > 1 else ""
            url = SearchLinks(category=suggestion.path).url
            yield Line(
                Kind.CATEGORY, url, typed_and_rest(names[-1], typed),
                visit.t("in {category}", category=above) if above else visit.t("Category"),
            )  # fmt: skip
        else:
            yield _words(visit, suggestion, typed)


def _words(visit: Visit, suggestion: Suggestion, typed: str) -> Line:
    text = typed_and_rest(suggestion.text, typed)
    if suggestion.kind is Kind.BRAND:
        url = SearchLinks(filters=((BRAND, suggestion.target),)).url
        return Line(Kind.BRAND, url, text, visit.t("Brand"))
    return Line(Kind.QUERY, f"{SEARCH}?{urlencode({'q': suggestion.text})}", text)


def _product(visit: Visit, product: Product, typed: str) -> Line:
    title = translation_of(product, visit.language).title
    return Line(
        Kind.PRODUCT, url_of(product), typed_and_rest(title, typed),
        picture=picture_of(product), offer=offer_of(product.variants),
    )  # fmt: skip


def typed_and_rest(text: str, typed: str) -> tuple[Piece, ...]:
    """A text in pieces; the one that was typed matches. What is compared is taken as it stands, but for its case."""
    wanted = " ".join(typed.split()).casefold()
    at = text.casefold().find(wanted)
    if not wanted or at < 0 or len(text.casefold()) != len(text):
        return (Piece(text, False),)
    end = at + len(wanted)
    pieces = (Piece(text[:at], False), Piece(text[at:end], True), Piece(text[end:], False))
    return tuple(piece for piece in pieces if piece.text)
