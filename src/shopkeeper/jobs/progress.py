"""What a running task is given: a way to say how far it is, and to learn that it should stop."""

import time
from collections.abc import Callable
from contextlib import suppress

from shopkeeper.errors import DatabaseError
from shopkeeper.jobs import store
from shopkeeper.shop.database import Database

WRITE_EVERY_S = 0.4


class StopRequested(Exception):
    """Raised inside a task at its next report once somebody has asked it to stop."""


class Progress:
    """How far one job is. `report` may be called as often as one likes: it is written down a few times a second."""

    def __init__(self, database: Database, job: int, stopping: Callable[[], bool]) -> None:
        self._database = database
        self._job = job
        self._stopping = stopping
        self._written_at = float("-inf")
        self._last: tuple[int, int | None, str, str] | None = None

    def stopping(self) -> bool:
        """True once the job should end as soon as it can do so tidily."""
        return self._stopping()

    def report(
        self, done: int, total: int | None = None, unit: str = "", message: str = ""
    ) -> None:
        """Say how far the job is. Raises StopRequested when it should stop."""
        self.note(done, total, unit, message)
        if self._stopping():
            self.flush()
            raise StopRequested

    def note(self, done: int, total: int | None = None, unit: str = "", message: str = "") -> None:
        """Say how far the job is, for a task that asks `stopping` by itself."""
        self._last = (done, total, unit, message)
        if time.monotonic() - self._written_at >= WRITE_EVERY_S:
            self.flush()

    def flush(self) -> None:
        """Write down what was last reported. A database that is away for a moment costs the number, not the job."""
        if self._last is None:
            return
        done, total, unit, message = self._last
        with suppress(DatabaseError), self._database.connection() as conn:
            store.progress(conn, self._job, done=done, total=total, unit=unit, message=message)
            self._last = None
        self._written_at = time.monotonic()
