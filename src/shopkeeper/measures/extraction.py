"""How good facts are that were taken out of texts: sets of pairs (name, value) beside the expected ones."""

from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Found:
    """Precision: share of what was given that is right. Recall: share of what was expected that was given."""

    precision: float
    recall: float
    f1: float


def counts(
    expected: Sequence[Collection[Hashable]], given: Sequence[Collection[Hashable]]
) -> NDArray[np.int64]:
    """One row a text, (N, 3): right, given, expected."""
    pairs = zip(expected, given, strict=True)
    rows = [(len(set(a) & set(b)), len(set(b)), len(set(a))) for a, b in pairs]
    return np.array(rows, np.int64).reshape(-1, 3)


def found(table: NDArray[np.int64]) -> Found:
    """Figures over all texts together (micro), from `counts`. 0 where nothing was given or expected."""
    right, given, expected = (float(n) for n in table.sum(axis=0))
    either = given + expected
    return Found(
        precision=right / given if given else 0.0,
        recall=right / expected if expected else 0.0,
        f1=2 * right / either if either else 0.0,
    )


def bootstrap(
    figure: Callable[[NDArray[np.intp]], float], n: int, *, seed: int, draws: int = 1000
) -> tuple[float, float]:
    """Interval that holds 95 % of the figure over `draws` samples of the `n` rows, drawn with replacement.

    figure: from the places of a sample's rows to a number. Source: Efron 1979, percentiles.
    """
    if n == 0:
        return 0.0, 1.0
    rng = np.random.default_rng(seed)
    seen = [figure(rng.integers(0, n, n)) for _ in range(draws)]
    low, high = np.percentile(seen, [2.5, 97.5])
    return float(low), float(high)
