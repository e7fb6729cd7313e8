"""A PostgreSQL server of our own in the data folder, for shops that bring none.

Several programs may share one data folder and any of them, or the server itself, may be killed at any time:

- `users.lock` is held shared by each program that uses the server, so whoever leaves last knows it and stops it.
- `start.lock` is held while starting or stopping, so that two programs never do both at once; a start goes on
  holding it when the program that began it is killed.
- Starting looks at what is really there: a server that is still recovering is waited for, the remains of one that
  died are cleared away, and only then a new one is launched.

The server listens on a Unix socket only.
"""

import fcntl
import hashlib
import logging
import os
import shutil
import sys
import tempfile
import time
from contextlib import suppress
from enum import Enum, auto
from pathlib import Path
from typing import IO

import psycopg

from shopkeeper.errors import DatabaseError
from shopkeeper.shop import postgres_programs as programs
from shopkeeper.shop.folder import locked, make_folder, open_lock

log = logging.getLogger(__name__)

MAX_SOCKET_PATH = 90  # bytes; the kernel takes 107, of which PostgreSQL adds 13
PATIENCE_S = 60  # for the server to start, recover or stop
SILENCE_S = 10  # for a living server to say anything at all
DATABASE = "shopkeeper"
_SERVER_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "96MB",
    "max_connections": "60",
    "max_wal_size": "256MB",  # keeps recovery after a crash short
    "jit": "off",  # costs more than it saves on short queries
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "logging_collector": "off",
    "max_parallel_workers_per_gather": "1",
    "maintenance_work_mem": "96MB",
    "work_mem": "8MB",
}
if sys.platform == "linux":
    _SERVER_SETTINGS["recovery_init_sync_method"] = "syncfs"  # one call instead of one a file


class _Answer(Enum):
    """What a server says to a caller."""

    READY = auto()
    BUSY = auto()  # starting, recovering or stopping
    NONE = auto()


class EmbeddedServer:
    """The PostgreSQL server of one data folder, as one program sees it. `start` before use, `stop` at the end."""

    def __init__(self, data_folder: Path) -> None:
        self.folder = data_folder
        self.cluster = data_folder / "postgres"
        self._users: IO[str] | None = None

    @property
    def url(self) -> str:
        """Where to connect, as a libpq URI."""
        return f"postgresql://postgres@/{DATABASE}?host={self._socket_folder}"

    @property
    def log_file(self) -> Path:
        """What the server says."""
        return self.cluster.with_name("postgres.log")

    @property
    def exists(self) -> bool:
        """True if the cluster has been made."""
        return (self.cluster / "PG_VERSION").exists()

    def start(self) -> None:
        """Make sure that the server runs and answers: also again, if it died since. Raises DatabaseError."""
        make_folder(self.folder)
        programs.let_through(self.folder)
        with locked(self.folder / "start.lock") as lock:
            if self._ask() is not _Answer.READY:
                self._initialise(lock)
                self._bring_up(lock)
                self._create_database()
            if self._users is None:
                self._users = open_lock(self.folder / "users.lock")
                fcntl.flock(self._users, fcntl.LOCK_SH)

    def stop(self) -> None:
        """Leave the server, and stop it if no other program uses it."""
        if self._users is None:
            return
        with locked(self.folder / "start.lock"):
            if self._alone(self._users):
                programs.run("pg_ctl", "stop", "-D", self.cluster, "-m", "fast", "-t", PATIENCE_S)
            else:
                log.info("left the database running for another program")
            self._users.close()
            self._users = None

    def _stop(self, mode: str, patience_s: int, lock: IO[str]) -> None:
        programs.run(
            "pg_ctl", "stop", "-D", self.cluster, "-m", mode, "-t", patience_s, holding=lock
        )

    @staticmethod
    def _alone(users: IO[str]) -> bool:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    @property
    def _socket_folder(self) -> Path:
        if len(os.fsencode(self.cluster)) <= MAX_SOCKET_PATH:
            return self.cluster
        digest = hashlib.sha256(os.fsencode(self.cluster)).hexdigest()[:16]
        runtime = os.environ.get("XDG_RUNTIME_DIR") if os.geteuid() else None
        return Path(runtime or tempfile.gettempdir()) / f"shopkeeper-{digest}"

    def _ask(self) -> _Answer:
        try:
            psycopg.connect(self.url, connect_timeout=5, dbname="postgres").close()
        except psycopg.OperationalError as error:
            said = str(error)
            if "too many clients" in said:
                return _Answer.READY
            busy = ("starting up", "shutting down", "recovery", "not yet accepting")
            return _Answer.BUSY if any(word in said for word in busy) else _Answer.NONE
        return _Answer.READY

    def _initialise(self, lock: IO[str]) -> None:
        if self.exists:
            return
        fresh = self.cluster.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        make_folder(fresh)
        programs.own(fresh)
        fresh.chmod(0o700)
        done = programs.run(
            "initdb", "-D", fresh, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
            "--data-checksums", "--no-instructions", holding=lock,
        )  # fmt: skip
        if done.returncode != 0:
            raise self._failure(done.stderr)
        fresh.rename(self.cluster)  # a start that is killed half-way leaves no half cluster

    def _bring_up(self, lock: IO[str]) -> None:
        """Wait for the server that is there, or clear the remains of a dead one and launch a new one."""
        patience, silence = time.monotonic() + PATIENCE_S, time.monotonic() + SILENCE_S
        while (answer := self._ask()) is not _Answer.READY:
            if answer is _Answer.NONE and programs.postmaster(self.cluster) is None:
                self._clear_remains()
                self._launch(lock)
                return
            now = time.monotonic()
            if now > patience or (answer is _Answer.NONE and now > silence):
                self._give_up_on_silent(lock)
            time.sleep(0.05)

    def _clear_remains(self) -> None:
        """Remove what a dead server left: PostgreSQL believes any living process, or zombie, of its number to be it."""
        programs.end_orphans(self.cluster)
        for path in (self.cluster / "postmaster.pid", *self._socket_folder.glob(".s.PGSQL.*")):
            path.unlink(missing_ok=True)

    def _give_up_on_silent(self, lock: IO[str]) -> None:
        """Stop a server that lives but cannot be reached (its socket is gone), if nobody uses it."""
        with open_lock(self.folder / "users.lock") as users:
            if self._users is None and self._alone(users):
                self._stop("immediate", SILENCE_S, lock)
                if programs.postmaster(self.cluster) is None:
                    return
        raise DatabaseError(
            f"the embedded database (process {programs.postmaster(self.cluster)}) runs but does not answer",
            hint=f"see {self.log_file}; end the programs that use {self.folder}, then start again",
        )

    def _launch(self, lock: IO[str]) -> None:
        sockets = self._socket_folder
        if sockets != self.cluster:
            sockets.mkdir(mode=0o700, exist_ok=True)
            owners = (os.geteuid(), *programs.account()[:1])
            if sockets.is_symlink() or sockets.stat().st_uid not in owners:
                raise DatabaseError(
                    f"{sockets} belongs to somebody else",
                    hint="set XDG_RUNTIME_DIR to a folder of your own",
                )
            programs.own(sockets)
        self._open_log()
        settings = _SERVER_SETTINGS | {"unix_socket_directories": str(sockets)}
        options = " ".join(f"-c {key}='{value}'" for key, value in settings.items())
        said_before = self.log_file.stat().st_size
        done = programs.run(
            "pg_ctl", "start", "-D", self.cluster, "-l", self.log_file, "-w", "-t", PATIENCE_S, "-o", options,
            holding=lock,
        )  # fmt: skip
        if done.returncode != 0:
            raise self._failure(done.stderr, said_before)

    def _open_log(self) -> None:
        try:
            self.log_file.touch()
            programs.own(self.log_file)
        except OSError as error:
            raise DatabaseError(
                f"{self.log_file} cannot be written: {error.strerror}",
                hint="the data folder must be writable and have free space",
            ) from error

    def _create_database(self) -> None:
        with psycopg.connect(self.url, dbname="postgres", autocommit=True) as conn:
            known = "select 1 from pg_database where datname = %s"
            if not conn.execute(known, [DATABASE]).fetchone():
                conn.execute(f"create database {DATABASE}")

    def _failure(self, said: str, said_before: int = 0) -> DatabaseError:
        """Why the server did not start, from what it said now."""
        lines = [x for x in said.splitlines() if x.strip() and "examine the log" not in x.lower()]
        with suppress(OSError), self.log_file.open("rb") as file:
            file.seek(said_before)
            told = file.read().decode(errors="replace").splitlines()
            lines += [x for x in told if "FATAL" in x or "PANIC" in x][-3:]
        text = "; ".join(lines[-3:]) or "no message"
        if "No space left" in text or "Disk quota exceeded" in text:
            return DatabaseError(
                f"the embedded database did not start: the disk of {self.folder} is full",
                hint="free some space; what was saved before is safe",
            )
        return DatabaseError(
            f"the embedded database did not start: {text}",
            hint=f"the whole story is in {self.log_file}; `shopkeeper doctor` checks disk and permissions",
        )
