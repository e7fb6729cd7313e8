"""One visitor's way through the shop, read the moment they ask: what was posted before is in it.

A session, a device and a customer each have an index of their own, so this is some tenths of a millisecond; nothing is
kept in memory between two requests, and so nothing is stale, in this program or in another, and nobody who was erased is
still there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import numpy as np

from shopkeeper.recommend.behaviour import ACTIONS, GOOD, PURCHASE, of_events
from shopkeeper.recommend.histories import Ints
from shopkeeper.recommend.scoring import NOBODY, Trail
from shopkeeper.recommend.slots import Visitor, Why

NEWEST = 60  # events of a session, of a device and of a customer
SEARCHES = 5  # the newest
AHEAD = timedelta(days=1)  # that clocks of devices may be; what they say is to come counts as now

_EVENTS = """
(select id, object_id, action, extract(epoch from at)::float8, user_query, attributes -> 'rating' from events
 where {column} = %({column})s and {column} <> '' and at < %(until)s and (action in ({actions}) or user_query <> '')
 order by at desc limit %(newest)s)
"""
_ACTIONS = ", ".join(f"'{action}'" for action in ACTIONS)
_BY = {
    name: _EVENTS.format(column=name, actions=_ACTIONS)
    for name in ("session_id", "client_id", "customer_id")
}
_ORDERED = b"""
select l.product_id, extract(epoch from o.placed_at)::float8, l.quantity
from orders o join order_lines l on l.order_id = o.id
where o.customer_id = %(customer_id)s and o.placed_at < %(until)s and o.status not in ('cancelled', 'canceled')
order by o.placed_at desc limit %(newest)s
"""
Rows = Callable[[bytes, Mapping[str, Any]], list[tuple[Any, ...]]]  # `Database.rows`


@dataclass(frozen=True, slots=True)
class Bought:
    """A product that a customer bought: how often, and how many seconds ago each time."""

    place: int
    ages_s: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """trail: what it comes to. why: what they had to do with each item; newest: the item of the latest event that is no
    purchase, -1 if there is none; bought: by place, of customers alone."""

    trail: Trail
    why: Mapping[int, Why] = field(default_factory=dict)
    newest: int = -1
    bought: Mapping[int, Bought] = field(default_factory=dict)


NOWHERE = Way(NOBODY)


def read(
    rows: Rows,
    visitor: Visitor,
    place: Mapping[str, int],
    now: datetime,
    *,
    until: datetime | None = None,
) -> Way:
    """The way of a visitor as it is now, over the items that have a place. rows: what a statement finds in the database;
    until: as it was then, if that is said."""
    asked = {name: getattr(visitor, name) for name in _BY if getattr(visitor, name)}
    if not asked:
        return NOWHERE
    values = {**asked, "newest": NEWEST, "until": until or now + AHEAD}
    events = rows(_query(*asked), values)
    orders = rows(_ORDERED, values) if visitor.customer_id else []
    return _way(events, orders, place, now.timestamp())


@cache
def _query(*names: str) -> bytes:
    """Events that are found by any of these columns."""
    return " union ".join(_BY[name] for name in names).encode()


def _way(
    rows: list[tuple[object, ...]],
    orders: list[tuple[object, ...]],
    place: Mapping[str, int],
    now: float,
) -> Way:
    items, times, weights = [], [], []
    why: dict[int, Why] = {}
    searches: list[tuple[str, float]] = []
    newest, newest_at = -1, -np.inf
    bought: dict[int, list[float]] = {}
    for _, item, action, at, searched, rating in rows:
        assert isinstance(at, float)
        if searched:
            searches.append((str(searched), now - at))
        if (found := place.get(str(item))) is None or action not in ACTIONS:
            continue
        disliked = action == "rate" and isinstance(rating, int | float) and rating < 5 * GOOD
        items.append(found)
        times.append(at)
        weights.append(0.0 if disliked else ACTIONS[str(action)])
        if action == "purchase":
            why[found] = Why.BOUGHT
        else:
            why.setdefault(found, Why.LOOKED)
            if at > newest_at:
                newest, newest_at = found, at
    for item, at, _ in orders:
        assert isinstance(at, float)
        if (found := place.get(str(item))) is not None:
            items.append(found)
            times.append(at)
            weights.append(PURCHASE)
            why[found] = Why.BOUGHT
            bought.setdefault(found, []).append(now - at)
    if not (items or searches):
        return NOWHERE
    searches.sort(key=lambda s: s[1])
    return Way(
        _trail(items, times, weights, searches[:SEARCHES], len(place), now),
        why,
        newest,
        {item: Bought(item, tuple(sorted(ages))) for item, ages in bought.items()},
    )


def _trail(
    items: list[int],
    at: list[float],
    weights: list[float],
    searches: list[tuple[str, float]],
    count: int,
    now: float,
) -> Trail:
    """As at the fit (`behaviour.of_events`): one event for each item and day."""
    histories, times = of_events(
        np.zeros(len(items), np.intp), np.array(items, np.intp), np.array(at, np.float64),
        np.array(weights, np.float64), people=1, count=count,
    )  # fmt: skip
    return Trail.of(histories.items, histories.weight, now - times, searches)


def of_products(places: Ints, *, weight: float = 1.0) -> Trail:
    """The trail of somebody who looks at these products now, and of whom nothing else is known."""
    return Trail.of(places, np.full(len(places), weight), np.zeros(len(places)))
