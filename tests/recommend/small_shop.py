"""A small shop for the tests of this folder: four kinds of products, and people who each like one of them."""

from functools import cache

import numpy as np

from shopkeeper.recommend import fitting
from shopkeeper.recommend.behaviour import Behaviour, of_events
from shopkeeper.recommend.fitting import Plan
from shopkeeper.recommend.goods import Good
from shopkeeper.recommend.model import Model
from shopkeeper.recommend.scoring import Scorer, Trail
from shopkeeper.recommend.shelf import Shelf, stocked

KINDS = ("scarf", "hat", "spade", "rake")
COLOURS = ("red", "blue", "green")
EACH = 12
NOW = 2e9
PEOPLE = 250


def good(number: int, *, sellable: bool = True, thing: str = "") -> Good:
    kind, colour = KINDS[number // EACH % len(KINDS)], COLOURS[number % len(COLOURS)]
    brand = ("Northwind", "Field", "Linden")[number // 3 % 3]
    return Good(
        id=f"p{number:02}", title=f"{brand} {colour} {kind}", category=("All", kind), brand=brand,
        words=f"{brand} {colour} {kind}", values=(f"brand={brand}", f"in=All > {kind}", f"Color={colour}"),
        thing=thing or f"thing {number // 2}", sellable=sellable, price=10.0 + number, cost=6.0, created_at=0.0,
    )  # fmt: skip


@cache
def goods() -> tuple[Good, ...]:
    """48 products; each tenth is sold out, and each two are one thing in two sizes."""
    return tuple(good(i, sellable=i % 10 != 9) for i in range(EACH * len(KINDS)))


@cache
def behaviour() -> Behaviour:
    """People who look at products of one kind mostly, and buy the last."""
    rng = np.random.default_rng(5)
    rows: list[tuple[int, int, float, float]] = []
    for person in range(PEOPLE):
        kind, at = int(rng.integers(len(KINDS))), NOW - float(rng.uniform(1e5, 2e7))
        number = int(rng.integers(2, 8))
        for n in range(number):
            own = rng.random() < 0.9
            place = (
                kind * EACH + int(rng.integers(EACH)) if own else int(rng.integers(len(goods())))
            )
            at += float(rng.uniform(5, 90))
            rows.append((person, place, at, 5.0 if n == number - 1 else 1.0))
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    whose, item, when, weight = columns
    count = len(goods())
    histories, times = of_events(whose, item, when, weight, people=PEOPLE, count=count)
    some = whose % 2 == 0
    baskets, at_times = of_events(
        whose[some] // 2, item[some], when[some], weight[some], people=PEOPLE // 2, count=count
    )
    buyers = np.arange(0, PEOPLE, 2)
    who = tuple(f"d{i}" for i in range(PEOPLE))
    return Behaviour(histories, times, who, baskets, buyers, at_times[baskets.start[:-1]], NOW)


@cache
def model() -> Model:
    return fitting.fit(goods(), behaviour(), Plan(enough=60))


@cache
def scorer() -> Scorer:
    return Scorer(model())


@cache
def shelf() -> Shelf:
    return stocked(model(), goods())


def trail(rng: np.random.Generator, *, longest: int = 6) -> Trail:
    """Somebody's way, drawn."""
    items = rng.integers(len(goods()), size=int(rng.integers(0, longest + 1)))
    searches = [("green hat", 20.0)] if rng.random() < 0.3 else []
    return Trail.of(items, rng.choice([1.0, 3.0, 5.0], len(items)), rng.exponential(3e5, len(items)), searches)  # fmt: skip
