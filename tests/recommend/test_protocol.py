"""The protocol: ties count against, what is had is left out, and nothing of the future is seen."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.measures import ndcg
from shopkeeper.recommend import protocol
from shopkeeper.recommend.histories import Histories, Table
from tests.recommend.making import ITEMS, some_histories


class Fixed:
    """The same scores for everybody."""

    def __init__(self, *scores: float) -> None:
        self.row = np.array(scores, np.float32)

    def scores(self, histories: Histories) -> Table:
        return np.tile(self.row, (len(histories), 1))


def rank(*scores: float) -> int:
    """Of item 2 for somebody who had item 0."""
    ask = Histories.of([[0]], len(scores))
    return int(protocol.ranks(Fixed(*scores), protocol.Split(ask, ask, np.array([2])))[0])


def test_ties_count_against() -> None:
    assert rank(0, 1, 1, 1) == 3


def test_what_somebody_has_is_not_ranked() -> None:
    assert rank(9, 2, 1, 0) == 2


def test_no_number_is_the_last() -> None:
    assert rank(0, 1, float("nan"), 0) == 3


def test_a_model_that_says_nothing_but_no_number_finds_nothing() -> None:
    assert rank(*[float("nan")] * 4) == 3


@given(st.lists(st.integers(1, 30), min_size=1, max_size=20))
def test_ndcg_is_the_house_measure_with_one_item_wanted(ranks: list[int]) -> None:
    house = [ndcg([*range(30)], {r - 1: 1.0}, k=10) for r in ranks]
    assert np.isclose(protocol.ndcg(np.array(ranks)), np.mean(house))


@given(some_histories())
@settings(max_examples=50)
def test_the_split_gives_a_model_only_what_came_before(had: Histories) -> None:
    validation, test = protocol.leave_one_out(had)
    for person in range(len(had)):
        row = list(had[person])
        assert list(test.fit[person]) == list(validation.fit[person]) == row[:-2]
        assert [*test.ask[person], test.wanted[person]] == row
        assert [*validation.ask[person], validation.wanted[person]] == row[:-1]
    assert test.fit.count == ITEMS
