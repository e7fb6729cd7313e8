"""What speaks for each product to one visitor: their trail through the shop, held against a fitted model.

Letters: `E` different items of a trail, `C` candidates, `K` neighbours, `F` kinds of evidence (`FEATURES`).

    score(i) = Σ_f θ_f · log(1 + x_f(i) / floor_f),   x_f(i) = Σ_e w_f(e) · link_f(e, i),   θ, w, link ≥ 0

A trail counts three times: as what was looked at last (seconds), what is wanted now (minutes), what is liked ever (months). How much an event counts
depends on its own age alone and on no other event, and nothing is negative; so taking any evidence away lowers every
score that it is part of, by an amount that `reasons.py` can say exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from shopkeeper.recommend.histories import Ints, Sparse, Table
from shopkeeper.recommend.model import Model, Weights
from shopkeeper.recommend.text import About

Floats = npt.NDArray[np.float64]

# Kinds of links between items (`fitting.py`), and a value of each that is neither little nor much.
LINKS = {"next": 0.02, "near": 0.05, "bought": 0.05, "text": 0.1, "values": 0.2, "category": 0.1}
TRAILS = {"last": 45.0, "now": 600.0, "ever": 60 * 86_400.0}  # half-lives in seconds
NOW = list(TRAILS).index("now")
WORDS_FLOOR, POPULAR_FLOOR = 0.05, 0.3
WORDS_HALF_LIFE = 600.0
FEATURES = (*(f"{link} {trail}" for link in LINKS for trail in TRAILS), "words", "popular")
FLOORS = np.array(
    [*(floor for floor in LINKS.values() for _ in TRAILS), WORDS_FLOOR, POPULAR_FLOOR]
)
SHORT = 3  # items up to which a trail is a short session
SEGMENTS = ("new", "short", "regular", "back")  # nothing known; in a session; back after a while
GONE = 0.1  # weight of a trail now, below which its session is over: a look of half an hour ago
FALLBACK = 300  # popular products that are candidates for everybody
PLAIN = Weights(
    {"next last": 0.5, "next now": 0.5, "next ever": 0.5, "near now": 0.5, "near ever": 0.5, "bought now": 0.3,
     "bought ever": 0.3, "text last": 0.3, "text now": 0.5, "text ever": 0.3, "values last": 0.3, "values now": 0.5,
     "values ever": 0.5, "category last": 0.3, "category now": 0.5, "category ever": 0.3},
    words=6.0, popular=0.3,
)  # fmt: skip  # by judgement, until there is behaviour to learn from


@dataclass(frozen=True, slots=True)
class Trail:
    """places: (E,) different items; weight: (E, 3) how much each counts for each of `TRAILS`, above 0. words: what was searched
    for, with how much each search counts."""

    places: Ints
    weight: Floats
    words: tuple[tuple[str, float], ...] = ()

    @classmethod
    def of(
        cls,
        places: Ints,
        weight: Floats | Table,
        age_s: Floats,
        words: Sequence[tuple[str, float]] = (),
    ) -> Self:
        """From events: their items, how much their actions say, how many seconds ago they were; and searches with
        their ages."""
        ages = np.maximum(age_s, 0)
        each = np.stack([weight * 0.5 ** (ages / half) for half in TRAILS.values()], axis=1)
        different, inverse = np.unique(places, return_inverse=True)
        total = np.zeros((len(different), len(TRAILS)))
        np.add.at(total, inverse, each)
        said: dict[str, float] = {}
        for text, age in words:
            said[text] = said.get(text, 0.0) + 0.5 ** (max(age, 0.0) / WORDS_HALF_LIFE)
        return cls(different.astype(np.intp), total, tuple(said.items()))

    def without(self, place: int) -> "Trail":
        """The trail of somebody who never saw an item."""
        kept = self.places != place
        return Trail(self.places[kept], self.weight[kept], self.words)

    def without_words(self, text: str) -> "Trail":
        """The trail of somebody who never searched for this."""
        return Trail(self.places, self.weight, tuple(w for w in self.words if w[0] != text))

    @property
    def segment(self) -> str:
        """Whose weights are used."""
        return segment(len(self.places), float(self.weight[:, NOW].sum()))


NOBODY = Trail(np.zeros(0, np.intp), np.zeros((0, len(TRAILS))))


@dataclass(frozen=True, slots=True)
class Scored:
    """candidates: (C,) places; evidence: (C, F) what speaks for each, before floors and weights; theta: (F,);
    score: (C,)."""

    candidates: Ints
    evidence: Floats
    theta: Floats
    score: Floats


class Scorer:
    """A model made ready to be asked often. Safe in several threads: it never changes."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.count = len(model.items)
        self.popular = (
            np.asarray(model.popular, np.float64) * self.count
        )  # 1: as wanted as the mean
        order = np.argsort(-self.popular, kind="stable")
        self.fallback = order[:FALLBACK].astype(np.intp)
        self.postings = model.words.rows.tocsc()
        self.theta = {segment: theta_of(model.weights.get(segment, PLAIN)) for segment in SEGMENTS}
        self._links = [
            (columns_of(i).start, model.links[name])
            for i, name in enumerate(LINKS)
            if name in model.links
        ]

    def score(
        self,
        trail: Trail,
        *,
        theta: Floats | None = None,
        only: Ints | None = None,
    ) -> Scored:
        """Everything that anything speaks for, and what is popular. theta: with these weights instead of the visitor's
        segment's; only: these candidates."""
        theta = self.theta[trail.segment] if theta is None else theta
        counts = theta.tolist()
        searched = [self._searched(text, weight) for text, weight in trail.words if counts[-2] > 0]
        gathered = [
            (columns, links.of[trail.places].ravel(), links.value[trail.places])
            for at, links in self._links
            if (columns := [c for c in range(at, at + len(TRAILS)) if counts[c] > 0])
            and len(trail.places)
        ]
        if only is None:
            seen = np.zeros(self.count, np.bool_)
            seen[self.fallback] = True
            for _, of, _ in gathered:
                seen[of] = True
            for at, _ in searched:
                seen[at] = True
            only = np.flatnonzero(seen)
            row = np.empty(self.count, np.intp)  # of each candidate, and nobody else is asked about
        else:
            row = np.full(self.count, len(only), np.intp)  # of who is no candidate: behind all
        row[only] = np.arange(len(only))
        evidence = np.zeros((len(only), len(FEATURES)))
        for columns, of, value in gathered:
            rows = row[of]
            for column in columns:
                parts = value * trail.weight[:, column % len(TRAILS), None]
                found = np.bincount(rows, parts.ravel(), len(only) + 1)
                evidence[:, column] = found[:-1]
        for at, likeness in searched:
            evidence[:, -2] += np.bincount(row[at], likeness, len(only) + 1)[:-1]
        evidence[:, -1] = self.popular[only]
        return Scored(only, evidence, theta, _summed(evidence, theta))

    def likeness(self, rows: Sparse, text: str) -> Floats:
        """How alike some rows of `words` are to what was searched for."""
        return np.asarray((rows @ self.model.words.vector(About(text)).T).toarray()[:, 0], "f8")

    def _searched(self, text: str, weight: float) -> tuple[Ints, Floats]:
        """Items with words of a search, and how alike they are times what the search counts."""
        found = self.postings @ self.model.words.vector(About(text)).T
        found = found.tocoo()
        return found.row, weight * found.data.astype(np.float64)


def _summed(evidence: Floats, theta: Floats) -> Floats:
    """(C,) Σ_f θ_f · log(1 + x_f / floor_f). Most evidence is 0, and logarithms of that are not taken."""
    used = np.flatnonzero(theta)
    counts = np.take(evidence, used, axis=1).ravel()
    there = np.flatnonzero(counts)
    said = np.zeros(len(counts))
    said[there] = np.log1p(counts[there] / FLOORS[used[there % len(used)]])
    whole = np.zeros_like(evidence)
    whole[:, used] = said.reshape(len(evidence), len(used))
    summed: Floats = whole @ theta
    return summed


def columns_of(link: int) -> slice:
    """Where the evidence of one kind of links stands: a column for each of `TRAILS`."""
    return slice(len(TRAILS) * link, len(TRAILS) * (link + 1))


def segment(number: int, now: float) -> str:
    """Of a trail with so many different items, and so much weight now."""
    if number == 0:
        return "new"
    if now < GONE:
        return "back"
    return "short" if number <= SHORT else "regular"


def theta_of(weights: Weights) -> Floats:
    """(F,) in the order of `FEATURES`."""
    links = [weights.links.get(name, 0.0) for name in FEATURES[:-2]]
    return np.array([*links, weights.words, weights.popular])


def weights_of(theta: Floats | Table) -> Weights:
    """And back."""
    links = {name: float(value) for name, value in zip(FEATURES[:-2], theta[:-2], strict=True)}
    return Weights(links, words=float(theta[-2]), popular=float(theta[-1]))
