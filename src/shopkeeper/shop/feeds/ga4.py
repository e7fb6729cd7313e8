"""Reader of Google Analytics 4 events: rows of the BigQuery export and of gtag or Measurement Protocol logs, one a line.

An event with items becomes one event for each item, so that every product seen or bought has its own: their ids are
the event's with the item's place behind. GA4's names become ours where we have a name; the original stays in the
attributes.
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

import orjson

from shopkeeper.shop.feeds import json_values, values
from shopkeeper.shop.feeds.plain_others import numbered
from shopkeeper.shop.feeds.rows import MARKS, BadRow, Options, RowError
from shopkeeper.shop.feeds.seen import Seen
from shopkeeper.shop.feeds.source import Source
from shopkeeper.shop.feeds.tables import plain_text
from shopkeeper.shop.records import CustomerId, Event, EventId

ACTIONS = {
    "view_item_list": "impression", "select_item": "click", "view_item": "view", "add_to_cart": "add_to_cart",
    "remove_from_cart": "remove_from_cart", "purchase": "purchase", "view_search_results": "search",
    "search": "search",
}  # fmt: skip
MAX_ITEMS = 1_000


def is_ga4(data: Mapping[str, Any]) -> bool:
    """True for a row of the export, or a hit of gtag or the Measurement Protocol."""
    if "event_name" in data and (
        "event_timestamp" in data or "event_params" in data or "items" in data
    ):
        return True
    if "client_id" in data and isinstance(data.get("events"), list):
        return True
    return "event" in data and isinstance(data.get("ecommerce"), dict)


def read_events(source: Source, options: Options) -> Iterator[Event | BadRow]:
    """Events of the file, one for each item."""
    seen = Seen()
    for value in json_values.records(source):
        if isinstance(value, BadRow):
            yield value
            continue
        raw = {k: v for k, v in value.data.items() if k not in MARKS}
        try:
            identity = sha256(orjson.dumps(raw, option=orjson.OPT_SORT_KEYS)).hexdigest()[:24]
            yield from list(_events(raw, numbered(identity, seen)))
        except RowError as error:
            yield error.at(value.line, orjson.dumps(raw).decode())


def _events(data: dict[str, Any], identity: str) -> Iterator[Event]:
    inner = data.get("events")
    if isinstance(inner, list):  # Measurement Protocol: a client with several events
        for place, event in enumerate(inner):
            if not isinstance(event, dict):
                raise RowError("events", "is not a list of objects", 'write [{"name": …}]')
            yield from _hit({**data, "events": None, **event}, f"{identity}-{place}")
    else:
        yield from _hit(data, identity)


def _hit(data: dict[str, Any], identity: str) -> Iterator[Event]:
    params = _params(data.get("event_params")) | _params(data.get("params"))
    shop = data.get("ecommerce")
    params |= {k: v for k, v in shop.items() if k != "items"} if isinstance(shop, dict) else {}
    name = plain_text(data.get("event_name") or data.get("event") or data.get("name")).strip()
    if not name:
        raise RowError("event_name", "is missing", "every event has a name")
    told = params.pop("items", None) or (shop.get("items") if isinstance(shop, dict) else None)
    items = data.get("items") or told or []
    if not isinstance(items, list) or len(items) > MAX_ITEMS:
        raise RowError("items", f"is not a list of at most {MAX_ITEMS:,} items", "split the event")
    common = _common(data, params, name)
    words = plain_text(params.get("search_term"))
    kept = {k: v for k, v in params.items() if k != "search_term" and v is not None}
    for place, item in enumerate(items or [None]):
        own = item if isinstance(item, dict) else {}
        if item is not None and not own:
            raise RowError("items", "is not a list of objects", 'write [{"item_id": …}]')
        object_id = values.identifier(
            "item_id", plain_text(own.get("item_id") or own.get("item_name")), required=False
        )
        rest = {
            k: v
            for k, v in own.items()
            if k not in ("item_id", "index") and v not in (None, "", [])
        }
        index = own.get("index", own.get("item_list_index"))
        attributes: dict[str, Any] = {"event_name": name} if common["action"] != name else {}
        attributes |= kept | ({"item": rest} if rest else {})
        yield Event(
            id=EventId(values.identifier("id", f"{identity}-{place}" if items else identity)),
            object_id=object_id, object_id_type="product" if object_id else "",
            position=_position(index), user_query=words, attributes=attributes, **common,
        )  # fmt: skip


def _position(index: Any) -> int | None:
    text = plain_text(index).strip()
    return values.quantity("index", text) if text and text.lstrip("-").isdigit() else None


def _common(data: dict[str, Any], params: dict[str, Any], name: str) -> dict[str, Any]:
    """What all events of one hit share. Takes the session out of the parameters."""
    at = data.get("event_timestamp") or data.get("timestamp_micros") or data.get("timestamp")
    client = plain_text(data.get("user_pseudo_id") or data.get("client_id"))
    session = plain_text(params.pop("ga_session_id", None) or data.get("session_id"))
    customer = values.identifier("user_id", plain_text(data.get("user_id")), required=False)
    return {
        "action": values.identifier("event_name", ACTIONS.get(name, name)),
        "at": values.when("event_timestamp", plain_text(at)),
        "session_id": values.identifier("session", f"{client}.{session}" if client and session else session, required=False),
        "client_id": values.identifier("user_pseudo_id", client, required=False),
        "customer_id": CustomerId(customer) if customer else None,
        "application": plain_text(data.get("platform") or data.get("stream_id")),
    }  # fmt: skip


def _params(told: Any) -> dict[str, Any]:
    """Parameters as a dict: the export writes [{"key": …, "value": {"string_value": …}}]."""
    if isinstance(told, dict):
        return dict(told)
    found = {}
    for param in told if isinstance(told, list) else ():
        if isinstance(param, dict) and isinstance(param.get("key"), str):
            value = param.get("value")
            if isinstance(value, dict):
                value = next((v for v in value.values() if v is not None), None)
            found[param["key"]] = value
    return found
