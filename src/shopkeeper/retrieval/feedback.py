"""Pseudo-relevance feedback: what the first hits have in common is what was meant.

A query of two words says little; the mean of the first hits' vectors says what kind of thing they are. Candidates are
compared once more, with the query moved half the way there. The first hits come from words and meaning together, so
a single stray one moves little.
Source: Rocchio 1971, without negative examples; Li et al. 2022 for dense vectors.
"""

import numpy as np

from shopkeeper.retrieval.meaning import Keys, Meanings, Vectors

FIRST = 10  # hits that are believed
SHARE = 0.5  # of the moved query that comes from them


def moved(
    query: Vectors, meanings: Meanings, best: Keys, *, first: int = FIRST, share: float = SHARE
) -> Vectors:
    """The query's vector (D,) moved towards the mean of the best hits that have a vector, of length 1."""
    vectors, _ = meanings.vectors(best[:first])
    if not len(vectors):
        return query
    return _unit((1 - share) * _unit(query) + share * _unit(vectors.mean(axis=0)))


def _unit(vector: Vectors) -> Vectors:
    length = float(np.linalg.norm(vector))
    return vector / np.float32(length) if length > 0 else vector
