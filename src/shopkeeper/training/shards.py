"""Token shards: a corpus as numbers on disk, read by memory map, in an order that a seed decides.

A shard folder holds `tokens.bin` (little-endian unsigned integers of 2 or 4 bytes, documents one after another, each
begun by its separator) and `shards.json` (counts, the tokenizer's hash, the hash of the tokens). Rows are stretches of
equal length; which row comes at which place is computed, not stored, so a place in the order is one number.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from shopkeeper.errors import ArtifactError
from shopkeeper.training.storage import storing

Ids = NDArray[np.int64]
HEAD, TOKENS = "shards.json", "tokens.bin"


@dataclass(frozen=True, slots=True)
class Head:
    """What a shard folder says of itself. counts of bytes: of the text, so that bits per byte can be told."""

    tokens: int
    documents: int
    text_bytes: int
    vocabulary: int
    separator: int
    token_bytes: int
    tokenizer_sha256: str
    sha256: str


class ShardWriter:
    """Writes one shard folder; whole under its name only after a clean exit of the `with` statement.

    Raises StorageError if the disk is full, ValueError for an id outside the vocabulary.
    """

    def __init__(
        self, folder: Path, *, vocabulary: int, separator: int, tokenizer_sha256: str = ""
    ) -> None:
        self.folder, self.vocabulary, self.separator = folder, vocabulary, separator
        self.tokenizer_sha256 = tokenizer_sha256
        self.dtype = np.dtype("<u2" if vocabulary <= 1 << 16 else "<u4")
        self.tokens = self.documents = self.text_bytes = 0
        self._hash = hashlib.sha256()

    def __enter__(self) -> Self:
        with storing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / HEAD).unlink(missing_ok=True)
            self._file = (self.folder / (TOKENS + ".part")).open("wb")
        return self

    def write(self, document: Sequence[int], *, text_bytes: int) -> None:
        """Append a document, without its separator, which is put before it."""
        ids = np.asarray([self.separator, *document], dtype=np.int64)
        if len(ids) and (ids.min() < 0 or ids.max() >= self.vocabulary):
            raise ValueError(f"a token id is not below the vocabulary of {self.vocabulary}")
        data = ids.astype(self.dtype).tobytes()
        with storing(self.folder):
            self._file.write(data)
        self._hash.update(data)
        self.tokens += len(ids)
        self.documents += 1
        self.text_bytes += text_bytes

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        part = self.folder / (TOKENS + ".part")
        if kind is not None:
            self._file.close()
            part.unlink(missing_ok=True)
            return
        head = Head(
            self.tokens, self.documents, self.text_bytes, self.vocabulary, self.separator, self.dtype.itemsize,
            self.tokenizer_sha256, self._hash.hexdigest(),
        )  # fmt: skip
        with storing(self.folder):
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            part.replace(self.folder / TOKENS)
            (self.folder / HEAD).write_text(json.dumps(asdict(head), indent=2), encoding="utf-8")


class Shards:
    """Rows of `length` tokens from a shard folder, in an order that `seed` decides. Nothing is read into memory.

    Raises ArtifactError if the folder is not whole, or holds less than one row.
    """

    def __init__(self, folder: Path, *, length: int, seed: int = 0) -> None:
        self.folder, self.length, self.seed = folder, length, seed
        self.head = read_head(folder)
        wanted, there = self.head.tokens * self.head.token_bytes, _size(folder / TOKENS)
        if wanted != there:
            raise ArtifactError(
                f"{folder / TOKENS} was cut short: {there} bytes, not {wanted}",
                hint="delete that folder: the next training makes it again",
            )
        self.rows = self.head.tokens // length
        if not self.rows:
            raise ArtifactError(
                f"{folder} has {self.head.tokens} tokens: less than one row of {length}",
                hint="train on more text, or on shorter rows",
            )
        self.tokens = np.memmap(folder / TOKENS, dtype=f"<u{self.head.token_bytes}", mode="r")

    def row(self, number: int) -> Ids:
        """The stretch of this number, as it stands in the corpus: (length,)."""
        found = self.tokens[number * self.length : (number + 1) * self.length]
        return np.asarray(found, dtype=np.int64)

    def batch(self, places: range) -> Ids:
        """Rows at these places of the endless shuffled order: (len(places), length)."""
        return np.stack([self.row(self.at(place)) for place in places])

    def at(self, place: int) -> int:
        """Number of the row at this place: each once in every pass, each pass in an order of its own."""
        epoch, within = divmod(place, self.rows)
        return permuted(within, self.rows, key=(self.seed << 20) ^ epoch)

    def verify(self) -> None:
        """Hash all tokens. Raises ArtifactError if they are not those that were written."""
        digest = hashlib.sha256()
        for start in range(0, len(self.tokens), 1 << 22):
            digest.update(self.tokens[start : start + (1 << 22)].tobytes())
        if digest.hexdigest() != self.head.sha256:
            raise ArtifactError(
                f"{self.folder / TOKENS} is damaged",
                hint="delete that folder: the next training makes it again",
            )


def permuted(index: int, size: int, *, key: int) -> int:
    """Where a key sends `index` in a permutation of range(size), by a Feistel network that walks its cycles.

    Memory of one number, whatever the size. Source: Black and Rogaway 2002, «Ciphers with arbitrary finite domains».
    """
    half = max(1, ((size - 1).bit_length() + 1) // 2)
    mask = (1 << half) - 1
    while True:
        left, right = index >> half, index & mask
        for turn in range(4):
            mixed = (right * 0x9E3779B97F4A7C15 + key * 0xBF58476D1CE4E5B9 + turn) & (1 << 64) - 1
            mixed = ((mixed ^ (mixed >> 31)) * 0x94D049BB133111EB) & (1 << 64) - 1
            left, right = right, left ^ ((mixed >> 29) & mask)
        index = left << half | right
        if index < size:
            return index


def documents_of(rows: Ids, separator: int) -> Ids:
    """Which document of its row each token is of: (B, T) of (B, T). A separator begins one."""
    return np.cumsum(rows == separator, axis=1)


def read_head(folder: Path) -> Head:
    """What the folder says of itself. Raises ArtifactError."""
    try:
        return Head(**json.loads((folder / HEAD).read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise ArtifactError(
            f"{folder} holds no shards, or they were not finished", hint="make them again"
        ) from error
    except (OSError, TypeError, ValueError) as error:
        raise ArtifactError(f"{folder / HEAD} cannot be read: {error}") from error


def write_shards(
    folder: Path,
    documents: Iterable[tuple[Sequence[int], int]],
    *,
    vocabulary: int,
    separator: int,
    tokenizer_sha256: str = "",
) -> Head:
    """Write documents (ids, bytes of the text) as shards. Raises ArtifactError if there is no document."""
    writer = ShardWriter(
        folder, vocabulary=vocabulary, separator=separator, tokenizer_sha256=tokenizer_sha256
    )
    with writer:
        for ids, text_bytes in documents:
            writer.write(ids, text_bytes=text_bytes)
        if not writer.documents:
            raise ArtifactError("the corpus is empty", hint="no document was left to train on")
    return read_head(folder)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise ArtifactError(f"{path} cannot be read: {error.strerror}") from error


def iterate_documents(shards: Shards) -> Iterator[Ids]:
    """The corpus document by document, without separators, as it was written."""
    begins = np.flatnonzero(shards.tokens == shards.head.separator)
    for start, end in zip(begins, [*begins[1:], len(shards.tokens)], strict=True):
        yield np.asarray(shards.tokens[start + 1 : end], dtype=np.int64)
