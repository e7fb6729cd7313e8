"""Stretches of a text as tags of its tokens, and back: B-label begins a span, I-label goes on with it, O is outside.

A token belongs to the span that it overlaps, so a span that cuts a token in two comes back as the whole token; all others
come back as they were. Axes: T tokens, K tags.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Offsets = Sequence[
    tuple[int, int]
]  # characters of each token; (n, n) for one that stands for no text
OUTSIDE = 0


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Characters `start` to `end` (not included) of a text, and what they are."""

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class TagSet:
    """The tags of some labels: O is 0, then B and I of each label."""

    labels: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """As CoNLL writes them."""
        return ("O", *(f"{way}-{label}" for label in self.labels for way in "BI"))

    def tags(self, spans: Sequence[Span], offsets: Offsets) -> list[int]:
        """The tag of each token, (T,). Where spans overlap, the one that begins first keeps the token."""
        found = [OUTSIDE] * len(offsets)
        for span in sorted(spans, reverse=True):
            begin = 1 + 2 * self.labels.index(span.label)
            inside = [i for i, (a, b) in enumerate(offsets) if a < span.end and span.start < b]
            for nth, i in enumerate(inside):
                found[i] = begin + (nth > 0)
        return found

    def spans(self, tags: Sequence[int], offsets: Offsets) -> list[Span]:
        """The spans that these tags say, in order. An I that continues nothing of its label begins a span."""
        found: list[Span] = []
        open_label = -1
        for tag, (start, end) in zip(tags, offsets, strict=True):
            if start == end:
                continue
            label = (tag - 1) // 2 if tag else -1
            if label < 0:
                open_label = -1
            elif tag % 2 or label != open_label:
                found.append(Span(start, end, self.labels[label]))
                open_label = label
            else:
                found[-1] = Span(found[-1].start, end, self.labels[label])
        return found

    def best(self, log_probabilities: NDArray[np.float32]) -> list[int]:
        """The likeliest tags of (T, K) in which no I stands where its label has not begun. Source: Viterbi 1967."""
        T, K = log_probabilities.shape
        forbidden = np.zeros((K, K), np.float32)  # from row to column
        for inside in range(2, K, 2):
            forbidden[:, inside] = -np.inf
            forbidden[[inside - 1, inside], inside] = 0
        score = log_probabilities[:1].sum(0) if T else np.zeros(K, np.float32)
        score[2::2] = -np.inf
        came_from = np.zeros((T, K), np.intp)
        for t in range(1, T):
            ways = score[:, None] + forbidden
            came_from[t] = ways.argmax(0)
            score = ways.max(0) + log_probabilities[t]
        tags = [int(score.argmax())] if T else []
        for t in range(T - 1, 0, -1):
            tags.append(int(came_from[t, tags[-1]]))
        return tags[::-1]
