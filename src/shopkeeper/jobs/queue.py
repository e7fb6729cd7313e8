"""The one door to background work: put a job in the queue, look at it, stop it, run the queue."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from shopkeeper.errors import Refused
from shopkeeper.jobs import schema, store
from shopkeeper.jobs.records import Job, JobId
from shopkeeper.jobs.worker import Chore, Task, Worker
from shopkeeper.shop.database import Database

log = logging.getLogger(__name__)

STOP_S = 2.0


class Jobs:
    """The background jobs of one database: any program may enqueue them, one that has called `start` runs them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._worker: Worker | None = None
        with database.connection() as conn:
            schema.apply(conn)

    def start(
        self, tasks: Mapping[str, Task], *, alone: bool = False, chores: Sequence[Chore] = ()
    ) -> None:
        """Run jobs in a thread of this program.

        tasks: kind -> what does it. alone: no other program runs jobs of this database, so what is marked as
        running was cut short and is taken up at once. chores: called every minute, to look whether a job is due.
        """
        if self._worker is None:
            self._worker = Worker(self._database, tasks, alone=alone, chores=chores)
            self._worker.start()

    def close(self) -> bool:
        """Stop running jobs. False if a task did not stop within two seconds; it is continued at the next start."""
        if self._worker is None:
            return True
        stopped = self._worker.close(STOP_S)
        if not stopped:
            log.warning("a background task did not stop in %.0f s and is left behind", STOP_S)
        self._worker = None
        return stopped

    def enqueue(self, kind: str, title: str, /, **arguments: Any) -> JobId:
        """Put a job in the queue. arguments: JSON values, given to the task."""
        with self._database.connection() as conn:
            return store.create(conn, kind, title, arguments)

    def enqueue_once(self, kind: str, title: str, /, **arguments: Any) -> JobId:
        """Put a job in the queue, unless one that does the same is not over yet. Returns the one that does it."""
        with self._database.connection() as conn:
            return store.create_once(conn, kind, title, arguments)

    def latest(self, kind: str, /, **arguments: Any) -> Job | None:
        """The newest job of a kind, with these among its arguments, if there ever was one."""
        with self._database.connection() as conn:
            return store.latest(conn, kind, arguments)

    def list(self, *, limit: int = 50, before: int | None = None) -> list[Job]:
        """The newest jobs first. before: only those with a smaller id, to page on."""
        with self._database.connection() as conn:
            return store.recent(conn, limit=limit, before=before)

    def get(self, job: int) -> Job:
        """The job with this id. Raises NotFound."""
        with self._database.connection() as conn:
            return store.get(conn, job)

    def stop(self, job: int) -> Job:
        """Ask a job to stop, tidily and soon. Raises NotFound, and Refused if it is over."""
        with self._database.connection() as conn:
            asked = store.ask_to_stop(conn, job)
            found = store.get(conn, job)
        if not asked:
            raise Refused(f"job {job} is {found.state.value}", hint="there is nothing to stop")
        return found

    def retry(self, job: int) -> Job:
        """Run a failed or stopped job again. Raises NotFound, and Refused if it is neither."""
        with self._database.connection() as conn:
            back = store.again(conn, job)
            found = store.get(conn, job)
        if not back:
            raise Refused(
                f"job {job} is {found.state.value}",
                hint="only failed and stopped jobs can be retried",
            )
        return found
