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
from shopkeeper.recommend import trials, versions
from shopkeeper.recommend.experiments import Kind, Team
from shopkeeper.recommend.exploring import explore
from shopkeeper.recommend.following import State
from shopkeeper.recommend.merchandising import Variety
from shopkeeper.recommend.model import Model
from shopkeeper.recommend.shelf import Shelf
from shopkeeper.recommend.slots import CONTROLS, Recommended, RecommendedList, Slot, Visitor, Why
from shopkeeper.recommend.trials import LETTERS, NOBODYS, Experiment
from shopkeeper.shop.database import Database

log = logging.getLogger(__name__)

POLL_S = 1.0
STOP_S = 10.0
POOL = 2  # times the length of a list: candidates that a list is drawn from

Answer = Callable[[State, int], RecommendedList]  # as a state serves it, so many items


@dataclass(frozen=True, slots=True)
class Ready:
    """An experiment that runs, and what each side serves; shelf: of the state that both were made from."""

    experiment: Experiment
    states: Mapping[Team, State]
    shelf: Shelf


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
        """folder: of the shop's data, where versions lie; secret: what draws are keyed with."""
        self._database, self._folder, self._secret, self._state = database, folder, secret, state
        self._ready: Mapping[Slot, Ready] = {}
        self._models: dict[int, Model] = {}
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
                    self._models[version] = versions.load(self._folder, version)
                except ModelError as error:
                    log.warning("recommend cannot try version=%d: %s", version, error)
                    self._unusable.add(version)
        self._models = {v: model for v, model in self._models.items() if v in wanted}
        self._ready = {
            slot: ready
            for slot, experiment in running.items()
            if (ready := self._made_ready(experiment, state)) is not None
        }

    def _made_ready(self, experiment: Experiment, state: State) -> Ready | None:
        before = self._ready.get(experiment.slot)
        known = (
            before is not None and before.experiment == experiment and before.shelf is state.shelf
        )
        states: dict[Team, State] = {}
        for team in Team:
            version = experiment.version(team)
            if version == state.scorer.model.made.version:
                states[team] = state
            elif version not in self._models:
                return None
            elif known and before is not None:  # rules and controls may be others
                own = before.states[team]
                states[team] = replace(state, scorer=own.scorer, shelf=own.shelf)
            else:
                states[team] = state.served_by(self._models[version])
        return Ready(experiment, states, state.shelf)

    def made(
        self, slot: Slot, visitor: Visitor, *, state: State, answer: Answer, limit: int
    ) -> Made:
        """The list of a visitor; `state` serves it where no experiment runs."""
        key = visitor.client_id or visitor.session_id or visitor.customer_id
        ready = self._ready.get(slot) if key else None
        if ready is None:
            rate = state.controls.get(slot, CONTROLS[slot]).explore
            return _drawn(answer, state, limit, rate) if rate else Made(answer(state, limit))
        if ready.experiment.kind is Kind.INTERLEAVING:
            return Made(self._interleaved(ready, slot, answer, limit))
        team = ready.experiment.team(self._secret, key)
        found = answer(ready.states[team], limit)
        return Made(replace(found, experiment=ready.experiment.name, arm=team.value))

    def _interleaved(self, ready: Ready, slot: Slot, answer: Answer, limit: int) -> RecommendedList:
        """Both sides in one list. What is pinned stands where both have it and is nobody's; what would be one thing
        with something above it, or too many of a category or brand, is left out."""
        control, challenger = (answer(ready.states[team], limit) for team in Team)
        state = ready.states[Team.CONTROL]
        pinned = {n: item for n, item in enumerate(control.items) if _is_pinned(item)}
        first, second = (
            [item for item in side.items if not _is_pinned(item)] for side in (control, challenger)
        )
        ids = [[item.product_id for item in side] for side in (first, second)]
        draft = ready.experiment.merged(self._secret, control.id, ids[0], ids[1])
        items = {item.product_id: item for item in (*second, *first)}
        place = state.shelf.place
        controls = state.controls.get(slot, CONTROLS[slot])
        variety = Variety(state.shelf, controls, [place[i.product_id] for i in pinned.values()])
        shown: list[tuple[Recommended, str]] = []
        for product, team in zip(draft.items, draft.teams, strict=True):
            if len(shown) + len(pinned) < limit and variety.has_room(place[product]):
                variety.add(place[product])
                shown.append((items[product], LETTERS[team]))
        for n, item in pinned.items():
            shown.insert(n, (item, NOBODYS))
        return replace(
            control, items=tuple(item for item, _ in shown), experiment=ready.experiment.name,
            arm="".join(letter for _, letter in shown),
        )  # fmt: skip

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.refresh()
            except (psycopg.Error, DatabaseError) as error:
                if not self._stop.is_set():  # else it was closed because all ends
                    log.warning("recommend waits for the database: %s", error)
            self._stop.wait(POLL_S)


def _drawn(answer: Answer, state: State, limit: int, rate: float) -> Made:
    """A list that is drawn now and then. One with pinned items stands as it is: their place is the merchant's."""
    pool = answer(state, POOL * limit)
    if any(map(_is_pinned, pool.items)):
        return Made(replace(pool, items=pool.items[:limit]))
    coin = Random(pool.id)  # ids are random and known to nobody beforehand
    found = explore(pool.items, limit, rate=rate, rng=coin)
    return Made(replace(pool, items=found.items), found.propensities)


def _is_pinned(item: Recommended) -> bool:
    return any(reason.why is Why.PINNED for reason in item.reasons)
