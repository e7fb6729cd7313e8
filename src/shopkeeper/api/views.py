"""How records go out over HTTP: their canonical JSON, less what a publishable key may not see; pages with cursors."""

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Annotated, Protocol, TypeVar

import orjson
from fastapi import Depends, Query, Request
from starlette.responses import Response

from shopkeeper.api.guard import Caller
from shopkeeper.api.problems import Invalid
from shopkeeper.face import Shop
from shopkeeper.shop.records import Product, ProductStatus, Record, Review, Variant, to_json

MAX_PAGE = 200
JSON = "application/json"


class HasId(Protocol):
    """A record that can be paged by its id."""

    @property
    def id(self) -> str:
        """Stable and unique among its kind."""


Item = TypeVar("Item", bound=HasId)

Cursor = Annotated[
    str | None,
    Query(max_length=2000, description="`next_cursor` of the page before; none for the first page"),
]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="how many at most")]


async def _shop_of(request: Request) -> Shop:
    shop: Shop = request.app.state.shop
    return shop


ShopOf = Annotated[Shop, Depends(_shop_of)]


def after(cursor: str | None) -> str:
    """The id that a cursor stands behind. Raises Invalid."""
    if not cursor:
        return ""
    try:
        text = base64.b64decode(
            cursor.encode() + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True
        ).decode()
    except (binascii.Error, ValueError) as error:
        raise Invalid(
            "query.cursor", "is none of ours", hint="leave it out to begin anew"
        ) from error
    if "\0" in text:
        raise Invalid("query.cursor", "is none of ours", hint="leave it out to begin anew")
    return text


def cursor_behind(record_id: str) -> str:
    """The cursor of the page that begins behind a record."""
    return base64.urlsafe_b64encode(record_id.encode()).decode().rstrip("=")


def page(records: Iterable[Item], limit: int, show: Callable[[Item], bytes]) -> Response:
    """The first `limit` records as JSON, and the cursor of the next page if there are more."""
    found = list(islice(records, limit + 1))
    more = cursor_behind(found[limit - 1].id) if len(found) > limit else None
    items = [orjson.Fragment(show(record)) for record in found[:limit]]
    return json_response({"items": items, "next_cursor": more})


def whole(record: Record) -> bytes:
    """The record as JSON with every field."""
    return to_json(record)


def json_response(value: object, status: int = 200) -> Response:
    """A value as a JSON response."""
    return Response(orjson.dumps(value), status, media_type=JSON)


def visible_product(product: Product, caller: Caller) -> bool:
    """True if the caller may know that there is such a product."""
    return caller.sees_all or product.status is ProductStatus.ACTIVE


def product_json(product: Product, caller: Caller) -> bytes:
    """A product as this caller sees it: a feed's leftovers may hold costs and suppliers, so only the shop sees them."""
    return to_json(product if caller.sees_all else public_product(product))


def public_product(product: Product) -> Product:
    """The product without what is the shop's own business."""
    return replace(
        product, metadata={}, variants=tuple(_public_variant(v) for v in product.variants)
    )


def _public_variant(variant: Variant) -> Variant:
    return replace(variant, metadata={})


def product_view(product: bytes, caller: Caller) -> bytes:
    """`product_json` of a product that is JSON already."""
    if caller.sees_all:
        return product
    seen = orjson.loads(product)
    for part in (seen, *seen["variants"]):
        part["metadata"] = {}
    return orjson.dumps(seen)


def review_json(review: Review, caller: Caller) -> bytes:
    """A review as this caller sees it: who wrote it is known to the shop only, but for the name they signed with."""
    if caller.sees_all:
        return to_json(review)
    return to_json(replace(review, author_email="", customer_id=None, metadata={}))


def etag_of(body: bytes) -> str:
    """A strong entity tag of a response's body."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def is_unchanged(request: Request, etag: str) -> bool:
    """True if the client already has the body with this tag (RFC 9110, 13.1.2: weak comparison)."""
    asked = request.headers.get("if-none-match", "")
    tags: Sequence[str] = [tag.strip().removeprefix("W/") for tag in asked.split(",")]
    return "*" in tags or etag in tags
