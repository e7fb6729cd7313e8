"""Models against their formulas, written out densely on small data."""

import numpy as np
import pytest

from shopkeeper.recommend import ease, neighbours, next_item, popularity
from shopkeeper.recommend.contract import dense
from shopkeeper.recommend.histories import Histories
from shopkeeper.recommend.next_item import Plan
from tests.recommend.making import ITEMS, histories


def test_ease_is_its_closed_form() -> None:
    had = histories()
    x = had.matrix().toarray().astype(np.float64)
    inverse = np.linalg.inv(x.T @ x + 5 * np.eye(ITEMS))
    expected = np.eye(ITEMS) - inverse / np.diag(inverse)
    assert np.allclose(dense(ease.fit(had, ridge=5).weights), expected, atol=1e-5)


def plain_rows(had: Histories, plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """A and Y by loops."""
    before, after = [], []
    for person in range(len(had)):
        row = had[person]
        for t in range(1, len(row)):
            a, y = np.zeros(had.count), np.zeros(had.count)
            for k in range(min(plan.back, t)):
                a[row[t - 1 - k]] += plan.back_decay**k
            for k in range(min(plan.ahead, len(row) - t)):
                y[row[t + k]] += plan.ahead_decay**k
            before.append(a)
            after.append(y)
    return np.array(before), np.array(after)


def test_next_item_regression_is_its_closed_form() -> None:
    had, plan = histories(), Plan(ridge=3.0)
    a, y = plain_rows(had, plan)
    expected = np.linalg.solve(a.T @ a + 3 * np.eye(ITEMS), a.T @ y)
    np.fill_diagonal(expected, 0)
    assert np.allclose(dense(next_item.fit_exactly(had, plan).weights), expected, atol=1e-5)


def test_the_sparse_way_solves_each_target_over_what_was_seen_before_it() -> None:
    had, plan = histories(), Plan(ridge=3.0)
    a, y = plain_rows(had, plan)
    found = dense(next_item.fit(had, plan).weights)
    for item in range(ITEMS):
        sources = np.flatnonzero(a.T @ y[:, item])
        gram = a[:, sources].T @ a[:, sources] + 3 * np.eye(len(sources))
        expected = np.zeros(ITEMS)
        expected[sources] = np.linalg.solve(gram, a[:, sources].T @ y[:, item])
        assert np.allclose(found[:, item], expected, atol=1e-5)


def test_a_target_keeps_no_more_sources_than_allowed() -> None:
    found = dense(next_item.fit(histories(people=200), Plan(most=2)).weights)
    assert ((found != 0).sum(axis=0) <= 2).all()


def test_next_item_regression_knows_what_follows_what() -> None:
    scores = next_item.fit(histories(people=200)).scores(Histories.of([[4]], ITEMS))
    assert scores[0].argmax() == 5


def test_item_knn_is_the_cosine_of_columns() -> None:
    had = histories()
    x = had.matrix().toarray()
    length = np.linalg.norm(x, axis=0)
    expected = x.T @ x / np.outer(length, length)
    np.fill_diagonal(expected, 0)
    assert np.allclose(dense(neighbours.fit(had).weights), expected, atol=1e-6)


def test_only_the_nearest_neighbours_are_kept() -> None:
    all_, some = (dense(neighbours.fit(histories(), most=m).weights) for m in (None, 3))
    for row, kept in zip(all_, some, strict=True):
        assert (kept > 0).sum() == 3
        assert kept[kept > 0].min() >= np.sort(row)[-3]


def test_an_old_event_counts_half_a_fresh_one_after_a_half_life() -> None:
    had = Histories.of([[0, 1]], 3)
    share = popularity.fit(had, days_ago=np.array([30, 0], np.float32)).share
    assert share == pytest.approx([1 / 3, 2 / 3, 0])


def test_what_each_event_adds_sums_to_the_score() -> None:
    model = next_item.fit(histories())
    asked = Histories.of([[3, 1, 7]], ITEMS)
    parts = model.because(asked[0], 4)
    assert parts.sum() == pytest.approx(model.scores(asked)[0, 4], abs=1e-5)
