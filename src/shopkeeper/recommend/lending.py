"""What is new borrows from what it is like, until people have shown what it is.

An item that nobody had yet has no links by behaviour, and would stand behind everything that has, however little. So
it borrows: each link between it and another item is half the mean of the same links of the items most like it by their
words and values, and so is its popularity. The next fit that has seen somebody take it gives it links of its own.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from scipy import sparse

from shopkeeper.recommend.histories import Ints, Sparse, Table
from shopkeeper.recommend.model import Int32s, Model, Neighbours

LENDERS = 10  # items that one borrows from
LENT = {
    "next": 0.5,
    "near": 0.5,
    "bought": 0.5,
}  # links by behaviour, and the share of them that is lent
ARRIVED = {**LENT, "category": 1.0}  # to what was not there at the fit
POPULAR = 0.5


def lent(model: Model, places: Ints, shares: Mapping[str, float]) -> Model:
    """The model with so much of these links lent to the items at these places, which nobody had yet."""
    links = {name: share for name, share in shares.items() if name in model.links}
    if not len(places) or not links:
        return model
    lenders = _lenders(model, places)
    made = {
        name: _with_loans(model.links[name], lenders * share, places)
        for name, share in links.items()
    }
    popular = np.array(model.popular)
    popular[places] = POPULAR * (lenders @ popular)
    return replace(model, links={**model.links, **made}, popular=popular)


def _lenders(model: Model, places: Ints) -> Sparse:
    """(borrowers, N) how much of each item's links an item borrows; rows add up to 1, or are empty."""
    alike = _summed(model.links, places, len(model.items))
    alike.data[model.people[alike.indices] == 0] = 0
    nearest = Neighbours.nearest(alike, LENDERS)
    total = nearest.value.sum(axis=1, keepdims=True)
    weight = np.divide(nearest.value, total, out=np.zeros_like(nearest.value), where=total > 0)
    return Neighbours(nearest.of, weight).matrix(alike.shape[1])


def _summed(links: Mapping[str, Neighbours], places: Ints, count: int) -> Sparse:
    """How alike these items are to all others, by words and by values together."""
    parts = [
        Neighbours(links[name].of[places], links[name].value[places]).matrix(count)
        for name in ("text", "values")
        if name in links
    ]
    total: Sparse = sparse.csr_array(sum(parts[1:], start=parts[0]))
    return total


def _with_loans(links: Neighbours, lenders: Sparse, places: Ints) -> Neighbours:
    """Rows of the borrowers, and their columns in the rows of all others."""
    whole = links.matrix(len(links.of))
    of, value = np.array(links.of), np.array(links.value)
    own = Neighbours.nearest(lenders @ whole, of.shape[1])
    of[places], value[places] = 0, 0
    width = own.of.shape[1]
    of[places, :width], value[places, :width] = own.of, own.value
    columns = sparse.csc_array(whole @ sparse.csc_array(lenders.T))
    for number, place in enumerate(places.tolist()):
        at = slice(columns.indptr[number], columns.indptr[number + 1])
        make_known(of, value, columns.indices[at], columns.data[at], place)
    return Neighbours(of, value)


def make_known(of: Int32s, value: Table, others: Ints, strength: Table, place: int) -> None:
    """Let other items know this one, each in the place of its weakest neighbour."""
    elsewhere = others != place
    others, strength = others[elsewhere], strength[elsewhere]
    weakest = value[others].argmin(axis=1)
    better = strength > value[others, weakest]
    of[others[better], weakest[better]] = place
    value[others[better], weakest[better]] = strength[better]
