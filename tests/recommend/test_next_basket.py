"""The next basket: learnt from earlier moments, blind for what comes after."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.recommend import habits, next_basket
from shopkeeper.recommend.purchases import DAY, Purchases

PEOPLE, ITEMS, DAYS = 30, 40, 200


def purchases(seed: int = 0) -> Purchases:
    """Everybody buys one item of their own each week, some of the popular ones, and now and then anything."""
    rng = np.random.default_rng(seed)
    lines = []
    for person in range(PEOPLE):
        for number, day in enumerate(range(int(rng.integers(7)), DAYS, 7)):
            bought = {10 + person, *rng.choice(10, 2), int(rng.integers(ITEMS))}
            lines += [(person, person * 1000 + number, item, day * DAY) for item in bought]
    person, basket, item, at = np.array(lines).T
    kinds = np.stack([np.arange(ITEMS) // 5, np.arange(ITEMS) // 20])
    return Purchases.of(person, basket, item, at, kinds=kinds)


MOMENT = 150 * DAY
ALL = purchases()


def test_a_basket_holds_each_item_once_and_is_as_old_as_its_first_line() -> None:
    lines = np.array([[0, 0, 1], [9, 9, 7], [3, 3, 2], [50, 40, 60]])
    made = Purchases.of(*lines, kinds=np.zeros((1, 5), np.intp))
    assert made.at.tolist() == [40, 60]
    assert made.items_of(0).tolist() == [3]
    assert made.person.tolist() == [0, 1]


def test_the_first_basket_from_a_moment_on_is_asked_about() -> None:
    for basket in ALL.first_from(MOMENT):
        assert ALL.at[basket] >= MOMENT
        others = (ALL.person == ALL.person[basket]) & (ALL.at >= MOMENT)
        assert ALL.at[basket] == ALL.at[others].min()


@given(st.integers(0, 1000))
@settings(max_examples=5, deadline=None)
def test_what_comes_after_the_moment_changes_nothing(seed: int) -> None:
    other = purchases(seed)
    later = other.at >= MOMENT
    mixed = [
        np.concatenate([a, b])
        for a, b in zip(_lines(ALL.before(MOMENT)), _lines(other, later), strict=True)
    ]
    kinds = ALL.kinds
    found, expected = (
        habits.candidates(p.before(MOMENT), MOMENT, np.arange(PEOPLE))
        for p in (Purchases.of(*mixed, kinds=kinds), ALL)
    )
    assert (found.item == expected.item).all()
    assert (found.features == expected.features).all()


def _lines(bought: Purchases, kept: np.ndarray | None = None) -> list[np.ndarray]:
    """Person, basket, item and time of the lines of some baskets; the numbers of baskets by their time."""
    chosen = np.ones(len(bought.basket), bool) if kept is None else kept[bought.basket]
    basket = bought.basket[chosen]
    number = bought.person[basket] * 1000 + bought.at[basket] // DAY
    return [bought.person[basket], number, bought.item[chosen], bought.at[basket]]


def test_nobody_is_offered_an_item_twice_and_the_usual_is_marked() -> None:
    past = ALL.before(MOMENT)
    found = habits.candidates(past, MOMENT, np.arange(PEOPLE))
    for person in range(PEOPLE):
        at = slice(found.start[person], found.start[person + 1])
        had = {i for b in np.flatnonzero(past.person == person) for i in past.items_of(b).tolist()}
        assert len({*found.item[at]}) == len(found.item[at])
        assert {*found.item[at][found.usual[at]].tolist()} <= had
        assert not had & {*found.item[at][~found.usual[at]].tolist()}


@pytest.fixture(scope="module")
def model() -> next_basket.NextBasket:
    return next_basket.fit(ALL, MOMENT, earlier=(14, 35))


def test_what_somebody_buys_each_week_comes_first(model: next_basket.NextBasket) -> None:
    lists = model.recommend(ALL.before(MOMENT), MOMENT, np.arange(PEOPLE), k=3)
    assert np.mean([10 + person in row for person, row in enumerate(lists)]) > 0.9


def test_new_items_alone_can_be_asked_for(model: next_basket.NextBasket) -> None:
    past = ALL.before(MOMENT)
    for person, row in enumerate(model.recommend(past, MOMENT, np.arange(PEOPLE), k=3, new=True)):
        had = [past.items_of(b) for b in np.flatnonzero(past.person == person)]
        assert not np.isin(row, np.concatenate(had)).any()


def test_a_fit_sees_nothing_of_what_comes_after_its_moment(model: next_basket.NextBasket) -> None:
    again = next_basket.fit(ALL.before(MOMENT), MOMENT, earlier=(14, 35))
    assert (again.weights == model.weights).all()
    shorter = replace(ALL.before(MOMENT - 20 * DAY))
    assert not (next_basket.fit(shorter, MOMENT, earlier=(35,)).weights == model.weights).all()


def test_the_network_orders_the_best_anew_and_leaves_them_above_all_others(
    model: next_basket.NextBasket,
) -> None:
    found = habits.candidates(ALL.before(MOMENT), MOMENT, np.arange(PEOPLE))
    plain, anew = replace(model, ranker=None).scores(found), model.scores(found)
    assert model.ranker is not None
    for a, b in itertools.pairwise(found.start.tolist()):
        most = min(next_basket.SHORT, b - a)
        best = {*np.argsort(-plain[a:b], kind="stable")[:most].tolist()}
        assert {*np.argsort(-anew[a:b], kind="stable")[:most].tolist()} == best


def test_without_enough_baskets_there_is_no_network() -> None:
    assert next_basket.fit(ALL, MOMENT, earlier=(14,)).ranker is None


def test_a_kind_is_known_by_its_days_and_its_different_items() -> None:
    lines = np.array([[0, 0, 0], [1, 1, 2], [0, 1, 0], [90 * DAY, 90 * DAY, 95 * DAY]])
    past = Purchases.of(*lines, kinds=np.array([[0, 0, 1]]))
    asked = np.array([0, 1])
    columns = [*habits._of_kind(np.zeros(2, np.intp), asked, past.kinds[0], past, 100 * DAY)]
    last, dates, different = (np.expm1(columns[i]) for i in (0, 5, 6))
    assert np.allclose(last, [5, 400])
    assert np.allclose(dates, [2, 0])
    assert np.allclose(different, [2, 0])
