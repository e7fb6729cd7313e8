"""The product page, and the drawings of products that have no photograph."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import HTMLResponse, Response

from shopkeeper.errors import NotFound
from shopkeeper.pages import Visit, visit_of
from shopkeeper.pages.links import SearchLinks, page_number
from shopkeeper.pages.products import (
    drawing_of,
    may_show,
    offer_of,
    rating_of,
    translation_of,
)
from shopkeeper.recommend import Slot
from shopkeeper.search import Sort
from shopkeeper.search.shelves import SHELF
from shopkeeper.shop import demo, products
from shopkeeper.shop.database import Connection
from shopkeeper.shop.feeds.assembling import price_is_known
from shopkeeper.shop.records import Product, ProductStatus, Variant
from shopkeeper.storefront import visits
from shopkeeper.storefront.cards import Card, url_of
from shopkeeper.storefront.digest import digest_of
from shopkeeper.storefront.layout import cards_of, show
from shopkeeper.storefront.options import choices_of
from shopkeeper.storefront.recommended import picked
from shopkeeper.storefront.texts import Promise, promises
from shopkeeper.text import plain_text

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
MAX_PICTURES = 8
LOW_STOCK = 5  # pieces; so few are said
DIGEST_LENGTH = 160  # characters of the description that search engines show
Id = Annotated[str, Path(max_length=300)]
Short = Annotated[str, Query(max_length=64)]


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture in the gallery, and the address that shows it large."""

    source: str
    alt: str
    url: str
    chosen: bool


@router.get("/products/{product_id:path}")
def product_page(
    request: Request,
    product_id: Id,
    variant: Annotated[str, Query(max_length=300)] = "",
    q_id: Short = "",
    pos: Short = "",
    picture: Short = "",
    stars: Short = "",
    page: Short = "",
) -> Response:
    """A product."""
    visit = visit_of(request)
    with visit.shop.database.connection() as conn:
        product = for_shoppers(conn, product_id)
        digest = digest_of(conn, product.id, stars=stars, page=page, language=visit.language)
        promised: list[Promise] = promises(conn, visit.language)
    words = translation_of(product, visit.language)
    chosen = _chosen(product, variant)
    keep = {"q_id": q_id, "pos": pos}
    gallery = _gallery(product, chosen, words.title, picture)
    visitor, about = visits.visitor_of(request), (product.id,)
    similar = picked(visit, visitor, Slot.SIMILAR, products=about, limit=SHELF)
    mean = digest.mean if digest.mean is not None else rating_of(product)
    shown = show(
        request,
        visit,
        "product.html",
        title=words.title,
        summary=plain_text(words.description)[:DIGEST_LENGTH],
        product=product,
        words=words,
        variant=chosen,
        gallery=gallery,
        main=next(shot for shot in gallery if shot.chosen),
        offer=offer_of([chosen]),
        options=choices_of(product, chosen, words.terms, keep),
        facts=_facts(visit, product, chosen, words.terms),
        path=_path(visit, product, words.category),
        buyable=chosen.availability.buyable and price_is_known(chosen),
        few_left=chosen.quantity if 0 < (chosen.quantity or 0) <= LOW_STOCK else 0,
        mean=mean,
        rated=digest.count or (product.rating.count if product.rating else 0),
        digest=digest,
        review_url=lambda **more: url_of(product, variant=variant, **more) + "#reviews",
        promises=promised,
        query_id=q_id,
        similar=similar.cards or _related(visit, product),
        together=picked(visit, visitor, Slot.TOGETHER, products=about, limit=SHELF).cards,
    )
    seen = [visits.event(visitor, "view", product_id=product.id, query_id=q_id)]
    position = page_number(pos) if pos.isascii() and pos.isdigit() else 0
    if q_id and position:
        seen.append(visits.click(visitor, product.id, q_id, position))
    return visits.note(shown, request, visitor, seen)


def for_shoppers(conn: Connection, product_id: str) -> Product:
    """The product with this id, if shoppers may see it. Raises NotFound."""
    product = products.get(conn, product_id)
    if product.status is not ProductStatus.ACTIVE:
        raise NotFound(f"no product has the id {product_id!r}", hint="ids are case-sensitive")
    return product


def _chosen(product: Product, variant_id: str) -> Variant:
    """The variant asked for, else the first that can be bought."""
    asked = [v for v in product.variants if v.id == variant_id]
    buyable = [v for v in product.variants if v.availability.buyable]
    return (asked or buyable or list(product.variants))[0]


def _gallery(product: Product, variant: Variant, title: str, picked: str) -> list[Shot]:
    """The variant's picture first, then the product's; one of them chosen. Never empty."""
    images = [variant.image] if variant.image is not None else []
    images += list(product.images)
    found = {i.url: i.alt for i in reversed(images) if may_show(i)}
    sources = list(reversed(found.items()))[:MAX_PICTURES] or [(drawing_of(product, variant), "")]
    number = page_number(picked, len(sources))
    return [
        Shot(
            source,
            alt or title,
            url_of(product, variant=variant.id, picture=str(place)),
            place == number,
        )
        for place, (source, alt) in enumerate(sources, 1)
    ]


def _facts(
    visit: Visit, product: Product, variant: Variant, terms: Mapping[str, str]
) -> list[tuple[str, str]]:
    facts = [(visit.t("Brand"), product.brand)] if product.brand else []
    facts += [
        (terms.get(name, name), ", ".join(terms.get(v, v) for v in values))
        for name, values in product.attributes.items()
    ]
    facts += [(terms.get(o.name, o.name), terms.get(o.value, o.value)) for o in variant.options]
    codes = [
        (visit.t("Article number"), variant.sku),
        (visit.t("Model"), variant.mpn),
        (visit.t("GTIN"), variant.gtin),
    ]
    return facts + [(label, value) for label, value in codes if value]


def _path(visit: Visit, product: Product, names: tuple[str, ...]) -> list[tuple[str, str]]:
    path = [(visit.t("Home"), "/")]
    for n, label in enumerate(names or product.category, 1):
        path.append((label, SearchLinks(category=product.category[:n]).url))
    return path


def _related(visit: Visit, product: Product) -> list[Card]:
    """Others of its category, the best rated first; of a wider one where there are too few."""
    for levels in range(len(product.category), 0, -1):
        links = SearchLinks(category=product.category[:levels], sort=Sort.RATING)
        hits = visit.shop.search.search(links.request(visit.language)).hits
        others = [h.product_id for h in hits if h.product_id != product.id]
        if len(others) >= SHELF or levels == 1:
            return cards_of(visit, others[:SHELF])
    return []


@router.get("/pictures/{product_id:path}.svg")
def picture(
    request: Request, product_id: Id, variant: Annotated[str, Query(max_length=300)] = ""
) -> Response:
    """A drawing of a product that has no photograph."""
    with request.app.state.shop.database.connection() as conn:
        product = products.get(conn, product_id)
    chosen = next((v for v in product.variants if v.id == variant), None)
    svg = demo.picture(product, chosen)
    headers = {"content-security-policy": PICTURE_POLICY, "cache-control": "public, max-age=86400"}
    return Response(svg, media_type="image/svg+xml", headers=headers)
