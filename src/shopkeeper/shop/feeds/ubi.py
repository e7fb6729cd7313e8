"""Reader of User Behaviour Insights 1.3: events and queries, one a line, with or without OpenSearch's bulk lines.

A bulk line (`{"index": {"_index": "ubi_events", "_id": "…"}}`) gives the next line its id. What has none gets one from
its content; the very same event twice in a file is two events. Positions stay as the feed counts them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any, TypeVar

import orjson

from shopkeeper.errors import FeedError
from shopkeeper.shop.feeds import json_values, values
from shopkeeper.shop.feeds.grouping import grouped
from shopkeeper.shop.feeds.json_values import Value
from shopkeeper.shop.feeds.plain_others import numbered
from shopkeeper.shop.feeds.rows import MARKS, BadRow, Options, RowError
from shopkeeper.shop.feeds.seen import Seen
from shopkeeper.shop.feeds.source import Source
from shopkeeper.shop.feeds.tables import Row, plain_text
from shopkeeper.shop.records import CustomerId, Event, EventId, Query, QueryId, from_json, to_json

T = TypeVar("T")
_ID = "_id"  # the id of a bulk line, kept with a bad row
_BULK = {"index", "create", "update", "delete"}
_EVENT_KEYS = {
    "action_name", "timestamp", "application", "query_id", "session_id", "client_id", "user_id", "user_query",
    "event_attributes", "message", _ID, *MARKS,
}  # fmt: skip
_QUERY_KEYS = {
    "user_query", "timestamp", "application", "query_id", "client_id", "session_id", "query_response_id",
    "query_response_hit_ids", "object_id_field", "query_attributes", _ID, *MARKS,
}  # fmt: skip


def is_ubi(data: Mapping[str, Any]) -> bool:
    """True for an event, a query or a bulk line."""
    if _is_bulk(data):
        inner = next(iter(data.values()))
        return isinstance(inner, dict) and "ubi" in str(inner.get("_index", ""))
    return _is_event(data) or _is_query(data)


def _is_bulk(data: Mapping[str, Any]) -> bool:
    return len(data) == 1 and set(data) <= _BULK


def _is_event(data: Mapping[str, Any]) -> bool:
    return "action_name" in data


def _is_query(data: Mapping[str, Any]) -> bool:
    return "user_query" in data and "timestamp" in data and "action_name" not in data


def kinds(source: Source) -> tuple[str, ...]:
    """The kinds in the first part of the file."""
    found: dict[str, None] = {}
    try:
        for value in json_values.records(source):
            if isinstance(value, Value):
                if _is_event(value.data):
                    found["events"] = None
                elif _is_query(value.data):
                    found["queries"] = None
            if len(found) == 2 or source.read_bytes > 20_000_000:
                break
    except FeedError:
        pass  # the reader will say it
    return tuple(found)


def read_events(source: Source, options: Options) -> Iterator[Event | BadRow]:
    """Events of the file."""
    return _read(source, _event, wanted="events")


def read_queries(source: Source, options: Options) -> Iterator[Query | BadRow]:
    """Queries of the file. Of several requests that a search engine logged for one query, the one with the most hits
    is the query that events name; the others keep its id with their own behind."""

    def rows() -> Iterator[Row | BadRow]:
        for query in _read(source, _query, wanted="queries"):
            yield (
                query
                if isinstance(query, BadRow)
                else Row(0, {"id": query.id, "json": to_json(query).decode()})
            )

    for group in grouped(rows, lambda row: row.cells["id"]):
        if isinstance(group, BadRow):
            yield group
            continue
        queries = [from_json(Query, row.cells["json"]) for row in group]
        first = max(range(len(queries)), key=lambda i: (len(queries[i].hits), -i))
        seen = Seen()
        for i, query in enumerate(queries):
            if i == first:
                yield query
            else:
                own = numbered(f"{query.id[:300]}/{query.response_id[:300] or 'request'}", seen)
                yield replace(query, id=QueryId(own))


def _read(
    source: Source, make: Callable[[dict[str, Any], str], T], *, wanted: str
) -> Iterator[T | BadRow]:
    seen = Seen()
    given = ""
    for value in json_values.records(source):
        if isinstance(value, BadRow):
            if wanted == "events":
                yield value
            continue
        data = value.data
        if _is_bulk(data):
            inner = next(iter(data.values()))
            given = str(inner.get("_id") or "") if isinstance(inner, dict) else ""
            continue
        identity, given = given or str(data.get(_ID) or ""), ""
        is_event, is_query = _is_event(data), _is_query(data)
        try:
            if not (is_event or is_query):
                if wanted == "events":
                    raise RowError("action_name", "is missing", "every event names its action")
                continue
            if is_event == (wanted == "events"):
                if not identity or wanted == "queries":
                    made = {k: v for k, v in data.items() if k not in MARKS and k != _ID}
                    key = sha256(orjson.dumps(made, option=orjson.OPT_SORT_KEYS)).hexdigest()[:24]
                    identity = identity or numbered(key, seen)
                yield make(data, values.identifier("_id", identity))
        except RowError as error:
            kept = data | {_ID: identity} if identity else data
            yield error.at(value.line, orjson.dumps(kept).decode())


def _text(data: Mapping[str, Any], key: str) -> str:
    return plain_text(data.get(key))


def _key(data: Mapping[str, Any], key: str) -> str:
    return values.identifier(key, _text(data, key), required=False)


def _event(data: dict[str, Any], identity: str) -> Event:
    attributes = {k: v for k, v in data.items() if k not in _EVENT_KEYS and v not in (None, "")}
    told = data.get("event_attributes")
    inner = dict(told) if isinstance(told, dict) else {} if told is None else {"value": told}
    thing, place = inner.get("object"), inner.get("position")
    object_id = kind = ""
    position = None
    if isinstance(thing, dict):
        object_id = _key(thing, "object_id")
        kind = _text(thing, "object_id_type") or _text(thing, "object_id_field")
        inner["object"] = {
            k: v
            for k, v in thing.items()
            if k not in ("object_id", "object_id_type", "object_id_field")
        }
    if (
        isinstance(place, dict)
        and isinstance(place.get("ordinal"), int)
        and not isinstance(place["ordinal"], bool)
    ):
        position = values.quantity("ordinal", str(place["ordinal"]))
        inner["position"] = {k: v for k, v in place.items() if k != "ordinal"}
    attributes |= {k: v for k, v in inner.items() if v not in (None, {})}
    customer, query = _key(data, "user_id"), _key(data, "query_id")
    session = _key(data, "session_id") or _key(inner, "session_id")
    return Event(
        id=EventId(identity), action=values.identifier("action_name", _text(data, "action_name")),
        at=values.when("timestamp", _text(data, "timestamp")), session_id=session,
        client_id=_key(data, "client_id"), customer_id=CustomerId(customer) if customer else None,
        query_id=QueryId(query) if query else None, user_query=_text(data, "user_query"),
        object_id=object_id, object_id_type=kind, position=position,
        application=_text(data, "application"), message=_text(data, "message"), attributes=attributes,
    )  # fmt: skip


def _query(data: dict[str, Any], identity: str) -> Query:
    attributes = {k: v for k, v in data.items() if k not in _QUERY_KEYS and v not in (None, "")}
    told = data.get("query_attributes")
    if isinstance(told, dict):
        attributes |= told
    elif told is not None:
        attributes["query_attributes"] = told
    hits = data.get("query_response_hit_ids")
    if hits is not None and not isinstance(hits, list):
        raise RowError("query_response_hit_ids", "is not a list", 'write ["id", …]')
    named = _key(data, "query_id")
    return Query(
        id=QueryId(named or identity), user_query=_text(data, "user_query"),
        at=values.when("timestamp", _text(data, "timestamp")), client_id=_key(data, "client_id"),
        session_id=_key(data, "session_id"), application=_text(data, "application"),
        response_id=_text(data, "query_response_id"),
        object_id_field=_text(data, "object_id_field") or "product_id",
        hits=tuple(plain_text(h) for h in hits or ()), attributes=attributes,
    )  # fmt: skip
