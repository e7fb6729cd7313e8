"""Purchases with their times, for shops where people come back for the same things.

Letters: `E` lines (an item in a basket), `B` baskets, `P` people, `N` items, `C` kinds.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from shopkeeper.recommend.histories import Ints

DAY = 86_400  # seconds
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Purchases:
    """Lines: basket, item: (E,), each pair once. Baskets: person, at: (B,) who and when, in seconds; by person and
    time. kinds: (how many, N) the categories of the items, from the narrowest to the widest, as numbers."""

    basket: Ints
    item: Ints
    person: Ints
    at: npt.NDArray[np.int64]
    kinds: Ints
    people: int

    @classmethod
    def of(cls, person: Ints, basket: Ints, item: Ints, at: Ints, *, kinds: Ints) -> Self:
        """From lines in any order: (E,) each. `basket` may be any numbers; a basket is as old as its first line."""
        found, inverse = np.unique(basket, return_inverse=True)
        first = np.full(len(found), np.iinfo(np.int64).max)
        np.minimum.at(first, inverse, at)
        owner = np.zeros(len(found), np.intp)
        owner[inverse] = person
        order = np.lexsort((first, owner))
        place = np.empty(len(order), np.intp)
        place[order] = np.arange(len(order))
        pairs = np.unique(place[inverse] * kinds.shape[1] + item)
        return cls(
            pairs // kinds.shape[1], pairs % kinds.shape[1], owner[order], first[order],
            kinds, int(person.max(initial=-1)) + 1,
        )  # fmt: skip

    @property
    def count(self) -> int:
        """N."""
        return int(self.kinds.shape[1])

    def before(self, moment: int) -> "Purchases":
        """What was bought before a moment."""
        kept = self.at < moment
        place = np.cumsum(kept) - 1
        lines = kept[self.basket]
        return Purchases(
            place[self.basket[lines]], self.item[lines], self.person[kept], self.at[kept],
            self.kinds, self.people,
        )  # fmt: skip

    def first_from(self, moment: int, *, until: int | None = None, least: int = 3) -> Ints:
        """Each person's first basket from a moment on, before `until`, of those with `least` baskets before it."""
        earlier = np.bincount(self.person[self.at < moment], minlength=self.people)
        later = np.flatnonzero(self.at >= moment)
        first = later[np.unique(self.person[later], return_index=True)[1]]
        kept = earlier[self.person[first]] >= least
        return first[kept if until is None else kept & (self.at[first] < until)]

    def items_of(self, basket: int | np.intp) -> Ints:
        """What is in a basket."""
        low, high = np.searchsorted(self.basket, np.array([basket, basket + 1]))
        return self.item[low:high]
