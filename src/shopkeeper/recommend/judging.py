"""How good a model is on the shop's own behaviour, judged as life will judge it: fitted on the past, asked about later.

Letters: `E` events, `P` people, `N` items, `k` places of a list.

At a moment (`cut`) the past ends. Whoever did something later is one question: with everything they did before their
newest new item, which item was that? Models are fitted on what lies before the cut and nothing else; all items are
ranked, those a person had are left out, ties count against (`protocol.py`). Differences are taken person by person.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from shopkeeper.recommend import protocol
from shopkeeper.recommend.histories import Histories, Ints, Table
from shopkeeper.recommend.protocol import Split
from shopkeeper.recommend.scoring import SHORT, Scorer, Trail

Floats = npt.NDArray[np.float64]
Scores = Callable[[Histories], Table]
K = 10
ENOUGH = 50  # questions, below which nothing is said of a difference
LATER = 0.2  # share of the events that lie behind the cut
MOST_QUESTIONS = 5000
SURE = NormalDist().inv_cdf(0.95)  # standard errors: a loss must be this sure to keep a model out
DECILES = 10


@dataclass(frozen=True, slots=True)
class Standing:
    """How one model answers. short, regular: NDCG@10 of people with up to three events before, and of the others."""

    ndcg: float
    hit_rate: float
    short: float
    regular: float
    each: Floats  # (P,) NDCG@10 of each question


@dataclass(frozen=True, slots=True)
class Difference:
    """Of one model to another, person by person. low, high: nine times in ten."""

    mean: float
    low: float
    high: float
    questions: int

    @property
    def worse(self) -> bool:
        """True if it is surely worse."""
        return self.questions >= ENOUGH and self.high < 0

    @property
    def better(self) -> bool:
        """True if it is surely better."""
        return self.questions >= ENOUGH and self.low > 0


@dataclass(frozen=True, slots=True)
class Spread:
    """What many lists together show. coverage: share of items that stand in any; gini: 0 if all items are shown alike,
    1 if one is alone; shown, wanted: (10,) the share of places and of events that tenths of the items have, the most
    wanted tenth first."""

    coverage: float
    gini: float
    shown: tuple[float, ...]
    wanted: tuple[float, ...]


def cut_of(at: Floats, *, later: float = LATER) -> float:
    """The moment before which all but this share of the events lie."""
    return float(np.quantile(at, 1 - later)) if len(at) else 0.0


def questions(histories: Histories, at: Floats, cut: float) -> Ints:
    """(P,) the events that are asked about: everybody's newest from the cut on, of an item that is new to them and has
    something before it. at: (E,) seconds of each event, rising within a person."""
    asked = (at >= cut) & _first_of_item(histories) & (histories.position >= 1)
    newest = np.full(len(histories), -1, np.intp)
    newest[histories.people[asked]] = np.flatnonzero(asked)  # the last of each person stays
    found = newest[newest >= 0]
    if len(found) > MOST_QUESTIONS:
        found = found[np.linspace(0, len(found) - 1, MOST_QUESTIONS).astype(np.intp)]
    return found


def split(histories: Histories, at: Floats, cut: float, asked: Ints) -> Split:
    """What to fit on, what to ask and what was wanted, for the models that `protocol.py` ranks."""
    newest = np.full(len(histories), -1, np.intp)
    people = histories.people[asked]
    newest[people] = asked
    before = np.arange(len(histories.items)) < newest[histories.people]
    ask = histories.where(before).select(people)
    return Split(histories.where(at < cut), ask, histories.items[asked])


def stand(scores: Scores, split: Split) -> Standing:
    """How a model answers the questions."""
    return standing(protocol.ranks_of(scores, split), split.ask.lengths)


def ranks(
    scorer: Scorer, histories: Histories, at: Floats, asked: Ints, *, place: Ints | None = None
) -> Ints:
    """(P,) the rank, among all items that a person does not have, of what each event asks about, as the scorer serves.

    place: (N,) where the scorer's model has each item, -1 nowhere; without it, where the histories have it.
    """
    items = histories.items if place is None else place[histories.items]
    found = np.full(len(asked), scorer.count, np.intp)
    for row, (event, person) in enumerate(zip(asked, histories.people[asked], strict=True)):
        trail = trail_of(histories, at, slice(histories.start[person], event), at[event], items)
        scored = scorer.score(trail)
        own = np.flatnonzero(scored.candidates == items[event])
        if len(own):
            score = np.where(np.isin(scored.candidates, trail.places), -np.inf, scored.score)
            found[row] = int((score >= score[own[0]]).sum())
    return found


def trail_of(
    histories: Histories, at: Floats, events: slice, now: float, items: Ints
) -> Trail:  # fmt: skip
    """The trail of some events of one person at a moment; items: (E,) places in the model, -1 nowhere."""
    known = items[events] >= 0
    weight = histories.weight[events][known].astype(np.float64)
    return Trail.of(items[events][known], weight, (now - at[events])[known])


def standing(ranks: Ints, lengths: Ints) -> Standing:
    """From the rank of each question, and how many events stood before it."""
    each = protocol.each_ndcg(ranks, K)
    short = lengths <= SHORT
    return Standing(
        _mean(each), protocol.hit_rate(ranks, K), _mean(each[short]), _mean(each[~short]), each
    )


def difference(one: Standing, other: Standing) -> Difference:
    """One minus the other on the same questions."""
    apart = one.each - other.each
    error = float(apart.std(ddof=1) / np.sqrt(len(apart))) if len(apart) > 1 else 0.0
    mean = _mean(apart)
    return Difference(mean, mean - SURE * error, mean + SURE * error, len(apart))


def lot(people: int) -> Floats:
    """(P,) a number in [0, 1) for each: who is below a share is part of every larger share."""
    return np.random.default_rng(0).random(people)


def spread_of(lists: Ints, popular: Floats | Table) -> Spread:
    """Of lists (P, k) of places; popular: (N,) how wanted each item is."""
    count = len(popular)
    number = np.bincount(lists.ravel(), minlength=count).astype(np.float64)
    order = np.argsort(-popular, kind="stable")
    return Spread(
        float((number > 0).mean()) if count else 0.0,
        _gini(number),
        _tenths(number[order]),
        _tenths(np.asarray(popular, np.float64)[order]),
    )


def as_figures(standings: Mapping[str, Standing]) -> dict[str, float]:
    """Flat figures for the row of a version: `ndcg`, `hit_rate`, and `.name` behind them of all but the first."""
    found: dict[str, float] = {}
    for place, (name, standing) in enumerate(standings.items()):
        behind = f".{name}" if place else ""
        for figure in ("ndcg", "hit_rate", "short", "regular"):
            found[f"{figure}{behind}"] = round(float(getattr(standing, figure)), 5)
    return found


def _first_of_item(histories: Histories) -> npt.NDArray[np.bool_]:
    """(E,) whether a person meets the item for the first time."""
    key = histories.people * histories.count + histories.items
    found = np.zeros(len(key), np.bool_)
    found[np.unique(key, return_index=True)[1]] = True
    return found


def _gini(number: Floats) -> float:
    if not len(number) or not number.sum():
        return 0.0
    rising = np.sort(number)
    place = np.arange(1, len(rising) + 1)
    return float((2 * place - len(rising) - 1) @ rising / (len(rising) * rising.sum()))


def _tenths(values: Floats) -> tuple[float, ...]:
    total = values.sum() or 1.0
    return tuple(float(part.sum() / total) for part in np.array_split(values, DECILES))


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else 0.0
