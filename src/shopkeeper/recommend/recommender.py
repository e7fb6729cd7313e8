"""The recommender of the base install: evidence from several models, weighed by what people took.

    recommender = fit(histories, known)                 # a minute for 20,000 people and 12,000 items
    lists = recommender.recommend(histories, k=10)      # places of items, the best first

The weights are learnt inside the histories that are given: models are fitted on all but everybody's last event, the
candidates they offer are held against that event, and then the models are fitted anew on everything. People with a
long history and people in a short session get weights of their own where both are many enough; a visitor without
history gets what is popular.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from shopkeeper.recommend import choosing, evidence, next_item, popularity
from shopkeeper.recommend.choosing import Choice
from shopkeeper.recommend.evidence import Evidence, Fit, Knowledge
from shopkeeper.recommend.histories import Histories, Ints, Table
from shopkeeper.recommend.popularity import Popularity

SHORT_SESSION = 3  # events up to which a history is a short session
ENOUGH = 2000  # questions that a segment needs for weights of its own


@dataclass(frozen=True, slots=True)
class Plan:
    """most: candidates that are weighed; more: that further models add to them; text_share: what text counts in
    choosing them; ridge: of the weights."""

    most: int = 100
    more: int = 60
    text_share: float = 0.03
    ridge: float = 1.0
    following: next_item.Plan = field(default_factory=next_item.Plan)


@dataclass(frozen=True, slots=True)
class Recommender:
    """Fitted; make with `fit`. short, regular: the weights of each segment."""

    evidence: Evidence
    popular: Popularity
    short: Choice
    regular: Choice
    plan: Plan

    def scores(self, histories: Histories) -> Table:
        """(P, N) the order of candidates first, all other items by the base below them."""
        found = self.evidence.base.scores(histories)
        found -= found.max(axis=1, keepdims=True) + 1  # all below 0
        for asked in self._weighed(histories):
            lowest = asked.value.min(axis=1, keepdims=True)
            found[asked.people[:, None], asked.candidates] = asked.value - lowest
        new = histories.lengths == 0
        found[new] = self.popular.share
        return found

    def recommend(self, histories: Histories, *, k: int = 10) -> Ints:
        """(P, k) the best items that a person does not have yet."""
        found = np.zeros((len(histories), k), np.intp)
        for asked in self._weighed(histories):
            value = np.where(asked.had, -np.inf, asked.value)
            best = np.argsort(-value, axis=1, kind="stable")[:, :k]
            found[asked.people] = np.take_along_axis(asked.candidates, best, axis=1)
        found[histories.lengths == 0] = np.argsort(-self.popular.share, kind="stable")[:k]
        return found

    def _weighed(self, histories: Histories) -> Iterator["_Asked"]:
        for asked in _tables(self.evidence, histories, self.plan):
            regular = (histories.lengths[asked.people] > SHORT_SESSION)[:, None]
            short, long = self.short.scores(asked.value), self.regular.scores(asked.value)
            yield replace(asked, value=np.where(regular, long, short))


def fit(
    histories: Histories,
    known: Knowledge,
    plan: Plan | None = None,
    *,
    others: Mapping[str, Fit] | None = None,
) -> Recommender:
    """A recommender learnt from these histories and nothing else of what people did.

    others: further models to be weighed beside the closed forms, by name (a sequential Transformer). Each is fitted
    twice, as all models are: for the weights, and then on everything.
    """
    return weigh(prepare(histories, known, plan), others)


@dataclass(frozen=True, slots=True)
class Ground:
    """The closed forms, fitted on all but everybody's last event and on everything: what further models are weighed
    beside, as often as one likes."""

    histories: Histories
    plan: Plan
    before: Evidence
    whole: Evidence


def prepare(histories: Histories, known: Knowledge, plan: Plan | None = None) -> Ground:
    """The closed forms of `fit`."""
    plan = plan or Plan()
    before, whole = (
        evidence.fit(had, known, plan=plan.following, text_share=plan.text_share)
        for had in (_many(histories).without_last(1), histories)
    )
    return Ground(histories, plan, before, whole)


def weigh(ground: Ground, others: Mapping[str, Fit] | None = None) -> Recommender:
    """The rest of `fit`: the further models are fitted, and all of them weighed."""
    others = others or {}
    many = _many(ground.histories)
    before = many.without_last(1)
    found = _with(ground.before, others, before)
    short, regular = _weights(found, before, many.last(1).items, ground.plan)
    del found
    whole = _with(ground.whole, others, ground.histories)
    return Recommender(whole, popularity.fit(ground.histories), short, regular, ground.plan)


def _many(histories: Histories) -> Histories:
    """Of those with an event to learn the weights from."""
    return histories.select(np.flatnonzero(histories.lengths >= 2))


def _with(found: Evidence, others: Mapping[str, Fit], histories: Histories) -> Evidence:
    return replace(found, others={name: fit(histories) for name, fit in others.items()})


def _weights(found: Evidence, before: Histories, wanted: Ints, plan: Plan) -> tuple[Choice, Choice]:
    """Weights of short sessions and of regulars, from what came next."""
    features, taken, lengths = [], [], []
    for asked in _tables(found, before, plan):
        hit = asked.candidates == wanted[asked.people][:, None]
        offered = hit.any(axis=1)
        features.append(asked.value[offered])
        taken.append(hit[offered].argmax(axis=1))
        lengths.append(before.lengths[asked.people][offered])
    if not features:
        return _plain(found), _plain(found)
    rows, places = np.concatenate(features), np.concatenate(taken)
    regular = np.concatenate(lengths) > SHORT_SESSION
    together = choosing.fit(rows, places, ridge=plan.ridge) if len(rows) else _plain(found)
    own = [
        choosing.fit(rows[of], places[of], ridge=plan.ridge) if of.sum() >= ENOUGH else together
        for of in (~regular, regular)
    ]
    return own[0], own[1]


def _plain(found: Evidence) -> Choice:
    """The base alone."""
    count = len(evidence.NAMES) + 2 * len(found.others)
    return Choice(np.eye(1, count, dtype=np.float32)[0], float("nan"))


@dataclass(frozen=True, slots=True)
class _Asked:
    """A block of people: candidates (P, K), which of them they already had, value: (P, K, F) features, or (P, K)."""

    people: Ints
    candidates: Ints
    had: npt.NDArray[np.bool_]
    value: Table


def _tables(found: Evidence, histories: Histories, plan: Plan) -> Iterator[_Asked]:
    """Candidates of people with a history and their features, a block of people at a time."""
    everybody = np.flatnonzero(histories.lengths > 0)
    for people in np.split(everybody, range(evidence.BLOCK, len(everybody), evidence.BLOCK)):
        block = histories.select(people)
        if len(block):
            others = found.others_scores(block)
            candidates, base = found.candidates(block, plan.most, others, plan.more)
            features = found.features(block, candidates, base, others)
            yield _Asked(people, candidates, np.isneginf(base), features)
