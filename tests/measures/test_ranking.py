"""Measures of a ranking: known answers, and the laws they keep."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.measures import (
    average_precision,
    dcg,
    ndcg,
    recall,
    reciprocal_rank,
    share_hurt,
)


@st.composite
def judged_rankings(draw: Any) -> tuple[list[int], dict[int, float]]:
    """A ranking of some ids, and grades of some, not always the same."""
    ranking = draw(st.permutations(range(12)))[: draw(st.integers(0, 12))]
    grades = draw(st.dictionaries(st.integers(0, 14), st.integers(0, 3).map(float), max_size=12))
    return ranking, grades


def test_dcg_of_a_known_list() -> None:
    # Järvelin & Kekäläinen's discount: 3/1 + 2/log2(3) + 0 + 1/log2(5)
    assert dcg([3, 2, 0, 1]) == pytest.approx(3 + 2 / math.log2(3) + 1 / math.log2(5))


def test_ndcg_of_a_known_list() -> None:
    grades = {"a": 3.0, "b": 2.0, "c": 1.0}
    ideal = 3 + 2 / math.log2(3)
    assert ndcg(["c", "a", "b"], grades, k=2) == pytest.approx((1 + 3 / math.log2(3)) / ideal)


def test_what_nobody_judged_counts_nothing_but_takes_a_place() -> None:
    assert ndcg(["x", "a"], {"a": 1.0}, k=2) == pytest.approx(1 / math.log2(3))
    assert ndcg(["x", "a"], {"a": 1.0}, k=1) == 0.0


def test_relevant_ones_that_were_not_found_lower_every_measure() -> None:
    assert ndcg(["a"], {"a": 1.0, "b": 1.0}, k=5) < 1.0
    assert recall(["a"], {"a", "b"}, k=5) == 0.5
    assert average_precision(["a"], {"a", "b"}) == 0.5


def test_average_precision_of_a_known_list() -> None:
    # relevant at ranks 1, 3 and 6 of four relevant ones: (1/1 + 2/3 + 3/6 + 0) / 4
    ranking = ["r1", "x", "r2", "y", "z", "r3"]
    expected = (1 + 2 / 3 + 3 / 6) / 4
    assert average_precision(ranking, {"r1", "r2", "r3", "r4"}) == pytest.approx(expected)


def test_reciprocal_rank_is_that_of_the_first_relevant_one() -> None:
    assert reciprocal_rank(["x", "a", "b"], {"a", "b"}) == 0.5
    assert reciprocal_rank(["x"], {"a"}) == 0.0


def test_recall_counts_within_k_only() -> None:
    assert recall(["x", "a", "b"], {"a", "b"}, k=2) == 0.5


def test_a_query_without_relevant_ones_scores_nothing() -> None:
    assert ndcg(["a"], {}, k=3) == recall(["a"], set(), k=3) == 0.0
    assert average_precision(["a"], set()) == reciprocal_rank(["a"], set()) == 0.0


def test_hurt_are_those_that_lose_more_than_the_margin() -> None:
    assert share_hurt([0.5, 0.9, 0.2, 1.0], [0.5, 0.94, 0.3, 0.2], by=0.05) == 0.25


@given(judged_rankings(), st.integers(1, 12))
def test_measures_stay_within_zero_and_one(
    judged: tuple[list[int], dict[int, float]], k: int
) -> None:
    ranking, grades = judged
    relevant = {i for i, grade in grades.items() if grade > 0}
    for value in (
        ndcg(ranking, grades, k=k),
        recall(ranking, relevant, k=k),
        average_precision(ranking, relevant),
        reciprocal_rank(ranking, relevant),
    ):
        assert 0.0 <= value <= 1.0 + 1e-12


@given(st.dictionaries(st.integers(0, 30), st.integers(0, 3).map(float), max_size=20))
def test_the_best_order_scores_one(grades: dict[int, float]) -> None:
    best = sorted(grades, key=lambda i: -grades[i])
    relevant = [i for i in best if grades[i] > 0]
    expected = 1.0 if relevant else 0.0
    assert ndcg(best, grades, k=5) == pytest.approx(expected)
    assert average_precision(best, relevant) == pytest.approx(expected)
    assert reciprocal_rank(best, relevant) == expected


@given(judged_rankings(), st.integers(0, 10), st.integers(1, 12))
def test_moving_a_better_one_up_never_lowers_ndcg(
    judged: tuple[list[int], dict[int, float]], place: int, k: int
) -> None:
    ranking, grades = judged
    if place + 1 >= len(ranking):
        return
    a, b = ranking[place], ranking[place + 1]
    if grades.get(b, 0) < grades.get(a, 0):
        a, b = b, a
    worse = [*ranking[:place], a, b, *ranking[place + 2 :]]
    better = [*ranking[:place], b, a, *ranking[place + 2 :]]
    assert ndcg(better, grades, k=k) >= ndcg(worse, grades, k=k) - 1e-12
