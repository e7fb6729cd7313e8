"""Lists that are now and then drawn, so that what was never tried can be learnt, with the chance of what was shown.

With probability `rate` the places of a list are filled by drawing from the first `M` candidates without putting back;
else the list stands as it was ranked. The chance of an item to stand at a place is then known exactly, and is all that
`counterfactual.py` needs: rate / M, and 1 - rate more at the place where the ranking has it.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Generic, TypeVar

Item = TypeVar("Item", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Drawn(Generic[Item]):
    """items as shown; propensities: the chance of each to stand where it does; explored: whether it was drawn."""

    items: tuple[Item, ...]
    propensities: tuple[float, ...]
    explored: bool


def explore(candidates: Sequence[Item], k: int, *, rate: float, rng: Random) -> Drawn[Item]:
    """The list to show. candidates: in ranked order, each once, all of which may be shown."""
    ranked = list(candidates[:k])
    explored = len(candidates) > 0 and rng.random() < rate
    shown = rng.sample(list(candidates), len(ranked)) if explored else ranked
    chances = [chance(ranked, len(candidates), p, item, rate) for p, item in enumerate(shown)]
    return Drawn(tuple(shown), tuple(chances), explored)


def chance(ranked: Sequence[Item], pool: int, place: int, item: Item, rate: float) -> float:
    """Of an item of the pool to stand at a place."""
    return rate / pool + (1 - rate) * (ranked[place] == item)
