"""A classifier from a few texts a label, for programs that have no torch: logistic heads on vectors and on n-grams, pooled.

Each embedder's vectors, freed of what all texts have in common, and words and characters counted are read by a head of
their own; what the heads say is added up. All read texts without their numbers, and what is taught also as keywords
(`bare_texts`). The n-grams also read the texts with typing errors put in, which an embedder of whole words does not forgive. Where an embedder was tuned to these texts, they vote beside its head, the nearer the more.
How near a text lies to what was taught says whether it belongs to any label at all.

    classifier = fit_few_texts(["where is my parcel", …], ["delivery", …], [embedder])
    classifier.predict(["wheres my parcle"])[0].label

Axes: N texts, L labels, D numbers of a vector, V n-grams.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.optimize
import scipy.sparse
from numpy.typing import NDArray

from shopkeeper.models.bare_texts import in_keywords, without_numbers
from shopkeeper.models.embed import Embedder
from shopkeeper.text.normalise import normalise

Floats = NDArray[np.float64]

STRENGTH = 30.0  # C of logistic regression
GRAMS = 0.5  # of the n-grams' head beside the sum of the others
TYPOS = 4  # copies of each text with typing errors
CHARACTERS, WORDS = range(2, 6), range(1, 3)
WARMTH = 0.07  # of votes: how fast the vote of a taught text fades with its cosine
NEAREST = 5  # texts that were taught, whose mean cosine says how near one lies to any
NEAR = 6.0  # of that cosine beside the likeliest label's log-probability
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Classified:
    """The likeliest label, how likely all are, and how far the text belongs to any (higher is more; no probability)."""

    label: str
    probabilities: Mapping[str, float]
    belongs: float


@dataclass(frozen=True, slots=True)
class _Head:
    weights: Floats  # (D or V, L)
    biases: Floats  # (L,)

    def scores(self, features: Any) -> Floats:
        """(N, L)."""
        return np.asarray(features @ self.weights) + self.biases


@dataclass(frozen=True)
class _Sense:
    """An embedder with what it was taught. middle: (D,) what all texts have in common; taught: (N, D); weight: of its
    head; votes: of the votes of what was taught."""

    embedder: Embedder
    weight: float
    votes: float
    middle: Floats
    head: _Head
    taught: Floats

    def vectors(self, texts: Sequence[str]) -> Floats:
        """(N, D), of length 1."""
        return _centred(_encoded(self.embedder, texts), self.middle)


@dataclass(frozen=True)
class FewTextsClassifier:
    """Heads on vectors and on n-grams; gram_head: None where they are not read."""

    labels: tuple[str, ...]
    senses: tuple[_Sense, ...]
    targets: NDArray[np.int64]  # (N,) label of each taught text
    grams: Mapping[str, int] = field(default_factory=dict)
    idf: Floats = field(default_factory=lambda: np.zeros(0))
    gram_head: _Head | None = None

    def predict(self, texts: Sequence[str]) -> list[Classified]:
        """What each text is."""
        logits, votes, near = self._read([without_numbers(text) for text in texts])
        found = []
        for row, voted, cosine in zip(logits, votes, near, strict=True):
            shares = _shares(row + voted)
            order = np.argsort(-shares, kind="stable")
            likely = {self.labels[i]: float(shares[i]) for i in order}
            belongs = float(np.log(_shares(row).max()) + NEAR * cosine)
            found.append(Classified(self.labels[order[0]], likely, belongs))
        return found

    def _read(self, texts: Sequence[str]) -> tuple[Floats, Floats, Floats]:
        """What all heads say together and what taught texts vote for, (N, L) each, and the mean cosine of the nearest of
        these texts, (N,)."""
        logits = np.zeros((len(texts), len(self.labels)))
        if self.gram_head is not None:
            logits += GRAMS * self.gram_head.scores(self._features(texts))
        votes, near = np.zeros(logits.shape), np.zeros(len(texts))
        for sense in self.senses:
            vectors = sense.vectors(texts)
            cosines = vectors @ sense.taught.T
            logits = logits + sense.weight * sense.head.scores(vectors)
            if sense.votes:
                votes += sense.votes * _votes(cosines, self.targets, len(self.labels))
            near += _nearest(cosines) / len(self.senses)
        return logits, votes, near

    def _features(self, texts: Sequence[str]) -> Any:
        return _counted(texts, self.grams, self.idf)


def fit_few_texts(
    texts: Sequence[str],
    labels: Sequence[str],
    embedders: Sequence[Embedder],
    *,
    names: Mapping[str, str] | None = None,
    weights: Sequence[float] = (),
    votes: Sequence[float] = (),
    grams: bool = True,
    seed: int = 0,
) -> FewTextsClassifier:
    """A classifier of these texts. names: what labels are called; each name is one more text of its label. weights: of
    what each embedder's head says, by default 1; one that was tuned to such texts deserves more.

    Without an embedder n-grams decide alone. Raises ValueError for fewer than two labels, where there are weights or votes
    but not one for each embedder, and where there is nothing to read by.
    """
    known = tuple(sorted(set(labels)))
    if len(known) < 2:
        raise ValueError("there are not two labels")
    if not grams and not embedders:
        raise ValueError("there are neither embedders nor n-grams")
    shares = tuple(weights) or (1.0,) * len(embedders)
    voting = tuple(votes) or (0.0,) * len(embedders)
    for given_to in (shares, voting):
        if len(given_to) != len(embedders):
            raise ValueError(f"{len(given_to)} weights for {len(embedders)} embedders")
    called = names or {}
    named = [*texts, *(called[label] for label in known if label in called)]
    taught = [without_numbers(text) for text in named]
    given = [*labels, *(label for label in known if label in called)]
    targets = np.array([known.index(label) for label in given])
    senses = tuple(
        _sense(embedder, weight, vote, taught, targets, len(known))
        for embedder, weight, vote in zip(embedders, shares, voting, strict=True)
    )
    if not grams:
        return FewTextsClassifier(known, senses, targets)
    numbers, idf, head = _grams(taught, targets, len(known), seed)
    return FewTextsClassifier(known, senses, targets, numbers, idf, head)


def _sense(
    embedder: Embedder, weight: float, votes: float, texts: Sequence[str], targets: NDArray[np.int64], labels: int
) -> _Sense:  # fmt: skip
    read, meant = _also_in_keywords(texts, targets)
    vectors = _encoded(embedder, read)
    middle = vectors.mean(axis=0)
    taught = _centred(vectors, middle)
    head = fit_head(taught, meant, labels)
    return _Sense(embedder, weight, votes, middle, head, taught[: len(texts)])


def _also_in_keywords(
    texts: Sequence[str], targets: NDArray[np.int64]
) -> tuple[list[str], NDArray[np.int64]]:
    """The texts, then those that are other ones in keywords, with their labels."""
    short = [in_keywords(text) for text in texts]
    other = [i for i, text in enumerate(texts) if short[i] != text]
    return [*texts, *(short[i] for i in other)], np.concatenate([targets, targets[other]])


def _grams(
    texts: Sequence[str], targets: NDArray[np.int64], labels: int, seed: int
) -> tuple[dict[str, int], Floats, _Head]:
    rng = random.Random(seed)
    wrong = [mistyped(text, rng) for _ in range(TYPOS) for text in texts]
    right, meant = _also_in_keywords(texts, targets)
    read, meant = [*right, *wrong], np.concatenate([meant, np.tile(targets, TYPOS)])
    seen: dict[str, int] = {}
    for text in read:
        for gram in set(_each_gram(text)):
            seen[gram] = seen.get(gram, 0) + 1
    numbers = {gram: n for n, gram in enumerate(sorted(seen))}
    idf = np.array([np.log((1 + len(read)) / (1 + seen[gram])) + 1 for gram in numbers])
    return numbers, idf, fit_head(_counted(read, numbers, idf), meant, labels)


def mistyped(text: str, rng: random.Random) -> str:
    """The text with one or two typing errors: a letter left out, doubled, swapped with its neighbour or another."""
    letters = list(text)
    for _ in range(rng.choice((1, 1, 2))):
        if len(letters) < 4:
            break
        i = rng.randrange(1, len(letters) - 1)
        kind = rng.random()
        if kind < 0.35:
            del letters[i]
        elif kind < 0.6:
            letters[i], letters[i + 1] = letters[i + 1], letters[i]
        elif kind < 0.8:
            letters.insert(i, letters[i])
        else:
            letters[i] = rng.choice(_LETTERS)
    return "".join(letters)


def _encoded(embedder: Embedder, texts: Sequence[str], batch: int = 16) -> Floats:
    """(N, D). Texts of like length go together, so that little is padded."""
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    vectors = np.zeros((len(texts), embedder.dimension))
    for start in range(0, len(order), batch):
        part = order[start : start + batch]
        vectors[part] = embedder.encode([texts[i] for i in part], kind="query")
    return vectors


def _votes(cosines: Floats, targets: NDArray[np.int64], labels: int) -> Floats:
    """(N, L): the logarithm of each label's share of what taught texts vote for."""
    weights = np.exp((cosines - cosines.max(axis=1, keepdims=True)) / WARMTH)
    belongs = np.zeros((len(targets), labels))
    belongs[np.arange(len(targets)), targets] = 1.0
    shares = weights @ belongs / weights.sum(axis=1, keepdims=True)
    return np.asarray(np.log(np.maximum(shares, 1e-12)))


def _shares(logits: Floats) -> Floats:
    shares = np.exp(logits - logits.max())
    return np.asarray(shares / shares.sum())


def _nearest(cosines: Floats) -> Floats:
    """The mean of the highest of each row."""
    count = min(NEAREST, cosines.shape[1])
    return np.asarray(-np.partition(-cosines, count - 1, axis=1)[:, :count].mean(axis=1))


def _centred(vectors: Floats, middle: Floats) -> Floats:
    moved = vectors - middle
    lengths = np.linalg.norm(moved, axis=1, keepdims=True)
    return np.asarray(np.divide(moved, lengths, out=np.zeros_like(moved), where=lengths > 0))


def _each_gram(text: str) -> Iterator[str]:
    words = normalise(text).split()
    for n in WORDS:
        for i in range(len(words) - n + 1):
            yield "w" + " ".join(words[i : i + n])
    for word in words:
        padded = f" {word} "
        for n in CHARACTERS:
            for i in range(max(1, len(padded) - n + 1)):
                yield "c" + padded[i : i + n]
            if n >= len(padded):
                break


def _counted(texts: Sequence[str], numbers: Mapping[str, int], idf: Floats) -> Any:
    """(N, V), sparse: (1 + log count) · idf, words and characters each of length 1."""
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    for row, text in enumerate(texts):
        counts: dict[str, dict[int, int]] = {"w": {}, "c": {}}
        for gram in _each_gram(text):
            number = numbers.get(gram)
            if number is not None:
                kind = counts[gram[0]]
                kind[number] = kind.get(number, 0) + 1
        for kind in counts.values():
            weights = {n: (1 + np.log(c)) * idf[n] for n, c in kind.items()}
            length = float(np.sqrt(sum(w * w for w in weights.values()))) or 1.0
            rows += [row] * len(weights)
            columns += weights
            values += [w / length for w in weights.values()]
    return scipy.sparse.csr_array((values, (rows, columns)), shape=(len(texts), len(numbers)))


def fit_head(features: Any, targets: NDArray[np.int64], labels: int) -> _Head:
    """Logistic regression: sum of cross-entropies + |weights|² / (2·STRENGTH), at its bottom. Biases are free."""
    N, D = features.shape
    wanted = np.zeros((N, labels))
    wanted[np.arange(N), targets] = 1.0
    transposed = features.T

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights, biases = flat[: D * labels].reshape(D, labels), flat[D * labels :]
        logits = np.asarray(features @ weights) + biases
        logits -= logits.max(axis=1, keepdims=True)
        shares = np.exp(logits)
        total = shares.sum(axis=1, keepdims=True)
        value = float((np.log(total[:, 0]) - (wanted * logits).sum(axis=1)).sum())
        value += float((weights * weights).sum()) / (2 * STRENGTH)
        slope = shares / total - wanted
        down = np.asarray(transposed @ slope) + weights / STRENGTH
        return value, np.concatenate([down.ravel(), slope.sum(axis=0)])

    start = np.zeros(D * labels + labels)
    found = scipy.optimize.minimize(
        loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 300, "maxcor": 8}
    )
    return _Head(found.x[: D * labels].reshape(D, labels), found.x[D * labels :])
