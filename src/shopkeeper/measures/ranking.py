"""How good an order is: measures of one query's ranking. The figure of a system is their mean over all queries.

A ranking is a sequence of ids, the best first, each at most once. Judgments are grades by id; what nobody judged has
grade 0. Where nothing is relevant there is nothing to find, and every measure is 0: leave such queries out of a mean.
"""

from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Id = TypeVar("Id", bound=Hashable)
Floats = npt.NDArray[np.float64]


def dcg(gains: Sequence[float] | Floats) -> float:
    """Discounted cumulative gain of gains in ranked order: each divided by log2(1 + rank), added up."""
    return float(np.asarray(gains, np.float64) @ (1 / np.log2(np.arange(len(gains)) + 2.0)))


def ndcg(ranking: Sequence[Id], grades: Mapping[Id, float], *, k: int) -> float:
    """Normalised discounted cumulative gain of the first `k`, in [0, 1].

    The gain is the grade itself (linear); pass 2**grade - 1 as grades for the exponential form. The ideal order is
    taken from all judged, found or not. Grades are not negative.
    Source: Järvelin & Kekäläinen 2002, discount from rank 1 on.
    """
    ideal = dcg(sorted(grades.values(), reverse=True)[:k])
    return dcg([grades.get(i, 0.0) for i in ranking[:k]]) / ideal if ideal > 0 else 0.0


def recall(ranking: Sequence[Id], relevant: Collection[Id], *, k: int) -> float:
    """Share of the relevant that are among the first `k`."""
    wanted = set(relevant)
    return len(wanted.intersection(ranking[:k])) / len(wanted) if wanted else 0.0


def reciprocal_rank(ranking: Sequence[Id], relevant: Collection[Id]) -> float:
    """1 / rank of the first relevant one; its mean over queries is the MRR."""
    wanted = set(relevant)
    return next((1 / rank for rank, i in enumerate(ranking, 1) if i in wanted), 0.0)


def average_precision(ranking: Sequence[Id], relevant: Collection[Id]) -> float:
    """Mean, over all relevant ones, of the precision at the rank of each; 0 for those that are missing.

    Its mean over queries is the MAP. Source: Manning, Raghavan & Schütze 2008, section 8.4.
    """
    wanted = set(relevant)
    found, total = 0, 0.0
    for rank, i in enumerate(ranking, 1):
        if i in wanted:
            found += 1
            total += found / rank
    return total / len(wanted) if wanted else 0.0


def share_hurt(
    scores: Sequence[float] | Floats, baseline: Sequence[float] | Floats, *, by: float
) -> float:
    """Share of queries that score lower than under the baseline by more than `by`. Both in the same order."""
    difference = np.asarray(baseline, np.float64) - np.asarray(scores, np.float64)
    return float(np.mean(difference > by)) if len(difference) else 0.0
