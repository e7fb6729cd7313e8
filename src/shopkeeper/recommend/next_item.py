"""Next-item regression: what comes next, regressed on what came just before. The best single model here.

For each event with something before it, a row: the items just before it (A, each `back_decay` of the one after it)
and the items from it on (Y, each `ahead_decay` of the one before it). B minimises |Y - AB|² + ridge·|B|², so
B = (AᵀA + ridge·I)⁻¹AᵀY. Source: Choi et al. 2021 (SLIST), the part they call SLIT.

Two ways to the same B. `fit_exactly` inverts all of AᵀA: N² numbers, some N³ operations. `fit` solves for each target
by itself, over the items that were ever seen just before it and no others: AᵀY is so sparse that these are some
fifty, and the ridge pulls the rest to almost nothing. On the public benchmarks it ranks as well as the exact one, at a
hundredth of the work, and both time and memory grow with the events and not with the square of the catalogue.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import linalg, sparse

from shopkeeper.recommend.contract import Links
from shopkeeper.recommend.histories import Histories, Ints, Sparse, Table


@dataclass(frozen=True, slots=True)
class Plan:
    """back, ahead: items before and from an event on; *_decay: what each counts beside the nearer one. ridge: how
    much evidence a link needs. most: sources of one target, the strongest. decay: of a history that is asked about."""

    back: int = 8
    back_decay: float = 0.7
    ahead: int = 4
    ahead_decay: float = 0.5
    ridge: float = 100.0
    most: int = 300
    decay: float = 0.6


def fit(histories: Histories, plan: Plan | None = None) -> Links:
    """B by each target's own sources, sparse."""
    plan = plan or Plan()
    before, after = rows(histories, plan)
    gram, both = sparse.csr_array(before.T @ before), sparse.csc_array(before.T @ after)
    weight = np.sqrt(gram.diagonal() + plan.ridge)
    solve = _Solver(gram, plan.ridge)
    source, target, value = [], [], []
    for item in range(histories.count):
        at = slice(both.indptr[item], both.indptr[item + 1])
        sources, seen = both.indices[at], both.data[at]
        if len(sources) > plan.most:
            kept = np.argpartition(-seen / weight[sources], plan.most)[: plan.most]
            sources, seen = sources[kept], seen[kept]
        if len(sources):
            source.append(sources)
            target.append(np.full(len(sources), item))
            value.append(solve(sources, seen))
    return Links(_matrix(source, target, value, histories.count), plan.decay)


def fit_exactly(histories: Histories, plan: Plan | None = None) -> Links:
    """B by one Cholesky in float32: 4·N² bytes twice."""
    plan = plan or Plan()
    before, after = rows(histories, plan)
    gram: Table = (before.T @ before).toarray(order="F").astype(np.float32, order="F", copy=False)
    gram.ravel("K")[:: len(gram) + 1] += np.float32(plan.ridge)
    both: Table = (before.T @ after).toarray(order="F").astype(np.float32, order="F", copy=False)
    factor = linalg.cho_factor(gram, lower=True, overwrite_a=True, check_finite=False)
    found = linalg.cho_solve(factor, both, overwrite_b=True, check_finite=False)
    np.fill_diagonal(found, 0)
    return Links(found, plan.decay)


def rows(histories: Histories, plan: Plan) -> tuple[Sparse, Sparse]:
    """A and Y, (events with something before them, N) each."""
    events = np.flatnonzero(histories.position >= 1)
    back = [(-1 - k, plan.back_decay**k) for k in range(plan.back)]
    ahead = [(k, plan.ahead_decay**k) for k in range(plan.ahead)]
    return _shifted(histories, events, back), _shifted(histories, events, ahead)


def _shifted(histories: Histories, events: Ints, shifts: list[tuple[int, float]]) -> Sparse:
    """For each event a row with the items that stand so far from it in the same history."""
    people, row, column, value = histories.people, [], [], []
    for shift, weight in shifts:
        other = events + shift
        inside = (other >= 0) & (other < len(people))
        inside[inside] = people[other[inside]] == people[events[inside]]
        row.append(np.flatnonzero(inside))
        column.append(histories.items[other[inside]])
        value.append(np.float32(weight) * histories.weight[other[inside]])
    return sparse.csr_array(
        (np.concatenate(value), (np.concatenate(row), np.concatenate(column))),
        shape=(len(events), histories.count), dtype=np.float32,
    )  # fmt: skip


class _Solver:
    """(G_SS + ridge·I)⁻¹ b for many small sets S of a sparse G."""

    def __init__(self, gram: Sparse, ridge: float) -> None:
        self.gram, self.ridge = gram, ridge
        self.place = np.full(gram.shape[0], -1, np.intp)

    def __call__(self, items: Ints, seen: Table) -> Table:
        size = len(items)
        self.place[items] = np.arange(size)
        system = np.zeros((size, size), np.float32)
        for row, columns, values in self._rows(items):
            system[row, columns] = values
        self.place[items] = -1
        system[np.arange(size), np.arange(size)] += np.float32(self.ridge)
        found: Table = np.linalg.solve(system, seen)
        return found

    def _rows(self, items: Ints) -> Iterator[tuple[int, Ints, Table]]:
        for row, item in enumerate(items):
            at = slice(self.gram.indptr[item], self.gram.indptr[item + 1])
            columns = self.place[self.gram.indices[at]]
            kept = columns >= 0
            yield row, columns[kept], self.gram.data[at][kept]


def _matrix(source: list[Ints], target: list[Ints], value: list[Table], count: int) -> Sparse:
    if not value:
        return sparse.csr_array((count, count), dtype=np.float32)
    found = (np.concatenate(value), (np.concatenate(source), np.concatenate(target)))
    return sparse.csr_array(found, shape=(count, count), dtype=np.float32)
