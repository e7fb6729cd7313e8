"""Files from outside: opened, unpacked and looked through once before a single row is believed.

`.gz`, and `.zip` with one file, are read as what they hold, told by their first bytes and not by their name. Whatever
unpacks to far more than its size is refused. The first look gives the sha256 (an interrupted import is recognised by
it), the encoding, and finds compressed files that break off, all before anything is written.
"""

import gzip
import io
import os
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from shopkeeper.errors import FeedError
from shopkeeper.shop.feeds.encoding import DAMAGED, Encoding, Watcher
from shopkeeper.shop.feeds.rows import printable

MEGABYTE = 1_000_000
MAX_UNPACKED = 64_000 * MEGABYTE
MAX_RATIO = 250  # unpacked to packed; honest tables reach 30, logs 100
RATIO_FROM = 64 * MEGABYTE  # small files may be as dense as they like
MAX_LINE = 16 * MEGABYTE  # bytes of one row
CHUNK = 1 << 18


@dataclass(frozen=True, slots=True)
class Look:
    """What the first look found. size: bytes when unpacked. lines: line breaks."""

    fingerprint: str
    size: int
    lines: int
    encoding: Encoding


class Source:
    """One file to be read, perhaps several times. `read_bytes` counts what the reading under way has taken."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.read_bytes = 0

    @property
    def name(self) -> str:
        """The file's name without the packing: products.csv of products.csv.gz."""
        name = self.path.name
        return name[:-3] if name.lower().endswith((".gz",)) else name

    @cached_property
    def suffix(self) -> str:
        """Ending of the name, small letters: csv."""
        name = self.name
        if self._packing == "zip":
            with explained(self.path), zipfile.ZipFile(self.path) as archive:
                name = self._member(archive).filename
        return Path(name).suffix.lower().lstrip(".")

    @property
    def packed(self) -> bool:
        """True for gzip and zip files."""
        return self._packing != ""

    @cached_property
    def _packing(self) -> str:
        with explained(self.path), self.path.open("rb") as file:
            magic = file.read(4)
        if magic[:2] == b"\x1f\x8b":
            return "gzip"
        return "zip" if magic == b"PK\x03\x04" else ""

    @cached_property
    def look(self) -> Look:
        """Read the file once from end to end. Raises FeedError if it cannot be read or unpacked."""
        with explained(self.path):
            if self.path.is_dir():
                raise FeedError(f"{self.path} is a folder", hint="name one file in it")
            digest = sha256()
            with self.path.open("rb") as file:
                while chunk := file.read(CHUNK):
                    digest.update(chunk)
        watcher = Watcher()
        with self.open() as file:
            while chunk := file.read(CHUNK):
                watcher.feed(chunk)
        if not watcher.size:
            raise FeedError(f"{self.path} is empty", hint="export the feed again")
        return Look(digest.hexdigest(), watcher.size, watcher.lines, watcher.encoding())

    def open(self) -> BinaryIO:
        """The file's bytes, unpacked, from the start. Raises FeedError, also from its `read`."""
        self.read_bytes = 0
        with explained(self.path):
            packed = self.path.open("rb")
        inner: BinaryIO = packed
        if self._packing == "gzip":
            inner = gzip.GzipFile(fileobj=packed)  # type: ignore[assignment]
        elif self._packing == "zip":
            try:
                with explained(self.path):
                    archive = zipfile.ZipFile(packed)
                    inner = archive.open(self._member(archive))  # type: ignore[assignment]
            except FeedError:
                packed.close()
                raise
        return io.BufferedReader(_Counted(self, inner, packed), CHUNK)

    def _member(self, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
        found = [
            m
            for m in archive.infolist()
            if not m.is_dir() and not m.filename.startswith("__MACOSX")
        ]
        if len(found) != 1:
            raise FeedError(
                f"{self.path} holds {len(found)} files",
                hint="unpack it and import the files one by one",
            )
        if found[0].flag_bits & 1:
            raise FeedError(f"{self.path} has a password", hint="unpack it first")
        return found[0]

    def head(self, size: int = 65_536) -> bytes:
        """The first bytes, unpacked."""
        with self.open() as file:
            return file.read(size)

    def utf8(self) -> BinaryIO:
        """The file's bytes, recoded to UTF-8 if they are something else, without BOM."""
        encoding = self.look.encoding.name
        if encoding == "utf-8":
            return self.open()
        if encoding == "utf-8-sig":
            file = self.open()
            file.read(3)
            return file
        return self.recoded()

    def recoded(self) -> BinaryIO:
        """The file's bytes as sound UTF-8, what is no text replaced by U+FFFD."""
        return io.BufferedReader(_Recoded(self.text()), CHUNK)

    def text(self) -> io.TextIOWrapper:
        """The file as text, line ends as they are; bytes that are no text become `encoding.MARK`."""
        return io.TextIOWrapper(
            self.open(), encoding=self.look.encoding.name, errors=DAMAGED, newline=""
        )


class _Counted(io.RawIOBase):
    """Unpacked bytes, counted against their packed size. Failures come out as FeedError."""

    def __init__(self, source: Source, inner: BinaryIO, packed: BinaryIO) -> None:
        self._source = source
        self._inner = inner
        self._packed = packed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        with explained(self._source.path):
            chunk = self._inner.read(len(buffer))
        buffer[: len(chunk)] = chunk
        source = self._source
        source.read_bytes += len(chunk)
        if self._inner is not self._packed and source.read_bytes > RATIO_FROM:
            packed = max(self._packed.tell(), 1)
            if source.read_bytes > MAX_UNPACKED or source.read_bytes / packed > MAX_RATIO:
                raise FeedError(
                    f"{source.path} unpacks to more than {MAX_RATIO} times its size",
                    hint="if the file is sound, unpack it and import what is in it",
                )
        return len(chunk)

    def close(self) -> None:
        if not self.closed:
            self._inner.close()
            self._packed.close()
        super().close()


class _Recoded(io.RawIOBase):
    """A text as bytes in UTF-8."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        if not self._rest:
            self._rest = printable(self._text.read(CHUNK)).encode("utf-8")
        chunk, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        if not self.closed:
            self._text.close()
        super().close()


class explained:
    """A `with` block in which what the system says about a file comes out as FeedError with a hint."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> None:
        if error is None or isinstance(error, FeedError):
            return
        if isinstance(error, FileNotFoundError):
            raise FeedError(f"{self._path} is not there", hint="check the path") from error
        if isinstance(error, IsADirectoryError):
            raise FeedError(f"{self._path} is a folder", hint="name one file in it") from error
        if isinstance(error, PermissionError):
            raise FeedError(
                f"{self._path} may not be read", hint="give this user the right to read it"
            ) from error
        if isinstance(error, EOFError):
            raise FeedError(
                f"{self._path} breaks off in the middle", hint="copy or download it again"
            ) from error
        if isinstance(
            error, (gzip.BadGzipFile, zlib.error, zipfile.BadZipFile, NotImplementedError)
        ):
            raise FeedError(
                f"{self._path} is damaged: {error}", hint="copy or download it again"
            ) from error
        if isinstance(error, OSError):
            why = os.strerror(error.errno) if error.errno else str(error)
            raise FeedError(f"{self._path} cannot be read: {why}", hint="check the disk") from error


class FolderSource(Source):
    """A folder of files that are read one after the other, by name."""

    def __init__(self, path: Path, suffixes: tuple[str, ...]) -> None:
        super().__init__(path)
        self._suffixes = suffixes

    def files(self, suffixes: tuple[str, ...]) -> Iterator[Source]:
        """The files with one of these endings. `read_bytes` counts those that were given out."""
        self.read_bytes = 0
        with explained(self.path):
            found = sorted(p for p in self.path.rglob("*") if p.is_file())
        for path in found:
            source = Source(path)
            if Path(source.name).suffix.lower() in suffixes:
                yield source
                self.read_bytes += path.stat().st_size

    @cached_property
    def look(self) -> Look:
        """One fingerprint and size for all files."""
        digest, size, lines = sha256(), 0, 0
        for source in self.files(self._suffixes):
            name = str(source.path.relative_to(self.path)).encode("utf-8", "surrogateescape")
            try:
                look = source.look
            except FeedError as error:  # the reader will tell it as a bad row
                digest.update(name + error.message.encode())
                continue
            digest.update(name + look.fingerprint.encode())
            size += look.size
            lines += look.lines
        if not size:
            raise FeedError(
                f"{self.path} has no files that can be read",
                hint=f"a folder may hold {', '.join(self._suffixes)}; name any other file itself",
            )
        return Look(digest.hexdigest(), size, lines, Encoding("utf-8"))


def files_of(source: Source, suffixes: tuple[str, ...]) -> Iterator[Source]:
    """The file itself, or those of a folder with one of these endings."""
    if isinstance(source, FolderSource):
        yield from source.files(suffixes)
    else:
        yield source
