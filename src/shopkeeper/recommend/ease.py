"""EASE: the regression of every item on all others, in closed form. Exact, and for catalogues that fit in memory."""

import numpy as np
from scipy import linalg

from shopkeeper.recommend.contract import Links
from shopkeeper.recommend.histories import Histories, Table


def fit(histories: Histories, *, ridge: float = 100.0, decay: float = 0.7) -> Links:
    """B = I - P / diag(P) with P = (XᵀX + ridge·I)⁻¹: what minimises |X - XB|² + ridge·|B|², zero on the diagonal.

    In float32 and in place: 4·N² bytes twice, 1.2 GB and a minute for 12,000 items. Source: Steck 2019, eq. 8.
    """
    had = histories.matrix()
    had.data[:] = 1
    gram: Table = (had.T @ had).toarray(order="F").astype(np.float32, order="F", copy=False)
    gram.ravel("K")[:: len(gram) + 1] += np.float32(ridge)
    inverse = _inverse(gram)
    inverse /= -np.diag(inverse).copy()
    np.fill_diagonal(inverse, 0)
    return Links(inverse, decay)


def _inverse(matrix: Table) -> Table:
    """Of a symmetric positive matrix in Fortran's order, by Cholesky, in its place."""
    factor, failed = linalg.lapack.spotrf(matrix, lower=1, overwrite_a=1)
    if not failed:
        factor, failed = linalg.lapack.spotri(factor, lower=1, overwrite_c=1)
    if failed:
        raise ValueError("the ridge is too small for this matrix: it is not positive in float32")
    lower: Table = np.tril(factor)
    lower += np.tril(lower, -1).T
    return lower
