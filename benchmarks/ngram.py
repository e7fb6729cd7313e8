"""The baseline of language modelling that needs no training loop: counts of bytes in their context.

Modified Kneser-Ney, interpolated, over bytes: the best of the smoothings that Chen and Goodman compared.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence


class NGram:
    """Probability of a byte after the N-1 before it. Source: Chen and Goodman 1999, section 3.1."""

    def __init__(self, texts: Sequence[bytes], *, order: int) -> None:
        self.order = order
        raw: Counter[bytes] = Counter()
        for text in texts:
            padded = b"\0" * (order - 1) + text
            raw.update(padded[i : i + order] for i in range(len(text)))
        self.levels: list[_Level] = []
        counts = raw
        for _ in range(order):
            self.levels.insert(0, _Level(counts))
            # lower orders count the contexts that a gram goes on, not its uses
            counts = Counter(gram[1:] for gram in counts)

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
    """Counts of one order, with a discount each for grams seen once, twice and more often."""

    def __init__(self, counts: Counter[bytes]) -> None:
        self.counts = counts
        self.discounts = _discounts(Counter(counts.values()))
        self.totals: defaultdict[bytes, int] = defaultdict(int)
        self.freed: defaultdict[bytes, float] = defaultdict(float)  # what discounting leaves
        for gram, count in counts.items():
            self.totals[gram[:-1]] += count
            self.freed[gram[:-1]] += self.discounts[min(count, 3)]

    def probability(self, gram: bytes, lower: float) -> float:
        total = self.totals.get(gram[:-1], 0)
        if not total:
            return lower
        count = self.counts.get(gram, 0)
        kept = count - self.discounts[min(count, 3)]
        return (kept + self.freed[gram[:-1]] * lower) / total


def _discounts(of: Counter[int]) -> tuple[float, float, float, float]:
    """For counts of 0, 1, 2, and 3 or more, of how many grams have each count (equation 26)."""
    if not all(of[n] for n in (1, 2, 3, 4)):
        return (0.0, 0.5, 0.75, 0.9)
    y = of[1] / (of[1] + 2 * of[2])
    found = [n - (n + 1) * y * of[n + 1] / of[n] for n in (1, 2, 3)]
    first, second, more = (min(max(each, 0.01), n - 0.01) for n, each in enumerate(found, start=1))
    return (0.0, first, second, more)


def best_order(texts: Sequence[bytes], aside: Sequence[bytes], orders: Sequence[int]) -> int:
    """The order whose counts on `texts` say `aside` in the fewest bits."""
    return min(orders, key=lambda order: NGram(texts, order=order).bits_per_byte(aside))
