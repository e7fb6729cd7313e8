"""Reasons are true: without the evidence that is cited, the score is lower by what the reason says."""

import copy

import numpy as np
import pytest

from shopkeeper.recommend.reasons import Explained, reasons
from shopkeeper.recommend.scoring import FLOORS, Scored, Scorer, Trail
from shopkeeper.recommend.slots import Reason, Why
from tests.recommend.small_shop import behaviour, goods, model, scorer, shelf, trail

LISTS = 1000
SHOWN = 3


def told(way: Trail) -> tuple[Scored, list[tuple[int, Reason]]]:
    """The best of somebody's list, and all reasons with the row that each is about."""
    scored = scorer().score(way)
    rows = np.argsort(-scored.score, kind="stable")[:SHOWN]
    why = dict.fromkeys(way.places.tolist(), Why.LOOKED)
    found = reasons(Explained(scorer(), shelf(), way, why), scored, rows)
    return scored, [(int(row), r) for row, each in zip(rows, found, strict=True) for r in each]


def without(reason: Reason, way: Trail, scored: Scored, row: int) -> float:
    """The score in a world where the evidence of a reason is not."""
    asked, only = scorer(), scored.candidates[[row]]
    if reason.why is Why.SEARCHED:
        way = way.without_words(reason.words[0])
    elif reason.why is Why.POPULAR:
        asked = unpopular(only)
    else:
        way = way.without(model().items.place[reason.product_id])
    return float(asked.score(way, theta=scored.theta, only=only).score[0])


def unpopular(places: "np.typing.NDArray[np.intp]") -> Scorer:
    other = copy.copy(scorer())
    other.popular = other.popular.copy()
    other.popular[places] = 0
    return other


def test_without_its_evidence_every_score_is_lower_by_what_the_reason_says() -> None:
    rng = np.random.default_rng(11)
    seen: set[Why] = set()
    for _ in range(LISTS):
        way = trail(rng)
        scored, found = told(way)
        for row, reason in found:
            lower = without(reason, way, scored, row)
            assert lower < scored.score[row]
            assert scored.score[row] - lower == pytest.approx(reason.weight, abs=1e-9)
            seen.add(reason.why)
    assert seen == {Why.LOOKED, Why.SEARCHED, Why.POPULAR}


def test_the_people_and_orders_that_are_told_of_were_there() -> None:
    had = behaviour().histories.matrix().toarray() > 0
    baskets = behaviour().bought.matrix().toarray() > 0
    rng = np.random.default_rng(3)
    counted = 0
    for _ in range(60):
        scored, found = told(trail(rng))
        for row, reason in found:
            if reason.why is not Why.LOOKED:
                continue
            one, other = model().items.place[reason.product_id], scored.candidates[row]
            if reason.people:
                assert reason.people == (had[:, one] & had[:, other]).sum()
            if reason.times:
                assert reason.times == (baskets[:, one] & baskets[:, other]).sum()
            counted += bool(reason.people) + bool(reason.times)
    assert counted > 20


def test_the_words_that_are_told_of_stand_in_both_products() -> None:
    rng = np.random.default_rng(4)
    words = 0
    for _ in range(60):
        scored, found = told(trail(rng))
        for row, reason in found:
            both = (model().items.place.get(reason.product_id), int(scored.candidates[row]))
            for word in reason.words if reason.product_id else ():
                assert all(word.casefold() in f"{goods()[p].words} {goods()[p].values}".casefold() for p in both if p is not None)  # fmt: skip
                words += 1
    assert words > 20


def test_without_the_words_in_common_two_products_are_less_alike() -> None:
    rows = model().words.rows
    scored, found = told(Trail.of(np.array([0]), np.ones(1), np.zeros(1)))
    row, reason = next((row, r) for row, r in found if r.words)
    shared = [
        t for t, term in enumerate(model().words.terms.ids) if term.strip("=").endswith(reason.words[0].casefold())
    ]  # fmt: skip
    one, other = rows[[0]].toarray()[0], rows[[int(scored.candidates[row])]].toarray()[0]
    before = one @ other
    one[shared] = 0
    assert one @ other < before and len(FLOORS) == scored.evidence.shape[1]
