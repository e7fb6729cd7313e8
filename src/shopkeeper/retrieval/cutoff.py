"""Which products are hits at all. Decided before facets are counted and totals given, so that these are true.

Everything is near everything to some degree, so without a limit meaning makes the whole catalogue a hit. A product
with the words asked for is a hit. One without them must be near enough: nearer to the nearest ones than to the
catalogue in general (`SHARE` says how much of the way). That measures each query, and each embedder, by its own scale: cosines of some
models lie between 0 and 0.7, of others between 0.7 and 0.9.
"""

import numpy as np

from shopkeeper.retrieval.meaning import Scores

SHARE = 0.5
NEAREST = 10  # products whose mean says how near the nearest are


def least_cosine(nearest: Scores, background: float) -> float:
    """The cosine a product without the words must have. nearest: cosines, the best first. background: the mean over
    the catalogue. Infinite where there is nothing to compare with."""
    if not len(nearest):
        return np.inf
    return background + SHARE * (float(nearest[:NEAREST].mean()) - background)
