"""What every recommender is: fitted on histories, it gives each person a score for every item; higher is sooner.

Most models here are `Links`: a number for each pair of items, how much having had the one speaks for the other. They
differ in how the numbers are found (`neighbours.py`, `ease.py`, `next_item.py`, `text.py`), are served alike, add up
to one another, and can say what a score is made of: `Links.because`.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import sparse

from shopkeeper.recommend.histories import Histories, Ints, Sparse, Table


class Recommender(Protocol):
    """A fitted model."""

    def scores(self, histories: Histories) -> Table:
        """(P, N) how much each item is likely to be wanted next by each person. No item is left out here."""
        ...


@dataclass(frozen=True, slots=True)
class Links:
    """weights: (N, N) from what a person had to what comes next, sparse rows or dense; decay: what an event counts
    beside the one after it."""

    weights: Sparse  # or a Table
    decay: float = 1.0

    def scores(self, histories: Histories) -> Table:
        """(P, N) the weights of a person's items, each as much as it counts, added up."""
        found = histories.matrix(self.decay) @ self.weights
        return dense(found)

    def because(self, history: Ints, item: int) -> Table:
        """(events,) what each event of one history adds to the score of an item: their sum is the score."""
        age = np.arange(len(history))[::-1].astype(np.float32)
        column = self.weights[history][:, [item]]
        return np.asarray(np.float32(self.decay) ** age * dense(column)[:, 0], np.float32)


def dense(matrix: Sparse) -> Table:
    """A matrix with its zeros written out."""
    return np.ascontiguousarray(matrix.toarray() if sparse.issparse(matrix) else matrix, np.float32)
