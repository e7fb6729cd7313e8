"""What people want and when they buy it: baskets that follow tastes, seasons and prices of that day.

A weight for each person and product says how likely the one looks at the other: the product's own appeal, times the
person's liking for its department and styles, times how its price suits them.
"""

import random
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from shopkeeper.shop.demo.clock import awake, busy_day
from shopkeeper.shop.demo.nouns import noun_of
from shopkeeper.shop.demo.people import HISTORY_DAYS, Person
from shopkeeper.shop.demo.records import Stocked
from shopkeeper.shop.records import CustomerId, ProductId, Variant

LINES = (0.57, 0.26, 0.11, 0.06)  # shares of orders with one, two, three and four lines
TRIES = 25


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody puts in the cart."""

    stocked: Stocked
    variant: Variant
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class Basket:
    """What somebody buys at once."""

    person: Person
    at: datetime
    choices: tuple[Choice, ...]


@dataclass
class Demand:
    """Who may want what. Remembers who has bought what, since few buy the same lamp twice."""

    people: Sequence[Person]
    stock: Sequence[Stocked]
    now: datetime
    bought: dict[CustomerId, set[ProductId]] = field(default_factory=lambda: defaultdict(set))

    def __post_init__(self) -> None:
        self._weights = _weights(self.people, self.stock)
        self._running = np.cumsum(self._weights, axis=1)
        self._row = {p.customer.id: i for i, p in enumerate(self.people)}
        self._rankings: dict[tuple[str, int], list[Stocked]] = {}
        self._of_kind: dict[str, list[int]] = defaultdict(list)
        for i, s in enumerate(self.stock):
            self._of_kind[s.kind].append(i)

    def wish(self, rng: random.Random, person: Person, at: datetime) -> Stocked:
        """A product that the person may want at this time, among those on sale then."""
        running = self._running[self._row[person.customer.id]]
        total = float(running[-1])
        owned = self.bought[person.customer.id]
        for _ in range(TRIES):
            found = self.stock[
                min(int(np.searchsorted(running, rng.random() * total)), len(self.stock) - 1)
            ]
            again = found.product.id in owned and not noun_of(found).used_up
            if found.added_at <= at and not again and rng.random() < in_season(found, at):
                return found
        return found if found.added_at <= at else self._oldest

    @property
    def _oldest(self) -> Stocked:
        return min(self.stock, key=lambda s: (s.added_at, s.product.id))

    def like(
        self, rng: random.Random, person: Person, kinds: Sequence[str], at: datetime
    ) -> Stocked | None:
        """A product of one of these kinds that the person may want."""
        indices = [i for k in kinds for i in self._of_kind[k] if self.stock[i].added_at <= at]
        if not indices:
            return None
        row = self._weights[self._row[person.customer.id]]
        return self.stock[rng.choices(indices, [float(row[i]) + 1e-9 for i in indices])[0]]

    def ranked(self, rng: random.Random, kind: str, at: datetime) -> list[Stocked]:
        """The products of a kind on sale at the time, roughly by how they appeal to all; another order each week."""
        week = (kind, at.toordinal() // 7)
        if week not in self._rankings:
            members = [self.stock[i] for i in self._of_kind[kind]]
            noise = {s.product.id: s.appeal * rng.lognormvariate(0, 0.5) for s in members}
            self._rankings[week] = sorted(
                members, key=lambda s: (-noise[s.product.id], s.product.id)
            )
        return [s for s in self._rankings[week] if s.added_at <= at]


def _weights(people: Sequence[Person], stock: Sequence[Stocked]) -> NDArray[np.float64]:
    """(P, N) weights of persons and products, without regard to time."""
    departments = sorted({s.department for s in stock})
    styles = sorted({tag for s in stock for tag in s.styles})
    p_departments = np.array([[p.departments[d] for d in departments] for p in people])
    p_styles = np.array([[p.styles[s] for s in styles] for p in people])
    in_department = np.array([departments.index(s.department) for s in stock])
    has_style = np.array([[tag in s.styles for tag in styles] for s in stock], dtype=float)
    has_style /= np.maximum(has_style.sum(axis=1, keepdims=True), 1)
    levels = price_levels(stock)
    price = np.array([levels[s.product.id] for s in stock])
    gap = price[None, :] - np.array([p.price_level for p in people])[:, None]
    appeal = np.array([s.appeal for s in stock])
    liking: NDArray[np.float64] = (0.15 + p_departments[:, in_department]) * (
        0.25 + p_styles @ has_style.T
    )
    weights: NDArray[np.float64] = appeal[None, :] * liking * np.exp(-(gap**2))
    return weights


def price_levels(stock: Sequence[Stocked]) -> Mapping[ProductId, float]:
    """Where a product's price lies among those of its kind: -1 the cheapest, 1 the dearest."""
    kinds: dict[str, list[Stocked]] = defaultdict(list)
    for s in stock:
        kinds[s.kind].append(s)
    levels: dict[ProductId, float] = {}
    for members in kinds.values():
        ordered = sorted(members, key=lambda s: (s.product.variants[0].price.amount, s.product.id))
        for i, s in enumerate(ordered):
            levels[s.product.id] = 0.0 if len(ordered) == 1 else 2 * i / (len(ordered) - 1) - 1
    return levels


def in_season(stocked: Stocked, at: datetime) -> float:
    """Chance that somebody who likes the product wants it in this month."""
    seasons = " ".join(stocked.product.attributes.get("Season", ())).lower()
    winter, summer = at.month in (10, 11, 12, 1, 2), at.month in (5, 6, 7, 8)
    if "winter" in seasons:
        return 1.0 if winter else 0.25
    if "summer" in seasons:
        return 1.0 if summer else 0.3
    return 0.8


def baskets(rng: random.Random, demand: Demand, count: int) -> list[Basket]:
    """So many purchases over the shop's history, in the order of time."""
    times = sorted(busy_day(rng, demand.now, HISTORY_DAYS) for _ in range(count))
    joined = [p.joined_at for p in demand.people]  # sorted
    running = list(accumulate(p.activity for p in demand.people))
    found = []
    for at in times:
        known = max(1, bisect_right(joined, at))
        person = demand.people[
            bisect_right(running, rng.random() * running[known - 1], 0, known - 1)
        ]
        at = awake(rng, at, person.country, demand.now)
        at = max(at, person.joined_at + timedelta(minutes=rng.randint(3, 50)))
        found.append(Basket(person, at, _choices(rng, demand, person, at)))
    return sorted(found, key=lambda b: (b.at, b.person.customer.id))


def _choices(
    rng: random.Random, demand: Demand, person: Person, at: datetime
) -> tuple[Choice, ...]:
    wanted = [demand.wish(rng, person, at)]
    for _ in range(rng.choices(range(4), LINES)[0]):
        mates = noun_of(wanted[0]).goes_with
        mate = demand.like(rng, person, mates, at) if mates and rng.random() < 0.6 else None
        more = mate or demand.wish(rng, person, at)
        if more not in wanted:
            wanted.append(more)
    demand.bought[person.customer.id].update(s.product.id for s in wanted)
    return tuple(choose(rng, person, s) for s in wanted)


def choose(rng: random.Random, person: Person, stocked: Stocked) -> Choice:
    """The variant that the person takes: their size, a colour they like."""
    variants = stocked.product.variants
    if len(variants) > 1:
        sizes: dict[str, None] = {}
        for v in variants:
            sizes.update({o.value: None for o in v.options if o.name == "Size"})
        order = {size: i / max(1, len(sizes) - 1) for i, size in enumerate(sizes)}

        def suits(v: Variant) -> float:
            score = rng.random() * 0.5
            for o in v.options:
                if o.name == "Size":
                    score -= 6 * abs(order[o.value] - person.size)
                else:
                    score += person.colours.get(o.value, 1.0)
            return score

        variant = max(variants, key=suits)
    else:
        variant = variants[0]
    many = 0.3 if noun_of(stocked).used_up else 0.06
    quantity = 1 + (rng.random() < many) + (rng.random() < many / 4)
    return Choice(stocked, variant, quantity)


PROMOTIONS = (  # first and last day as (month, day), percent, name
    ((11, 8), (11, 11), Decimal(15), "Singles' Day"),
    ((11, 24), (11, 30), Decimal(20), "Black Friday"),
    ((1, 2), (1, 10), Decimal(10), "New Year"),
    ((7, 1), (7, 14), Decimal(15), "Summer sale"),
)


def promotion(at: datetime) -> tuple[Decimal, str]:
    """Percent off everything on that day, and what the shop calls it; 0 on most days."""
    for first, last, percent, name in PROMOTIONS:
        if first <= (at.month, at.day) <= last:
            return percent, name
    return Decimal(0), ""


class Prices:
    """What each product cost when. A reduced price is some weeks old; some regular prices were raised once."""

    def __init__(self, rng: random.Random, stock: Sequence[Stocked], now: datetime) -> None:
        self._reduced_at: dict[ProductId, datetime] = {}
        self._raised_at: dict[ProductId, datetime] = {}
        self._before: dict[ProductId, Decimal] = {}
        for s in stock:
            self._reduced_at[s.product.id] = now - timedelta(days=rng.randint(4, 40))
            if rng.random() < 0.35:
                self._raised_at[s.product.id] = now - timedelta(days=rng.randint(60, 450))
                self._before[s.product.id] = Decimal(rng.randint(90, 97)) / 100

    def at(self, stocked: Stocked, variant: Variant, at: datetime) -> Decimal:
        """The unit price of that day, in the currency of the variant."""
        id_ = stocked.product.id
        if variant.list_price is not None and at >= self._reduced_at[id_]:
            return variant.price.amount
        regular = (variant.list_price or variant.price).amount
        if id_ in self._raised_at and at < self._raised_at[id_]:
            whole = int(regular * self._before[id_])
            return max(whole + regular % 1, Decimal(1))
        return regular
