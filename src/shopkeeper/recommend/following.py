"""What keeps recommendation fresh: the model in use, the shelf, the merchant's rules and controls.

One thread listens to the database. Products that change are read again at once; new ones get a place in the model.
A version that is put to use is loaded beside the one before and takes its place when it is whole. Where no version is
in use, as in a shop that has just begun, a model is fitted here, and anew from time to time.
"""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import psycopg

from shopkeeper import rules
from shopkeeper.errors import DatabaseError, ModelError
from shopkeeper.recommend import apart, controls, fitting, goods, versions
from shopkeeper.recommend.model import Model
from shopkeeper.recommend.scoring import Scorer
from shopkeeper.recommend.shelf import Shelf, arrived, stocked
from shopkeeper.recommend.slots import Controls, Slot
from shopkeeper.rules import Action, Effects, Finder, Rule
from shopkeeper.shop import products
from shopkeeper.shop.bulk import Connection
from shopkeeper.shop.database import Database

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
REFIT_SECONDS = 900.0  # between fits where no version is in use
RETRY_SECONDS = 60.0  # after a fit that failed
REST = 20  # times as long as a fit took
SMALL_ITEMS, SMALL_EVENTS = 20_000, 300_000  # up to which a program that serves fits by itself
EFFECTS_SECONDS = 1.0  # that what rules select is remembered
STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class State:
    """What is served now. Replaced as a whole, never changed."""

    scorer: Scorer
    shelf: Shelf
    find: Finder
    rules: tuple[Rule, ...] = ()
    controls: Mapping[Slot, Controls] = field(default_factory=dict)
    _effects: dict[object, tuple[float, Effects]] = field(default_factory=dict)

    def effects(self, slot: Slot, category: tuple[str, ...], at: datetime) -> Effects:
        """What the rules do to a list of this slot. A pin is for the lists it names: one that names none is about
        search."""
        holding = [
            rule
            for rule in rules.holding(self.rules, query="", category=category, at=at, lists=slot)
            if rule.action is not Action.PIN or rule.condition.lists
        ]
        if not holding:
            return Effects()
        key, now = tuple(map(id, holding)), time.monotonic()
        found = self._effects.get(key)
        if found is None or now - found[0] > EFFECTS_SECONDS:
            found = self._effects[key] = (now, rules.effects(holding, self.find))
        return found[1]

    def served_by(self, model: Model) -> "State":
        """The same with another model."""
        there = [good for good in self.shelf.goods if good is not None]
        model = arrived(model, there)
        if model.items.ids == self.scorer.model.items.ids:
            return replace(self, scorer=Scorer(model))
        return replace(self, scorer=Scorer(model), shelf=stocked(model, there))


class Follower:
    """The state, and the thread that keeps it fresh."""

    def __init__(self, database: Database, folder: Path, find: Finder) -> None:
        self._database = database
        self._folder = folder
        self._find = find
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._state: State | None = None
        self._position = 0  # in the outbox
        self._version = 0  # that is served; 0: none
        self._unusable = 0  # a version that could not be loaded
        self._fit_at = float("-inf")  # when to fit anew here
        self._fitted_on: tuple[int, object] | None = None

    @property
    def state(self) -> State:
        """What is served now; made when first asked for."""
        if self._state is None:
            self.refresh()
        assert self._state is not None
        return self._state

    @property
    def follows(self) -> bool:
        """True if the background keeps the state fresh."""
        return bool(self._threads)

    def start(self) -> None:
        """Follow in the background from now on. Until a model is there, what is popular is served."""
        if self._threads:
            return
        with self._lock:
            if self._state is None:
                self._begin(quickly=True)
        for name, work in (("recommend", self._follow), ("recommend-work", self._work)):
            self._threads.append(threading.Thread(target=work, name=name, daemon=True))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the threads."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=STOP_SECONDS)

    def use(self, model: Model) -> None:
        """Serve this model until another version is put to use."""
        with self._lock, self._database.connection() as conn:
            if self._state is None:
                _, self._position = products.changes_since(conn, products.NEWEST)
            self._fit_at = float("inf")
            self._serve(model, list(goods.read(conn)), conn)

    def refresh(self) -> None:
        """Take in what has changed."""
        with self._lock:
            if self._state is None:
                self._begin(quickly=False)
            with self._database.connection() as conn:
                self._catch_up(conn)
                self._hear_merchant(conn)
            if not self._threads:
                self._renew()

    def _begin(self, *, quickly: bool) -> None:
        """Serve the version in use; where there is none, what is fitted now, or what is popular."""
        with self._database.connection() as conn:
            _, self._position = products.changes_since(conn, products.NEWEST)
            there = list(goods.read(conn))
            used = versions.in_use_id(conn)
            model = None if used is None else self._load(used)
            if model is None and quickly:
                model = fitting.popular(conn, there)
        model = model or self._fit()
        with self._database.connection() as conn:
            self._serve(model, there, conn)

    def _serve(self, model: Model, there: "list[goods.Good]", conn: Connection) -> None:
        model = arrived(model, there)
        self._state = State(Scorer(model), stocked(model, there), self._find)
        self._version = model.made.version
        self._hear_merchant(conn)

    def _catch_up(self, conn: Connection) -> None:
        """Products that changed since the last time."""
        assert self._state is not None
        changed, position = products.changes_since(conn, self._position)
        if changed:
            there = list(goods.read(conn, changed))
            gone = set(changed) - {good.id for good in there}
            state = self._state
            model = arrived(state.scorer.model, there)
            shelf = state.shelf
            if model is not state.scorer.model:
                kept = [good for good in shelf.goods if good is not None]
                shelf = stocked(model, kept)
                state = replace(state, scorer=Scorer(model))
            self._state = replace(state, shelf=shelf.changed(there, gone), _effects={})
        self._position = position

    def _hear_merchant(self, conn: Connection) -> None:
        assert self._state is not None
        said = tuple(rule for _, rule, _ in rules.listing(conn, active_only=True))
        self._state = replace(self._state, rules=said, controls=controls.read(conn), _effects={})

    def _renew(self) -> None:
        """Load the version in use if it is another one; without any, fit here when it is time."""
        with self._database.connection() as conn:
            used = versions.in_use_id(conn)
            due = used is None and self._due(conn)
        if used in (self._version, self._unusable) or (used is None and not due):
            return
        model = self._fit() if used is None else self._load(used)
        if model is not None:
            with self._lock, self._database.connection() as conn:
                self._serve(model, list(goods.read(conn)), conn)
            log.info("recommend serves version=%d", model.made.version)

    def _due(self, conn: Connection) -> bool:
        """True if a model should be fitted here: a version was rolled back to none, or it is time and something was
        done since the last fit."""
        if self._version:
            return True
        return time.monotonic() >= self._fit_at and _newest(conn) != self._fitted_on

    def _fit(self) -> Model:
        """A model of what there is; in a large shop what is popular, until a version is trained."""
        begun = time.monotonic()
        self._fit_at = begun + RETRY_SECONDS
        with self._database.connection() as conn:
            there = list(goods.read(conn))
            newest = _newest(conn)
            small = len(there) <= SMALL_ITEMS and newest[0] <= SMALL_EVENTS
            model = None if small else fitting.popular(conn, there)
        if model is None and self._threads:
            model = apart.fit(self._database, stopping=self._stop.is_set)
        elif model is None:
            model = apart.fit_here(self._database)
        spent = time.monotonic() - begun
        self._fit_at, self._fitted_on = time.monotonic() + max(REFIT_SECONDS, REST * spent), newest
        log.info("recommend fitted items=%d small=%s seconds=%.1f", len(there), small, spent)
        return model

    def _load(self, version: int) -> Model | None:
        """The model of a version; None if it cannot be used here, which is said once."""
        if version == self._unusable:
            return None
        try:
            return versions.load(self._folder, version)
        except ModelError as error:
            log.warning("recommend cannot use version=%d: %s", version, error)
            self._unusable = version
            return None

    def _follow(self) -> None:
        """Wait for the database to say that something changed; look by ourselves now and then."""
        while not self._stop.is_set():
            try:
                with psycopg.connect(self._database.url, autocommit=True) as listening:
                    listening.execute("listen product_changes")
                    listening.execute("listen merchandising")
                    while not self._stop.is_set():
                        with self._lock, self._database.connection() as conn:
                            self._catch_up(conn)
                        for notice in listening.notifies(timeout=POLL_SECONDS, stop_after=1):
                            if notice.channel == "merchandising":
                                with self._lock, self._database.connection() as conn:
                                    self._hear_merchant(conn)
            except (psycopg.Error, DatabaseError) as error:
                self._say(error)
                self._stop.wait(POLL_SECONDS)
            except Exception:
                log.exception("recommend could not take in changes; it goes on with what it has")
                self._stop.wait(POLL_SECONDS)

    def _say(self, error: Exception) -> None:
        """That the database is not there, unless it was closed because all ends."""
        if not self._stop.is_set():
            log.warning("recommend waits for the database: %s", error)

    def _work(self) -> None:
        """Load versions, and fit where there is none."""
        while not self._stop.is_set():
            try:
                self._renew()
            except apart.Stopped:
                return
            except (psycopg.Error, DatabaseError) as error:
                self._say(error)
            except Exception:
                log.exception("recommend could not renew its model; it goes on with what it has")
            self._stop.wait(POLL_SECONDS)


def _newest(conn: Connection) -> tuple[int, object]:
    """About how many events there are, and when the newest was: whether anything was done since a fit."""
    row = conn.execute(
        "select (select greatest(reltuples, 0)::bigint from pg_class where oid = 'events'::regclass), "
        "(select max(at) from events)"
    ).fetchone()
    assert row is not None
    return row[0], row[1]
