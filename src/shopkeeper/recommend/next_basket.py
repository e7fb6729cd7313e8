"""The next basket: what somebody usually buys and what they may try, in one order.

    model = fit(purchases, moment)                          # learnt from what came after earlier moments
    baskets = model.recommend(purchases, moment, people)    # places of items, the best first

At several earlier moments the features of `habits.py` are held against each person's first basket from then on; every
item in it was chosen among all candidates (a conditional logit, as in `choosing.py`, with several chosen of one
offer), and a small network orders the best of that anew (`listwise.py`). Only purchases before the moment asked about
are used, for the questions as for the answers.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from shopkeeper.recommend import habits, listwise
from shopkeeper.recommend.choosing import Floats
from shopkeeper.recommend.habits import Candidates
from shopkeeper.recommend.histories import Ints, Table
from shopkeeper.recommend.listwise import Ranker
from shopkeeper.recommend.purchases import DAY, Bools, Purchases

EARLIER = tuple(range(14, 71, 7))  # days before the moment, at which questions are put
RIDGE = 1.0
SHORT = 60  # the best by the logit, which the network orders anew
ENOUGH = 50  # baskets with something of these, without which there is no network


@dataclass(frozen=True, slots=True)
class NextBasket:
    """weights: (F,) of the features of `habits.py`; ranker: of the best by these, where there was enough to learn."""

    weights: Table
    ranker: Ranker | None

    def scores(self, found: Candidates) -> Table:
        """(C,) of candidates: those that the network orders are above all others."""
        scores: Table = found.features @ self.weights
        if self.ranker is None:
            return scores
        rows, offered = _best(scores, found.start, SHORT)
        anew = self.ranker.scores(found.features[rows])[offered]
        if len(anew):
            scores -= scores.max() - anew.min() + 1
            scores[rows[offered]] = anew
        return scores

    def recommend(
        self, past: Purchases, moment: int, people: Ints, *, k: int = 10, new: bool = False
    ) -> list[Ints]:
        """For each person the best items; new: only what the person never bought."""
        found = habits.candidates(past, moment, people)
        scores = self.scores(found)
        if new:
            scores = np.where(found.usual, -np.inf, scores)
        pairs = zip(found.start[:-1], found.start[1:], strict=True)
        return [found.item[a:b][np.argsort(-scores[a:b], kind="stable")[:k]] for a, b in pairs]


def fit(purchases: Purchases, moment: int, *, earlier: tuple[int, ...] = EARLIER) -> NextBasket:
    """Weights learnt from purchases before a moment."""
    past = purchases.before(moment)
    asked = [_question(past, moment - days * DAY) for days in earlier]
    features = np.concatenate([found.features for found, _ in asked])
    chosen = np.concatenate([bought for _, bought in asked])
    lengths = np.concatenate([np.diff(found.start) for found, _ in asked])
    del asked
    weights = _weights(features, chosen, lengths)
    start = np.concatenate([[0], np.cumsum(lengths)])
    rows, offered = _best(features @ weights, start, SHORT)
    taken = chosen[rows] & offered
    some = taken.any(axis=1)
    if some.sum() < ENOUGH:
        return NextBasket(weights, None)
    share = taken[some] / taken[some].sum(axis=1, keepdims=True)
    ranker = listwise.fit(features[rows[some]], offered[some], share.astype(np.float32), weights)
    return NextBasket(weights, ranker)


def _best(scores: Table, start: Ints, most: int) -> tuple[Ints, Bools]:
    """(offers, most) rows of the highest of each offer, and which of them are there; other rows are 0."""
    rows = np.zeros((len(start) - 1, most), np.intp)
    there = np.zeros(rows.shape, np.bool_)
    for n, (a, b) in enumerate(itertools.pairwise(start.tolist())):
        best = a + np.argsort(-scores[a:b], kind="stable")[:most]
        rows[n, : len(best)], there[n, : len(best)] = best, True
    return rows, there


def _question(past: Purchases, moment: int) -> tuple[Candidates, Bools]:
    """Candidates at an earlier moment, and which of them were in the basket that followed."""
    baskets = past.first_from(moment)
    found = habits.candidates(past.before(moment), moment, past.person[baskets])
    parts = [
        np.isin(found.item[a:b], past.items_of(basket))
        for basket, a, b in zip(baskets.tolist(), found.start[:-1], found.start[1:], strict=True)
    ]
    return found, np.concatenate(parts or [np.zeros(0, np.bool_)])


def _weights(features: Table, chosen: Bools, lengths: Ints) -> Table:
    """The conditional logit; an offer with many chosen counts as the square root of their number."""
    asked = lengths > 0
    start = (np.cumsum(lengths) - lengths)[asked]
    offer = np.repeat(np.arange(len(start)), lengths[asked])
    number = np.add.reduceat(chosen.astype(float), start)
    weight = chosen / np.sqrt(np.maximum(number, 1))[offer]
    total = np.add.reduceat(weight, start)
    middle, spread = features.mean(axis=0), features.std(axis=0) + np.float32(1e-9)
    scaled = (features - middle) / spread

    def loss(weights: Floats) -> tuple[float, Floats]:
        score = scaled @ weights.astype(np.float32)
        score -= np.maximum.reduceat(score, start)[offer]
        chance = np.exp(score)
        sums = np.add.reduceat(chance, start)
        surprise = total @ np.log(sums) - weight @ score
        slope = scaled.T @ (chance / sums[offer] * total[offer] - weight).astype(np.float32)
        return float(surprise + RIDGE * weights @ weights), slope + 2 * RIDGE * weights

    begin = np.zeros(features.shape[1])
    found = minimize(loss, begin, jac=True, method="L-BFGS-B", options={"maxiter": 100})
    return np.asarray(found.x / spread, np.float32)
