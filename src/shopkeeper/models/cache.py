"""The cache that all programs of a machine share: whole, verified files by content, and how one gets into it.

A file lies at `<cache>/<sha256>/<file name>`, a folder of files at `<cache>/<sha256>/<folder name>`. Each file is written beside, as `<file name>.part`, hashed on the way, and
renamed when it is whole and right, so there is never half a file under its name. Who writes holds a lock of the
kernel, which is free again when its program dies.
"""

import errno
import fcntl
import hashlib
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from shopkeeper.errors import ArtifactError, StorageError
from shopkeeper.models.lock import Entry, File, Part

log = logging.getLogger(__name__)

CHUNK = 1 << 20  # bytes read and written at once
WAIT_S = 0.2  # between two looks whether another program is done
SPARE = 1 << 20  # bytes that are to stay free
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

Written = Callable[[int], None]  # is told how many bytes there are


def place(entry: Entry, folder: Path) -> Path:
    """Where the entry's file or folder lies when it is there."""
    return Path(entry.path) if entry.path else folder / entry.sha256 / entry.file_name


def places_of_files(entry: Entry, folder: Path) -> Iterator[tuple[File, Path]]:
    """The entry's files, each with where it lies when it is there."""
    where = place(entry, folder)
    for file in entry.files:
        yield file, where / file.name if entry.folder else where


def is_whole(path: Path, *, size_bytes: int, sha256: str) -> bool:
    """True if the file is there and is what it should be."""
    try:
        if path.stat().st_size != size_bytes:
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}") from error


@contextmanager
def only_one(folder: Path, name: str, *, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold this name's lock, after waiting for whoever has it. `waiting` is called as long as one waits."""
    with storing(folder):
        locks = folder / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        file = (locks / name).open("w")
    with file:
        while not _locked(file.fileno()):
            waiting()
            time.sleep(WAIT_S)
        yield


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def storing(path: Path) -> Iterator[None]:
    """Say of what cannot be written here that it is the storage, and what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageError(
                f"{path} cannot be written: the disk or quota is full",
                hint="free some space, or set SHOPKEEPER_CACHE_FOLDER to a larger disk",
            ) from error
        raise StorageError(
            f"{path} cannot be written: {error.strerror}", hint="set SHOPKEEPER_CACHE_FOLDER"
        ) from error


class PartFile:
    """A file while it comes in: never longer than it may be, hashed on the way, renamed when it is right."""

    def __init__(self, path: Path, *, size_bytes: int, sha256: str, written: Written) -> None:
        self._target = path
        self._path = path.with_name(path.name + ".part")
        self._size = size_bytes
        self._sha256 = sha256
        self._written = written
        with storing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("a+b")
        self._hash = hashlib.sha256()
        self.length = 0

    @staticmethod
    def begun(path: Path) -> bool:
        """True if an earlier program has left a beginning of this file."""
        return path.with_name(path.name + ".part").exists()

    def resume(self) -> None:
        """Go on after what is there already. `length` says how much that is."""
        self._file.seek(0)
        self._hash, self.length = hashlib.sha256(), 0
        while chunk := self._file.read(CHUNK):
            self._hash.update(chunk)
            self.length += len(chunk)
        if self.length > self._size:
            self.restart()

    def restart(self) -> None:
        """Forget what is there."""
        self._shorten(0, hashlib.sha256())

    def resume_parts(self, parts: Sequence[Part]) -> int:
        """Go on after the whole pieces that are there already, and forget the rest. Returns how many they are."""
        self._file.seek(0)
        whole, length, digest = 0, 0, hashlib.sha256()
        for part in parts:
            body = self._file.read(part.size_bytes)
            if hashlib.sha256(body).hexdigest() != part.sha256:
                break
            whole, length = whole + 1, length + len(body)
            digest.update(body)
        self._shorten(length, digest)
        return whole

    def write_part(self, part: Part, chunks: Iterable[bytes]) -> None:
        """Add a piece of its own hash, all of it or, where it is another, nothing. Raises ArtifactError."""
        length, digest = self.length, self._hash.copy()
        found = hashlib.sha256()
        try:
            for chunk in chunks:
                found.update(chunk)
                self.write(chunk)
            if found.hexdigest() != part.sha256:
                raise ArtifactError(
                    f"it has another sha256 than the lock file says: {found.hexdigest()[:12]}…, not {part.sha256[:12]}…"
                )
        except ArtifactError:
            self._shorten(length, digest)
            raise

    def _shorten(self, length: int, digest: "hashlib._Hash") -> None:
        with storing(self._path):
            self._file.truncate(length)
        self._hash, self.length = digest, length

    def write(self, chunk: bytes) -> None:
        """Add a piece. Raises ArtifactError if the file gets too long, StorageError if it finds no room."""
        self.length += len(chunk)
        if self.length > self._size:
            raise ArtifactError(f"it has more than the {self._size} bytes that the lock file says")
        with storing(self._path):
            self._file.write(chunk)
            self._file.flush()  # so that a full disk is told now, and a kill loses little
        self._hash.update(chunk)
        self._written(self.length)

    def finish(self) -> Path:
        """Put the whole file in its place. Raises ArtifactError if it is another than was asked for."""
        if self.length != self._size:
            raise ArtifactError(f"it has {self.length} bytes, not {self._size}")
        found = self._hash.hexdigest()
        if found != self._sha256:
            raise ArtifactError(
                f"it has another sha256 than the lock file says: {found[:12]}…, not {self._sha256[:12]}…"
            )
        with storing(self._path):
            os.fsync(self._file.fileno())
            self._file.close()
            self._path.chmod(0o444)
            self._path.replace(self._target)
            _sync_folder(self._target.parent)
        return self._target

    def close(self, *, keep: bool) -> None:
        """Stop here. What came so far stays for another time if `keep`."""
        with suppress(OSError):  # what a full disk did not take has been told already
            self._file.close()
        if not keep:
            self._path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def check_room(folder: Path, size_bytes: int) -> None:
    """Raises StorageError if so many bytes do not fit."""
    with storing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    if free < size_bytes + SPARE:
        raise StorageError(
            f"{folder} has {free / 1e6:,.0f} MB free, and {size_bytes / 1e6:,.0f} MB are needed",
            hint="free some space, or set SHOPKEEPER_CACHE_FOLDER to a larger disk",
        )


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """A folder in the cache for what is needed only now. Those of programs that died are swept."""
    with only_one(folder, "scratch", waiting=lambda: None), storing(folder):
        parent = folder / "scratch"
        parent.mkdir(exist_ok=True)
        for left in parent.iterdir():
            _sweep(left)
        mine = Path(tempfile.mkdtemp(dir=parent))
        alive = (mine / "alive").open("w")
        fcntl.flock(alive, fcntl.LOCK_EX)
    try:
        with alive:
            yield mine
    finally:
        shutil.rmtree(mine, ignore_errors=True)


def _sweep(left: Path) -> None:
    try:
        with (left / "alive").open("r+") as file:
            if not _locked(file.fileno()):
                return
    except FileNotFoundError:
        pass  # its program died before it got so far
    log.info("swept what a program that died has left path=%s", left)
    shutil.rmtree(left, ignore_errors=True)
