"""Estimates from drawn lists: right against the truth of a simulation, and refused where the logs cannot say."""

from random import Random

import numpy as np
import pytest

from shopkeeper.errors import Refused
from shopkeeper.recommend.counterfactual import Estimate, Logged, estimate
from shopkeeper.recommend.exploring import chance, explore

ITEMS, K, POOL, RATE = 12, 4, 8, 0.4
ATTENTION = 0.8 ** np.arange(K)
WANTED = np.random.default_rng(0).random(ITEMS) * 0.3


def logs(lists: int, seed: int, *, rate: float = RATE) -> tuple[Logged, np.ndarray]:
    """Lists shown to visitors, three a visitor; (L, K) the items."""
    rng = Random(seed)
    shown, chances, rewards = [], [], []
    for _ in range(lists):
        made = explore(list(range(POOL)), K, rate=rate, rng=rng)
        shown.append(made.items)
        chances.append(made.propensities)
        rewards.append(
            [rng.random() < WANTED[i] * a for i, a in zip(made.items, ATTENTION, strict=True)]
        )
    visitor = np.arange(lists) // 3
    return Logged(np.array(rewards, float), np.array(chances), visitor), np.array(shown)


NEW = np.argsort(-WANTED[:POOL])[:K]
TRUTH = float((WANTED[NEW] * ATTENTION).sum())


def judged(seed: int, *, lists: int = 2500) -> Estimate:
    logged, shown = logs(lists, seed)
    return estimate(logged, (shown == NEW).astype(float))


def test_chances_are_those_of_the_draw() -> None:
    rng, at = Random(1), np.zeros((K, POOL))
    for _ in range(6000):
        for place, item in enumerate(explore(range(POOL), K, rate=RATE, rng=rng).items):
            at[place, item] += 1 / 6000
    told = [[chance(range(K), POOL, p, i, RATE) for i in range(POOL)] for p in range(K)]
    assert np.abs(at - told).max() < 0.03
    assert np.allclose(np.sum(told, axis=1), 1)


def test_estimates_are_right_on_average_and_intervals_hold_the_truth() -> None:
    found = [judged(seed) for seed in range(20)]
    assert np.mean([f.ips.mean for f in found]) == pytest.approx(TRUTH, rel=0.05)
    assert np.mean([f.snips.mean for f in found]) == pytest.approx(TRUTH, rel=0.05)
    for value in ("ips", "snips"):
        held = [getattr(f, value).low < TRUTH < getattr(f, value).high for f in found]
        assert np.mean(held) >= 0.85
    as_it_was = float(((1 - RATE) * WANTED[:K] + RATE * WANTED[:POOL].mean()) @ ATTENTION)
    assert found[0].logged.low < as_it_was < found[0].logged.high


def test_the_way_that_was_logged_is_worth_what_was_logged() -> None:
    logged, shown = logs(3000, 5)
    same = np.array(
        [[chance(range(K), POOL, p, i, RATE) for p, i in enumerate(row)] for row in shown]
    )
    found = estimate(logged, same)
    assert found.ips == found.logged
    assert found.snips.mean == pytest.approx(found.logged.mean)
    assert found.effective == pytest.approx(found.visitors, rel=0.01)


def test_too_little_is_refused() -> None:
    with pytest.raises(Refused, match="100 are needed"):
        judged(0, lists=200)


def test_what_could_never_be_seen_is_refused() -> None:
    logged, shown = logs(6000, 2)
    never = np.array([POOL, POOL + 1, NEW[2], NEW[3]])
    with pytest.raises(Refused, match=r"mean 0\.5"):
        estimate(logged, (shown == never).astype(float))


def test_chances_that_were_not_drawn_are_refused() -> None:
    logged, shown = logs(6000, 3)
    wrong = Logged(logged.reward, np.full_like(logged.propensity, 0.5), logged.visitor)
    with pytest.raises(Refused, match="not those that were drawn"):
        estimate(wrong, (shown == NEW).astype(float))


def test_a_propensity_of_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="above 0"):
        Logged(np.zeros((1, 1)), np.zeros((1, 1)), np.zeros(1, np.intp))
