"""The file of a backup: a ZIP with the tables and, written last, a manifest that says what they must be.

`tables/NAME.tsv` is PostgreSQL's COPY text of one table in UTF-8; `manifest.json` has the migrations that the tables
have and for each table its columns, rows and sha256. What is put in and taken out of the database is in `backup.py`.
"""

import fcntl
import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from shopkeeper.errors import ArtifactError

FORMAT = "shopkeeper-backup"
VERSION = 1
MANIFEST = "manifest.json"
_CHUNK = 1 << 20  # bytes
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError)


@dataclass(frozen=True, slots=True)
class Table:
    """One table in a backup. `size_bytes` before compression."""

    name: str
    columns: tuple[str, ...]
    rows: int
    size_bytes: int
    sha256: str

    @property
    def member(self) -> str:
        """Its name inside the file."""
        return f"tables/{self.name}.tsv"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds. `migrations`: number -> sha256 in hex; `counters`: where identity columns stand."""

    made_at: datetime
    program: str
    server: str
    migrations: dict[int, str]
    tables: tuple[Table, ...]
    counters: dict[str, int]

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables)


class Meter:
    """Counts and hashes what passes."""

    def __init__(self) -> None:
        self.rows = self.size_bytes = 0
        self._hash = hashlib.sha256()

    def add(self, chunk: bytes | bytearray | memoryview) -> None:
        data = bytes(chunk)
        self.rows += data.count(b"\n")  # COPY writes a newline inside of a value as \n
        self.size_bytes += len(data)
        self._hash.update(data)

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


def dump(manifest: Manifest) -> str:
    """The manifest as JSON."""
    data = asdict(manifest) | {"made_at": manifest.made_at.isoformat()}
    return json.dumps({"format": FORMAT, "version": VERSION, **data}, indent=1)


def manifest_of(path: Path, archive: zipfile.ZipFile) -> Manifest:
    """What a backup says that it holds. Raises ArtifactError."""
    try:
        data = json.loads(archive.read(MANIFEST))
        if data.pop("format") != FORMAT:
            raise damaged(path, "it is something else")
        version = data.pop("version")
        if version != VERSION:
            raise ArtifactError(
                f"{path} is a backup of version {version}, this program reads version {VERSION}",
                hint="install the newer shopkeeper that made it",
            )
        tables = tuple(Table(**t | {"columns": tuple(t["columns"])}) for t in data.pop("tables"))
        migrations = {int(number): str(digest) for number, digest in data.pop("migrations").items()}
        made_at = datetime.fromisoformat(data.pop("made_at"))
        manifest = Manifest(made_at=made_at, tables=tables, migrations=migrations, **data)
        if not migrations or {t.member for t in tables} | {MANIFEST} != set(archive.namelist()):
            raise damaged(path, "parts of it are missing")
    except (KeyError, ValueError, TypeError, *_UNREADABLE) as error:
        raise damaged(path, "its manifest cannot be read") from error
    return manifest


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """A backup, open to read. Raises ArtifactError."""
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            yield archive
    except zipfile.BadZipFile as error:
        raise damaged(path, "it is cut short or no backup") from error
    except OSError as error:
        raise ArtifactError(f"{path} cannot be read: {error.strerror or error}") from error


def chunks(path: Path, archive: zipfile.ZipFile, table: Table) -> Iterator[bytes]:
    """A table's rows, in pieces. Raises ArtifactError if they cannot be unpacked."""
    try:
        with archive.open(table.member) as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    except _UNREADABLE as error:
        raise damaged(path, f"the table {table.name} cannot be unpacked") from error


def damaged(path: Path, why: str) -> ArtifactError:
    """The error for a file that is not what was written."""
    return ArtifactError(
        f"{path} is damaged: {why}", hint="take another backup; nothing was restored from this one"
    )


def refuse_to_replace(path: Path) -> None:
    """Let only an older backup be replaced, so that a slip of the hand costs no other file."""
    if not path.exists():
        return
    try:
        with opened(path) as archive:
            manifest_of(path, archive)
    except ArtifactError as error:
        raise ArtifactError(
            f"{path} exists and is no backup", hint="choose another name for the backup"
        ) from error


@contextmanager
def written_beside(path: Path) -> Iterator[IO[bytes]]:
    """A file that gets its name when all of it is on the disk, and is gone if that fails."""
    beside = path.with_name(f"{path.name}.part")
    try:
        with os.fdopen(os.open(beside, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            file.truncate(0)  # what a killed program left
            try:
                yield file
                file.flush()
                os.fsync(file.fileno())
                beside.replace(path)
            except BaseException:
                beside.unlink(missing_ok=True)
                raise
        _sync_folder(path.parent)
    except BlockingIOError:
        raise ArtifactError(
            f"another program is writing {path}", hint="choose another name for the backup"
        ) from None
    except OSError as error:
        raise ArtifactError(
            f"{path} cannot be written: {error.strerror or error}",
            hint="choose a folder that is writable and has room",
        ) from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
