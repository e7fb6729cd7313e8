"""What is on the shelf now, by the places of a model: what can be bought, and what lists are kept varied by.

A model is of the past; the shelf follows the shop. `arrived` gives products that came after the fit a place in the
model, by their words alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse

from shopkeeper.recommend.goods import Good, about
from shopkeeper.recommend.histories import Ints, Places, Table
from shopkeeper.recommend.lending import ARRIVED, lent, make_known
from shopkeeper.recommend.model import Model, Neighbours, Words
from shopkeeper.recommend.text import About

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Shelf:
    """goods: by place, None for what is gone. sellable: (N,); category, brand, thing: (N,) equal numbers for equal
    ones; margin: (N,) 0 where it is not known."""

    place: Mapping[str, int]
    goods: tuple[Good | None, ...]
    sellable: Bools
    category: Ints
    brand: Ints
    thing: Ints
    margin: Table
    _numbers: dict[tuple[str, object], int] = field(default_factory=dict)

    def changed(self, goods: Iterable[Good], gone: Iterable[str] = ()) -> "Shelf":
        """A shelf with these products as they are now. Those that the model has no place for are left out."""
        fresh = [g for g in goods if g.id in self.place]
        rows = [self.place[g.id] for g in fresh]
        lost = [self.place[i] for i in gone if i in self.place]
        everything = list(self.goods)
        sellable, margin = self.sellable.copy(), self.margin.copy()
        category, brand, thing = self.category.copy(), self.brand.copy(), self.thing.copy()
        for row, good in zip(rows, fresh, strict=True):
            everything[row] = good
            sellable[row] = good.sellable
            margin[row] = good.margin if good.margin == good.margin else 0.0
            category[row] = self._number("category", good.category)
            brand[row] = self._number("brand", good.brand) if good.brand else -1
            thing[row] = self._number("thing", good.thing)
        for row in lost:
            everything[row] = None
            sellable[row] = False
        return replace(
            self, goods=tuple(everything), sellable=sellable, category=category, brand=brand,
            thing=thing, margin=margin,
        )  # fmt: skip

    def _number(self, kind: str, value: object) -> int:
        return self._numbers.setdefault((kind, value), len(self._numbers))

    def places(self, ids: Iterable[str]) -> Ints:
        """Places of these products; those without one are left out."""
        return np.array([self.place[i] for i in ids if i in self.place], np.intp)


def stocked(model: Model, goods: Iterable[Good]) -> Shelf:
    """The shelf of a model's items."""
    count = len(model.items)
    nowhere = np.full(count, -1, np.intp)
    empty = Shelf(
        model.items.place, (None,) * count, np.zeros(count, np.bool_), nowhere, nowhere,
        np.arange(-count - 1, -1, dtype=np.intp), np.zeros(count, np.float32),
    )  # fmt: skip
    return empty.changed(goods)


def arrived(model: Model, goods: Sequence[Good], *, most: int = 100) -> Model:
    """The model with places for products that it did not know, linked to all others by their words and values,
    and with links lent by what they are like."""
    new = [g for g in goods if g.id not in model.items.place]
    if not new:
        return model
    known = about(new)
    words, text = _joined(model.words, known, model.links.get("text"), most)
    only_values = [About("", item.values) for item in known]
    values, alike = _joined(model.values, only_values, model.links.get("values"), most)
    more = len(new)
    links = {name: _longer(found, more) for name, found in model.links.items()}
    links |= {"text": text, "values": alike}
    wider = replace(
        model, items=Places((*model.items.ids, *(g.id for g in new))), links=links, words=words, values=values,
        popular=_padded(model.popular, more), people=_padded(model.people, more),
        baskets=_padded(model.baskets, more), again=_padded(model.again, more),
    )  # fmt: skip
    return lent(wider, np.arange(len(model.items), len(wider.items)), ARRIVED)


def _joined(
    words: Words, items: Sequence[About], links: Neighbours | None, most: int
) -> tuple[Words, Neighbours]:
    """The terms with rows for these items, and the neighbours of all by them."""
    fresh = words.vectors(items)
    before = words.rows.shape[0]
    rows = sparse.csr_array(sparse.vstack([words.rows, fresh]))
    pairs = sparse.csr_array(fresh @ sparse.csr_array(rows.T))
    itself = np.repeat(np.arange(before, rows.shape[0]), np.diff(pairs.indptr))
    pairs.data[pairs.indices == itself] = 0
    own = Neighbours.nearest(pairs, most)
    of, value = np.zeros((rows.shape[0], most), np.int32), np.zeros((rows.shape[0], most), "f4")
    if links is not None:
        of[:before, : links.of.shape[1]], value[:before, : links.of.shape[1]] = (
            links.of,
            links.value,
        )
    of[before:, : own.of.shape[1]], value[before:, : own.of.shape[1]] = own.of, own.value
    for number in range(fresh.shape[0]):
        at = slice(pairs.indptr[number], pairs.indptr[number + 1])
        there = pairs.indices[at] < before
        others, cosine = pairs.indices[at][there], pairs.data[at][there]
        make_known(of[:before], value[:before], others, cosine, before + number)
    return replace(words, rows=rows), Neighbours(of, value)


def _longer(links: Neighbours, more: int) -> Neighbours:
    empty = np.zeros((more, links.of.shape[1]))
    return Neighbours(
        np.concatenate([links.of, empty.astype(np.int32)]),
        np.concatenate([links.value, empty.astype(np.float32)]),
    )


def _padded(column: Table, more: int) -> Table:
    return np.concatenate([column, np.zeros(more, np.float32)])
