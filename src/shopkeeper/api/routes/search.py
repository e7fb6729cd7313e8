"""Finding products: words, filters, facets, order; and suggestions while typing.

A search with a publishable key is a shopper's and is kept as a UBI query, after the answer has gone out: clicks that
name its `query_id` are then credited to it. One with a secret key is the shop's own and is kept only if it asks to be.

Both run in threads of their own (`quick.py`), not on the event loop.
"""

import logging
import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

import orjson
import psycopg
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.background import BackgroundTask
from starlette.responses import Response

from shopkeeper.api.guard import Caller, CallerOf, Role
from shopkeeper.api.problems import Invalid
from shopkeeper.api.shapes import SearchAnswer, SuggestionList
from shopkeeper.api.views import JSON, MAX_PAGE, ShopOf, json_response, product_view
from shopkeeper.errors import DatabaseError, Refused
from shopkeeper.search import SearchRequest, SearchResponse, Sort, Way
from shopkeeper.shop import events
from shopkeeper.shop.database import Database
from shopkeeper.shop.records import ProductId, QueryId
from shopkeeper.shop.records import Query as AskedQuery

router = APIRouter(tags=["search"])
log = logging.getLogger(__name__)

APPLICATION = "api"
MAX_SUGGESTIONS = 20

MAX_QUERY = 500
MAX_OFFSET = 10_000
MAX_FILTERS = 50
Price = Annotated[Decimal | None, Field(ge=0, max_digits=16, decimal_places=4)]
Words = Annotated[str, Field(max_length=MAX_QUERY)]


class Asked(BaseModel):
    """What a search is asked."""

    q: Annotated[str, Field(max_length=MAX_QUERY, description="words; empty: everything")] = ""
    filter: Annotated[
        list[Words],
        Field(
            max_length=MAX_FILTERS,
            description="`name:value` of a facet; values of one name are alternatives",
        ),
    ] = []
    category: Annotated[
        list[Words], Field(max_length=20, description="a path, from the widest to the narrowest")
    ] = []
    price_min: Price = None
    price_max: Price = None
    available: Annotated[bool, Field(description="only what can be bought now")] = False
    sort: Sort = Sort.RELEVANCE
    offset: Annotated[int, Field(ge=0, le=MAX_OFFSET)] = 0
    limit: Annotated[int, Field(ge=0, le=MAX_PAGE)] = 24
    language: Annotated[
        str, Field(max_length=35, description="of the words; the shop's if empty")
    ] = ""
    way: Annotated[Way, Field(description="by words and meaning, or by words alone")] = Way.HYBRID
    mend: Annotated[bool, Field(description="look past typing errors")] = True
    explain: Annotated[bool, Field(description="say why each hit stands where it does")] = False
    record: Annotated[
        bool | None,
        Field(description="keep this search; if not said, those with a publishable key are kept"),
    ] = None


@router.get("/search", response_model=SearchAnswer)
def search(shop: ShopOf, caller: CallerOf, asked: Annotated[Asked, Query()]) -> Response:
    """Products that match, with the facets to narrow them by. Facet counts are what filtering by them leaves."""
    if asked.explain and not caller.sees_all:
        raise Refused("explanations are for the shop only", hint="ask with a secret key")
    request = SearchRequest(
        query=asked.q,
        filters=_filters(asked.filter),
        category=tuple(asked.category),
        price_min=asked.price_min,
        price_max=asked.price_max,
        available_only=asked.available,
        sort=asked.sort,
        offset=asked.offset,
        limit=asked.limit,
        language=_language(asked.language, shop.settings.languages, shop.settings.language),
        way=asked.way,
        mend=asked.mend,
        explain=asked.explain,
    )
    answer = shop.search.search(request)
    found = shop.search.products_json([hit.product_id for hit in answer.hits])
    kept = (caller.role is Role.PUBLISHABLE) if asked.record is None else asked.record
    query = _asked(request, answer, found) if kept and asked.q.strip() and asked.limit else None
    body = answer_json(answer, found, caller, query_id=query.id if query else "")
    response = Response(body, media_type=JSON)
    if query is not None:
        response.background = BackgroundTask(_keep, shop.database, query)
    return response


def _asked(
    request: SearchRequest, answer: SearchResponse, found: Iterable[ProductId]
) -> AskedQuery:
    """The search as it is kept."""
    return AskedQuery(
        id=QueryId(secrets.token_hex(12)),
        user_query=request.query,
        at=datetime.now(UTC),
        application=APPLICATION,
        hits=tuple(found),
        attributes={
            "total": answer.total, "offset": request.offset, "language": request.language,
        },
    )  # fmt: skip


def _keep(database: Database, query: AskedQuery) -> None:
    try:
        with database.connection() as conn:
            events.add_queries(conn, [query])
    except (DatabaseError, psycopg.Error) as error:
        log.warning("a query was not kept: %s", error)


class Typed(BaseModel):
    """What suggestions are asked for."""

    q: Annotated[str, Field(max_length=MAX_QUERY, description="what has been typed so far")] = ""
    limit: Annotated[int, Field(ge=1, le=MAX_SUGGESTIONS)] = 8
    products: Annotated[
        int, Field(ge=0, le=MAX_SUGGESTIONS, description="how many of them may be products")
    ] = 3


@router.get("/suggest", response_model=SuggestionList)
def suggest(shop: ShopOf, caller: CallerOf, asked: Annotated[Typed, Query()]) -> Response:
    """What somebody who has typed this may want: words that others searched for, categories, brands, products."""
    found = shop.search.suggest(asked.q, limit=asked.limit, products=asked.products)
    return json_response(
        {"items": [{"text": s.text, "kind": s.kind, "target": s.path} for s in found]}
    )


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
    answer: SearchResponse,
    found: Mapping[ProductId, bytes],
    caller: Caller,
    *,
    query_id: str = "",
) -> bytes:
    """A search's answer as JSON. query_id: under which it is kept, if it is. A product deleted since the index last looked is left out of the hits."""
    hits: list[dict[str, Any]] = [
        {
            "product_id": hit.product_id,
            "score": hit.score,
            "product": orjson.Fragment(product_view(found[hit.product_id], caller)),
            "explanation": hit.explanation,
        }
        for hit in answer.hits
        if hit.product_id in found
    ]
    return orjson.dumps(
        {
            "query_id": query_id or secrets.token_hex(12),
            "recorded": bool(query_id),
            "total": answer.total,
            "hits": hits,
            "facets": answer.facets,
            "categories": answer.categories,
            "price": answer.price,
            "unknown": answer.unknown,
            "required": answer.required,
            "asked": answer.asked,
            "did_you_mean": answer.did_you_mean,
            "meaning_weight": answer.meaning_weight,
            "took_ms": answer.took_ms,
        },
        default=str,
    )
