"""Training anew: from the shop's behaviour to a version that is measured, kept, and put to use if the gate lets it.

    version = learn(database, data_folder)          # minutes; the version in use goes on serving

What is not believed is left out (`trust.py`). The past up to a moment fits a model; what people did afterwards says how
good it is (`judging.py`), beside what is popular, item-kNN, products that are alike, and the version in use, all asked
the same. The same past thinned to a half and a quarter of the people says what more behaviour would bring. Then a
model is fitted on everything, and kept with these figures. Between trainings nothing of this changes but what a visitor
does, which counts from their next list on, and products, which come and go within seconds.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from shopkeeper.artifacts import Artifact
from shopkeeper.errors import ArtifactError, Refused
from shopkeeper.recommend import behaviour as acts
from shopkeeper.recommend import fitting, goods, judging, neighbours, popularity, trust, versions
from shopkeeper.recommend.behaviour import DAY, Behaviour
from shopkeeper.recommend.goods import Good
from shopkeeper.recommend.histories import Ints, Places
from shopkeeper.recommend.judging import Difference, Spread, Standing
from shopkeeper.recommend.model import Model
from shopkeeper.recommend.scoring import Scorer
from shopkeeper.recommend.shelf import arrived, stocked
from shopkeeper.recommend.trust import Alarm
from shopkeeper.shop.database import Database

log = logging.getLogger(__name__)

SHARES = (0.25, 0.5)  # of the people, for what more behaviour would bring
SAMPLE = 1000  # people whose lists say how far they spread
SHOWN = 10  # items of such a list
MINUTE = 60.0
KNN, POPULAR, ALIKE, USED = (
    "itemknn",
    "popularity",
    "text",
    "in_use",
)  # what a model is held against
STEPS = (
    "reading what people did", "fitting on the past", "asking about what came later",
    "asking the version in use", "fitting on less", "fitting on everything", "keeping it",
)  # fmt: skip

OnStep = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Read:
    """All that is learnt from. alarms: what was not believed."""

    goods: list[Good]
    behaviour: Behaviour
    alarms: tuple[Alarm, ...]

    @property
    def items(self) -> Places[str]:
        """The products by their places."""
        return Places(tuple(good.id for good in self.goods))


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured. questions: people who were asked about; standings: by name, this model's first, as `judging.as_figures`
    tells them; to_used, to_best: differences to the version in use (None without one, or where too little happened since)
    and to the best of the simple models; curve: (share of the people, NDCG@10); spread: of this model's lists, and of those in use."""

    until: float
    cut: float
    questions: int
    standings: Mapping[str, Standing]
    to_used: Difference | None
    to_best: tuple[str, Difference] | None
    curve: tuple[tuple[float, float], ...]
    spread: Mapping[str, Spread]
    alarms: tuple[tuple[str, Alarm], ...]

    @property
    def against(self) -> str:
        """What the gate says against this model; empty if it may be used."""
        if self.to_used is not None and self.to_used.worse:
            return f"NDCG@10 is lower than that of the version in use by {-self.to_used.mean:.4f}, beyond chance"
        if self.to_best is not None and self.to_best[1].worse:
            return f"NDCG@10 is lower than that of {self.to_best[0]} by {-self.to_best[1].mean:.4f}, beyond chance"
        return ""

    def as_score(self) -> dict[str, Any]:
        """For the row of the version."""
        found: dict[str, Any] = dict(judging.as_figures(self.standings))
        found |= {"questions": self.questions, "cut": self.cut, "against": self.against}
        if self.to_used is not None:
            found["to_used"] = _interval(self.to_used)
        if self.to_best is not None:
            found["best"], found["to_best"] = self.to_best[0], _interval(self.to_best[1])
        found["curve"] = [[share, round(value, 5)] for share, value in self.curve]
        found["spread"] = {
            name: {
                "coverage": round(s.coverage, 4), "gini": round(s.gini, 4),
                "shown": [round(x, 4) for x in s.shown], "wanted": [round(x, 4) for x in s.wanted],
            }
            for name, s in self.spread.items()
        }  # fmt: skip
        found["alarms"] = [
            {"product": product, "acts": a.acts, "expected": round(a.expected, 1), "kept": a.kept, "day": a.since_day}
            for product, a in self.alarms
        ]  # fmt: skip
        return found


def learn(
    database: Database, data_folder: Path, *, switch: bool = True, on_step: OnStep | None = None
) -> Artifact:
    """A new version, measured; put to use if `switch` and the gate lets it. Raises Refused in a shop without products."""
    tell = on_step or (lambda done, total, message: None)

    def step(number: int) -> None:
        tell(number, len(STEPS), STEPS[number])

    step(0)
    read = read_shop(database)
    report = measured(read, _used(database, data_folder), step)
    step(5)
    model = fitting.fit(read.goods, read.behaviour)
    figures = judging.as_figures(report.standings)
    model = replace(model, made=replace(model.made, scores=figures))
    step(6)
    version = versions.keep(database, data_folder, model, report.as_score())
    log.info("trained version=%d events=%d ndcg=%s", version.id, model.made.events, figures.get("ndcg"))  # fmt: skip
    if switch and not report.against:
        with database.connection() as conn:
            version = versions.put_to_use(conn, version.id)
        versions.tidy(database, data_folder)
    tell(len(STEPS), len(STEPS), "")
    return version


def read_shop(database: Database, *, until: datetime | None = None) -> Read:
    """Products and believed behaviour before a moment. Raises Refused where there is no product."""
    with database.connection() as conn:
        stock = list(goods.read(conn))
        if not stock:
            raise Refused("the shop has no products to recommend", hint="import a catalogue first")
        items = Places(tuple(good.id for good in stock))
        found = acts.read(conn, items, until=until or datetime.now(UTC))
    believed, alarms = trust.sift(found)
    return Read(stock, believed, alarms)


def measured(read: Read, used: Model | None, step: Callable[[int], None]) -> Report:
    """How a model fitted on the past answers what came later, beside others."""
    found, histories = read.behaviour, read.behaviour.histories
    cut = judging.cut_of(found.at)
    asked = judging.questions(histories, found.at, cut)
    if used is not None and used.made.until > cut:
        later = judging.questions(histories, found.at, used.made.until)
        if len(later) >= judging.ENOUGH:  # what neither of the two has seen
            cut, asked = used.made.until, later
    alarms = tuple((read.items.ids[alarm.item], alarm) for alarm in read.alarms)
    if not len(asked):
        return Report(found.until, cut, 0, {}, None, None, (), {}, alarms)
    step(1)
    past = found.before(cut)
    model = fitting.fit(read.goods, past)
    step(2)
    ask = _Asking(read, asked)
    standings = {"": ask(model), **_simple(read, past, cut, asked, ask)}
    best = max((name for name in standings if name), key=lambda name: standings[name].ndcg)
    to_best = (best, judging.difference(standings[""], standings[best]))
    step(3)
    to_used, today = None, None if used is None else arrived(used, read.goods)
    if today is not None and today.made.until <= cut:
        standings[USED] = ask(today, _places(today, read))
        to_used = judging.difference(standings[""], standings[USED])
    step(4)
    curve = [(0.0, standings[ALIKE].ndcg)]
    curve += [(s, ask(fitting.fit(read.goods, _thinned(past, s))).ndcg) for s in SHARES]
    spread = {"this": spread_of(model, read)}
    if today is not None:
        spread[USED] = spread_of(today, read)
    return Report(
        found.until, cut, len(asked), standings, to_used, to_best,
        (*curve, (1.0, standings[""].ndcg)), spread, alarms,
    )  # fmt: skip


class _Asking:
    """Puts the same questions to one model after the other."""

    def __init__(self, read: Read, asked: Ints) -> None:
        self.histories, self.at, self.asked = read.behaviour.histories, read.behaviour.at, asked

    def __call__(self, model: Model, place: Ints | None = None) -> Standing:
        ranks = judging.ranks(Scorer(model), self.histories, self.at, self.asked, place=place)
        return judging.standing(ranks, self.histories.position[self.asked])


def _simple(
    read: Read, past: Behaviour, cut: float, asked: Ints, ask: _Asking
) -> dict[str, Standing]:
    """What any shop could have without us."""
    histories, at = read.behaviour.histories, read.behaviour.at
    questions = judging.split(histories, at, cut, asked)
    days_ago = ((cut - past.at) / DAY).astype(np.float32)
    popular = popularity.fit(past.histories, days_ago=days_ago)
    near = neighbours.fit(past.histories)
    return {
        POPULAR: judging.stand(popular.scores, questions),
        KNN: judging.stand(near.scores, questions),
        ALIKE: ask(fitting.fit(read.goods, _thinned(past, 0.0))),
    }


def spread_of(model: Model, read: Read) -> Spread:
    """What the lists of some people show together, and what is wanted."""
    scorer, found, histories = Scorer(model), read.behaviour, read.behaviour.histories
    items = _places(model, read)[histories.items]
    sellable = stocked(model, read.goods).sellable
    people = np.flatnonzero(histories.lengths > 0)
    if len(people) > SAMPLE:
        people = people[np.linspace(0, len(people) - 1, SAMPLE).astype(np.intp)]
    lists = []
    for start, end in zip(histories.start[people], histories.start[people + 1], strict=True):
        there = found.at[end - 1] + MINUTE  # they are still in the shop
        trail = judging.trail_of(histories, found.at, slice(start, end), there, items)
        scored = scorer.score(trail)
        able = sellable[scored.candidates] & ~np.isin(scored.candidates, trail.places)
        value = np.where(able, scored.score, -np.inf)
        best = np.argsort(-value, kind="stable")[:SHOWN]
        lists.append(scored.candidates[best[value[best] > 0]])
    wanted = np.bincount(items[items >= 0], minlength=len(model.items)).astype(np.float64)
    return judging.spread_of(np.concatenate([*lists, np.zeros(0, np.intp)]), wanted)


def _places(model: Model, read: Read) -> Ints:
    """(N,) where a model has each product of the catalogue, -1 nowhere."""
    return np.array([model.items.place.get(good.id, -1) for good in read.goods], np.intp)


def _thinned(behaviour: Behaviour, share: float) -> Behaviour:
    return behaviour.of_people(judging.lot(len(behaviour.who)) < share)


def _used(database: Database, data_folder: Path) -> Model | None:
    """The version in use; one whose files are gone is no measure."""
    try:
        with database.connection() as conn:
            return versions.in_use(conn, data_folder)
    except ArtifactError as error:
        log.warning("the version in use cannot be compared with: %s", error)
        return None


def _interval(difference: Difference) -> list[float]:
    return [round(x, 5) for x in (difference.mean, difference.low, difference.high)]
