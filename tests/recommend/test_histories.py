"""Histories: cut in time, weighed by age."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.recommend.histories import Histories, Places
from tests.recommend.making import some_histories


def test_a_decay_makes_older_events_count_less() -> None:
    had = Histories.of([[0, 1, 2], [2]], 4)
    assert had.matrix(0.5).toarray().tolist() == [[0.25, 0.5, 1, 0], [0, 0, 1, 0]]


def test_weights_of_actions_count_beside_age() -> None:
    had = Histories.of([[0, 1]], 2, weights=[[3, 1]])
    assert had.matrix(0.5).toarray().tolist() == [[1.5, 1]]


def test_an_item_had_twice_counts_twice() -> None:
    assert Histories.of([[1, 1]], 2).matrix().toarray().tolist() == [[0, 2]]


@given(some_histories(), st.integers(0, 9))
def test_what_is_kept_and_what_is_cut_off_make_the_whole(had: Histories, number: int) -> None:
    before, last = had.without_last(number), had.last(number)
    for person in range(len(had)):
        assert [*before[person], *last[person]] == list(had[person])


@given(some_histories())
def test_selected_people_keep_their_histories(had: Histories) -> None:
    order = np.arange(len(had))[::-1]
    chosen = had.select(order)
    assert all((chosen[i] == had[p]).all() for i, p in enumerate(order))


def test_a_place_outside_the_catalogue_is_an_error() -> None:
    with pytest.raises(ValueError, match="place 5 of a catalogue of 3"):
        Histories.of([[0, 5]], 3)


def test_an_id_that_stands_twice_is_an_error() -> None:
    assert Places(("a", "b")).place["b"] == 1
    with pytest.raises(ValueError, match="twice"):
        Places(("a", "a"))
