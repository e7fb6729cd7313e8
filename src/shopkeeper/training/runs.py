"""Runs: a folder each, which one process at a time trains in, and a record of them in the shop's database.

    RUN/plan.json  tokenizer/  step-00000200/ …  best.json  progress.jsonl  run.lock

What a training says goes to `progress.jsonl` at once, and to the database in batches by a thread of its own, which
also says that the run is alive and hears whether it is to stop. A database that goes away does not end a training.
"""

import fcntl
import logging
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from shopkeeper.errors import Conflict, DatabaseError, SettingsError, ShopkeeperError
from shopkeeper.shop import training_runs
from shopkeeper.shop.database import Connection, Database
from shopkeeper.shop.folder import is_held, open_lock
from shopkeeper.training.progress import Event, Observer, silent, to_file, together

log = logging.getLogger(__name__)

RUNS, LOCK, PROGRESS = "runs", "run.lock", "progress.jsonl"
EVERY_S = 2.0  # between two writes to the database
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


def folder_of(data_folder: Path, name: str) -> Path:
    """Where the run of this name lives. Raises SettingsError for a name that is no plain one."""
    if not _NAME.fullmatch(name):
        raise SettingsError(
            f"{name!r} is no name for a run", hint="letters, digits, dots, dashes and underscores"
        )
    return data_folder / RUNS / name


def is_trained(folder: Path) -> bool:
    """True while a process of this machine trains in this folder."""
    return is_held(folder / LOCK)


@dataclass(frozen=True)
class Recording:
    """What a training is given: whom to tell, and whom to ask whether it is to stop."""

    observer: Observer
    should_stop: Callable[[], bool]


unheard = Recording(silent, lambda: False)


@contextmanager
def recorded(
    folder: Path,
    *,
    name: str,
    kind: str,
    settings: Mapping[str, Any],
    steps: int,
    database: Database | None = None,
    observer: Observer | None = None,
) -> Iterator[Recording]:
    """Hold the run's folder alone and write down what happens inside, and how it ended.

    An event «ended» with the text «stopped» makes the run a stopped one, as does KeyboardInterrupt; an exception makes
    it a failed one and goes on; else it is done. observer: hears everything too. Raises Conflict if another process
    trains in this folder.
    """
    with ExitStack() as stack:
        stack.enter_context(_alone(folder, name))
        heard = [to_file(folder / PROGRESS), *([observer] if observer else [])]
        if database is None:
            yield Recording(together(*heard), lambda: False)
            return
        with database.connection() as conn:
            run = training_runs.begin(
                conn, name, kind=kind, folder=str(folder), settings=settings, steps=steps
            )
        record = stack.enter_context(Record(database, run, folder))
        yield Recording(together(*heard, record), record.should_stop)


@contextmanager
def _alone(folder: Path, name: str) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with open_lock(folder / LOCK) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise Conflict(
                f"process {file.read().strip() or '?'} trains the run {name!r} already",
                hint=f"shopkeeper lm runs stop {name}, or choose another name",
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
        file.truncate(0)


class Record:
    """An observer that keeps a run's row in the database. Use it in a `with` statement."""

    def __init__(self, database: Database, run: int, folder: Path) -> None:
        self._database, self._run, self._folder = database, run, folder
        self._waiting: list[training_runs.Point] = []
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._stop_wanted = self._stopped = self._lost = False
        self._thread = threading.Thread(target=self._keep, name=f"run {run}", daemon=True)

    def __call__(self, event: Event) -> None:
        """Have this written soon."""
        self._stopped = event.kind == "ended" and event.text == "stopped"
        point = training_runs.Point(event.step, event.kind, dict(event.values), event.text)
        with self._lock:
            self._waiting.append(point)

    def should_stop(self) -> bool:
        """True once somebody has asked for it."""
        return self._stop_wanted

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()
        state, reason = self._ending(error)
        best = _best(self._folder)
        self._try(lambda conn: training_runs.add(conn, self._run, self._taken()))
        self._try(lambda conn: training_runs.end(conn, self._run, state, reason=reason, best=best))

    def _ending(self, error: BaseException | None) -> tuple[training_runs.State, str]:
        match error:
            case None:
                return ("stopped" if self._stopped else "done"), ""
            case KeyboardInterrupt():
                return "stopped", ""
            case ShopkeeperError():
                return "failed", error.message
            case _:
                return "failed", f"{type(error).__name__}: {error}"

    def _keep(self) -> None:
        while not self._over.wait(EVERY_S):
            self._try(self._write)

    def _write(self, conn: Connection) -> None:
        taken = self._taken()
        try:
            training_runs.add(conn, self._run, taken)
            self._stop_wanted = training_runs.seen(conn, self._run)
        except BaseException:
            with self._lock:
                self._waiting[:0] = taken  # for the next time
            raise

    def _taken(self) -> list[training_runs.Point]:
        with self._lock:
            taken, self._waiting = self._waiting, []
        return taken

    def _try(self, write: Callable[[Connection], None]) -> None:
        try:
            with self._database.connection() as conn:
                write(conn)
            self._lost = False
        except DatabaseError as error:
            if not self._lost:
                log.warning("the run goes on, but is not recorded: %s", error.message)
            self._lost = True


def _best(folder: Path) -> str:
    from shopkeeper.training import checkpoints

    found = checkpoints.best(folder) or checkpoints.latest(folder)
    return found.name if found else ""
