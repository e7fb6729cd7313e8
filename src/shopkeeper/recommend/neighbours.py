"""Item-kNN: items are alike if the same people had them."""

import numpy as np
from scipy import sparse

from shopkeeper.recommend.contract import Links
from shopkeeper.recommend.histories import Histories, Ints, Sparse


def fit(
    histories: Histories, *, decay: float = 0.7, shrinkage: float = 0.0, most: int | None = None
) -> Links:
    """Cosine of the columns of the matrix people × items, each item once a person.

    C(i, j) / (sqrt(n_i n_j) + shrinkage), nothing on the diagonal; most: neighbours kept of each item, the nearest.
    Source: Sarwar et al. 2001.
    """
    had = histories.matrix()
    had.data[:] = 1
    together = sparse.csr_array(had.T @ had)
    number = np.sqrt(np.maximum(together.diagonal(), 1)).astype(np.float32)
    pairs = together.tocoo()
    apart = pairs.row != pairs.col
    row, col = pairs.row[apart], pairs.col[apart]
    cosine = pairs.data[apart] / (number[row] * number[col] + np.float32(shrinkage))
    found = sparse.csr_array((cosine, (row, col)), shape=together.shape)
    return Links(found if most is None else nearest(found, most), decay)


def nearest(links: Sparse, most: int) -> Sparse:
    """Each row's `most` largest values; ties in the order of the items."""
    order = np.lexsort((links.indices, -links.data, _rows(links)))
    place = np.arange(len(order)) - np.repeat(links.indptr[:-1], np.diff(links.indptr))
    kept = np.sort(order[place < most])
    lengths = np.minimum(np.diff(links.indptr), most)
    start = np.concatenate([[0], np.cumsum(lengths)])
    return sparse.csr_array((links.data[kept], links.indices[kept], start), shape=links.shape)


def _rows(links: Sparse) -> Ints:
    return np.repeat(np.arange(links.shape[0]), np.diff(links.indptr))
