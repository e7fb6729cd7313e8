"""Which of the candidates is chosen: the conditional logit, a few weights fitted to what people took.

Letters: `Q` questions (a person at a moment), `K` candidates, `F` features.

P(candidate) is proportional to exp(features · weights): in each question the taken stands against all the others that
were offered. With features that are logarithms of scores it is a product of powers of the models, their weights
learnt together. Convex, so that a fit is repeatable. Source: McFadden 1974.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from shopkeeper.recommend.histories import Ints, Table

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Choice:
    """weights: (F,) of the features as they are given; loss: nats a question on what it was fitted to."""

    weights: Table
    loss: float

    def scores(self, features: Table) -> Table:
        """(Q, K) of features (Q, K, F)."""
        found: Table = features @ self.weights
        return found


def fit(features: Table, taken: Ints, *, ridge: float = 1.0, least: float | None = None) -> Choice:
    """features: (Q, K, F); taken: (Q,) the place of the candidate that was. ridge: on weights of features of spread 1;
    least: no weight is lower."""
    spread = spread_of(features)
    scaled = features / spread
    one = np.arange(len(taken))

    def loss(weights: Floats) -> tuple[float, Floats]:
        score = scaled @ weights.astype(np.float32)  # (Q, K)
        score -= score.max(axis=1, keepdims=True)
        chance = np.exp(score)
        total = chance.sum(axis=1)
        chance /= total[:, None]
        surprise = np.log(total).sum() - score[one, taken].sum()
        slope = np.einsum("qk,qkf->f", chance, scaled) - scaled[one, taken].sum(axis=0)
        return float(surprise + ridge * weights @ weights), slope + 2 * ridge * weights

    begin = np.zeros(features.shape[2])
    bounds = None if least is None else [(least, None)] * len(begin)
    found = minimize(
        loss, begin, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 200}
    )
    weights = (found.x / spread).astype(np.float32)
    return Choice(weights, float(found.fun) / max(len(taken), 1))


def spread_of(features: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.floating[Any]]:
    """(F,) the standard deviation of each of features (…, F); 1 of one that is the same everywhere but for rounding."""
    places = tuple(range(features.ndim - 1))
    if not features.size:
        return np.ones(features.shape[-1], features.dtype)
    spread, size = features.std(axis=places), np.abs(features).max(axis=places)
    found: npt.NDArray[np.floating[Any]] = np.where(spread > 1e-5 * size, spread, 1).astype(
        features.dtype
    )
    return found
