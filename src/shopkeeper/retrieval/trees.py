"""Boosted regression trees, small enough to read: complete trees of three questions, fitted to squared error.

Letters: `N` rows, `F` features, `B` bins of a feature, `T` trees, `D` depth, `L` = 2**D leaves.

Rows are cut into bins once; each level of a tree is one histogram over (node, feature, bin). Each tree sees a share of
the rows and of the features, chosen by the seed, so a fit is repeatable. Serving is NumPy alone: T gathers a level.
Source: Friedman 2001 (gradient boosting), 2002 (subsampling); gain with L2 as in Chen & Guestrin 2016, eq. 7.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Table = npt.NDArray[np.float32]
Ints = npt.NDArray[np.intp]

DEPTH = 3
BINS = 64


@dataclass(frozen=True, slots=True)
class Plan:
    """How trees are grown. rows, columns: shares that one tree sees. smallest: rows of the smallest leaf."""

    trees: int = 100
    rate: float = 0.07
    rows: float = 0.7
    columns: float = 0.5
    smallest: int = 200
    l2: float = 10.0


@dataclass(frozen=True, slots=True)
class Trees:
    """A sum of trees. feature, threshold: (T, L - 1) the questions in heap order, «is it greater?», left for no;
    leaf: (T, L); start: what is added to all."""

    feature: npt.NDArray[np.int16]
    threshold: Table
    leaf: Table
    start: float

    def predict(self, rows: Table) -> Table:
        """(N,) one number for each row (N, F)."""
        trees = np.arange(len(self.feature))
        node = np.zeros((len(rows), len(trees)), np.intp)  # (N, T)
        for _ in range(DEPTH):
            value = np.take_along_axis(rows, self.feature[trees, node].astype(np.intp), axis=1)
            node = 2 * node + 1 + (value > self.threshold[trees, node])
        total: Table = self.leaf[trees, node - (2**DEPTH - 1)].sum(axis=1) + np.float32(self.start)
        return total


def fit(rows: Table, targets: Floats, *, seed: int, plan: Plan | None = None) -> Trees:
    """Trees fitted to rows (N, F) and their targets (N,)."""
    plan = plan or Plan()
    rng = np.random.default_rng(seed)
    edges = [_edges(rows[:, f]) for f in range(rows.shape[1])]
    bins = np.stack([np.searchsorted(e, rows[:, f]) for f, e in enumerate(edges)], axis=1)
    start = float(targets.mean()) if len(targets) else 0.0
    predicted = np.full(len(rows), start)
    grown = []
    for _ in range(plan.trees):
        seen = np.flatnonzero(rng.random(len(rows)) < plan.rows)
        width = max(1, round(plan.columns * rows.shape[1]))
        columns = np.sort(rng.choice(rows.shape[1], width, replace=False))
        tree = _grow(bins[seen][:, columns], (targets - predicted)[seen], plan)
        feature = columns[tree[0]]
        predicted += tree[2][_leaf(bins, feature, tree[1])]
        cuts = [
            edges[f][b] if b < len(edges[f]) else np.inf
            for f, b in zip(feature, tree[1], strict=True)
        ]
        grown.append((feature, np.array(cuts, np.float32), tree[2]))
    shape = (len(grown), -1)
    return Trees(
        np.array([g[0] for g in grown], np.int16).reshape(shape),
        np.array([g[1] for g in grown], np.float32).reshape(shape),
        np.array([g[2] for g in grown], np.float32).reshape(shape),
        start,
    )


def _edges(values: Table) -> Table:
    """Where a feature is cut: its quantiles, each once. A value is in bin b if it is above b of them."""
    return np.unique(np.quantile(values, np.linspace(0, 1, BINS)[1:-1], method="lower"))


def _leaf(bins: Ints, feature: Ints, cut: Ints) -> Ints:
    """(N,) the leaf that each row falls into."""
    node = np.zeros(len(bins), np.intp)
    for _ in range(DEPTH):
        node = 2 * node + 1 + (bins[np.arange(len(bins)), feature[node]] > cut[node])
    leaf: Ints = node - (2**DEPTH - 1)
    return leaf


def _grow(bins: Ints, residuals: Floats, plan: Plan) -> tuple[Ints, Ints, Floats]:
    """One tree: feature and cut of each node in heap order, and the value of each leaf."""
    feature = np.zeros(2**DEPTH - 1, np.intp)
    cut = np.full(2**DEPTH - 1, BINS, np.intp)  # nothing is above: all rows go left
    node = np.zeros(len(bins), np.intp)
    for level in range(DEPTH):
        first, nodes = 2**level - 1, 2**level
        feature[first : first + nodes], cut[first : first + nodes] = _cuts(
            bins, residuals, node - first, nodes, plan
        )
        node = 2 * node + 1 + (bins[np.arange(len(bins)), feature[node]] > cut[node])
    leaf = node - (2**DEPTH - 1)
    total = np.bincount(leaf, residuals, 2**DEPTH)
    number = np.bincount(leaf, minlength=2**DEPTH)
    return feature, cut, plan.rate * total / (number + plan.l2)


def _cuts(bins: Ints, residuals: Floats, node: Ints, nodes: int, plan: Plan) -> tuple[Ints, Ints]:
    """The best feature and cut of each node of one level; a cut above all bins where none is better than none."""
    width = bins.shape[1]
    place = (node[:, None] * width + np.arange(width)) * BINS + bins  # (N, F)
    size = nodes * width * BINS
    total = np.bincount(place.ravel(), np.repeat(residuals, width), size)
    number = np.bincount(place.ravel(), minlength=size)
    left = total.reshape(nodes, width, BINS).cumsum(axis=2)
    left_number = number.reshape(nodes, width, BINS).cumsum(axis=2)
    right, right_number = left[:, :, -1:] - left, left_number[:, :, -1:] - left_number
    gain = left**2 / (left_number + plan.l2) + right**2 / (right_number + plan.l2)
    gain[(left_number < plan.smallest) | (right_number < plan.smallest)] = -np.inf
    best = gain.reshape(nodes, -1).argmax(axis=1)
    whole = (left[:, :, -1] ** 2 / (left_number[:, :, -1] + plan.l2)).max(axis=1)
    better = gain.reshape(nodes, -1)[np.arange(nodes), best] > whole
    return best // BINS, np.where(better, best % BINS, BINS)
