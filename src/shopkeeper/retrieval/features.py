"""What a learned ranker sees of a candidate. Letters: `N` candidates, `F` features.

All are measured within the query, in standard deviations or shares, so that what is learned on some queries, or in
one shop, says something about others.
"""

import numpy as np
import numpy.typing as npt

from shopkeeper.retrieval.feedback import moved
from shopkeeper.retrieval.fusion import SCALE, Candidates, Fused, covered, standard
from shopkeeper.retrieval.meaning import Meanings, Scores, Vectors
from shopkeeper.retrieval.words import Matches

Table = npt.NDArray[np.float32]

NARROW, WIDE = 8, 20  # first hits that feedback believes
NAMES = (
    "words",  # score by words
    "meaning",  # cosine
    "coverage",  # share of the query's words
    "words_open",  # words, times what the first hits lack of the query
    "meaning_open",
    "near_first",  # cosine to the mean of the first few hits alone
    "near_many",  # and of many
)


def features(
    candidates: Candidates, fused: Fused, matches: Matches, meanings: Meanings, vector: Vectors
) -> Table:
    """(N, F) the features of each candidate, in the order of `NAMES`."""
    best = candidates.keys[np.argsort(-fused.score, kind="stable")]
    meaning = standard(candidates.cosine, _best(candidates.cosine))
    lacking = np.float32(1 - covered(matches))
    columns = [
        fused.words,
        meaning,
        candidates.coverage,
        fused.words * lacking,
        meaning * lacking,
    ]
    for first in (NARROW, WIDE):
        cosine = meanings.scores(
            moved(vector, meanings, best, first=first, share=1.0), candidates.keys
        )
        columns.append(standard(cosine, _best(cosine)))
    return np.stack(columns, axis=1).astype(np.float32)


def _best(cosine: Scores) -> Scores:
    return np.sort(cosine[~np.isnan(cosine)])[::-1][:SCALE]
