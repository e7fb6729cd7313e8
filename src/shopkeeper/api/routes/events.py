"""What visitors do and search for: events and queries, in the shape of UBI 1.3 or in our own.

An event is kept once: by its `id`, or, since UBI 1.3 events have none, by what they say. So a batch may be sent again
until it is acknowledged, and it is acknowledged only when it is on disk.
"""

import hashlib
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Body
from pydantic import BaseModel, Field

from shopkeeper.api.problems import Invalid
from shopkeeper.api.shapes import Accepted
from shopkeeper.api.views import ShopOf
from shopkeeper.shop import events
from shopkeeper.shop.records import CustomerId, Event, EventId, Query, QueryId

router = APIRouter(tags=["events"])

MAX_BATCH = 500
MAX_ATTRIBUTES = 16_000  # bytes of JSON of one event
Text = Annotated[str, Field(max_length=2000)]


class UbiObject(BaseModel):
    """What was acted on."""

    model_config = {"extra": "allow"}

    object_id: Text = ""
    object_id_field: Text = ""
    object_id_type: Text = ""


class UbiPosition(BaseModel):
    """Where it stood."""

    model_config = {"extra": "allow"}

    ordinal: int | None = Field(None, ge=0, le=2**31 - 1)


class UbiAttributes(BaseModel):
    """UBI's `event_attributes`: the object, the position, and whatever else."""

    model_config = {"extra": "allow"}

    object: UbiObject | None = None
    position: UbiPosition | None = None


class UbiEvent(BaseModel):
    """An event of User Behaviour Insights 1.3. `event_id` is an addition of ours; without it the content is the id."""

    model_config = {"extra": "allow"}

    action_name: Annotated[str, Field(min_length=1, max_length=100)]
    timestamp: datetime
    event_id: Text = ""
    application: Text = ""
    query_id: Text = ""
    session_id: Text = ""
    client_id: Text = ""
    user_id: Text = ""
    message_type: Text = ""
    message: Text = ""
    user_query: Text = ""
    event_attributes: UbiAttributes = UbiAttributes()


class UbiQuery(BaseModel):
    """A query of User Behaviour Insights 1.3."""

    model_config = {"extra": "allow"}

    user_query: Text
    query_id: Annotated[str, Field(min_length=1, max_length=200)]
    timestamp: datetime
    client_id: Text = ""
    session_id: Text = ""
    application: Text = ""
    object_id_field: Text = "product_id"
    query_response_id: Text = ""
    query_response_hit_ids: Annotated[list[Text], Field(max_length=1000)] = []
    query_attributes: dict[str, Any] = {}


@router.post("/events", status_code=202)
def post_events(
    shop: ShopOf,
    batch: Annotated[list[UbiEvent | Event], Body(min_length=1, max_length=MAX_BATCH)],
) -> Accepted:
    """Keep events. Answered when they are on disk; sending the same ones again adds nothing."""
    records = [e if isinstance(e, Event) else event_of(e) for e in batch]
    for place, event in enumerate(records):
        _check(event.attributes, f"body.{place}.attributes")
    with shop.database.connection() as conn:
        return Accepted(received=len(batch), added=events.add(conn, records))


@router.post("/queries", status_code=202)
def post_queries(
    shop: ShopOf,
    batch: Annotated[list[UbiQuery | Query], Body(min_length=1, max_length=MAX_BATCH)],
) -> Accepted:
    """Keep queries as they were asked and answered. Sending the same ones again adds nothing."""
    records = [q if isinstance(q, Query) else query_of(q) for q in batch]
    for place, query in enumerate(records):
        _check(query.attributes, f"body.{place}.attributes")
    with shop.database.connection() as conn:
        return Accepted(received=len(batch), added=events.add_queries(conn, records))


def event_of(ubi: UbiEvent) -> Event:
    """Our record of a UBI event; what it has no field for is kept in `attributes`."""
    given = ubi.event_attributes
    thing, place = given.object or UbiObject(), given.position or UbiPosition()
    kept = {
        **(given.model_extra or {}),
        **({"object": thing.model_extra} if thing.model_extra else {}),
        **({"position": place.model_extra} if place.model_extra else {}),
        **({"event": ubi.model_extra} if ubi.model_extra else {}),
        **({"message_type": ubi.message_type} if ubi.message_type else {}),
    }
    return Event(
        id=EventId(ubi.event_id or _digest(ubi)),
        action=ubi.action_name,
        at=ubi.timestamp,
        session_id=ubi.session_id,
        client_id=ubi.client_id,
        customer_id=CustomerId(ubi.user_id) if ubi.user_id else None,
        query_id=QueryId(ubi.query_id) if ubi.query_id else None,
        user_query=ubi.user_query,
        object_id=thing.object_id,
        object_id_type=thing.object_id_type or thing.object_id_field,
        position=place.ordinal,
        application=ubi.application,
        message=ubi.message,
        attributes=kept,
    )


def _digest(ubi: UbiEvent) -> str:
    return "ubi-" + hashlib.sha256(ubi.model_dump_json().encode()).hexdigest()[:32]


def query_of(ubi: UbiQuery) -> Query:
    """Our record of a UBI query."""
    return Query(
        id=QueryId(ubi.query_id),
        user_query=ubi.user_query,
        at=ubi.timestamp,
        client_id=ubi.client_id,
        session_id=ubi.session_id,
        application=ubi.application,
        response_id=ubi.query_response_id,
        object_id_field=ubi.object_id_field,
        hits=tuple(ubi.query_response_hit_ids),
        attributes={**ubi.query_attributes, **(ubi.model_extra or {})},
    )


def _check(attributes: object, field: str) -> None:
    """Raises Invalid for what could not be kept as JSON: too much, too deep, numbers beyond 64 bits."""
    try:
        size = len(orjson.dumps(attributes))
    except TypeError as error:  # orjson's own error is one
        raise Invalid(field, f"cannot be kept: {error}") from error
    if size > MAX_ATTRIBUTES:
        raise Invalid(field, f"is longer than {MAX_ATTRIBUTES} bytes")
