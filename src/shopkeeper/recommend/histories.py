"""What people did, in the form that models read: each person's items, oldest first, as dense indices.

Letters: `P` people, `N` items of the catalogue, `E` events of all people together.

The ids that a shop uses stand beside, in `Places`; models know numbers alone. Histories are cut, never filtered: what
a model is fitted on, and what it is asked with, are both prefixes in time (`without_last`), so that nothing later than
the moment asked about gets into a row.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
from scipy import sparse

Ints = npt.NDArray[np.intp]
Table = npt.NDArray[np.float32]
Sparse: TypeAlias = Any  # a scipy.sparse.csr_array, which comes without types
Id = TypeVar("Id", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Places(Generic[Id]):
    """The ids of items by their place, and back."""

    ids: tuple[Id, ...]
    place: dict[Id, int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "place", {key: i for i, key in enumerate(self.ids)})
        if len(self.place) != len(self.ids):
            raise ValueError("an id stands twice in the catalogue")

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Histories:
    """items: (E,) one person after the other, each oldest first; start: (P + 1,) where each begins; count: N.

    weight: (E,) how much each event says (a purchase more than a look), 1 without a word.
    """

    items: Ints
    start: Ints
    count: int
    weight: Table

    @classmethod
    def of(
        cls,
        sequences: Sequence[Sequence[int] | Ints],
        count: int,
        weights: Sequence[Sequence[float]] | None = None,
    ) -> "Histories":
        """From one sequence of places a person. Raises ValueError where a place is not in the catalogue."""
        items = _joined(sequences, np.intp)
        if len(items) and not 0 <= items.min() <= items.max() < count:
            raise ValueError(f"a history names place {items.max()} of a catalogue of {count}")
        start = np.concatenate([[0], np.cumsum([len(s) for s in sequences])]).astype(np.intp)
        weight = np.ones(len(items), np.float32) if weights is None else _joined(weights, "f4")
        if len(weight) != len(items):
            raise ValueError(f"{len(items)} events have {len(weight)} weights")
        return cls(items, start, count, weight)

    def __len__(self) -> int:
        return len(self.start) - 1

    def __getitem__(self, person: int) -> Ints:
        return self.items[self.start[person] : self.start[person + 1]]

    @property
    def lengths(self) -> Ints:
        """(P,) events of each person."""
        return np.diff(self.start)

    @property
    def people(self) -> Ints:
        """(E,) whose event it is."""
        return np.repeat(np.arange(len(self)), self.lengths)

    @property
    def position(self) -> Ints:
        """(E,) the how-manieth of that person, from 0."""
        return np.arange(len(self.items)) - self.start[self.people]

    @property
    def age(self) -> Ints:
        """(E,) how many events of that person came after it."""
        return self.start[self.people + 1] - 1 - np.arange(len(self.items))

    def select(self, people: Ints | Iterable[int]) -> "Histories":
        """Some people alone, in this order."""
        chosen = np.asarray(list(people) if not isinstance(people, np.ndarray) else people, np.intp)
        lengths = self.lengths[chosen]
        start = np.concatenate([[0], np.cumsum(lengths)]).astype(np.intp)
        at = np.arange(start[-1]) - np.repeat(start[:-1] - self.start[chosen], lengths)
        return Histories(self.items[at], start, self.count, self.weight[at])

    def without_last(self, number: int) -> "Histories":
        """Everybody's history before their last `number` events."""
        kept = self.age >= number
        start = np.concatenate([[0], np.cumsum(np.maximum(self.lengths - number, 0))])
        return Histories(self.items[kept], start.astype(np.intp), self.count, self.weight[kept])

    def last(self, number: int) -> "Histories":
        """Everybody's last `number` events."""
        kept = self.age < number
        start = np.concatenate([[0], np.cumsum(np.minimum(self.lengths, number))])
        return Histories(self.items[kept], start.astype(np.intp), self.count, self.weight[kept])

    def where(self, kept: npt.NDArray[np.bool_]) -> "Histories":
        """Everybody's events of which this (E,) is true."""
        start = np.concatenate([[0], np.cumsum(kept)])[self.start].astype(np.intp)
        return Histories(self.items[kept], start, self.count, self.weight[kept])

    def matrix(self, decay: float = 1.0) -> Sparse:
        """(P, N) the sum of weight · decay**age over a person's events of an item."""
        values = self.weight * np.float32(decay) ** self.age.astype(np.float32)
        found: Sparse = sparse.csr_array(
            (values, self.items.astype(np.int32), self.start.astype(np.int32)),
            shape=(len(self), self.count),
        )
        found.sum_duplicates()
        return found


def _joined(sequences: Sequence[Sequence[float] | Ints], dtype: npt.DTypeLike) -> npt.NDArray:  # type: ignore[type-arg]
    return np.concatenate([np.asarray(s, dtype) for s in sequences] or [np.zeros(0, dtype)])
