"""Experiments and drawn lists in an open shop: whose list a visitor gets, and with which chances it was made.

What runs, and the models of both sides, are looked after in the background; a request finds them ready. A visitor by
whom nothing is known that stays (no device, no session, no customer) is in no experiment.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import psycopg

from shopkeeper.errors import DatabaseError, ModelError
from shopkeeper.recommend import goods, trials, versions
from shopkeeper.recommend.experiments import Kind, Team
from shopkeeper.recommend.exploring import explore
from shopkeeper.recommend.following import State
from shopkeeper.recommend.scoring import Scorer
from shopkeeper.recommend.shelf import arrived
from shopkeeper.recommend.slots import RecommendedList, Slot, Visitor, Why
from shopkeeper.recommend.trials import Experiment
from shopkeeper.shop.database import Database

log = logging.getLogger(__name__)

POLL_S = 1.0
STOP_S = 10.0
POOL = 2  # times the length of a list: candidates that a list is drawn from

Answer = Callable[[State, int], RecommendedList]  # as a state serves it, so many items


@dataclass(frozen=True, slots=True)
class Ready:
    """An experiment that runs, and what each side serves."""

    experiment: Experiment
    states: Mapping[Team, State]


@dataclass(frozen=True, slots=True)
class Made:
    """A list, and the chance of each item to stand where it does; none where it was certain."""

    list: RecommendedList
    propensities: tuple[float, ...] = ()


class Trying:
    """What is tried now. state: what is served where nothing is."""

    def __init__(
        self, database: Database, folder: Path, secret: bytes, state: Callable[[], State]
    ) -> None:
        """folder: where versions lie, by their number; secret: what draws are keyed with."""
        self._database, self._folder, self._secret, self._state = database, folder, secret, state
        self._ready: Mapping[Slot, Ready] = {}
        self._models: dict[int, Scorer] = {}
        self._unusable: set[int] = set()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Look after experiments in the background from now on."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="recommend-trials", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=STOP_S)

    def refresh(self) -> None:
        """Take in which experiments run, and make their sides ready."""
        state = self._state()
        with self._database.connection() as conn:
            running = trials.running(conn)
            wanted = {v for e in running.values() for v in (e.control, e.challenger)}
            served = state.scorer.model.made.version
            for version in wanted - {served} - set(self._models) - self._unusable:
                try:
                    model = versions.load_from(self._folder, version)
                except ModelError as error:
                    log.warning("recommend cannot try version=%d: %s", version, error)
                    self._unusable.add(version)
                    continue
                self._models[version] = Scorer(arrived(model, list(goods.read(conn))))
        self._models = {v: scorer for v, scorer in self._models.items() if v in wanted}
        self._ready = {
            slot: ready
            for slot, experiment in running.items()
            if (ready := self._made_ready(experiment, state)) is not None
        }

    def _made_ready(self, experiment: Experiment, state: State) -> Ready | None:
        before = self._ready.get(experiment.slot)
        states = {}
        for team in Team:
            version = experiment.version(team)
            if version == state.scorer.model.made.version:
                states[team] = state
            elif version in self._models:
                known = (
                    before.states.get(team) if before and before.experiment == experiment else None
                )
                same = known is not None and known.shelf.goods is state.shelf.goods
                states[team] = known if same else state.served_by(self._models[version])
            else:
                return None
        return Ready(experiment, states)

    def made(
        self, slot: Slot, visitor: Visitor, *, state: State, answer: Answer, limit: int, explored: float = 0.0
    ) -> Made:  # fmt: skip
        """The list of a visitor. explored: the share of lists that are drawn where no experiment runs."""
        key = visitor.client_id or visitor.session_id or visitor.customer_id
        ready = self._ready.get(slot) if key else None
        if ready is None:
            return (
                _drawn(answer, state, limit, explored) if explored else Made(answer(state, limit))
            )
        if ready.experiment.kind is Kind.INTERLEAVING:
            return Made(self._interleaved(ready, answer, limit))
        team = ready.experiment.team(self._secret, key)
        found = answer(ready.states[team], limit)
        return Made(replace(found, experiment=ready.experiment.name, arm=team.value))

    def _interleaved(self, ready: Ready, answer: Answer, limit: int) -> RecommendedList:
        sides = [answer(ready.states[team], limit) for team in (Team.CONTROL, Team.CHALLENGER)]
        items = {item.product_id: item for side in reversed(sides) for item in side.items}
        first, second = ([item.product_id for item in side.items] for side in sides)
        chosen, arm = ready.experiment.merged(self._secret, sides[0].id, first, second, limit)
        shown = tuple(items[product] for product in chosen)
        return replace(sides[0], items=shown, experiment=ready.experiment.name, arm=arm)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.refresh()
            except (psycopg.Error, DatabaseError) as error:
                log.warning("recommend waits for the database: %s", error)
            self._stop.wait(POLL_S)


def _drawn(answer: Answer, state: State, limit: int, rate: float) -> Made:
    """A list that is drawn now and then. One with pinned items stands as it is: their place is the merchant's."""
    pool = answer(state, POOL * limit)
    if any(reason.why is Why.PINNED for item in pool.items for reason in item.reasons):
        return Made(replace(pool, items=pool.items[:limit]))
    coin = Random(pool.id)  # ids are random and known to nobody beforehand
    found = explore(pool.items, limit, rate=rate, rng=coin)
    return Made(replace(pool, items=found.items), found.propensities)
