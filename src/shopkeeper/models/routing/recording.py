"""Calls are noted here and written to the database later, many at once, so that no answer waits for it.

A killed program loses what it noted in its last seconds; a database that is away is tried again until more calls
wait than are kept. What a budget limits is counted at once, by `budgets`, and does not wait here.
"""

import logging
import threading
from collections import deque
from datetime import UTC, datetime, timedelta

import psycopg

from shopkeeper.errors import DatabaseError
from shopkeeper.shop import model_calls
from shopkeeper.shop.database import Database
from shopkeeper.shop.model_calls import ModelCall

log = logging.getLogger(__name__)

KEPT_DAYS = 90
EVERY_S = 1.0  # how long calls are gathered
RETRY_S = 5.0
MAX_WAITING = 10_000
BATCH = 1000


class CallRecorder:
    """Takes notes of calls. Safe to share between threads; its own thread begins with the first note."""

    def __init__(
        self, database: Database, *, every_s: float = EVERY_S, kept_days: int = KEPT_DAYS
    ) -> None:
        self._database = database
        self._every_s = every_s
        self._kept = timedelta(days=kept_days)
        self._waiting: deque[tuple[ModelCall, bool]] = deque()
        self._lost = 0
        self._pruned_on = datetime.min.replace(tzinfo=UTC).date()
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, call: ModelCall, *, counted: bool) -> None:
        """Keep this call. counted: what it used is counted already."""
        with self._changed:
            if len(self._waiting) >= MAX_WAITING:
                self._lost += 1
                return
            self._waiting.append((call, counted))
            if self._thread is None and not self._closing.is_set():
                self._thread = threading.Thread(target=self._run, name="lm-calls", daemon=True)
                self._thread.start()
            self._changed.notify()

    def flush(self) -> None:
        """Write what waits now. What the database refuses goes on waiting."""
        while self._write():
            pass

    def close(self) -> None:
        """Write what waits, and end."""
        self._closing.set()
        with self._changed:
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
        self.flush()
        if lost := self._lost + len(self._waiting):
            log.warning("calls of language models not recorded: %d", lost)

    def _run(self) -> None:
        while not self._closing.is_set():
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing.is_set())
            self._closing.wait(self._every_s)
            self.flush()
            if self._waiting:
                self._closing.wait(RETRY_S)

    def _write(self) -> bool:
        """Write a batch; True if there may be another."""
        with self._writing:
            with self._changed:
                batch = [self._waiting[n] for n in range(min(BATCH, len(self._waiting)))]
            if not batch or not self._save(batch):
                return False
            with self._changed:
                for _ in batch:
                    self._waiting.popleft()
            return True

    def _save(self, batch: list[tuple[ModelCall, bool]]) -> bool:
        try:
            with self._database.connection() as conn:
                model_calls.add(conn, [call for call, _ in batch])
                model_calls.count(conn, [call for call, counted in batch if not counted])
                self._prune(conn)
        except (DatabaseError, psycopg.Error) as error:
            log.warning("calls of language models wait to be recorded: %s", error)
            return False
        return True

    def _prune(self, conn: psycopg.Connection[tuple[object, ...]]) -> None:
        now = datetime.now(UTC)
        if self._pruned_on != now.date():
            model_calls.prune(conn, now - self._kept)
            self._pruned_on = now.date()
