"""How good recommendations are, by the rules that keep figures honest.

Leave-one-out: everybody's last event is what should have been recommended; the one before it is for choosing; a model
is fitted on what is before both («strict») and asked with all that is before the event. Every item of the catalogue is
ranked, those a person already had are left out, and a tie counts against: an item's rank is one more than the number
of other items whose score is as high or higher. A score that is no number ranks last.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shopkeeper.recommend.contract import Recommender
from shopkeeper.recommend.histories import Histories, Ints, Table

BLOCK = 1024  # people scored at a time


@dataclass(frozen=True, slots=True)
class Split:
    """fit: what a model may learn from; ask: what it is asked with; wanted: (P,) what came next."""

    fit: Histories
    ask: Histories
    wanted: Ints


def leave_one_out(histories: Histories) -> tuple[Split, Split]:
    """For validation and for test. Everybody needs three events. Both are fitted on all but the last two."""
    if len(histories) and histories.lengths.min() < 3:
        raise ValueError("leave-one-out needs three events of everybody; leave the others out")
    train, before = histories.without_last(2), histories.without_last(1)
    return (
        Split(train, train, before.last(1).items),
        Split(train, before, histories.last(1).items),
    )


def ranks(model: Recommender, split: Split, *, people: Ints | None = None) -> Ints:
    """The rank of what everybody wanted, from 1."""
    return ranks_of(model.scores, split, people=people)


def ranks_of(
    scores: Callable[[Histories], Table], split: Split, *, people: Ints | None = None
) -> Ints:
    """The same for a function that scores."""
    people = np.arange(len(split.ask)) if people is None else people
    found = [
        ranks_in(scores(split.ask.select(block)), split.ask.select(block), split.wanted[block])
        for block in np.split(people, range(BLOCK, len(people), BLOCK))
    ]
    return np.concatenate(found) if found else np.zeros(0, np.intp)


def ranks_in(scores: Table, had: Histories, wanted: Ints) -> Ints:
    """(P,) the rank of what each wanted among the scores (P, N), without what they had."""
    scores = np.where(np.isnan(scores), -np.inf, scores)
    own = scores[np.arange(len(wanted)), wanted][:, None]
    unseen = np.ones(scores.shape, np.bool_)
    unseen[had.people, had.items] = False
    unseen[np.arange(len(wanted)), wanted] = True
    return np.asarray(((scores >= own) & unseen).sum(axis=1), np.intp)


def hit_rate(ranks: Ints, k: int = 10) -> float:
    """Share of people whose item is among the first `k`; with one item wanted, also the recall."""
    return float(np.mean(ranks <= k)) if len(ranks) else 0.0


def ndcg(ranks: Ints, k: int = 10) -> float:
    """Mean NDCG@k where each wants one item: 1 / log2(1 + rank) within the first `k`, else 0."""
    return float(each_ndcg(ranks, k).mean()) if len(ranks) else 0.0


def each_ndcg(ranks: Ints, k: int = 10) -> npt.NDArray[np.float64]:
    """(P,) of each person."""
    return np.where(ranks <= k, 1 / np.log2(1.0 + np.maximum(ranks, 1)), 0.0)
