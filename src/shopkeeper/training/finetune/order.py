"""The order in which rows are trained on: each epoch its own, rows of like length together so that little is padding.

A place of the endless order is one number, so a run that was killed goes on where it was. Axes: N rows.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

BATCHES_SORTED = 16  # so many are sorted by length together: more pads less and mixes less


class Order:
    """Rows at places. lengths: tokens of each of N rows. rows_at_once: that go through the model together."""

    def __init__(self, lengths: Sequence[int], *, seed: int, rows_at_once: int) -> None:
        if not lengths:
            raise ValueError("there are no rows to order")
        self._lengths = np.asarray(lengths)
        self._seed, self._rows_at_once = seed, rows_at_once
        self._epoch = lru_cache(maxsize=2)(self._made)

    def rows(self, places: range) -> list[int]:
        """The numbers of the rows at these places."""
        count = len(self._lengths)
        return [int(self._epoch(place // count)[place % count]) for place in places]

    @property
    def mean_length(self) -> int:
        """Tokens of a row."""
        return max(1, round(float(self._lengths.mean())))

    def _made(self, epoch: int) -> NDArray[np.int64]:
        """(N,) each row once: shuffled, sorted by length within stretches, cut into batches, batches shuffled."""
        random = np.random.default_rng([self._seed, epoch])
        shuffled = random.permutation(len(self._lengths))
        stretch = self._rows_at_once * BATCHES_SORTED
        batches = []
        for start in range(0, len(shuffled), stretch):
            part = shuffled[start : start + stretch]
            part = part[np.argsort(self._lengths[part], kind="stable")]
            batches += [part[i : i + self._rows_at_once] for i in range(0, len(part), self._rows_at_once)]  # fmt: skip
        return np.concatenate([batches[i] for i in random.permutation(len(batches))])
