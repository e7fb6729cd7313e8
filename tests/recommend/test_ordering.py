"""The order of candidates: the network puts the best right where weights alone cannot, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from shopkeeper.recommend import choosing, listwise, ordering
from shopkeeper.recommend.ordering import Order

RNG = np.random.default_rng(0)
PLAN = ordering.Plan(
    enough=100, best=4, network=listwise.Plan(hidden=16, dropout=0, rate=0.02, batch=64, members=1)
)


def questions(number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Six candidates: the first feature says which four come into question, the product of the others which it is."""
    features = RNG.choice([-1.0, 1.0], size=(number, 6, 3)).astype(np.float32)
    features[..., 0] = RNG.permuted(np.tile([5, 5, 5, 5, 0, 0], (number, 1)), axis=1)
    worth = 2 * features[..., 0] + 4 * features[..., 1] * features[..., 2]
    taken = (worth + RNG.gumbel(size=worth.shape)).argmax(axis=1)
    return features, taken, RNG.integers(1, 9, number)


@pytest.fixture(scope="module")
def order() -> Order:
    return ordering.fit(*questions(2000), PLAN)


def found(order: Order, features: np.ndarray, taken: np.ndarray, lengths: np.ndarray) -> float:
    return float((order.scores(features, lengths).argmax(axis=1) == taken).mean())


def test_the_network_finds_what_weights_alone_cannot(order: Order) -> None:
    asked = questions(500)
    assert found(order, *asked) > found(replace(order, ranker=None), *asked) + 0.1


def test_what_the_network_orders_stays_above_all_else(order: Order) -> None:
    features, _, lengths = questions(50)
    scores, before = (o.scores(features, lengths) for o in (order, replace(order, ranker=None)))
    best = np.argsort(-before, axis=1, kind="stable")[:, :4]
    assert (np.sort(np.argsort(-scores, axis=1)[:, :4]) == np.sort(best)).all()
    rest = np.argsort(-before, axis=1, kind="stable")[:, 4:]
    assert (
        np.take_along_axis(scores, rest, axis=1) == np.take_along_axis(before, rest, axis=1)
    ).all()


def test_too_little_asked_makes_no_network() -> None:
    assert ordering.fit(*questions(99), PLAN).ranker is None


def test_a_feature_that_says_nothing_but_for_rounding_does_not_spoil_a_choice() -> None:
    features, taken, _ = questions(400)
    noise = np.float32(-3.0) + RNG.choice([0, 2.4e-7], size=features.shape[:2]).astype(np.float32)
    spoilt = np.concatenate([features, noise[..., None]], axis=2)
    weights = choosing.fit(spoilt, taken).weights
    assert weights[0] > 0.1 and abs(weights[3]) < 1
