"""Judged on what came later: nothing of it is learnt from, and the figures are those of a plain count."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.recommend import judging, neighbours, popularity
from shopkeeper.recommend.histories import Histories
from shopkeeper.recommend.protocol import Split
from tests.recommend.making import histories

MADE = histories(people=200)
AT = np.random.default_rng(0).random(len(MADE.items)) * 100
AT = np.concatenate([np.sort(AT[a:b]) for a, b in zip(MADE.start, MADE.start[1:], strict=False)])


def split_of(made: Histories, at: np.ndarray, cut: float) -> Split:
    return judging.split(made, at, cut, judging.questions(made, at, cut))


SPLIT = split_of(MADE, AT, judging.cut_of(AT))

events = st.lists(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), max_size=6), max_size=6)


@given(events, st.integers(0, 10))
def test_the_split_by_hand(people: list[list[tuple[int, int]]], cut: int) -> None:
    rows = [sorted(row, key=lambda event: event[1]) for row in people]
    made = Histories.of([[i for i, _ in row] for row in rows], 6)
    at = np.array([t for row in rows for _, t in row], float)
    split = split_of(made, at, cut)
    assert sorted(split.fit.items) == sorted(i for row in rows for i, t in row if t < cut)
    expected = []
    for row in rows:
        items = [i for i, _ in row]
        asked = [n for n, (i, t) in enumerate(row) if t >= cut and n and i not in items[:n]]
        if asked:
            expected.append((items[: asked[-1]], items[asked[-1]]))
    found = [(split.ask[p].tolist(), int(split.wanted[p])) for p in range(len(split.ask))]
    assert found == expected


def test_a_model_that_knows_the_order_is_better_than_what_is_popular() -> None:
    near = judging.stand(neighbours.fit(SPLIT.fit).scores, SPLIT)
    popular = judging.stand(popularity.fit(SPLIT.fit).scores, SPLIT)
    apart = judging.difference(near, popular)
    assert apart.better and apart.mean == pytest.approx(near.ndcg - popular.ndcg)
    assert judging.difference(popular, near).worse
    figures = judging.as_figures({"this": near, "popularity": popular})
    assert figures["ndcg"] > figures["ndcg.popularity"]


def test_of_few_questions_nothing_is_said() -> None:
    few = split_of(MADE.select(np.arange(20)), AT[: MADE.start[20]], 50.0)
    near = judging.stand(neighbours.fit(few.fit).scores, few)
    popular = judging.stand(popularity.fit(few.fit).scores, few)
    assert not judging.difference(near, popular).better


def test_the_spread_of_lists() -> None:
    wanted = np.arange(20)[::-1].astype(float)
    alike = judging.spread_of(np.arange(20).reshape(4, 5), wanted)
    assert alike.coverage == 1 and alike.gini == pytest.approx(0)
    assert alike.shown == pytest.approx([0.1] * 10) and alike.wanted[0] > 0.15
    alone = judging.spread_of(np.zeros((4, 1), np.intp), wanted)
    assert alone.coverage == 0.05 and alone.gini == pytest.approx(0.95) and alone.shown[0] == 1
