"""Confidence sequences: right at every moment at once, however often somebody looks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.recommend.sequences import confidence_sequence, expected_radii

ROUNDS, VISITORS = 300, 1500


def test_the_first_step_by_hand() -> None:
    found = confidence_sequence(np.array([1.0, 1.0]), alpha=0.05)
    spent = 4 * 0.25 * (np.log(2) - 0.5) / 4
    assert found.low[0] == pytest.approx(max(0, 1 - (np.log(40) + spent) / 0.5))
    later = (
        spent + 4 * (1 - 0.75) ** 2 * (np.log(2) - 0.5) / 4
    )  # the mean before it is (1/2 + 1) / 2
    assert found.low[1] == pytest.approx(max(0, 1 - (np.log(40) + later) / 1.0))


def test_many_steps_against_a_plain_loop() -> None:
    values = np.random.default_rng(3).random(200) * 0.2
    total = centre = spent = 0.0
    mean, variance, seen, squares = 0.5, 0.25, 0.5, 0.25
    low = 0.0
    for i, x in enumerate(values, 1):
        bet = min(0.5, np.sqrt(2 * np.log(40) / (variance * i * np.log(1 + i))))
        total, centre = total + bet, centre + bet * x
        spent += 4 * (x - mean) ** 2 * (-np.log(1 - bet) - bet) / 4
        low = max(low, centre / total - (np.log(40) + spent) / total)
        seen += x
        mean = seen / (i + 1)
        squares += (x - mean) ** 2
        variance = squares / (i + 1)
    assert confidence_sequence(values).last.low == pytest.approx(low)


def test_it_is_never_wrong_more_often_than_it_says() -> None:
    rng = np.random.default_rng(0)
    wrong = 0
    for rate in rng.choice([0.02, 0.1, 0.5], ROUNDS):
        found = confidence_sequence((rng.random(VISITORS) < rate).astype(float), alpha=0.1)
        wrong += bool(((found.low > rate) | (found.high < rate)).any())
    assert wrong / ROUNDS <= 0.1


def test_it_is_of_use() -> None:
    values = (np.random.default_rng(1).random(5000) < 0.05).astype(float)
    found = confidence_sequence(values).last
    assert found.low > 0.03 and found.high < 0.07
    half = (found.high - found.low) / 2
    assert half == pytest.approx(expected_radii(5000, 0.05 * 0.95)[-1], rel=0.2)


@given(st.lists(st.floats(-2, 2), max_size=60), st.floats(-1, 1))
def test_it_never_grows_and_stays_within_bounds(values: list[float], shift: float) -> None:
    bounds = (-2 + shift, 2 + shift)
    found = confidence_sequence(np.clip(np.array(values) + shift, *bounds), bounds=bounds)
    assert (np.diff(found.low) >= 0).all() and (np.diff(found.high) <= 0).all()
    assert bounds[0] - 1e-9 <= found.last.low and found.last.high <= bounds[1] + 1e-9


def test_what_is_out_of_bounds_is_refused() -> None:
    with pytest.raises(ValueError, match=r"3\.0 is not within 0\.0 to 1\.0"):
        confidence_sequence(np.array([0.5, 3.0]))
