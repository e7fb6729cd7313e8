"""What visitors did in the last twelve months: sessions as events and queries of UBI, as the storefront writes them.

A session follows one wish: a search (or a category page, or straight to the product), some clicks from the top of
the list downwards, perhaps the cart, and for those who bought, the purchase. Two in three visits are of people who
only look, and half of those never sign in.
"""

import random
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from shopkeeper.shop.demo.asking import Asked, ask, ask_elsewhere
from shopkeeper.shop.demo.clock import awake, busy_day
from shopkeeper.shop.demo.demand import Choice, Demand, choose
from shopkeeper.shop.demo.nouns import noun_of
from shopkeeper.shop.demo.people import Person
from shopkeeper.shop.demo.purchases import Purchase
from shopkeeper.shop.demo.records import Stocked
from shopkeeper.shop.records import (
    CustomerId,
    Event,
    EventId,
    Query,
    QueryId,
    Review,
)

LOG_DAYS = 365
LIST = 24
APPLICATION = "storefront"


@dataclass
class Log:
    """What was written down, and what each search meant."""

    events: list[Event] = field(default_factory=list)
    queries: list[Query] = field(default_factory=list)
    intents: dict[QueryId, Asked] = field(default_factory=dict)


class Behaviour:
    """Makes sessions and writes them to `log`."""

    def __init__(self, rng: random.Random, demand: Demand) -> None:
        self.rng, self.demand, self.log = rng, demand, Log()
        self._clients: dict[CustomerId, list[str]] = {}
        self._running = list(accumulate(p.activity for p in demand.people))
        self._start = demand.now - timedelta(days=LOG_DAYS)

    def buy(self, purchases: Sequence[Purchase]) -> None:
        """The sessions that ended in these orders, as far back as the log goes."""
        for purchase in purchases:
            placed_at = purchase.order.placed_at
            if placed_at is None or placed_at < self._start:
                continue
            person = purchase.person
            visit = _Visit(self, person, placed_at, self._client(person), signed_in=True)
            for experience in purchase.experiences:
                visit.find(experience.choice)
                visit.note("add_to_cart", experience.choice.stocked)
            visit.pay(purchase, placed_at)
            self._keep(visit)

    def look(self, count: int) -> None:
        """So many sessions in which nothing was bought."""
        rng, demand = self.rng, self.demand
        for _ in range(count):
            person = demand.people[bisect_right(self._running, rng.random() * self._running[-1])]
            day = busy_day(rng, demand.now, LOG_DAYS)
            at = awake(rng, day, person.country, demand.now)
            known = person.joined_at < at and rng.random() < 0.55
            client = self._client(person) if known else self.hex(16)
            visit = _Visit(self, person, at, client, signed_in=known and rng.random() < 0.7)
            visit.look_around()
            self._keep(visit)

    def rate(self, reviews: Sequence[Review]) -> None:
        """The moment at which each review was sent."""
        by_id = {p.customer.id: p for p in self.demand.people}
        stock = {s.product.id: s for s in self.demand.stock}
        for r in reviews:
            if r.posted_at is None or r.posted_at < self._start or r.customer_id is None:
                continue
            person, before = by_id[r.customer_id], timedelta(seconds=self.rng.randint(60, 400))
            visit = _Visit(self, person, r.posted_at - before, self._client(person), signed_in=True)
            visit.note("view", stock[r.product_id])
            visit.at = r.posted_at
            visit.note("rate", stock[r.product_id], attributes={"rating": int(r.rating or 0)})
            self._keep(visit)

    def _keep(self, visit: "_Visit") -> None:
        self.log.events += visit.events
        self.log.queries += visit.queries
        self.log.intents |= visit.intents

    def _client(self, person: Person) -> str:
        """One of the person's devices, the first of them mostly."""
        known = self._clients.setdefault(person.customer.id, [self.hex(16)])
        if len(known) < 3 and self.rng.random() < 0.06:
            known.append(self.hex(16))
        return known[0] if self.rng.random() < 0.75 else self.rng.choice(known)

    def hex(self, size: int) -> str:
        return f"{self.rng.getrandbits(8 * size):0{2 * size}x}"


class _Visit:
    """One session, as it goes on."""

    def __init__(
        self, behaviour: Behaviour, person: Person, at: datetime, client: str, *, signed_in: bool
    ) -> None:
        self.rng, self.demand = behaviour.rng, behaviour.demand
        self.person, self.at, self.client = person, at.replace(microsecond=0), client
        self.session = behaviour.hex(16)
        self.events: list[Event] = []
        self.queries: list[Query] = []
        self.intents: dict[QueryId, Asked] = {}
        self.customer = person.customer.id if signed_in else None
        self.query: Query | None = None

    def note(
        self,
        action: str,
        stocked: Stocked | None = None,
        *,
        position: int | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> None:
        """Write down that something was done, some seconds after the last."""
        query = self.query
        self.events.append(
            Event(
                id=EventId(f"{self.rng.getrandbits(96):024x}"),
                action=action,
                at=self.at,
                session_id=self.session,
                client_id=self.client,
                customer_id=self.customer,
                query_id=query.id if query is not None else None,
                user_query=query.user_query if query is not None and action == "search" else "",
                object_id=stocked.product.id if stocked is not None else "",
                object_id_type="product" if stocked is not None else "",
                position=position,
                application=APPLICATION,
                attributes=attributes or {},
            )
        )
        self._wait(4, 45)

    def _wait(self, least: int, most: int) -> None:
        last = self.demand.now - timedelta(seconds=2)
        self.at = min(self.at + timedelta(seconds=self.rng.randint(least, most)), last)

    def look_around(self) -> None:
        """A visit without a purchase: one wish or two, sometimes one that the shop cannot fill."""
        if self.rng.random() < 0.05:
            self._search(ask_elsewhere(self.rng, self.person.language), [])
        for _ in range(self.rng.choices((1, 2, 3), (70, 22, 8))[0]):
            choice = choose(self.rng, self.person, self.demand.wish(self.rng, self.person, self.at))
            self.find(choice)
            if self.rng.random() < 0.09:
                self.note("add_to_cart", choice.stocked)
                if self.rng.random() < 0.4:
                    self.note("remove_from_cart", choice.stocked)

    def find(self, choice: Choice) -> None:
        """Get to a product: by a search, a category page, or straight."""
        self.query = None
        way = self.rng.random()
        if way > 0.85:
            self.note("view", choice.stocked)
            return
        listed = self.demand.ranked(self.rng, choice.stocked.kind, self.at)
        if way < 0.62:
            asked = ask(self.rng, self.person.language, choice)
            if asked.typo and self.rng.random() < 0.5:
                self._search(asked, [])  # nothing found; typed again
                asked = ask(self.rng, self.person.language, choice)
            if asked.wanted:
                listed = sorted(listed, key=lambda s: not asked.suits(s))
            listed = self._search(asked, listed)
        if any(s is choice.stocked for s in listed):
            self._click_down(listed, choice.stocked)
        else:
            self.note("view", choice.stocked)

    def _search(self, asked: Asked, listed: Sequence[Stocked]) -> list[Stocked]:
        """Ask, and get what is listed, followed by what often goes with it."""
        rng = self.rng
        shown = list(listed)
        if listed:
            for kind in noun_of(listed[0]).goes_with:
                shown += self.demand.ranked(rng, kind, self.at)[:3]
        shown = shown[:LIST]
        self.query = Query(
            id=QueryId(f"{rng.getrandbits(96):024x}"),
            user_query=asked.text,
            at=self.at,
            client_id=self.client,
            session_id=self.session,
            application=APPLICATION,
            hits=tuple(s.product.id for s in shown),
            attributes={"total": len(shown), "page": 1, "language": self.person.language},
        )
        self.queries.append(self.query)
        self.intents[self.query.id] = asked
        self.note("search")
        return shown

    def _click_down(self, listed: Sequence[Stocked], target: Stocked) -> None:
        """Look into some of the list from the top, then into what is wanted."""
        for position, stocked in enumerate(listed, 1):
            if stocked is target:
                self._open(target, position)
                break
            if self.rng.random() < 0.4 / position**0.8:
                self._open(stocked, position)

    def _open(self, stocked: Stocked, position: int) -> None:
        at = self.at
        self.note("click", stocked, position=position)
        self.at = at + timedelta(seconds=1)
        self.note("view", stocked)
        self._wait(5, 90)

    def pay(self, purchase: Purchase, placed_at: datetime) -> None:
        """Buy what is in the cart at the moment of the order; all before happened as much earlier as it took."""
        earlier = self.at - placed_at + timedelta(seconds=self.rng.randint(20, 120))
        self.events = [replace(e, at=e.at - earlier) for e in self.events]
        self.queries = [replace(q, at=q.at - earlier) for q in self.queries]
        self.query = None
        for experience in purchase.experiences:
            self.at = placed_at
            attributes = {"order_id": purchase.order.id, "quantity": experience.choice.quantity}
            self.note("purchase", experience.choice.stocked, attributes=attributes)
