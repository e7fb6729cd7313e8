"""The small network: its slopes are right, and it finds what a sum of features cannot say."""

import numpy as np

from shopkeeper.recommend import listwise
from shopkeeper.recommend.listwise import Plan

RNG = np.random.default_rng(0)


def test_its_slopes_are_those_of_its_surprise() -> None:
    x = RNG.normal(size=(5, 4, 3))
    offered = np.ones((5, 4), bool)
    offered[0, 3] = False
    chosen = np.eye(4)[RNG.integers(3, size=5)]
    of = tuple(RNG.normal(size=part.shape) for part in listwise._begin(np.zeros(3), 6, RNG))
    slopes = listwise._slopes(of, x, offered, chosen, 0.0, RNG)
    for number, part in enumerate(of):
        for at in np.ndindex(part.shape):
            near = []
            for step in (1e-5, -1e-5):
                moved = [each.copy() for each in of]
                moved[number][at] += step
                near.append(listwise._surprise(tuple(moved), x, offered, chosen, np.arange(5)))
            assert np.isclose((near[0] - near[1]) / 2e-5, slopes[number][at], atol=1e-7)


def test_it_finds_that_two_things_count_only_together() -> None:
    x = RNG.choice([-1.0, 1.0], size=(3000, 4, 3)).astype(np.float32)
    drawn = 3 * x[..., 0] * x[..., 1] + RNG.gumbel(size=(3000, 4))
    chosen = (drawn == drawn.max(axis=1, keepdims=True)).astype(np.float32)
    plan = Plan(hidden=16, dropout=0, batch=64, rate=0.02, members=1)
    ranker = listwise.fit(x, np.ones((3000, 4), bool), chosen, np.zeros(3, np.float32), plan)
    found = ranker.scores(x)
    right = x[..., 0] * x[..., 1] > 0
    assert found[right].min() > found[~right].max()
    assert (
        listwise.fit(x, np.ones((3000, 4), bool), chosen, np.zeros(3), plan).scores(x[:1]).tolist()
        == found[:1].tolist()
    )
