"""What the demo shop's reviews say, and what is wrong with some of them."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopkeeper.shop.demo.making import DemoShop
from shopkeeper.shop.records import Review

Truth = Mapping[str, Mapping[str, Any]]
TOLD_IN_METADATA = {"shipping", "shipping_method", "coupon", "promotion", "kind", "department"}


def planted(truth: Truth) -> set[str]:
    """Ids of the reviews that are not honest."""
    kinds = ("fake_review", "phishing_review", "prompt_injection")
    return {id_ for kind in kinds for id_ in truth[kind]}


def honest(made: DemoShop, truth: Truth) -> list[Review]:
    return [r for r in made.reviews if r.id not in planted(truth)]


def auc(scores: Sequence[float], labels: Sequence[bool]) -> float:
    """Chance that a positive scores above a negative; equal scores count half."""
    positive = np.array(labels)
    high, low = np.array(scores)[positive], np.sort(np.array(scores)[~positive])
    below = np.searchsorted(low, high, "left") + np.searchsorted(low, high, "right")
    return float(below.mean() / (2 * len(low)))


def test_a_products_rating_is_the_mean_of_its_reviews(made: DemoShop) -> None:
    stars = defaultdict(list)
    for r in made.reviews:
        assert r.rating is not None
        stars[r.product_id].append(r.rating)
    for product in made.products:
        if product.rating is None:
            assert product.id not in stars
        else:
            mean = sum(stars[product.id], Decimal(0)) / len(stars[product.id])
            assert product.rating.count == len(stars[product.id])
            assert abs(product.rating.value - mean) <= Decimal("0.005")


def test_most_are_content_and_some_are_not(made: DemoShop) -> None:
    shares = {n: c / len(made.reviews) for n, c in Counter(r.rating for r in made.reviews).items()}
    assert 0.4 < shares[Decimal(5)] < 0.65
    assert shares[Decimal(1)] + shares[Decimal(2)] > 0.04
    assert min(Counter(r.language for r in made.reviews).values()) > 1500


def test_a_verified_review_follows_a_delivery(made: DemoShop) -> None:
    delivered: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for order in made.orders:
        for change in order.history:
            if change.status == "delivered" and change.at is not None:
                for line in order.lines:
                    delivered[order.customer_id, line.product_id].append(change.at)
    for r in made.reviews:
        if r.verified:
            assert r.customer_id is not None and r.posted_at is not None
            assert min(delivered[r.customer_id, r.product_id]) < r.posted_at
    assert 0.05 < sum(not r.verified for r in made.reviews) / len(made.reviews) < 0.25


def test_reviewers_write_in_their_language(made: DemoShop) -> None:
    language = {c.id: c.language for c in made.customers}
    for r in made.reviews:
        assert r.customer_id is not None and r.language == language[r.customer_id]
        assert (
            bool(re.search(r"[\u4e00-\u9fff]", r.text)) == (r.language == "zh") or r.text == "10/10"
        )


def test_no_template_is_left_unfilled(made: DemoShop) -> None:
    for r in made.reviews:
        assert r.text.strip() and not re.search(r"[<>{}|\[\]]", r.text.replace("[赞]", "")), r.text


def test_what_is_praised_is_good_and_what_is_complained_of_is_not(
    made: DemoShop, truth: Truth
) -> None:
    hidden, said = [], []
    for r in honest(made, truth):
        for aspect, polarity in truth["review_aspects"][r.id].items():
            quality = truth["product_quality"][r.product_id]["qualities"].get(aspect)
            if quality is not None:
                hidden.append(quality)
                said.append(polarity)
    assert len(said) > 8000
    assert np.corrcoef(hidden, said)[0, 1] > 0.45


def test_the_words_say_what_the_truth_says(made: DemoShop, truth: Truth) -> None:
    """By a few words that leave no doubt."""
    plain = {
        (
            "waterproofing",
            -1,
        ): r"leak|soak|damp|wet|waterproof|drizzle|rain|beading|downpour|water came",
        ("battery", -1): r"battery|charge",
        ("smell", 1): r"smell|scent",
        ("warmth", 1): r"warm|toasty|cold|chill|hot|steaming|heating|freezing|shivering",
    }
    told = missed = 0
    for r in honest(made, truth):
        for pair in truth["review_aspects"][r.id].items():
            if r.language == "en" and pair in plain:
                missed += not re.search(plain[pair], r.text.lower())
                told += 1
    assert told > 200 and missed <= told / 50  # a slip of the finger may hit the very word


def test_better_products_have_better_ratings(made: DemoShop, truth: Truth) -> None:
    pairs = [
        (float(p.rating.value), np.mean(list(truth["product_quality"][p.id]["qualities"].values())))
        for p in made.products
        if p.rating is not None and p.rating.count >= 10
    ]
    assert np.corrcoef(np.array(pairs).T)[0, 1] > 0.6


def test_reviews_of_a_product_do_not_repeat_themselves(made: DemoShop, truth: Truth) -> None:
    texts = defaultdict(list)
    for r in honest(made, truth):
        texts[r.product_id].append(r.text)
    longer = [t for found in texts.values() for t in found if len(t) > 60]
    assert len(set(longer)) / len(longer) > 0.99
    busiest = max(texts.values(), key=len)
    openings = Counter(t[:40] for t in busiest if len(t) > 60)
    assert openings.most_common(1)[0][1] <= max(3, len(busiest) / 25)


def test_the_ring_meets_at_the_same_products_within_days(made: DemoShop, truth: Truth) -> None:
    ring = {i for i, t in truth["fake_review"].items() if t["kind"] == "ring"}
    by = defaultdict(set)
    for r in made.reviews:
        if r.id in ring:
            by[r.customer_id].add(r.product_id)
    assert 20 <= len(by) <= 30
    shared = [len(a & b) for a, b in combinations(by.values(), 2)]
    assert np.mean(shared) > 1.5
    days = Counter(r.posted_at.date() for r in made.reviews if r.id in ring and r.posted_at)
    assert len(days) < 25
    assert {t["kind"] for t in truth["fake_review"].values()} == {
        "ring",
        "camouflage",
        "paid",
        "attack",
    }


def surface(r: Review) -> list[float]:
    """What can be seen of a review without reading it or knowing anyone."""
    at, marks = r.posted_at or datetime.min, re.findall(r"[.。!！]", r.text)
    return [
        math.log(len(r.text)), len(marks), r.text.count("!") + r.text.count("！"),
        r.text.count(",") + r.text.count("，"), float(bool(r.title)), float(r.language == "zh"),
        sum(c.isupper() for c in r.text) / len(r.text), sum(c.isdigit() for c in r.text),
        float(r.id[1:]) % 7, at.second, at.hour,
    ]  # fmt: skip


def logistic(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights of a logistic regression, by gradient descent; classes count the same."""
    weights = np.zeros(x.shape[1])
    balance = np.where(y > 0, 0.5 / y.mean(), 0.5 / (1 - y.mean()))
    for _ in range(400):
        weights -= 0.3 * (x.T @ (balance * (1 / (1 + np.exp(-x @ weights)) - y))) / len(y)
    return weights


def test_fakes_are_not_given_away_by_their_surface(made: DemoShop, truth: Truth) -> None:
    """Among five-star reviews, half of them to learn from and half to judge."""
    fake = {i for i, t in truth["fake_review"].items() if t["kind"] in ("ring", "paid")}
    five = [r for r in made.reviews if r.rating == 5]
    x = np.array([surface(r) for r in five])
    x = np.hstack([(x - x.mean(0)) / (x.std(0) + 1e-9), np.ones((len(x), 1))])
    y = np.array([r.id in fake for r in five], dtype=float)
    found = logistic(x[::2], y[::2])
    assert auc(list(x[1::2] @ found), list(y[1::2] > 0)) < 0.72


def test_no_word_is_of_fakes_alone(made: DemoShop, truth: Truth) -> None:
    fake = {i for i, t in truth["fake_review"].items() if t["kind"] != "camouflage"}
    used: dict[str, Counter[bool]] = defaultdict(Counter)
    for r in made.reviews:
        for word in set(re.findall(r"[a-z']{3,}", r.text.lower())):
            used[word][r.id in fake] += 1
    often = {w: c[True] / c.total() for w, c in used.items() if c.total() >= 25}
    assert max(often.values()) < 0.6, sorted(often.items(), key=lambda i: -i[1])[:10]


def test_phishing_links_lead_to_reserved_names_and_honest_links_exist_too(
    made: DemoShop, truth: Truth
) -> None:
    link = re.compile(r"[\w.-]+\.(?:example|test|invalid)\b/")
    texts = {str(r.id): r.text for r in made.reviews}
    texts |= {str(e.id): e.message for e in made.events}
    for id_ in {**truth["phishing_review"], **truth["phishing_message"]}:
        assert link.search(texts[id_]), texts[id_]
    assert len(truth["phishing_review"]) >= 12 and len(truth["phishing_message"]) >= 10
    harmless = [r for r in honest(made, truth) if "https://" in r.text]
    assert len(harmless) >= 10


def test_a_review_gives_orders_to_machines_in_each_language(made: DemoShop, truth: Truth) -> None:
    languages = {r.language for r in made.reviews if r.id in truth["prompt_injection"]}
    assert languages == {"en", "zh"}


def test_the_defect_shows_after_its_date_and_not_before(made: DemoShop, truth: Truth) -> None:
    defect = truth["defect"]["line-1"]
    start, line = datetime.fromisoformat(defect["from"]), set(defect["products"])
    assert len(line) >= 4 and len(defect["faulty"]) > 50

    def mean(*, after: bool) -> float:
        found = [
            float(r.rating or 0)
            for r in honest(made, truth)
            if r.product_id in line
            and r.posted_at
            and r.verified
            and (r.posted_at > start) == after
        ]
        assert len(found) > 25
        return float(np.mean(found))

    def returned(*, after: bool) -> float:
        sold = [o for o in made.orders if o.placed_at and (o.placed_at >= start) == after]
        sold = [o for o in sold if any(x.product_id in line for x in o.lines)]
        return sum(any("return" in h.status for h in o.history) for o in sold) / len(sold)

    assert mean(after=False) - mean(after=True) > 0.6
    assert returned(after=True) > 1.7 * returned(after=False)


def test_the_truth_is_in_its_own_table_only(made: DemoShop) -> None:
    """All other fields than these are the feed's own, and hold what their names say."""
    open_fields = [
        *(p.metadata for p in made.products),
        *(v.metadata for p in made.products for v in p.variants),
        *(c.metadata for c in made.customers),
        *(o.metadata for o in made.orders),
        *(line.metadata for o in made.orders for line in o.lines),
        *(r.metadata for r in made.reviews),
    ]
    assert {name for field in open_fields for name in field} <= TOLD_IN_METADATA
    assert {k for e in made.events for k in e.attributes} == {"order_id", "quantity", "rating"}
    assert {k for q in made.queries for k in q.attributes} == {"total", "page", "language"}
    payments = {(p.kind, p.method_id.split("-")[-1]) for o in made.orders for p in o.payments}
    assert {kind for kind, _ in payments} == {"payment", "refund"}
