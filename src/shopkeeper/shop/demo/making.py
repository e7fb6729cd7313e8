"""Makes all records of the demo shop in memory: the same for the same seed and time."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from shopkeeper.shop.demo.behaviour import Behaviour, Log
from shopkeeper.shop.demo.catalogue import catalogue, in_defect_line
from shopkeeper.shop.demo.contact import contacts
from shopkeeper.shop.demo.demand import Basket, Demand, Prices, baskets
from shopkeeper.shop.demo.people import Person, people
from shopkeeper.shop.demo.purchases import Experience, Purchase, purchases
from shopkeeper.shop.demo.records import Stocked
from shopkeeper.shop.demo.reviewing import (
    ELSEWHERE,
    Opinion,
    Planted,
    Reviewing,
    experience,
    numbered,
)
from shopkeeper.shop.demo.ring import Plot, Ring, cast, plot
from shopkeeper.shop.demo.texts import pages
from shopkeeper.shop.demo.trouble import Trouble
from shopkeeper.shop.records import (
    Customer,
    Event,
    Order,
    Page,
    Product,
    Query,
    Rating,
    Review,
)

DEFECT_AGO_DAYS = 150
FAULTY = 0.6  # of the line's pieces sold since
Truth = tuple[str, str, Mapping[str, Any]]  # kind, id, what is true
OnStep = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Size:
    """How much of it there is. visits: those in which nothing is bought, beside those behind the orders."""

    customers: int = 2000
    orders: int = 8400
    visits: int = 11_000


FULL = Size()


@dataclass(frozen=True, slots=True)
class DemoShop:
    """Everything, ready to be written."""

    products: Sequence[Product]
    customers: Sequence[Customer]
    orders: Sequence[Order]
    events: Sequence[Event]
    queries: Sequence[Query]
    reviews: Sequence[Review]
    pages: Sequence[Page]
    truth: Sequence[Truth]


def make(
    seed: int, now: datetime, *, size: Size = FULL, on_step: OnStep = lambda step: None
) -> DemoShop:
    """The whole shop."""

    def rng(name: str) -> random.Random:
        """A stream of chance of its own for each step, so that a change in one leaves the others as they are."""
        return random.Random(f"{seed}:{name}")

    on_step("products")
    stock = [_popular(s) if in_defect_line(s) else s for s in catalogue(seed, now)]
    on_step("customers")
    everyone, ring = cast(rng("cast"), people(rng("people"), now, stock, size.customers), now)
    demand = Demand(everyone, stock, now)
    plan = plot(rng("plot"), demand, ring)
    on_step("orders")
    bought = sorted(
        [*baskets(rng("baskets"), demand, size.orders), *plan.baskets(rng("alibis"))],
        key=lambda b: (b.at, b.person.customer.id),
    )
    made = purchases(
        rng("orders"),
        list(_experienced(rng("experiences"), bought, now)),
        Prices(rng("prices"), stock, now),
        now,
    )
    on_step("reviews")
    reviewing = Reviewing(rng("reviews"), now)
    planted = _planted(rng("trouble"), reviewing, demand, plan, made)
    taken = {(p.opinion.review.customer_id, p.opinion.review.product_id) for p in planted}
    silent = plan.silent | {(c, p) for c, p in taken if c is not None}
    opinions = reviewing.of_purchases(made, silent)
    opinions += reviewing.of_others(demand, int(len(opinions) * ELSEWHERE))
    reviews = numbered([*opinions, *(p.opinion for p in planted)])
    on_step("visits")
    behaviour = Behaviour(rng("visits"), demand)
    behaviour.buy(made)
    behaviour.look(size.visits)
    behaviour.rate([r for r, _ in reviews])
    messages, scams = contacts(rng("contacts"), made, now)
    log = behaviour.log
    return DemoShop(
        products=_rated(stock, [r for r, _ in reviews]),
        customers=[p.customer for p in everyone],
        orders=[p.order for p in made],
        events=sorted([*log.events, *messages], key=lambda e: (e.at, e.id)),
        queries=log.queries,
        reviews=[r for r, _ in reviews],
        pages=pages(now),
        truth=list(_truth(stock, everyone, made, reviews, planted, log, scams, now)),
    )


def _popular(s: Stocked) -> Stocked:
    """The line with the defect sells well, so that what happens to it can be seen."""
    return replace(s, appeal=3 * s.appeal + 1, added_at=s.added_at - timedelta(days=200))


def defect_starts(now: datetime) -> datetime:
    """When the line of products with the defect began to fail."""
    return now - timedelta(days=DEFECT_AGO_DAYS)


def _experienced(
    rng: random.Random, bought: Sequence[Basket], now: datetime
) -> Iterator[tuple[Basket, tuple[Experience, ...]]]:
    start = defect_starts(now)
    for basket in bought:
        yield (
            basket,
            tuple(
                experience(
                    rng,
                    c,
                    faulty=in_defect_line(c.stocked)
                    and basket.at >= start
                    and rng.random() < FAULTY,
                )
                for c in basket.choices
            ),
        )


def _planted(
    rng: random.Random, reviewing: Reviewing, demand: Demand, plan: Plot, made: Sequence[Purchase]
) -> list[Planted]:
    single = Trouble(rng, reviewing, demand)
    return [
        *Ring(rng, reviewing, demand).reviews(plan, made),
        *single.paid(made),
        *single.attack({p.customer.id for p in plan.members}),
        *single.phishing(),
        *single.injection(),
    ]


def _rated(stock: Sequence[Stocked], reviews: Sequence[Review]) -> list[Product]:
    """The products with the mean of their reviews' ratings."""
    given: dict[str, list[Decimal]] = {}
    for r in reviews:
        if r.rating is not None:
            given.setdefault(r.product_id, []).append(r.rating)
    found = []
    for s in stock:
        stars = given.get(s.product.id)
        if stars:
            mean = (sum(stars, Decimal(0)) / len(stars)).quantize(Decimal("0.01"))
            found.append(replace(s.product, rating=Rating(mean, len(stars))))
        else:
            found.append(s.product)
    return found


def _truth(
    stock: Sequence[Stocked],
    everyone: Sequence[Person],
    made: Sequence[Purchase],
    reviews: Sequence[tuple[Review, Opinion]],
    planted: Sequence[Planted],
    log: Log,
    scams: Sequence[str],
    now: datetime,
) -> Iterator[Truth]:
    """What only the maker knows, row by row."""
    for s in stock:
        yield "product_quality", s.product.id, {"qualities": dict(s.qualities), "appeal": s.appeal}
    for p in everyone:
        yield "customer_taste", p.customer.id, {
            "departments": _rounded(p.departments), "styles": _rounded(p.styles), "colours": _rounded(p.colours),
            "price_level": round(p.price_level, 3), "leniency": round(p.leniency, 3), "size": round(p.size, 3),
        }  # fmt: skip
    kinds = {id(p.opinion): p for p in planted}
    for review, opinion in reviews:
        yield "review_aspects", review.id, dict(opinion.aspects)
        found = kinds.get(id(opinion))
        if found is not None:
            kind = {"phishing": "phishing_review", "injection": "prompt_injection"}.get(
                found.kind, "fake_review"
            )
            yield kind, review.id, {"kind": found.kind, **found.detail}
    for message in scams:
        yield "phishing_message", message, {}
    line = [s for s in stock if in_defect_line(s)]
    faulty = [[p.order.id, e.choice.variant.id] for p in made for e in p.experiences if e.faulty]
    yield "defect", "line-1", {
        "kind": line[0].kind, "brand": line[0].product.brand, "products": [s.product.id for s in line],
        "from": defect_starts(now).isoformat(), "aspects": ["durability", "performance"], "share": FAULTY,
        "faulty": faulty,
    }  # fmt: skip
    for query_id, asked in log.intents.items():
        yield "query_intent", query_id, {
            "kind": asked.kind, "product": asked.product_id, "wanted": dict(asked.wanted or {}),
            "language": asked.language, "typo": asked.typo,
        }  # fmt: skip


def _rounded(weights: Mapping[str, float]) -> dict[str, float]:
    return {name: round(weight, 3) for name, weight in weights.items()}
