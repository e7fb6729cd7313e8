"""Are the demo shop's hidden tastes found? Its last fifth of time is asked about, by models that know what was before.

- `regular`: customers with at least five events; what is the newest new product that they turned to? Asked with all they
  did before it, once without and once with what they searched for.
- `session`: visits of three different products or more; after two looks, which is the third? Nothing else is known.
- `arrived`: a product taken out of the past and put on the shelf by its words alone: how high do people rank it who
  then took it, beside chance? By popularity it has no place.

- `together`: later orders of several categories; which of the ten products that stand highest beside one of an order were
  in it too? `.shown` and `.precision` of those that enough orders tell of (as the shop shows them), `.precision.any` of all
  ten, `.precision.popular` of the ten most popular.

Every product is ranked, those somebody had are left out, ties count against. `popularity` has a half-life of 30 days.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from shopkeeper.face import Shop
from shopkeeper.recommend import Visitor, behaviour, fitting, goods, shelf, trails
from shopkeeper.recommend.behaviour import Behaviour, Floats
from shopkeeper.recommend.goods import Good
from shopkeeper.recommend.histories import Places
from shopkeeper.recommend.live import THETA
from shopkeeper.recommend.scoring import FEATURES, Scorer, Trail
from shopkeeper.recommend.slots import Slot
from shopkeeper.recommend.together import together
from shopkeeper.shop.database import Database
from shopkeeper.shop.demo.making import FULL, Size

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SMALL = Size(customers=600, orders=2500, visits=3300)
LATER, REGULAR, SESSION_GAP_S = 0.2, 5, 1800.0
SHOWN = 10  # of what goes with a product
ARRIVED = 40  # products that are taken out, the most wanted of the last part
POPULARITY = np.array([0.0] * (len(FEATURES) - 1) + [1.0])


@dataclass(frozen=True)
class Question:
    """What is known of somebody at a moment, and the place of what they turned to."""

    trail: Trail
    wanted: int


def run(*, quick: bool, data: Path) -> dict[str, Any]:
    """NDCG@10 of each kind of question, beside popularity."""
    with tempfile.TemporaryDirectory() as folder, Shop.open(folder) as shop:
        Path(folder).chmod(0o755)
        shop.build_demo(now=NOW, size=SMALL if quick else FULL)
        with shop.database.connection() as conn:
            stock = list(goods.read(conn))
            items = Places(tuple(good.id for good in stock))
            whole = behaviour.read(conn, items, until=NOW)
            cut = float(np.quantile(whole.at, 1 - LATER))
            scorer = Scorer(fitting.fit(stock, whole.before(cut)))
            asked = {
                "regular": list(_regulars(whole, cut)),
                "session": list(_sessions(whole, cut)),
                "regular.searches": list(_searched(whole, cut, items, shop.database)),
            }
    figures: dict[str, Any] = {"products": len(stock), "events": len(whole.at)}
    for name, questions in asked.items():
        figures |= _standing(name, scorer, questions)
    return figures | _together(scorer, stock, whole, cut) | _arrived(stock, whole, cut)


def _standing(name: str, scorer: Scorer, questions: list[Question]) -> dict[str, Any]:
    ours, theirs = (
        float(np.mean([_ndcg(_rank(scorer, q, theta)) for q in questions]))
        for theta in (None, POPULARITY)
    )
    return {
        f"{name}.questions": len(questions),
        f"{name}.ndcg@10": round(ours, 4),
        f"{name}.popularity": round(theirs, 4),
        f"{name}.times_popularity": round(ours / theirs, 2),
    }


def _rank(scorer: Scorer, question: Question, theta: Floats | None) -> int:
    """The rank of what was wanted, from 1."""
    found = scorer.score(question.trail, theta=theta)
    scores = np.zeros(scorer.count)
    scores[found.candidates] = found.score
    own = scores[question.wanted]
    scores[question.trail.places] = -1
    return int((scores >= own).sum())


def _ndcg(rank: int) -> float:
    return float(1 / np.log2(1 + rank)) if rank <= 10 else 0.0


def _together(scorer: Scorer, stock: list[Good], whole: Behaviour, cut: float) -> dict[str, Any]:
    """What later orders say of lists of what goes with a product."""
    number: dict[tuple[str, ...], int] = {}
    category = np.array([number.setdefault(good.category, len(number)) for good in stock])
    popular = np.argsort(-scorer.popular, kind="stable")
    hits: dict[str, list[bool]] = {"": [], ".any": [], ".popular": []}
    asked = 0
    for basket in np.flatnonzero(whole.bought_at >= cut).tolist():
        items = np.unique(whole.bought[basket])
        for item in items.tolist():
            wanted = items[category[items] != category[item]]
            if not len(wanted):
                continue
            asked += 1
            trail = trails.of_products(np.array([item], np.intp))
            scored = scorer.score(trail, theta=THETA[Slot.TOGETHER])
            best = scored.candidates[np.argsort(-scored.score, kind="stable")]
            best = best[category[best] != category[item]][:SHOWN]
            founded = best[np.isin(best, together(scorer.model, trail.places))]
            many = popular[category[popular] != category[item]][:SHOWN]
            for name, shown in (("", founded), (".any", best), (".popular", many)):
                hits[name] += np.isin(shown, wanted).tolist()
    return {
        "together.questions": asked,
        "together.shown": round(len(hits[""]) / asked, 2),
    } | {
        f"together.precision{name}": round(float(np.mean(found)), 4) for name, found in hits.items()
    }


def _newest(found: Behaviour, cut: float) -> Iterator[tuple[int, int]]:
    """Each person who had enough before it, and the place of their newest event from the cut on of a new product."""
    histories = found.histories
    for person in range(len(histories)):
        items, at = histories[person], found.at[histories.start[person] :]
        new = [k for k in range(REGULAR, len(items)) if at[k] >= cut and items[k] not in items[:k]]
        if new and found.who[person].startswith("c"):
            yield person, new[-1]


def _regulars(found: Behaviour, cut: float) -> Iterator[Question]:
    histories = found.histories
    for person, k in _newest(found, cut):
        past = slice(histories.start[person], histories.start[person] + k)
        event = histories.start[person] + k
        weight = histories.weight[past].astype(np.float64)
        trail = Trail.of(histories.items[past], weight, found.at[event] - found.at[past])
        yield Question(trail, int(histories.items[event]))


def _searched(
    found: Behaviour, cut: float, items: Places[str], database: Database
) -> Iterator[Question]:
    """The same as the live shop reads it, with what was searched for."""
    histories = found.histories
    for person, k in _newest(found, cut):
        event = histories.start[person] + k
        at = datetime.fromtimestamp(found.at[event], UTC)
        customer = Visitor(customer_id=found.who[person][1:])
        earlier = at - timedelta(milliseconds=1)
        way = trails.read(database.rows, customer, items.place, at, until=earlier)
        wanted = int(histories.items[event])
        if wanted not in way.trail.places:
            yield Question(way.trail, wanted)


def _sessions(found: Behaviour, cut: float) -> Iterator[Question]:
    histories = found.histories
    for person in range(len(histories)):
        begin, end = histories.start[person : person + 2]
        later = np.flatnonzero(found.at[begin:end] >= cut) + begin
        for visit in np.split(later, np.flatnonzero(np.diff(found.at[later]) > SESSION_GAP_S) + 1):
            if len(visit) >= 3 and len(set(histories.items[visit[:3]].tolist())) == 3:
                age = found.at[visit[2]] - found.at[visit[:2]]
                trail = Trail.of(histories.items[visit[:2]], np.ones(2), age)
                yield Question(trail, int(histories.items[visit[2]]))


def _arrived(stock: list[Good], whole: Behaviour, cut: float) -> dict[str, Any]:
    """Products that the past never saw, ranked for those who then took them and had a trail to go by."""
    histories = whole.histories
    later = histories.items[(whole.at >= cut) & (histories.position >= 1)]
    chosen = np.argsort(-np.bincount(later, minlength=histories.count), kind="stable")[:ARRIVED]
    kept = [place for place in range(len(stock)) if place not in set(chosen.tolist())]
    place = np.full(len(stock), -1)
    place[kept] = np.arange(len(kept))
    past = _without(whole.before(cut), place, len(kept))
    model = fitting.fit([stock[i] for i in kept], past)
    wider = Scorer(shelf.arrived(model, [stock[i] for i in chosen.tolist()]))
    moved = np.array([wider.model.items.place[good.id] for good in stock])
    is_new = np.isin(histories.items, chosen) & (whole.at >= cut) & (histories.position >= 1)
    questions = []
    for event in np.flatnonzero(is_new)[:2000]:
        past_of = slice(histories.start[histories.people[event]], event)
        had = histories.items[past_of]
        if histories.items[event] not in had:
            weight = histories.weight[past_of].astype(np.float64)
            trail = Trail.of(moved[had], weight, whole.at[event] - whole.at[past_of])
            questions.append(Question(trail, int(moved[histories.items[event]])))
    ranks = np.array([_rank(wider, question, None) for question in questions])
    return {
        "arrived.questions": len(questions),
        "arrived.ndcg@10": round(float(np.mean([_ndcg(int(rank)) for rank in ranks])), 4),
        "arrived.by_chance": round(_by_chance(wider.count), 4),
        "arrived.median_rank": int(np.median(ranks)),
    }


def _by_chance(products: int) -> float:
    """NDCG@10 of any order."""
    return sum(_ndcg(rank) for rank in range(1, 11)) / products


def _without(found: Behaviour, place: "np.typing.NDArray[np.intp]", count: int) -> Behaviour:
    """The behaviour of those products alone that have a place, by their new places."""

    def kept(histories: Any) -> Any:
        left = histories.where(place[histories.items] >= 0)
        return replace(left, items=place[left.items], count=count)

    there = place[found.histories.items] >= 0
    bought = kept(found.bought)
    filled = np.flatnonzero(bought.lengths > 0)
    return replace(
        found, histories=kept(found.histories), at=found.at[there], bought=bought.select(filled),
        buyers=found.buyers[filled], bought_at=found.bought_at[filled],
    )  # fmt: skip
