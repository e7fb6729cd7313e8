"""Words and characters counted: what a linear model knows of a text without having read any other.

Words and pairs of words, and characters by 2 to 5 within words; each kind by (1 + log count) · idf, of length 1.
Axes: N texts, V n-grams.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

_WORD = re.compile(r"\w+")
WORDS, CHARACTERS = range(1, 3), range(2, 6)


@dataclass(frozen=True, slots=True)
class NGrams:
    """The n-grams of the texts that it was made of. numbers: of each, with its kind; idf: (V,)."""

    numbers: dict[str, int]
    idf: list[float]

    def features(self, texts: Sequence[str]) -> Tensor:
        """(N, V), sparse; n-grams that were not seen before are left out."""
        rows: list[int] = []
        columns: list[int] = []
        values: list[float] = []
        for row, text in enumerate(texts):
            for kind in (_words, _characters):
                found = {n: c for g, c in Counter(kind(text)).items() if (n := self.numbers.get(g)) is not None}  # fmt: skip
                weights = {n: (1 + math.log(c)) * self.idf[n] for n, c in found.items()}
                length = math.sqrt(sum(w * w for w in weights.values())) or 1.0
                rows += [row] * len(weights)
                columns += weights
                values += [w / length for w in weights.values()]
        places = torch.tensor([rows, columns], dtype=torch.long).reshape(2, -1)
        shape = (len(texts), len(self.numbers))
        return torch.sparse_coo_tensor(
            places, torch.tensor(values), shape, check_invariants=False
        ).coalesce()


def make_ngrams(texts: Sequence[str]) -> NGrams:
    """All n-grams of these texts. idf: log((1 + N) / (1 + texts with it)) + 1, as scikit-learn smooths it."""
    seen: Counter[str] = Counter()
    for text in texts:
        seen.update({*_words(text), *_characters(text)})
    numbers = {gram: n for n, gram in enumerate(sorted(seen))}
    idf = [math.log((1 + len(texts)) / (1 + seen[gram])) + 1 for gram in numbers]
    return NGrams(numbers, idf)


def _words(text: str) -> Iterator[str]:
    words = _WORD.findall(text.lower())
    for n in WORDS:
        for i in range(len(words) - n + 1):
            yield "w" + " ".join(words[i : i + n])


def _characters(text: str) -> Iterator[str]:
    for word in text.lower().split():
        padded = f" {word} "
        for n in CHARACTERS:
            for i in range(max(1, len(padded) - n + 1)):
                yield "c" + padded[i : i + n]
            if n >= len(padded):
                break  # a short word counts once as a whole
