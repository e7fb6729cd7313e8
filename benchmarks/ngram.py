"""The baseline of language modelling that needs no training loop: counts of bytes in their context.

Interpolated Kneser-Ney of order N over bytes (Chen and Goodman 1999), one discount an order by Ney's estimate.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence


class NGram:
    """Probability of a byte after the N-1 before it. Source: Chen and Goodman 1999, section 3."""

    def __init__(self, texts: Sequence[bytes], *, order: int) -> None:
        self.order = order
        raw: Counter[bytes] = Counter()
        for text in texts:
            padded = b"\0" * (order - 1) + text
            for i in range(len(text)):
                raw[padded[i : i + order]] += 1
        self.levels: list[_Level] = []
        counts = raw
        for _ in range(order):
            self.levels.insert(0, _Level(counts))
            lower: Counter[bytes] = Counter()
            for gram in counts:  # lower orders count the contexts that a gram goes on, not its uses
                lower[gram[1:]] += 1
            counts = lower

    def bits_per_byte(self, texts: Sequence[bytes]) -> float:
        """Mean of -log2 p over all bytes of these texts."""
        bits, total = 0.0, 0
        for text in texts:
            padded = b"\0" * (self.order - 1) + text
            for i in range(len(text)):
                bits -= math.log2(self._probability(padded[i : i + self.order]))
            total += len(text)
        return bits / total

    def _probability(self, gram: bytes) -> float:
        p = 1 / 256
        for n, level in enumerate(self.levels, start=1):
            p = level.probability(gram[self.order - n :], p)
        return p


class _Level:
    """Counts of one order."""

    def __init__(self, counts: Counter[bytes]) -> None:
        self.counts = counts
        self.totals: defaultdict[bytes, int] = defaultdict(int)
        self.kinds: defaultdict[bytes, int] = defaultdict(int)
        for gram, count in counts.items():
            self.totals[gram[:-1]] += count
            self.kinds[gram[:-1]] += 1
        of = Counter(counts.values())
        self.discount = of[1] / (of[1] + 2 * of[2]) if of[1] else 0.5

    def probability(self, gram: bytes, lower: float) -> float:
        total = self.totals.get(gram[:-1], 0)
        if not total:
            return lower
        kept = max(self.counts.get(gram, 0) - self.discount, 0)
        return (kept + self.discount * self.kinds[gram[:-1]] * lower) / total
