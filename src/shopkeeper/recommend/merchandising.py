"""From scores to a list: what may not stand in it, what the merchant decides, and variety.

Never in a list: what cannot be bought now, what the visitor has in the cart or the list is about, the same thing in
another size or colour, what a rule hides. Then rules pin, raise and lower, the controls of the slot weigh margin and
novelty and cap categories and brands, and places are filled one by one, each with the best of what is left, less for what
it has in common with what stands above it (maximal marginal relevance, Carbonell & Goldstein 1998).
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np

from shopkeeper.recommend.histories import Ints, Sparse
from shopkeeper.recommend.scoring import Floats, Scored
from shopkeeper.recommend.shelf import Bools, Shelf
from shopkeeper.recommend.slots import Controls
from shopkeeper.rules import Effects

POOL = 5  # candidates for each place, from which variety is made
LEAST_POOL = 30
FEW = 30  # numbers that are looked for one by one
MOVED = 0.25  # of the best score: what a boost or bury of strength 1 is worth


def _none() -> Ints:
    return np.zeros(0, np.intp)


@dataclass(frozen=True, slots=True)
class Left:
    """What is left out of a list. places: products themselves; things: whatever is one thing with them; categories:
    whatever is of these."""

    places: Ints = field(default_factory=_none)
    things: Ints = field(default_factory=_none)
    categories: Ints = field(default_factory=_none)


@dataclass(frozen=True, slots=True)
class Placed:
    """An item of a list. row: of `scored`, -1 for a pinned product that nothing else speaks for."""

    place: int
    row: int
    pinned: bool


def arrange(
    scored: Scored,
    shelf: Shelf,
    *,
    effect: Effects,
    controls: Controls,
    left: Left,
    popular: Floats,
    terms: Sparse,
    limit: int,
) -> list[Placed]:
    """The list. popular: (N,) how wanted each item is; terms: (N, V) unit rows, by which items are alike."""
    pinned = _pins(shelf, effect, left, limit)
    candidates, value = scored.candidates, _valued(scored, shelf, effect, controls, popular)
    usable = np.flatnonzero(_allowed(candidates, shelf, effect, left) & (value > 0))
    if pinned:
        usable = usable[~np.isin(candidates[usable], [place for _, place in pinned])]
    pool = usable[_largest(value[usable], max(POOL * limit, LEAST_POOL))]
    variety = Variety(shelf, controls, [place for _, place in pinned])
    chosen = _chosen(pool, scored, value, variety, terms, limit - len(pinned))
    found = [Placed(int(candidates[row]), row, False) for row in chosen]
    for position, place in pinned:
        row = np.flatnonzero(candidates == place)
        item = Placed(place, int(row[0]) if len(row) else -1, True)
        found.insert(min(position - 1, len(found)), item)
    return found[:limit]


def _allowed(places: Ints, shelf: Shelf, effect: Effects, left: Left) -> Bools:
    """Which of these products may stand in the list."""
    allowed = shelf.sellable[places]
    for numbers, out in (
        (places, left.places),
        (shelf.thing[places], left.things),
        (shelf.category[places], left.categories),
        (places, shelf.places(effect.hidden)),
    ):
        if len(out):
            allowed &= ~_among(numbers, out)
    return allowed


def _among(numbers: Ints, some: Ints) -> Bools:
    """`np.isin`, whose preparations take longer than a look at each where there are few."""
    if len(some) > FEW:
        return np.isin(numbers, some)
    found: Bools = (numbers == some[:, None]).any(axis=0)
    return found


def _largest(value: Floats, most: int) -> Ints:
    """Where the `most` largest of these stand, the largest first, of equal ones the first first."""
    if len(value) <= most:
        return np.argsort(-value, kind="stable")
    least = np.partition(value, -most)[-most]
    candidates = np.flatnonzero(value >= least)
    return candidates[np.argsort(-value[candidates], kind="stable")][:most]


def _pins(shelf: Shelf, effect: Effects, left: Left, limit: int) -> list[tuple[int, int]]:
    """Position and place of pinned products that can stand in the list, one of each thing."""
    found: list[tuple[int, int]] = []
    things: set[int] = set()
    for position, product_id in effect.pinned:
        place = shelf.place.get(product_id)
        if place is None or int(shelf.thing[place]) in things:
            continue
        if not _allowed(np.array([place]), shelf, effect, left)[0]:
            continue
        things.add(int(shelf.thing[place]))
        found.append((position, place))
    return found[:limit]


def _valued(
    scored: Scored, shelf: Shelf, effect: Effects, controls: Controls, popular: Floats
) -> Floats:
    """(C,) scores after margin, novelty and the rules."""
    value = scored.score.copy()
    best = float(value.max(initial=0.0))
    if controls.margin:
        value *= 1 + controls.margin * np.clip(shelf.margin[scored.candidates], 0, 1)
    if controls.novelty:
        known = np.log1p(popular) / max(np.log1p(popular.max(initial=0.0)), 1e-9)
        value *= 1 - controls.novelty * known[scored.candidates]
    if effect.moved:
        shift = np.zeros(len(shelf.goods))
        for product_id, strength in effect.moved.items():
            if product_id in shelf.place:
                shift[shelf.place[product_id]] = strength * MOVED * best
        value += shift[scored.candidates]
    return value


class Variety:
    """What may still come into a list: one of each thing, and no more of a category or brand than the controls let."""

    def __init__(self, shelf: Shelf, controls: Controls, pinned: Collection[int]) -> None:
        self.shelf, self.controls = shelf, controls
        self.things: set[int] = set()
        self.categories: Counter[int] = Counter()
        self.brands: Counter[int] = Counter()
        for place in pinned:
            self.add(place)

    def add(self, place: int) -> None:
        """An item that stands in the list."""
        self.things.add(int(self.shelf.thing[place]))
        self.categories[int(self.shelf.category[place])] += 1
        self.brands[int(self.shelf.brand[place])] += 1

    def has_room(self, place: int) -> bool:
        """True if this one may come too."""
        brand, cap = int(self.shelf.brand[place]), self.controls
        return (
            int(self.shelf.thing[place]) not in self.things
            and _below(self.categories[int(self.shelf.category[place])], cap.per_category)
            and (brand < 0 or _below(self.brands[brand], cap.per_brand))
        )


def _below(number: int, cap: int) -> bool:
    return not cap or number < cap


def _chosen(
    pool: Ints, scored: Scored, value: Floats, variety: Variety, terms: Sparse, limit: int
) -> list[int]:
    """Rows of the pool, in the order in which they stand."""
    if not len(pool) or limit <= 0:
        return []
    places = scored.candidates[pool]
    share = variety.controls.diversity
    worth = value[pool] / max(float(value[pool].max()), 1e-12)
    alike = _Alike(terms, places) if share else None
    nearest = np.zeros(len(pool))
    worth = (1 - share) * worth
    gain = worth.copy()
    found: list[int] = []
    for _ in range(len(pool)):
        at = int(gain.argmax())
        gain[at] = worth[at] = -np.inf  # is looked at once
        if not variety.has_room(int(places[at])):
            continue
        variety.add(int(places[at]))
        found.append(int(pool[at]))
        if len(found) == limit:
            break
        if alike is not None:
            np.maximum(nearest, alike.to(at), out=nearest)
            gain = worth - share * nearest
    return found


class _Alike:
    """How alike some items are, by their terms, without a product of whole matrices for one list."""

    def __init__(self, terms: Sparse, places: Ints) -> None:
        begin, length = terms.indptr[places], terms.indptr[places + 1] - terms.indptr[places]
        self._start = np.concatenate([[0], np.cumsum(length)])
        at = np.arange(self._start[-1]) + np.repeat(begin - self._start[:-1], length)
        self._columns, self._values = terms.indices[at], terms.data[at]
        self._row = np.repeat(np.arange(len(places)), length)
        self._one = np.zeros(terms.shape[1])
        self._count = len(places)

    def to(self, item: int) -> Floats:
        """Cosine of each with one of them."""
        own = slice(self._start[item], self._start[item + 1])
        self._one[self._columns[own]] = self._values[own]
        found = np.bincount(self._row, self._values * self._one[self._columns], self._count)
        self._one[self._columns[own]] = 0
        return np.asarray(found, np.float64)
