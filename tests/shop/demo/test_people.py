"""Who is in the demo shop, what they order and what they do there."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from shopkeeper.shop.demo.conditions import conditions
from shopkeeper.shop.demo.making import DemoShop
from tests.shop.demo.conftest import NOW

Truth = Mapping[str, Mapping[str, Any]]


def test_it_is_as_large_as_promised(made: DemoShop) -> None:
    assert len(made.products) >= 600
    assert len(made.customers) == 2000
    assert len(made.orders) >= 8000
    assert len(made.events) >= 50_000
    assert len(made.reviews) >= 6000
    first = min(o.placed_at for o in made.orders if o.placed_at)
    assert timedelta(days=500) < NOW - first <= timedelta(days=550)


def test_ids_are_given_out_in_time_and_not_by_what_is_true(made: DemoShop) -> None:
    for records in (made.customers, made.orders, made.reviews, made.events, made.queries):
        ids = [r.id for r in records]
        assert len(set(ids)) == len(ids)
    joined = [c.created_at for c in made.customers]
    assert joined == sorted(joined, key=str)
    assert sorted(c.id for c in made.customers) == [c.id for c in made.customers]


def test_customers_are_reached_at_reserved_addresses(made: DemoShop) -> None:
    assert len({c.email for c in made.customers}) == 2000
    assert {c.email.split("@")[1] for c in made.customers} == {
        "example.com",
        "example.org",
        "example.net",
    }
    assert all("555 01" in c.phone or c.phone.startswith(("+44 7700 900", "+61 491 570")) or not c.phone for c in made.customers)  # fmt: skip
    languages = Counter(c.language for c in made.customers)
    assert set(languages) == {"en", "zh"} and languages["zh"] > 400


def test_everything_that_is_named_exists(made: DemoShop) -> None:
    products = {p.id: {v.id for v in p.variants} for p in made.products}
    customers = {c.id: {m.id for m in c.payment_methods} for c in made.customers}
    queries = {q.id for q in made.queries}
    for order in made.orders:
        assert all(line.variant_id in products[line.product_id] for line in order.lines)
        assert all(p.method_id in customers[order.customer_id] for p in order.payments)
    for event in made.events:
        assert not event.object_id or event.object_id in products
        assert event.customer_id is None or event.customer_id in customers
        assert event.query_id is None or event.query_id in queries
    assert all(r.product_id in products and r.customer_id in customers for r in made.reviews)
    assert all(hit in products for q in made.queries for hit in q.hits)


def test_nothing_happens_before_its_time(made: DemoShop) -> None:
    joined = {c.id: c.created_at for c in made.customers}
    for order in made.orders:
        moments = [h.at for h in order.history if h.at]
        assert moments == sorted(moments) and moments[-1] < NOW
        assert joined[order.customer_id] <= order.placed_at  # type: ignore[operator]
    assert all(e.at < NOW for e in made.events)
    assert all(r.posted_at < NOW for r in made.reviews if r.posted_at)


def test_money_adds_up(made: DemoShop) -> None:
    for order in made.orders:
        goods = sum((x.total.amount for x in order.lines), Decimal(0))
        for x in order.lines:
            assert x.unit_price is not None
            discount = x.discount.amount if x.discount else Decimal(0)
            assert x.total.amount == x.unit_price.amount * x.quantity - discount
        paid = [p.amount.amount for p in order.payments if p.kind == "payment"]
        back = [p.amount.amount for p in order.payments if p.kind == "refund"]
        assert paid == [goods + Decimal(order.metadata["shipping"])]
        assert sum(back) <= paid[0]
        assert bool(back) == (order.status in ("cancelled", "returned", "partly returned"))


def test_shipping_is_charged_as_the_pages_say(made: DemoShop) -> None:
    for order in made.orders:
        assert order.shipping_address is not None
        goods = sum((x.total.amount for x in order.lines), Decimal(0))
        express = order.metadata["shipping_method"] == "express"
        due = conditions().shipping(order.shipping_address.country, goods, express=express)
        assert Decimal(order.metadata["shipping"]) == due


def test_the_status_is_what_the_age_allows(made: DemoShop) -> None:
    for order in made.orders:
        assert order.status == order.history[-1].status and order.placed_at is not None
        age = NOW - order.placed_at
        if order.status in ("pending", "processed"):
            assert age < timedelta(days=6)
        if order.status == "shipped":
            assert age < timedelta(days=60)
    shares = Counter(o.status for o in made.orders)
    assert 0.82 < shares["delivered"] / len(made.orders) < 0.95
    assert 0.01 < shares["cancelled"] / len(made.orders) < 0.06
    returned = shares["returned"] + shares["partly returned"]
    assert 0.03 < returned / len(made.orders) < 0.1


def test_line_prices_are_those_of_the_day(made: DemoShop) -> None:
    now = {v.id: v.price.amount for p in made.products for v in p.variants}
    then = [
        (x.unit_price.amount, now[x.variant_id])
        for o in made.orders
        for x in o.lines
        if x.unit_price and x.variant_id
    ]
    differ = sum(a != b for a, b in then) / len(then)
    assert 0.1 < differ < 0.6


def test_a_click_is_on_what_the_search_showed_there(made: DemoShop) -> None:
    queries = {q.id: q for q in made.queries}
    clicks = [e for e in made.events if e.action == "click" and e.query_id]
    assert len(clicks) > 10_000
    for click in clicks:
        assert click.position is not None and click.query_id is not None
        asked = queries[click.query_id]
        assert asked.hits[click.position - 1] == click.object_id
        assert asked.at <= click.at and asked.session_id == click.session_id
    tops = Counter(c.position for c in clicks)
    assert tops[1] > tops[3] > tops[8]


def test_each_recent_order_ends_a_session(made: DemoShop) -> None:
    bought = defaultdict(set)
    for e in made.events:
        if e.action == "purchase":
            bought[e.attributes["order_id"]].add(e.object_id)
    recent = [o for o in made.orders if o.placed_at and o.placed_at > NOW - timedelta(days=364)]
    for order in recent:
        assert bought[order.id] == {x.product_id for x in order.lines}


def test_searches_are_of_both_languages_some_misspelt_some_for_what_is_not_sold(
    made: DemoShop, truth: Truth
) -> None:
    intents = truth["query_intent"]
    assert set(intents) == {q.id for q in made.queries}
    assert min(Counter(i["language"] for i in intents.values()).values()) > 2000
    assert 0.03 < sum(i["typo"] for i in intents.values()) / len(intents) < 0.12
    empty = {q.id for q in made.queries if not q.hits}
    assert all(not intents[q]["kind"] or intents[q]["typo"] for q in empty)
    assert 0.02 < len(empty) / len(made.queries) < 0.1


def test_people_buy_what_their_hidden_taste_is_for(made: DemoShop, truth: Truth) -> None:
    department = {p.id: p.category[0] for p in made.products}
    tastes = truth["customer_taste"]
    mean_liking = []
    for order in made.orders:
        liking = tastes[order.customer_id]["departments"]
        mean = sum(liking.values()) / len(liking)
        mean_liking += [liking[department[x.product_id]] / mean for x in order.lines]
    assert np.mean(mean_liking) > 1.5  # 1 would be by chance
