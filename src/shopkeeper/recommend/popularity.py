"""What many people want: the first thing a shop can recommend, and the baseline of everything else."""

from dataclasses import dataclass

import numpy as np

from shopkeeper.recommend.histories import Histories, Table


@dataclass(frozen=True, slots=True)
class Popularity:
    """One order for everybody. share: (N,) an item's part of all events, each counted as much as it is fresh."""

    share: Table

    def scores(self, histories: Histories) -> Table:
        """(P, N) the same row for each."""
        return np.tile(self.share, (len(histories), 1))


def fit(
    histories: Histories, *, days_ago: Table | None = None, half_life_days: float = 30.0
) -> Popularity:
    """Popularity with decay: an event counts half as much for each half-life that it is old.

    days_ago: (E,) the age of each event; without it all count alike.
    """
    fresh = histories.weight.astype(np.float64)
    if days_ago is not None:
        fresh = fresh * 0.5 ** (days_ago / half_life_days)
    total = np.bincount(histories.items, fresh, histories.count)
    return Popularity((total / max(total.sum(), 1e-12)).astype(np.float32))
