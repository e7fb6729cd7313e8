"""What visitors do, as UBI events: noted after the page has gone out, so that nobody waits for it.

A visit is known by a random cookie that ends with the browser's session. With Do Not Track or Global Privacy Control
no cookie is set and events carry no id at all.
"""

import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from fastapi import Request
from starlette.background import BackgroundTask
from starlette.responses import Response

from shopkeeper.errors import DatabaseError
from shopkeeper.shop import events
from shopkeeper.shop.database import Database
from shopkeeper.shop.records import Event, EventId, Query, QueryId

log = logging.getLogger(__name__)

COOKIE = "visit"
APPLICATION = "storefront"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is here, as far as they want to be known. session_id: empty if they do not."""

    session_id: str
    is_new: bool


def visitor_of(request: Request) -> Visitor:
    """The visitor of a request."""
    if request.headers.get("dnt") == "1" or request.headers.get("sec-gpc") == "1":
        return Visitor("", False)
    known = request.cookies.get(COOKIE, "")
    if 16 <= len(known) <= 64 and known.isalnum():
        return Visitor(known, False)
    return Visitor(secrets.token_hex(16), True)


def new_query_id() -> QueryId:
    """An id for a search, to credit clicks to."""
    return QueryId(secrets.token_hex(12))


def click(visitor: Visitor, product_id: str, query_id: str, position: int) -> Event:
    """A click on a hit of a search. One for a visit and hit: reading a page again is no second click."""
    found = event(visitor, "click", product_id=product_id, query_id=query_id, position=position)
    if not visitor.session_id:
        return found
    once = sha256("\0".join((visitor.session_id, query_id, product_id)).encode()).hexdigest()
    return replace(found, id=EventId(f"click-{once[:24]}"))


def event(
    visitor: Visitor, action: str, *, product_id: str = "", query_id: str = "", user_query: str = "",
    position: int | None = None, attributes: Mapping[str, Any] | None = None,
) -> Event:  # fmt: skip
    """An event of now."""
    return Event(
        id=EventId(secrets.token_hex(12)), action=action, at=datetime.now(UTC), session_id=visitor.session_id,
        client_id=visitor.session_id, query_id=QueryId(query_id) if query_id else None, user_query=user_query,
        object_id=product_id, object_id_type="product" if product_id else "", position=position,
        application=APPLICATION, attributes=attributes or {},
    )  # fmt: skip


def note(
    response: Response,
    request: Request,
    visitor: Visitor,
    seen: Sequence[Event],
    query: Query | None = None,
) -> Response:
    """Write these down once the response has gone out."""
    database: Database = request.app.state.shop.database
    if visitor.is_new:
        response.set_cookie(
            COOKIE,
            visitor.session_id,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
    response.background = BackgroundTask(_write, database, seen, query)
    return response


def _write(database: Database, seen: Sequence[Event], query: Query | None) -> None:
    try:
        with database.connection() as conn:
            events.add(conn, seen)
            if query is not None:
                events.add_queries(conn, [query])
    except DatabaseError as error:
        log.warning("events=%d were not noted: %s", len(seen), error)
