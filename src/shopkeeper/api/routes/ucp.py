"""The catalogue as the Universal Commerce Protocol (version 2026-04-08) shapes it, for agents of shoppers to read.

`POST /v1/ucp/search` is its `search_catalog`, `GET /v1/ucp/products/{id}` its `get_product`. Cart and checkout are the
shop's own and not offered here.
"""

import html
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any

import nh3
from babel.numbers import get_currency_precision
from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field

from shopkeeper.api.problems import Invalid
from shopkeeper.api.views import MAX_PAGE, ShopOf, after, cursor_behind, public_product
from shopkeeper.errors import NotFound
from shopkeeper.search import SearchRequest
from shopkeeper.shop import products
from shopkeeper.shop.records import Image, Money, Product, ProductStatus, Variant

router = APIRouter(prefix="/ucp", tags=["agents (UCP)"])

VERSION = "2026-04-08"
MAX_OFFSET = 10_000


class Meta(BaseModel):
    """Which version of the protocol this is."""

    version: str = VERSION
    status: str = "success"


class Price(BaseModel):
    """An amount in the currency's minor unit: 1999 USD is 19.99 dollars."""

    amount: int = Field(ge=0)
    currency: str = Field(pattern="^[A-Z]{3}$")


class PriceSpan(BaseModel):
    """From the cheapest to the dearest variant."""

    min: Price
    max: Price


class Description(BaseModel):
    """Text without markup."""

    plain: str


class Category(BaseModel):
    """A path in the shop's own categories."""

    value: str
    taxonomy: str = "merchant"


class Media(BaseModel):
    """A picture."""

    type: str = "image"
    url: str
    alt_text: str = ""


class OptionValue(BaseModel):
    """One value of an option."""

    label: str


class ProductOption(BaseModel):
    """An option and its values."""

    name: str
    values: list[OptionValue] = Field(min_length=1)


class SelectedOption(BaseModel):
    """The value that a variant has."""

    name: str
    label: str


class Barcode(BaseModel):
    """A number that the trade knows the variant by."""

    type: str = "GTIN"
    value: str


class VariantAvailability(BaseModel):
    """Whether it can be bought."""

    available: bool
    status: str


class UcpRating(BaseModel):
    """The mean rating."""

    value: float = Field(ge=0)
    scale_max: float = Field(ge=1)
    count: int = Field(ge=0)


class UcpVariant(BaseModel):
    """What is bought."""

    id: str
    title: str
    description: Description
    price: Price
    list_price: Price | None = None
    sku: str | None = None
    barcodes: list[Barcode] = []
    availability: VariantAvailability
    options: list[SelectedOption] = []
    media: list[Media] = []


class UcpProduct(BaseModel):
    """What a shopper compares."""

    id: str
    title: str
    description: Description
    price_range: PriceSpan
    list_price_range: PriceSpan | None = None
    variants: list[UcpVariant] = Field(min_length=1)
    handle: str | None = None
    url: str | None = None
    categories: list[Category] = []
    media: list[Media] = []
    options: list[ProductOption] = []
    rating: UcpRating | None = None
    tags: list[str] = []
    metadata: dict[str, Any] = {}


class PriceFilter(BaseModel):
    """Bounds in minor units of the shop's currency."""

    min: int | None = Field(None, ge=0, le=10**14)
    max: int | None = Field(None, ge=0, le=10**14)


class Filters(BaseModel):
    """What to narrow the search to."""

    categories: list[Annotated[str, Field(max_length=500)]] = Field([], max_length=20)
    price: PriceFilter = PriceFilter()


class PageWanted(BaseModel):
    """Which page."""

    cursor: str | None = Field(None, max_length=100)
    limit: int = Field(10, ge=1, le=MAX_PAGE)


class CatalogSearch(BaseModel):
    """`search_request` of the protocol; `context` may name the shopper's language."""

    query: str = Field("", max_length=500)
    context: dict[str, Any] = {}
    filters: Filters = Filters()
    pagination: PageWanted = PageWanted()


class PageGiven(BaseModel):
    """Where this page stands."""

    has_next_page: bool
    cursor: str | None = None
    total_count: int = Field(ge=0)


class CatalogAnswer(BaseModel):
    """`search_response` of the protocol."""

    ucp: Meta = Meta()
    products: list[UcpProduct]
    pagination: PageGiven


class ProductAnswer(BaseModel):
    """`get_product_response` of the protocol."""

    ucp: Meta = Meta()
    product: UcpProduct


@router.post("/search", response_model_exclude_none=True)
def search_catalog(shop: ShopOf, request: Request, wanted: CatalogSearch) -> CatalogAnswer:
    """Search the catalogue: the protocol's `search_catalog`."""
    offset, limit = _offset(wanted.pagination.cursor), wanted.pagination.limit
    answer = shop.search.search(
        SearchRequest(
            query=wanted.query,
            category=_category(wanted.filters.categories),
            price_min=_major(wanted.filters.price.min, shop.settings.currency),
            price_max=_major(wanted.filters.price.max, shop.settings.currency),
            language=_language(wanted.context, shop.settings.languages, shop.settings.language),
            offset=offset,
            limit=limit,
        )
    )
    with shop.database.connection() as conn:
        found = products.get_many(conn, [hit.product_id for hit in answer.hits])
    more = offset + limit < answer.total
    base = str(request.base_url)
    return CatalogAnswer(
        products=[ucp_product(p, base) for p in found.values() if p.variants],
        pagination=PageGiven(
            has_next_page=more,
            cursor=cursor_behind(str(offset + limit)) if more else None,
            total_count=answer.total,
        ),
    )


@router.get("/products/{product_id:path}", response_model_exclude_none=True)
def get_product(
    shop: ShopOf, request: Request, product_id: Annotated[str, Path(min_length=1, max_length=500)]
) -> ProductAnswer:
    """One product by its id, or by the id of one of its variants: the protocol's `get_product`."""
    with shop.database.connection() as conn:
        ids = products.find_by_code(conn, product_id)
        found = products.get_many(conn, ids)
    for product in found.values():
        named = product.id == product_id or any(v.id == product_id for v in product.variants)
        if named and product.status is ProductStatus.ACTIVE and product.variants:
            return ProductAnswer(product=ucp_product(product, str(request.base_url)))
    raise NotFound(f"no product has the id {product_id!r}", hint="ids are case-sensitive")


def _offset(cursor: str | None) -> int:
    text = after(cursor) or "0"
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) <= MAX_OFFSET):
        raise Invalid(
            "body.pagination.cursor", "is none of ours", hint="leave it out to begin anew"
        )
    return int(text)


def _category(wanted: Sequence[str]) -> tuple[str, ...]:
    """The path that the protocol writes as "A > B". Of several the first counts: our search takes one."""
    return tuple(part.strip() for part in wanted[0].split(">")) if wanted else ()


def _language(context: dict[str, Any], known: Sequence[str], otherwise: str) -> str:
    asked = str(context.get("language", "")).partition("-")[0].lower()
    return asked if asked in known else otherwise


def _major(amount: int | None, currency: str) -> Decimal | None:
    return None if amount is None else Decimal(amount).scaleb(-get_currency_precision(currency))


def _price(money: Money) -> Price:
    minor = money.amount.scaleb(get_currency_precision(money.currency))
    return Price(amount=max(0, int(minor.to_integral_value())), currency=money.currency)


def _span(prices: Sequence[Money]) -> PriceSpan | None:
    comparable = [m for m in prices if m.currency == prices[0].currency]
    if not comparable:
        return None
    return PriceSpan(
        min=_price(min(comparable, key=lambda m: m.amount)),
        max=_price(max(comparable, key=lambda m: m.amount)),
    )


def _plain(markup: str) -> Description:
    return Description(plain=" ".join(html.unescape(nh3.clean(markup, tags=set())).split()))


def _media(images: Sequence[Image | None], base: str) -> list[Media]:
    return [Media(url=_absolute(image.url, base), alt_text=image.alt) for image in images if image]


def _absolute(url: str, base: str) -> str:
    return url if "://" in url else base.rstrip("/") + "/" + url.lstrip("/")


def ucp_product(product: Product, base: str) -> UcpProduct:
    """A product in the protocol's shape. base: the URL of this server, for pictures of our own."""
    shown = public_product(product)
    description = _plain(shown.description or shown.title)
    prices = [v.price for v in shown.variants]
    listed = [v.list_price for v in shown.variants if v.list_price is not None]
    span = _span(prices)
    assert span is not None, "a product has at least one variant"
    return UcpProduct(
        id=shown.id,
        title=shown.title,
        description=description,
        price_range=span,
        list_price_range=_span(listed) if listed else None,
        variants=[_variant(v, description, base) for v in shown.variants],
        handle=shown.handle or None,
        url=_absolute(shown.url, base) if shown.url else None,
        categories=[Category(value=" > ".join(shown.category))] if shown.category else [],
        media=_media(shown.images, base),
        options=_options(shown.variants),
        rating=None
        if shown.rating is None
        else UcpRating(
            value=float(shown.rating.value),
            scale_max=float(shown.rating.scale_max),
            count=shown.rating.count,
        ),
        tags=list(shown.tags),
        metadata={"brand": shown.brand} if shown.brand else {},
    )


def _options(variants: Sequence[Variant]) -> list[ProductOption]:
    values: dict[str, dict[str, None]] = {}
    for variant in variants:
        for option in variant.options:
            values.setdefault(option.name, {})[option.value] = None
    return [
        ProductOption(name=name, values=[OptionValue(label=label) for label in labels])
        for name, labels in values.items()
    ]


def _variant(variant: Variant, description: Description, base: str) -> UcpVariant:
    return UcpVariant(
        id=variant.id,
        title=variant.title,
        description=description,
        price=_price(variant.price),
        list_price=None if variant.list_price is None else _price(variant.list_price),
        sku=variant.sku or None,
        barcodes=[Barcode(value=variant.gtin)] if variant.gtin else [],
        availability=VariantAvailability(
            available=variant.availability.buyable, status=variant.availability.value
        ),
        options=[SelectedOption(name=o.name, label=o.value) for o in variant.options],
        media=_media([variant.image], base),
    )
