"""Scores are made of evidence, and of nothing else."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.recommend.scoring import (
    FEATURES,
    FLOORS,
    LINKS,
    NOBODY,
    TRAILS,
    Trail,
    theta_of,
    weights_of,
)
from tests.recommend.small_shop import EACH, KINDS, behaviour, goods, model, scorer, trail

SEEDS = st.integers(0, 10_000)


@given(SEEDS)
@settings(max_examples=40)
def test_the_score_is_the_formula_written_out_slowly(seed: int) -> None:
    way = trail(np.random.default_rng(seed))
    found = scorer().score(way)
    place = int(found.candidates[seed % len(found.candidates)])
    total, column = 0.0, 0
    for name in LINKS:
        links = model().links[name]
        for t in range(len(TRAILS)):
            x = sum(
                float(way.weight[e, t]) * float(links.value[item][links.of[item] == place].sum())
                for e, item in enumerate(way.places)
            )
            total += found.theta[column] * np.log1p(x / FLOORS[column])
            column += 1
    words = sum(
        w * scorer().likeness(model().words.rows[[place]], text)[0] for text, w in way.words
    )
    popular = float(model().popular[place]) * len(goods())
    total += found.theta[-2] * np.log1p(words / FLOORS[-2])
    total += found.theta[-1] * np.log1p(popular / FLOORS[-1])
    assert np.isclose(found.score[found.candidates == place][0], total)


@given(SEEDS)
@settings(max_examples=60)
def test_whatever_is_taken_out_of_a_trail_no_score_rises(seed: int) -> None:
    rng = np.random.default_rng(seed)
    way = trail(rng)
    if not len(way.places):
        return
    found = scorer().score(way)
    less = scorer().score(
        way.without(int(rng.choice(way.places))), theta=found.theta, only=found.candidates
    )
    assert (less.score <= found.score + 1e-12).all()


def test_what_was_done_just_now_counts_more_than_what_was_done_long_ago() -> None:
    way = Trail.of(np.array([0, 1]), np.ones(2), np.array([10.0, 1e7]))
    assert (way.weight[0] > way.weight[1]).all()


def test_the_same_item_twice_is_one_item_that_counts_more() -> None:
    once = Trail.of(np.array([3]), np.ones(1), np.zeros(1))
    twice = Trail.of(np.array([3, 3]), np.ones(2), np.zeros(2))
    assert len(twice.places) == 1 and np.allclose(twice.weight, 2 * once.weight)


def test_people_are_offered_more_of_the_kind_they_like() -> None:
    for kind in range(len(KINDS)):
        way = Trail.of(np.arange(3) + kind * EACH, np.ones(3), np.full(3, 60.0))
        found = scorer().score(way)
        unseen = ~np.isin(found.candidates, way.places)
        best = found.candidates[unseen][np.argsort(-found.score[unseen])][:5]
        assert (best // EACH == kind).sum() >= 4


def test_a_visitor_of_whom_nothing_is_known_gets_what_is_popular() -> None:
    found = scorer().score(NOBODY)
    order = found.candidates[np.argsort(-found.score, kind="stable")]
    assert np.array_equal(order, np.argsort(-model().popular, kind="stable"))


def test_words_that_were_searched_for_count_for_somebody_new() -> None:
    found = scorer().score(replace(NOBODY, words=(("green rake", 1.0),)))
    best = goods()[int(found.candidates[np.argmax(found.score)])]
    assert best.title.endswith("green rake")


def test_weights_keep_their_names() -> None:
    theta = np.arange(float(len(FEATURES)))
    assert np.array_equal(theta_of(weights_of(theta)), theta)


def test_learnt_weights_are_never_below_nothing() -> None:
    for weights in model().weights.values():
        assert (theta_of(weights) >= 0).all()
    assert len(behaviour().histories) == model().made.people
