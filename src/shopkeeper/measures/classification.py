"""How good labels are, and how sure a share is."""

import math
from collections.abc import Hashable, Sequence

Interval = tuple[float, float]


def accuracy(expected: Sequence[Hashable], given: Sequence[Hashable]) -> float:
    """Share of labels that are right; 0 if there are none. Raises ValueError if the lengths differ."""
    pairs = list(zip(expected, given, strict=True))
    return sum(a == b for a, b in pairs) / len(pairs) if pairs else 0.0


def macro_f1(expected: Sequence[Hashable], given: Sequence[Hashable]) -> float:
    """Mean of the labels' F1, each label counting alike, over those that are expected or given; 0 if there are none.

    A label that was never given, or never right, has F1 0. Source: Sokolova & Lapalme 2009, the mean of the F1s.
    """
    pairs = list(zip(expected, given, strict=True))
    labels = {label for pair in pairs for label in pair}
    scores = []
    for label in labels:
        right = sum(a == b == label for a, b in pairs)
        either = sum(a == label for a, _ in pairs) + sum(b == label for _, b in pairs)
        scores.append(2 * right / either)
    return sum(scores) / len(scores) if scores else 0.0


def auroc(belongs: Sequence[bool], scores: Sequence[float]) -> float:
    """Chance that a row that belongs scores above one that does not, ties counting half; 0.5 where either is missing.

    Source: Hanley & McNeil 1982, by ranks.
    """
    order = sorted(zip(scores, belongs, strict=True))
    inside = sum(belongs)
    outside = len(order) - inside
    if not inside or not outside:
        return 0.5
    won, below, at = 0.0, 0, 0
    while at < len(order):
        end = at
        while end < len(order) and order[end][0] == order[at][0]:
            end += 1
        same = sum(1 for _, is_in in order[at:end] if is_in)
        others = end - at - same
        won += same * (below + others / 2)
        below, at = below + others, end
    return won / (inside * outside)


def wilson(share: float, n: int, *, z: float = 1.959964) -> Interval:
    """Interval that holds the true share with 95 % confidence, in [0, 1], when `share` of `n` was seen.

    n 0: nothing is known, (0, 1). Source: Wilson 1927.
    """
    if n == 0:
        return 0.0, 1.0
    middle = share + z * z / (2 * n)
    spread = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    whole = 1 + z * z / n
    return max(0.0, (middle - spread) / whole), min(1.0, (middle + spread) / whole)
