"""What people did in the shop, read from its events and orders up to a moment, as histories that models are fitted on.

Letters: `E` events, `P` people, `N` items, `L` lines of orders.

A person is a customer, or a device nobody signed in on, or a visit of an unknown device; what a device did before its
one customer signed in is the customer's. Each event counts as much as it says: a purchase more than a look. The same
item twice within a day is one event, as strong as the strongest, at the time of the first. Nothing that happened at or
after `until` is read, so that whoever fits on the past knows nothing of what came later.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from shopkeeper.recommend.histories import Histories, Ints, Places, Table
from shopkeeper.shop.bulk import Connection

Floats = npt.NDArray[np.float64]

DAY = 86_400.0
BATCH = 20_000
LONGEST = 200  # newest events of one person; who has more is mostly a program
# How much an action says about what somebody wants. A rating counts by its stars, and not below GOOD.
ACTIONS = {"view": 1.0, "click": 1.0, "add_to_cart": 3.0, "purchase": 5.0, "rate": 4.0}
PURCHASE = ACTIONS["purchase"]
GOOD = 0.7  # of the stars there are: what was rated lower is not liked

_WHO = """
with owner as (
    select client_id, min(customer_id) as customer_id from events
    where client_id <> '' and customer_id is not null and at < %(until)s
    group by client_id having count(distinct customer_id) = 1
)
select coalesce('c' || e.customer_id, 'c' || owner.customer_id, 'd' || nullif(e.client_id, ''),
                's' || nullif(e.session_id, '')) as who,
       e.object_id, e.action, extract(epoch from e.at)::float8, e.attributes -> 'rating'
from events e left join owner on owner.client_id = e.client_id
where e.object_id <> '' and e.action = any(%(actions)s) and e.at < %(until)s
"""
_ORDERED = """
select o.id, 'c' || o.customer_id, l.product_id, extract(epoch from o.placed_at)::float8
from orders o join order_lines l on l.order_id = o.id
where o.placed_at < %(until)s and o.status not in ('cancelled', 'canceled')
"""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """histories: everybody's items with how much each event says, oldest first; at: (E,) seconds of each; who: of
    each person, the first letter saying what is known of them (c customer, d device, s visit). bought: baskets, one a
    row, their items once each; buyers: (baskets,) whose each is, -1 nobody's; bought_at: (baskets,) when. until: what
    lies before."""

    histories: Histories
    at: Floats
    who: tuple[str, ...]
    bought: Histories
    buyers: Ints
    bought_at: Floats
    until: float

    def before(self, moment: float) -> "Behaviour":
        """What was done before a moment, by the same people."""
        early = self.at < moment
        baskets = np.flatnonzero(self.bought_at < moment)
        return replace(
            self,
            histories=self.histories.where(early),
            at=self.at[early],
            bought=self.bought.select(baskets),
            buyers=self.buyers[baskets],
            bought_at=self.bought_at[baskets],
            until=moment,
        )

    def of_people(self, chosen: npt.NDArray[np.bool_]) -> "Behaviour":
        """What some people did; chosen: (P,). Baskets of nobody known stay with all of them, and with no fewer."""
        people, place = np.flatnonzero(chosen), np.cumsum(chosen) - 1
        known = self.buyers >= 0
        baskets = np.flatnonzero(np.where(known, chosen[self.buyers], chosen.all()))
        buyers = self.buyers[baskets]
        return replace(
            self,
            histories=self.histories.select(people),
            at=self.at[chosen[self.histories.people]],
            who=tuple(self.who[p] for p in people.tolist()),
            bought=self.bought.select(baskets),
            buyers=np.where(buyers >= 0, place[buyers], -1),
            bought_at=self.bought_at[baskets],
        )


def read(conn: Connection, items: Places[str], *, until: datetime | None = None) -> Behaviour:
    """What was done with these items before `until` (now, if nothing is said)."""
    until = until or datetime.now(UTC)
    people: dict[str, int] = {}
    events = _Rows()
    with conn.cursor("behaviour") as cursor:
        cursor.itersize = BATCH
        cursor.execute(_WHO, {"until": until, "actions": list(ACTIONS)})
        for who, item, action, at, rating in cursor:
            if who is not None and (place := items.place.get(item)) is not None:
                events.add(
                    people.setdefault(who, len(people)), place, at, weight_of(action, rating)
                )
    orders: dict[str, int] = {}
    lines = _Rows()
    with conn.cursor("orders") as cursor:
        cursor.itersize = BATCH
        cursor.execute(_ORDERED, {"until": until})
        for order, who, item, at in cursor:
            if (place := items.place.get(item)) is not None:
                lines.add(orders.setdefault(order, len(orders)), place, at, 1.0)
                if who != "c":  # the order of somebody who was erased is nobody's history
                    events.add(people.setdefault(who, len(people)), place, at, PURCHASE)
                    lines.owner[lines.person[-1]] = people[who]
    histories, at = of_events(*events.columns(), people=len(people), count=len(items))
    baskets, lines_at = of_events(*lines.columns(), people=len(orders), count=len(items))
    buyers = np.array([lines.owner.get(i, -1) for i in range(len(orders))], np.intp)
    bought_at = lines_at[baskets.start[:-1]]
    return Behaviour(histories, at, tuple(people), baskets, buyers, bought_at, until.timestamp())


def of_events(
    person: Ints, item: Ints, at: Floats, weight: Floats, *, people: int, count: int
) -> tuple[Histories, Floats]:
    """Histories of events in any order, and the times of their events: one for each item and day, the newest
    `LONGEST` of each person. An event of weight 0 takes the same item of that day along."""
    order = np.lexsort((at, item, person))
    person, item, at, weight = person[order], item[order], at[order], weight[order]
    new = np.ones(len(order), np.bool_)
    new[1:] = (person[1:] != person[:-1]) | (item[1:] != item[:-1]) | (at[1:] - at[:-1] > DAY)
    first = np.flatnonzero(new)
    if len(first):
        strongest = np.maximum.reduceat(weight, first)
        strongest[np.minimum.reduceat(weight, first) <= 0] = 0
    else:
        strongest = weight
    person, item, at = person[first], item[first], at[first]
    order = np.lexsort((item, at, person))
    order = order[strongest[order] > 0]
    person, item, at, weight = person[order], item[order], at[order], strongest[order]
    lengths = np.bincount(person, minlength=people)
    start = np.concatenate([[0], np.cumsum(lengths)]).astype(np.intp)
    kept = start[person + 1] - np.arange(len(person)) <= LONGEST
    start = np.concatenate([[0], np.cumsum(np.minimum(lengths, LONGEST))]).astype(np.intp)
    return Histories(item[kept], start, count, weight[kept].astype(np.float32)), at[kept]


def weight_of(action: str, rating: Any) -> float:
    """How much an action says; nothing, if it is a low rating."""
    disliked = action == "rate" and isinstance(rating, int | float) and rating < 5 * GOOD
    return 0.0 if disliked else ACTIONS[action]


class _Rows:
    """Columns in the making. owner: of a basket, whose it is."""

    def __init__(self) -> None:
        self.person: list[int] = []
        self.item: list[int] = []
        self.at: list[float] = []
        self.weight: list[float] = []
        self.owner: dict[int, int] = {}

    def add(self, person: int, item: int, at: float, weight: float) -> None:
        """One more."""
        self.person.append(person)
        self.item.append(item)
        self.at.append(at)
        self.weight.append(weight)

    def columns(self) -> tuple[Ints, Ints, Floats, Floats]:
        """(E,) each."""
        return (
            np.array(self.person, np.intp), np.array(self.item, np.intp),
            np.array(self.at, np.float64), np.array(self.weight, np.float64),
        )  # fmt: skip


def weights_of(actions: Sequence[str]) -> Table:
    """How much each of these actions says; 0 for what says nothing."""
    return np.array([ACTIONS.get(action, 0.0) for action in actions], np.float32)
