"""The data folder: making it, and who uses it.

Locks are `flock` on files in the folder. The kernel releases them when a program dies, so a killed program leaves
nothing behind that must be cleared, and no list of process ids is trusted.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from shopkeeper.errors import DatabaseError, FolderInUse

SERVE_LOCK = "serve.lock"


@dataclass(frozen=True, slots=True)
class Holder:
    """The program that serves the shop of a folder."""

    pid: int
    address: str
    since: str

    def __str__(self) -> str:
        return f"process {self.pid} at {self.address or 'no address'} since {self.since} UTC"


def make_folder(folder: Path) -> None:
    """Make a folder with those above it. Raises DatabaseError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(
            f"the folder {folder} cannot be made: {error.strerror}",
            hint="choose another with --data-folder or SHOPKEEPER_DATA_FOLDER",
        ) from error


def open_lock(path: Path) -> IO[str]:
    """A lock file, made if it is not there, open to read and write. Raises DatabaseError."""
    try:
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+")
    except OSError as error:
        raise DatabaseError(
            f"{path} cannot be written: {error.strerror}",
            hint="the data folder must be writable and have free space; or choose another with --data-folder",
        ) from error


@contextmanager
def locked(path: Path) -> Iterator[IO[str]]:
    """Hold a lock alone, waiting for whoever has it. It stays held as long as any process has the file open."""
    with open_lock(path) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def is_held(path: Path) -> bool:
    """True if some program holds this lock. Makes and changes nothing."""
    try:
        file = path.open("rb")
    except OSError:
        return False
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@contextmanager
def serve_lock(data_folder: Path, address: str = "") -> Iterator[None]:
    """Hold the right to serve the shop of this folder. Raises FolderInUse saying who holds it."""
    make_folder(data_folder)
    with open_lock(data_folder / SERVE_LOCK) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _holder(file)
            raise FolderInUse(
                f"another program serves the shop in {data_folder}"
                + (f": {holder}" if holder else ""),
                hint="stop that one first, or give this one another --data-folder",
            ) from None
        file.truncate(0)
        now = datetime.now(UTC).isoformat(" ", "seconds").removesuffix("+00:00")
        json.dump({"pid": os.getpid(), "address": address, "since": now}, file)
        file.flush()
        yield
        file.truncate(0)


def served_by(data_folder: Path) -> Holder | None:
    """Who serves the shop of this folder, or None if nobody does."""
    path = data_folder / SERVE_LOCK
    if not is_held(path):
        return None
    with path.open(encoding="utf-8") as file:
        return _holder(file) or Holder(0, "", "?")


def _holder(file: IO[str]) -> Holder | None:
    file.seek(0)
    try:
        held = json.load(file)
        return Holder(int(held["pid"]), str(held["address"]), str(held["since"]))
    except (ValueError, KeyError, TypeError):
        return None
