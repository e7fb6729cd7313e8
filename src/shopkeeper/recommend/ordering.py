"""In which order candidates stand: a logit for each segment, and a small network for the best by that.

Letters: `Q` questions (a person at a moment), `K` candidates, `F` features.

The logit (`choosing.py`) only adds up. The network (`listwise.py`) orders its best anew, from the features, the place
that each gives to a candidate among them, and how long the history is; where too little was asked there is none.
"""

from dataclasses import dataclass, field

import numpy as np

from shopkeeper.recommend import choosing, listwise
from shopkeeper.recommend.choosing import Choice
from shopkeeper.recommend.histories import Ints, Table
from shopkeeper.recommend.listwise import Ranker

SHORT_SESSION = 3  # events up to which a history is a short session


@dataclass(frozen=True, slots=True)
class Plan:
    """ridge: of the logit's weights; enough: questions that a segment needs for weights of its own, and the network;
    best: candidates that the network orders."""

    ridge: float = 1.0
    enough: int = 2000
    best: int = 50
    network: listwise.Plan = field(default_factory=lambda: listwise.Plan(epochs=10))


@dataclass(frozen=True, slots=True)
class Order:
    """short, regular: weights of each segment; ranker: of the `best` by these."""

    short: Choice
    regular: Choice
    ranker: Ranker | None = None
    best: int = 0

    def scores(self, features: Table, lengths: Ints) -> Table:
        """(Q, K) of features (Q, K, F) of histories so long: the best are above all others."""
        regular = (lengths > SHORT_SESSION)[:, None]
        found: Table = np.where(regular, self.regular.scores(features), self.short.scores(features))
        if self.ranker is None:
            return found
        best = _best(found, self.best)
        anew = self.ranker.scores(_described(features, best, lengths))
        anew += found.max(axis=1, keepdims=True) + 1 - anew.min(axis=1, keepdims=True)
        np.put_along_axis(found, best, anew.astype(np.float32), axis=1)
        return found


def fit(features: Table, taken: Ints, lengths: Ints, plan: Plan) -> Order:
    """features: (Q, K, F); taken: (Q,) the place of the candidate that was; lengths: (Q,) of the histories."""
    regular = lengths > SHORT_SESSION
    together = choosing.fit(features, taken, ridge=plan.ridge)
    short, long = (
        choosing.fit(features[of], taken[of], ridge=plan.ridge)
        if of.sum() >= plan.enough
        else together
        for of in (~regular, regular)
    )
    order = Order(short, long)
    if len(taken) < plan.enough:
        return order
    best = _best(order.scores(features, lengths), plan.best)
    chosen = best == taken[:, None]
    some = np.flatnonzero(chosen.any(axis=1))
    described = _described(features[some], best[some], lengths[some])
    start = np.zeros(described.shape[2], np.float32)
    start[: features.shape[2]] = together.weights
    offered = np.ones(described.shape[:2], np.bool_)
    ranker = listwise.fit(described, offered, chosen[some], start, plan.network)
    return Order(short, long, ranker, plan.best)


def _best(scores: Table, most: int) -> Ints:
    """(Q, most) places of the highest."""
    return np.argsort(-scores, axis=1, kind="stable")[:, :most]


def _described(features: Table, best: Ints, lengths: Ints) -> Table:
    """(Q, best, 2F + 1): features, the logarithm of the place that each gives, and of the length."""
    of = np.take_along_axis(features, best[:, :, None], axis=1)
    places = np.argsort(np.argsort(-of, axis=1, kind="stable"), axis=1)
    length = np.broadcast_to(np.log(np.maximum(lengths, 1))[:, None, None], (*best.shape, 1))
    return np.concatenate([of, np.log1p(places), length], axis=2, dtype=np.float32)
