"""Words and meaning into one order, for each query in its own proportion.

Letters: `N` candidates.

Both are brought to one scale: how many standard deviations a score lies above the mean of the hundred best. Words
then count 1, and meaning counts the more the less the words cover: `least` where the first hits have all words of the
query (sizes and model numbers are then right, and meaning would blur them), up to `least + open` where no product
has any. So «iphone 5 case 16 gb» is answered by words, «something warm for my feet» by meaning. The two
numbers are round ones, and `benchmarks search` shows that they matter little: chosen on other queries than those it
is measured by, the rule does as well. `learning.py` learns an order from a shop's own judgments or clicks.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shopkeeper.retrieval.meaning import Keys, Scores
from shopkeeper.retrieval.words import Matches

Bools = npt.NDArray[np.bool_]

FIRST = 10  # hits by words whose coverage counts
SCALE = 100  # best scores that give the scale
SMALLEST = 1e-6  # standard deviation; below, all are equal


@dataclass(frozen=True, slots=True)
class Rule:
    """What meaning counts beside words: least where words cover the query, more by `open` where they find nothing."""

    least: float = 0.5
    open: float = 1.0

    def weight(self, matches: Matches) -> float:
        """For one query, in [least, least + open]."""
        return self.least + self.open * (1 - min(1.0, covered(matches)))


@dataclass(frozen=True, slots=True)
class Candidates:
    """Products that may be hits, in any order.

    keys: (N,). words: (N,) score by words, 0 without. coverage: (N,) of the query's words. cosine: (N,) nan without a
    vector. matched: (N,) whether the words were found.
    """

    keys: Keys
    words: Scores
    coverage: Scores
    cosine: Scores
    matched: Bools


@dataclass(frozen=True, slots=True)
class Fused:
    """What each part adds to the score of each candidate: score = words + meaning, all (N,). weight: of meaning."""

    words: Scores
    meaning: Scores
    weight: float

    @property
    def score(self) -> Scores:
        """(N,) higher is better; comparable within one query only."""
        return self.words + self.meaning


def covered(matches: Matches) -> float:
    """How much of the query the first hits by words have, in [0, 1]; hits that are lacking have nothing."""
    return float(matches.coverage[:FIRST].sum()) / FIRST


def standard(scores: Scores, best: Scores) -> Scores:
    """Scores in standard deviations above the mean of the best of a list. Where nothing is known of one (nan) it is
    taken for the lowest of the others."""
    deviation = float(best[:SCALE].std()) if len(best) else 0.0
    known = ~np.isnan(scores)
    if deviation < SMALLEST or not known.any():
        return np.zeros(len(scores), np.float32)
    filled = np.where(known, scores, scores[known].min())
    scaled: Scores = ((filled - best[:SCALE].mean()) / deviation).astype(np.float32)
    return scaled


def fuse(candidates: Candidates, *, words: Scores, nearest: Scores, weight: float) -> Fused:
    """The score of each candidate. words, nearest: scores by words and cosines, the best first, which give the
    scales; products without the words score 0, and are among the hundred best where too few have them."""
    padded = np.zeros(SCALE, np.float32)
    padded[: min(SCALE, len(words))] = words[:SCALE]
    return Fused(
        standard(candidates.words, padded),
        np.float32(weight) * standard(candidates.cosine, nearest),
        weight,
    )
