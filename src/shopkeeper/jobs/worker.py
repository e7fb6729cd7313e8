"""The thread that runs jobs: a procrastinate worker with its own event loop inside the program.

A worker says every two seconds that it lives. When a program is killed, its jobs stay marked as taken; whoever runs
next sees that their worker is silent and puts them back, so every task may run again from where its data stand.
"""

import asyncio
import itertools
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import psycopg
from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate import jobs as queued
from procrastinate.exceptions import ProcrastinateException
from procrastinate.utils import utcnow
from psycopg_pool import PoolTimeout

from shopkeeper.errors import DatabaseError, NotFound, ShopkeeperError
from shopkeeper.jobs import store
from shopkeeper.jobs.progress import Progress, StopRequested
from shopkeeper.jobs.records import JobState
from shopkeeper.shop.database import Database

log = logging.getLogger(__name__)

Task = Callable[..., Mapping[str, Any] | None]
Chore = Callable[
    [], object
]  # done every minute: it looks whether a job is due, and is quick about it

CONCURRENCY = 2
HEARTBEAT_S = 2.0
SILENT_S = 10.0
SWEEP_EVERY_S = 3.0
POLL_EVERY_S = 1.0
CHORES_EVERY_S = 60.0
MAX_ATTEMPTS = 20  # runs of one job that may end with the program, or with the database away
RETRY_AFTER_S = 2.0


class _Again(Exception):
    """The job was cut short and should run again after `after_s` seconds."""

    def __init__(self, after_s: float) -> None:
        super().__init__()
        self.after_s = after_s


class _RunAgain(BaseRetryStrategy):
    def get_retry_decision(
        self, *, exception: BaseException, job: queued.Job
    ) -> RetryDecision | None:
        if not isinstance(exception, _Again):
            return None
        return RetryDecision(retry_at=utcnow() + timedelta(seconds=exception.after_s))


class Worker:
    """Runs the jobs of one database until closed. alone: no other program can be running jobs of this database."""

    def __init__(
        self,
        database: Database,
        tasks: Mapping[str, Task],
        *,
        alone: bool = False,
        chores: Sequence[Chore] = (),
    ) -> None:
        self._database = database
        self._tasks = tasks
        self._chores = chores
        self._alone = alone
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._main: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to run jobs, first those that were cut short."""
        self._thread.start()

    def close(self, timeout_s: float) -> bool:
        """Tell running tasks to stop and wait for them. False if one did not in time; it is taken up next time."""
        self._stop.set()
        loop, main = self._loop, self._main
        if loop is not None and main is not None and not loop.is_closed():
            loop.call_soon_threadsafe(main.cancel)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except asyncio.CancelledError:
            log.debug("worker stopped")

    async def _serve(self) -> None:
        self._loop, self._main = asyncio.get_running_loop(), asyncio.current_task()
        silent_s = 0.0 if self._alone else SILENT_S
        while not self._stop.is_set():
            try:
                await asyncio.to_thread(self._sweep, silent_s)
                await self._work()
            except (
                ProcrastinateException,
                psycopg.OperationalError,
                DatabaseError,
                PoolTimeout,
            ) as error:
                log.warning("background work waits for the database: %s", error)
            silent_s = SILENT_S
            await asyncio.sleep(RETRY_AFTER_S)

    async def _work(self) -> None:
        connector = PsycopgConnector(
            conninfo=self._database.url,
            min_size=1,
            max_size=2,
            kwargs={"application_name": "shopkeeper jobs"},
        )
        app = App(connector=connector)
        app.task(name=store.TASK, queue=store.QUEUE, pass_context=True, retry=_RunAgain())(
            self._run_job
        )
        async with app.open_async():
            sweeper = asyncio.create_task(self._sweep_now_and_then())
            try:
                await app.run_worker_async(
                    queues=[store.QUEUE],
                    concurrency=CONCURRENCY,
                    install_signal_handlers=False,
                    delete_jobs="always",  # what people look at is our own table
                    fetch_job_polling_interval=POLL_EVERY_S,
                    abort_job_polling_interval=POLL_EVERY_S,
                    update_heartbeat_interval=HEARTBEAT_S,
                    stalled_worker_timeout=SILENT_S,
                )
            finally:
                sweeper.cancel()

    async def _sweep_now_and_then(self) -> None:
        for number in itertools.count(1):
            await asyncio.sleep(SWEEP_EVERY_S)
            try:
                await asyncio.to_thread(self._sweep, SILENT_S)
                if number % round(CHORES_EVERY_S / SWEEP_EVERY_S) == 0:
                    await asyncio.to_thread(self._do_chores)
            except (psycopg.Error, ShopkeeperError) as error:
                log.warning("no look for jobs that are due or interrupted: %s", error)

    def _do_chores(self) -> None:
        for chore in self._chores:
            chore()

    def _sweep(self, silent_s: float) -> None:
        with self._database.connection() as conn:
            for job in store.recover(conn, silent_s=silent_s, attempts=MAX_ATTEMPTS):
                log.info("continuing interrupted job=%d", job)

    def _run_job(self, context: JobContext, job: int) -> None:
        """Run one job to its end and write down how it ended. Raises _Again when it was cut short."""
        try:
            with self._database.connection() as conn:
                found = store.begin(conn, job)
        except NotFound:
            log.warning("dropped job=%d: it was deleted", job)
            return
        progress = Progress(
            self._database, job, lambda: self._stop.is_set() or context.should_abort()
        )
        log.info("started job=%d kind=%s", job, found.kind)
        try:
            result = self._call(found.kind, progress, found.arguments)
        except StopRequested:
            self._cut_short(job, by_user=not self._stop.is_set())
        except DatabaseError as error:
            if isinstance(error, NotFound) or context.job.attempts >= MAX_ATTEMPTS:
                self._failed(job, error)
            else:
                self._away(job, error)
        except ShopkeeperError as error:
            self._failed(job, error)
        except Exception as error:
            log.exception("failed job=%d kind=%s", job, found.kind)
            self._failed(job, error)
        else:
            progress.flush()
            with self._database.connection() as conn:
                store.finish(conn, job, JobState.DONE, result=dict(result or {}))
            log.info("finished job=%d kind=%s", job, found.kind)

    def _call(
        self, kind: str, progress: Progress, arguments: Mapping[str, Any]
    ) -> Mapping[str, Any] | None:
        task = self._tasks.get(kind)
        if task is None:
            raise ShopkeeperError(
                f"this program does not know how to do {kind!r}", hint="update Shopkeeper"
            )
        return task(progress, **arguments)

    def _cut_short(self, job: int, *, by_user: bool) -> None:
        with self._database.connection() as conn:
            if by_user:
                store.finish(conn, job, JobState.STOPPED)
                return
            store.interrupt(conn, job)
        raise _Again(after_s=0)

    def _away(self, job: int, error: DatabaseError) -> None:
        """The database failed under the task: wait and try again, rather than give up an import half-way."""
        log.warning("interrupted job=%d: %s", job, error)
        try:
            with self._database.connection() as conn:
                store.interrupt(conn, job, error=error.message)
        except DatabaseError:
            log.warning("job=%d could not be marked as interrupted", job)
        raise _Again(after_s=RETRY_AFTER_S)

    def _failed(self, job: int, error: Exception) -> None:
        text = error.message if isinstance(error, ShopkeeperError) else "an unexpected error"
        hint = getattr(error, "hint", "") or ""
        if not isinstance(error, ShopkeeperError):
            text, hint = f"{text}: {type(error).__name__}", "the program's log has the details"
        with self._database.connection() as conn:
            store.finish(conn, job, JobState.FAILED, error=f"{text} ({hint})" if hint else text)
        log.info("failed job=%d: %s", job, text)
