"""The recommender of the base install: evidence from several models, weighed by what people took.

    recommender = fit(histories, known)                 # a minute for 20,000 people and 12,000 items
    lists = recommender.recommend(histories, k=10)      # places of items, the best first

The weights are learnt inside the histories that are given: models are fitted on all but everybody's last event, and on
all but the last two; the candidates they offer are held against the event that came, and where models know all but the
last two they are asked for both, as models in use are asked after events they were not fitted on. Then the models are
fitted anew on everything. `ordering.py` puts the candidates in order by what was learnt; a visitor without history gets what is
popular.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from shopkeeper.recommend import evidence, next_item, ordering, popularity
from shopkeeper.recommend.choosing import Choice
from shopkeeper.recommend.evidence import Evidence, Fit, Knowledge
from shopkeeper.recommend.histories import Histories, Ints, Table
from shopkeeper.recommend.ordering import Order
from shopkeeper.recommend.popularity import Popularity


@dataclass(frozen=True, slots=True)
class Plan:
    """most: candidates that are weighed; more: that further models add to them; text_share: what text counts in
    choosing them; cuts: the last events of everybody that the weights are learnt from."""

    most: int = 100
    more: int = 60
    text_share: float = 0.03
    cuts: int = 2
    following: next_item.Plan = field(default_factory=next_item.Plan)
    order: ordering.Plan = field(default_factory=ordering.Plan)


@dataclass(frozen=True, slots=True)
class Recommender:
    """Fitted; make with `fit`."""

    evidence: Evidence
    popular: Popularity
    order: Order
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
            lengths = histories.lengths[asked.people]
            yield replace(asked, value=self.order.scores(asked.value, lengths))


def fit(
    histories: Histories,
    known: Knowledge,
    plan: Plan | None = None,
    *,
    others: Mapping[str, Fit] | None = None,
) -> Recommender:
    """A recommender learnt from these histories and nothing else of what people did.

    others: further models to be weighed beside the closed forms, by name (a sequential Transformer). Each is fitted
    three times, as all models are: twice for the weights (`Plan.cuts`), and then on everything.
    """
    return weigh(prepare(histories, known, plan), others)


@dataclass(frozen=True, slots=True)
class Ground:
    """The closed forms, fitted on everything and on all but everybody's last events (one, two, …): what further models
    are weighed beside, as often as one likes."""

    histories: Histories
    plan: Plan
    whole: Evidence
    cut: tuple[Evidence, ...]


def prepare(histories: Histories, known: Knowledge, plan: Plan | None = None) -> Ground:
    """The closed forms of `fit`."""
    plan = plan or Plan()
    whole, *cut = (
        evidence.fit(had, known, plan=plan.following, text_share=plan.text_share)
        for had in (histories, *(_cut(histories, n) for n in range(1, plan.cuts + 1)))
    )
    return Ground(histories, plan, whole, tuple(cut))


def weigh(ground: Ground, others: Mapping[str, Fit] | None = None) -> Recommender:
    """The rest of `fit`: the further models are fitted, and all of them weighed."""
    others = others or {}
    learnt = _order(ground, others)
    whole = _with(ground.whole, others, ground.histories)
    return Recommender(whole, popularity.fit(ground.histories), learnt, ground.plan)


def _cut(histories: Histories, last: int) -> Histories:
    """Without everybody's last events, of those who have others."""
    return histories.select(np.flatnonzero(histories.lengths > last)).without_last(last)


def _with(found: Evidence, others: Mapping[str, Fit], histories: Histories) -> Evidence:
    return replace(found, others={name: fit(histories) for name, fit in others.items()})


def _order(ground: Ground, others: Mapping[str, Fit]) -> Order:
    """Learnt from what came next: models that know all but the last two events are asked for both."""
    features, taken, lengths = [], [], []
    for cut, closed in enumerate(ground.cut, start=1):
        found = _with(closed, others, _cut(ground.histories, cut))
        for last in range(1, cut + 1):
            before, upto = _cut(ground.histories, last), _cut(ground.histories, last - 1)
            wanted = upto.last(1).items[upto.lengths > 1]
            for asked in _tables(found, before, ground.plan):
                hit = asked.candidates == wanted[asked.people][:, None]
                offered = hit.any(axis=1)
                features.append(asked.value[offered])
                taken.append(hit[offered].argmax(axis=1))
                lengths.append(before.lengths[asked.people][offered])
    if not sum(map(len, taken)):
        plain = _plain(others)
        return Order(plain, plain)
    return ordering.fit(
        np.concatenate(features), np.concatenate(taken), np.concatenate(lengths), ground.plan.order
    )


def _plain(others: Mapping[str, Fit]) -> Choice:
    """The base alone."""
    count = len(evidence.NAMES) + 2 * len(others)
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
