"""Finding products: words, filters, facets, order.

Run in a thread (`def`), not on the event loop: with 46,000 products and 8 clients on 2 cores both answer some 225
requests a second, and in a thread a slow database holds nobody else up.
"""

import secrets
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query
from starlette.responses import Response

from shopkeeper.api.guard import Caller, CallerOf
from shopkeeper.api.problems import Invalid
from shopkeeper.api.shapes import SearchAnswer
from shopkeeper.api.views import JSON, MAX_PAGE, ShopOf, product_json
from shopkeeper.errors import Refused
from shopkeeper.search import SearchRequest, SearchResponse, Sort
from shopkeeper.shop.records import Product, ProductId

router = APIRouter(tags=["search"])

MAX_QUERY = 500
MAX_OFFSET = 10_000
MAX_FILTERS = 50
Price = Annotated[Decimal | None, Query(ge=0, max_digits=16, decimal_places=4)]
Words = Annotated[str, Query(max_length=MAX_QUERY)]


@router.get("/search", response_model=SearchAnswer)
def search(
    shop: ShopOf,
    caller: CallerOf,
    q: Annotated[str, Query(max_length=MAX_QUERY, description="words; empty: everything")] = "",
    filter: Annotated[
        list[Words],
        Query(
            max_length=MAX_FILTERS,
            description="`name:value` of a facet; values of one name are alternatives",
        ),
    ] = [],  # noqa: B006  # FastAPI copies it
    category: Annotated[
        list[Words], Query(max_length=20, description="a path, from the widest to the narrowest")
    ] = [],  # noqa: B006
    price_min: Price = None,
    price_max: Price = None,
    available: Annotated[bool, Query(description="only what can be bought now")] = False,
    sort: Sort = Sort.RELEVANCE,
    offset: Annotated[int, Query(ge=0, le=MAX_OFFSET)] = 0,
    limit: Annotated[int, Query(ge=0, le=MAX_PAGE)] = 24,
    language: Annotated[
        str, Query(max_length=35, description="of the words; the shop's if empty")
    ] = "",
    explain: Annotated[bool, Query(description="say why each hit stands where it does")] = False,
) -> Response:
    """Products that match, with the facets to narrow them by. Facet counts are what filtering by them leaves."""
    if explain and not caller.sees_all:
        raise Refused("explanations are for the shop only", hint="ask with a secret key")
    request = SearchRequest(
        query=q,
        filters=_filters(filter),
        category=tuple(category),
        price_min=price_min,
        price_max=price_max,
        available_only=available,
        sort=sort,
        offset=offset,
        limit=limit,
        language=_language(language, shop.settings.languages, shop.settings.language),
        explain=explain,
    )
    answer = shop.search.search(request)
    found = shop.search.products([hit.product_id for hit in answer.hits])
    return Response(answer_json(answer, found, caller), media_type=JSON)


def _filters(wanted: list[str]) -> dict[str, tuple[str, ...]]:
    filters: dict[str, list[str]] = {}
    for place, text in enumerate(wanted):
        name, colon, value = text.partition(":")
        if not colon or not name or not value:
            raise Invalid(f"query.filter.{place}", f"{text!r} is not of the form name:value")
        filters.setdefault(name, []).append(value)
    return {name: tuple(values) for name, values in filters.items()}


def _language(asked: str, known: tuple[str, ...], otherwise: str) -> str:
    short = asked.partition("-")[0].lower()
    return short if short in known else otherwise


def answer_json(
    answer: SearchResponse, found: Mapping[ProductId, Product], caller: Caller
) -> bytes:
    """A search's answer as JSON. A product deleted since the index last looked is left out of the hits."""
    hits: list[dict[str, Any]] = [
        {
            "product_id": hit.product_id,
            "score": hit.score,
            "product": orjson.Fragment(product_json(found[hit.product_id], caller)),
            "explanation": hit.explanation,
        }
        for hit in answer.hits
        if hit.product_id in found
    ]
    return orjson.dumps(
        {
            "query_id": secrets.token_hex(12),
            "total": answer.total,
            "hits": hits,
            "facets": answer.facets,
            "categories": answer.categories,
            "price": answer.price,
            "unknown": answer.unknown,
            "required": answer.required,
            "asked": answer.asked,
            "took_ms": answer.took_ms,
        },
        default=str,
    )
