"""One query through all of retrieval: mend, find by words, find by meaning, fuse, move, fuse again, cut off, order.

    found = find("warm winter bots", words=index, vocabulary=vocabulary, meanings=[meanings], vector=vector)
    found.keys  # the hits, the best first: all of them, for facets and totals

Without a vector (no embedder, or it is still loading) the same call answers by words alone. Candidates that both ways
put first are compared in full (`DEPTH` of each); hits by words further down follow in their own order.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from shopkeeper.retrieval.cutoff import least_cosine
from shopkeeper.retrieval.features import features
from shopkeeper.retrieval.feedback import moved
from shopkeeper.retrieval.fusion import SCALE, Bools, Candidates, Fused, Rule, fuse
from shopkeeper.retrieval.learning import Ranker
from shopkeeper.retrieval.meaning import CloseUp, Keys, Meanings, Scores, Vectors
from shopkeeper.retrieval.spelling import Mended, Vocabulary, mend
from shopkeeper.retrieval.words import Matches, WordIndex, united

DEPTH = 300
THE_RULE = Rule()
ENOUGH = 12  # hits with all words of the query, at which fewer words are not asked for


@dataclass(frozen=True, slots=True)
class Why:
    """What put one hit where it is. words, meaning, learned: what each added to the score. cosine: nan without a
    vector. coverage: of the query's words."""

    words: float
    meaning: float
    learned: float
    cosine: float
    coverage: float


@dataclass(frozen=True, slots=True)
class Found:
    """All hits, the best first.

    keys: (N,), scores: (N,) descending, comparable within this answer only. matches: what words alone found. mended:
    what the query may have been meant to say. weight: what meaning counted beside words; 0 without it.
    """

    keys: Keys
    scores: Scores
    matches: Matches
    mended: Mended
    weight: float = 0.0
    _parts: "Parts | None" = field(default=None, repr=False)

    def why(self, key: int) -> Why | None:
        """What put a hit where it is; None for one that was found by words alone and not compared in full."""
        return None if self._parts is None else self._parts.why(key)


@dataclass(frozen=True, slots=True)
class Parts:
    """Candidates with what each part of the score came to; learned: (N,) zero without a ranker."""

    candidates: Candidates
    fused: Fused
    learned: Scores

    def why(self, key: int) -> Why | None:
        """The parts of one candidate."""
        at = np.flatnonzero(self.candidates.keys == np.uint64(key))
        if not len(at):
            return None
        i = at[0]
        return Why(
            float(self.fused.words[i]),
            float(self.fused.meaning[i]),
            float(self.learned[i]),
            float(self.candidates.cosine[i]),
            float(self.candidates.coverage[i]),
        )


def find(
    query: str,
    *,
    words: WordIndex,
    vocabulary: Vocabulary | None = None,
    meanings: Sequence[Meanings] = (),
    vector: Vectors | None = None,
    ranker: Ranker | None = None,
    rule: Rule = THE_RULE,
    others: Sequence[str] = (),
    right: Collection[str] = (),
) -> Found:
    """All hits of a query.

    others: further wordings of all of it, by synonyms, that are as good. right: words that are no typing errors.
    meanings: vectors of the same embedder as `vector` (D,); where a product is in several, its nearest one counts.
    vocabulary: to mend typing errors with. ranker: a learned order for the candidates.
    """
    mended = Mended()
    if vocabulary is not None:
        mended = mend(query, vocabulary, words, right=right)
    matches = words.search(query, enough=ENOUGH, also=mended.wordings)
    if others:
        matches = united(
            matches, [words.search(t, enough=ENOUGH, also=mended.wordings) for t in others]
        )
    known = [m for m in meanings if m.size]
    if vector is None or not known or not np.any(vector):
        return Found(matches.keys, matches.scores, matches, mended)
    parts, weight = compare(matches, known, vector, rule=rule)
    if ranker is not None:
        parts = _ranked(parts, matches, known, vector, ranker)
    keys, scores = _order(parts, matches)
    return Found(keys, scores, matches, mended, weight, parts)


def compare(
    matches: Matches, meanings: Sequence[Meanings], vector: Vectors, *, rule: Rule = THE_RULE
) -> tuple[Parts, float]:
    """The candidates that are hits, with their scores, and the weight of meaning."""
    near_keys, nearest = _nearest(meanings, vector)
    keys, words, coverage, matched = _pool(matches, near_keys)
    seen = [m.close_up(keys) for m in meanings]
    candidates = Candidates(keys, words, coverage, _cosines(seen, vector), matched)
    weight = rule.weight(matches)
    first = fuse(candidates, words=matches.scores, nearest=nearest, weight=weight)
    best = candidates.keys[np.argsort(-first.score, kind="stable")]
    again = _cosines(seen, moved(vector, meanings[0], best))
    fused = fuse(
        replace(candidates, cosine=again),
        words=matches.scores,
        nearest=np.sort(again[~np.isnan(again)])[::-1][:SCALE],
        weight=weight,
    )
    background = max(m.background(vector) for m in meanings)
    hit = candidates.matched | (candidates.cosine >= least_cosine(nearest, background))
    kept = Candidates(
        candidates.keys[hit], candidates.words[hit], candidates.coverage[hit],
        candidates.cosine[hit], candidates.matched[hit],
    )  # fmt: skip
    fused = Fused(fused.words[hit], fused.meaning[hit], weight)
    return Parts(kept, fused, np.zeros(len(kept.keys), np.float32)), weight


def _nearest(meanings: Sequence[Meanings], vector: Vectors) -> tuple[Keys, Scores]:
    """The nearest keys and their cosines, the best first."""
    if len(meanings) == 1:
        return meanings[0].search(vector, DEPTH)
    keys = np.unique(np.concatenate([m.search(vector, DEPTH)[0] for m in meanings]))
    cosines = _cosines([m.close_up(keys) for m in meanings], vector)
    best = np.argsort(-cosines, kind="stable")[:DEPTH]
    return keys[best], cosines[best]


def _cosines(seen: Sequence[CloseUp], vector: Vectors) -> Scores:
    """(N,) the greatest of each document's cosines, nan where it has no vector."""
    found = seen[0].scores(vector)
    for others in seen[1:]:
        found = np.fmax(found, others.scores(vector))
    return found


def _pool(matches: Matches, near: Keys) -> tuple[Keys, Scores, Scores, Bools]:
    """The first by words and the nearest, each once: keys, scores by words, coverage, whether words found it."""
    deep = _among(matches.keys[DEPTH:], near).nonzero()[0] + DEPTH
    by_words = np.concatenate([np.arange(min(DEPTH, len(matches.keys))), deep])
    only_near = near[~_among(near, matches.keys[by_words])]
    nothing = np.zeros(len(only_near), np.float32)
    return (
        np.concatenate([matches.keys[by_words], only_near]),
        np.concatenate([matches.scores[by_words], nothing]),
        np.concatenate([matches.coverage[by_words], nothing]),
        np.concatenate([np.ones(len(by_words), np.bool_), nothing.astype(np.bool_)]),
    )


def _ranked(
    parts: Parts, matches: Matches, meanings: Sequence[Meanings], vector: Vectors, ranker: Ranker
) -> Parts:
    table = features(parts.candidates, parts.fused, matches, meanings[0], vector)
    return replace(parts, learned=ranker.adds(table, parts.fused))


def _order(parts: Parts, matches: Matches) -> tuple[Keys, Scores]:
    """Candidates by score, then the other hits by words in their order, just below them."""
    score = parts.fused.score + parts.learned
    order = np.argsort(-score, kind="stable")
    rest = matches.keys[~_among(matches.keys, parts.candidates.keys)]
    lowest = score[order[-1]] if len(order) else np.float32(0)
    below = lowest - np.arange(1, len(rest) + 1, dtype=np.float32) / np.float32(len(rest) + 1)
    return (
        np.concatenate([parts.candidates.keys[order], rest]),
        np.concatenate([score[order], below]).astype(np.float32),
    )


def _among(keys: Keys, others: Keys) -> Bools:
    """Which of the keys are among others: `np.isin`, which takes longer for so few."""
    if not len(others):
        return np.zeros(len(keys), np.bool_)
    others = np.sort(others)
    at = np.searchsorted(others, keys)
    at[at == len(others)] = 0
    found: Bools = others[at] == keys
    return found
