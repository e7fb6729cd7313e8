"""What a GGUF file says of itself, read without trusting it: header, values and the table of tensors, no weights.

    header = read_header(path)
    header.architecture, header.context_tokens, header.quantisation

Native code that runs such files takes their word for sizes and places. So a file from outside passes through here
first: every number is held against the length of the file before it is used, and what does not fit is an
ArtifactError with its place. Lists (vocabularies, merges) are walked over and only counted, unless asked for.

Source: the format as ggml's docs/gguf.md describes it, versions 2 and 3, little-endian.
"""

import mmap
import struct
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from pathlib import Path

from shopkeeper.errors import ArtifactError

Value = str | int | float | bool

MAGIC = b"GGUF"
VERSIONS = (2, 3)
MAX_DIMENSIONS = 4
MAX_KEY_BYTES = 1 << 16
MAX_KEYS = 1 << 16
MAX_TENSORS = 1 << 20
MAX_ELEMENTS = 1 << 24  # of one list
MAX_TEXT_BYTES = 1 << 24  # of one text: chat templates are some ten thousand

_TEXT, _LIST, _BOOL = 8, 9, 7
_NUMBERS = {
    0: "B", 1: "b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", _BOOL: "B", 10: "<Q", 11: "<q", 12: "<d",
}  # fmt: skip

# ggml's types of tensors: number to name, values in a block, bytes of a block.
TENSOR_TYPES: Mapping[int, tuple[str, int, int]] = {
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20), 6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24), 8: ("Q8_0", 32, 34), 9: ("Q8_1", 32, 40), 10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144), 13: ("Q5_K", 256, 176), 14: ("Q6_K", 256, 210), 15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66), 17: ("IQ2_XS", 256, 74), 18: ("IQ3_XXS", 256, 98), 19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18), 21: ("IQ3_S", 256, 110), 22: ("IQ2_S", 256, 82), 23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1), 25: ("I16", 1, 2), 26: ("I32", 1, 4), 27: ("I64", 1, 8), 28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56), 30: ("BF16", 1, 2), 34: ("TQ1_0", 256, 54), 35: ("TQ2_0", 256, 66),
    39: ("MXFP4", 32, 17), 40: ("NVFP4", 64, 36), 41: ("Q1_0", 128, 18),
}  # fmt: skip

# llama.cpp's names for how a whole file is quantised, `general.file_type`.
FILE_TYPES: Mapping[int, str] = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S",
    12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS",
    20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M",
    28: "IQ2_S", 29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4",
    39: "NVFP4", 40: "Q1_0",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor of the table. offset: of its first byte in the file; shape: the fastest axis first."""

    name: str
    shape: tuple[int, ...]
    type: str
    offset: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the weights. lists: key to number of elements; kept: the elements of those asked for;
    table_offset: of the first byte of the table of tensors, where keys and values have ended."""

    version: int
    values: Mapping[str, Value]
    lists: Mapping[str, int]
    tensors: tuple[Tensor, ...]
    kept: Mapping[str, tuple[Value, ...]]
    table_offset: int = 0

    @property
    def architecture(self) -> str:
        """The family of models, as llama.cpp calls it."""
        return self._text("general.architecture")

    @property
    def name(self) -> str:
        """What its maker called it; empty if it says nothing."""
        return self._text("general.name")

    @property
    def licence(self) -> str:
        """As the file states it; empty if it does not."""
        return self._text("general.license")

    @property
    def made_from(self) -> str:
        """Where the file says it comes from; empty if it does not."""
        keys = ("base_model.0.repo_url", "source.huggingface.repository", "source.url", "url")
        return next(filter(None, (self._text(f"general.{key}") for key in keys)), "")

    @property
    def chat_template(self) -> str:
        """The Jinja template of a conversation: a program, to be rendered in a sandbox. Empty if there is none."""
        return self._text("tokenizer.chat_template")

    @property
    def context_tokens(self) -> int:
        """Tokens that it was made for; 0 if it does not say."""
        return self._whole(f"{self.architecture}.context_length")

    @property
    def vocabulary(self) -> int:
        """Number of tokens; 0 if it has none."""
        return self.lists.get("tokenizer.ggml.tokens", 0)

    @property
    def parameters(self) -> int:
        """Numbers in all tensors."""
        return sum(prod(tensor.shape) for tensor in self.tensors)

    @property
    def quantisation(self) -> str:
        """How the weights are kept: as the file says, else the type that most of its bytes have."""
        said = FILE_TYPES.get(self._whole("general.file_type", absent=-1))
        if said is not None:
            return said
        weight: dict[str, int] = {}
        for tensor in self.tensors:
            weight[tensor.type] = weight.get(tensor.type, 0) + tensor.size_bytes
        return max(weight, key=weight.__getitem__, default="")

    def _text(self, key: str) -> str:
        found = self.values.get(key, "")
        return found if isinstance(found, str) else ""

    def _whole(self, key: str, *, absent: int = 0) -> int:
        found = self.values.get(key)
        return found if isinstance(found, int) and not isinstance(found, bool) else absent


def read_header(path: Path, *, keep: Collection[str] = ()) -> Header:
    """The header of a GGUF file, with the elements of these lists.

    Raises ArtifactError if it is none, damaged, or claims what its length cannot hold.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _Reader(data, str(path), keep).header()
    except (OSError, ValueError) as error:  # an empty file cannot be mapped: ValueError
        why = getattr(error, "strerror", "") or "it is empty"
        raise ArtifactError(f"{path} is no GGUF file: {why}") from error


class _Reader:
    """A place in the file that moves on as it is read, and never past the end."""

    def __init__(self, data: mmap.mmap, path: str, keep: Collection[str]) -> None:
        self._keep = keep
        self._kept: dict[str, tuple[Value, ...]] = {}
        self._data = data
        self._path = path
        self._at = 0
        self._end = len(data)

    def header(self) -> Header:
        if self._take(4) != MAGIC:
            raise self._wrong("it does not begin with GGUF")
        version = self._number("<I")
        if version not in VERSIONS:
            raise self._wrong(f"version {version} is none of {', '.join(map(str, VERSIONS))}")
        tensor_count = self._count(MAX_TENSORS, each_bytes=24, of="tensors")
        key_count = self._count(MAX_KEYS, each_bytes=13, of="keys")
        values: dict[str, Value] = {}
        lists: dict[str, int] = {}
        for _ in range(key_count):
            self._entry(values, lists)
        if not isinstance(values.get("general.architecture"), str):
            raise self._wrong("it names no general.architecture")
        table_offset = self._at
        tensors = self._tensors(tensor_count, values)
        return Header(version, values, lists, tensors, self._kept, table_offset)

    def _entry(self, values: dict[str, Value], lists: dict[str, int]) -> None:
        key = self._name(MAX_KEY_BYTES)
        if key in values or key in lists:
            raise self._wrong(f"the key {key!r} comes twice")
        kind = self._number("<I")
        if kind == _LIST:
            lists[key] = self._walk_list(key)
        elif kind == _TEXT:
            values[key] = self._text(MAX_TEXT_BYTES).decode("utf-8", "replace")
        else:
            values[key] = self._value(kind, key)

    def _value(self, kind: int, key: str) -> Value:
        if kind not in _NUMBERS:
            raise self._wrong(f"{key!r} has a value of unknown type {kind}")
        found: int | float = self._number(_NUMBERS[kind])
        return bool(found) if kind == _BOOL else found

    def _walk_list(self, key: str) -> int:
        kind = self._number("<I")
        if kind == _TEXT:
            count = self._count(MAX_ELEMENTS, each_bytes=8, of=f"elements of {key!r}")
            if key in self._keep:
                texts = (self._text(MAX_TEXT_BYTES) for _ in range(count))
                self._kept[key] = tuple(text.decode("utf-8", "replace") for text in texts)
            else:
                self._skip_texts(count)
            return count
        if kind not in _NUMBERS:
            raise self._wrong(f"{key!r} is a list of unknown type {kind}")
        size = struct.calcsize(_NUMBERS[kind])
        count = self._count(MAX_ELEMENTS, each_bytes=size, of=f"elements of {key!r}")
        raw = self._take(count * size)
        if key in self._keep:
            self._kept[key] = struct.unpack(f"<{count}{_NUMBERS[kind][-1]}", raw)
        return count

    def _skip_texts(self, count: int) -> None:
        """Move past texts, of which a vocabulary has hundreds of thousands."""
        length_at = struct.Struct("<Q").unpack_from
        at, last = self._at, self._end - 8
        for _ in range(count):
            if at > last:
                raise self._wrong("it ends too early")
            at += 8 + length_at(self._data, at)[0]
        self._at = min(at, self._end)
        if at > self._end:
            raise self._wrong("it ends too early")

    def _tensors(self, count: int, values: Mapping[str, Value]) -> tuple[Tensor, ...]:
        alignment = values.get("general.alignment", 32)
        if not isinstance(alignment, int) or alignment < 1 or alignment & (alignment - 1):
            raise self._wrong(f"general.alignment is {alignment!r}, no power of two")
        found = [self._tensor() for _ in range(count)]
        begin = (self._at + alignment - 1) // alignment * alignment
        placed = []
        for name, shape, type_, offset in found:
            kind, block, block_bytes = TENSOR_TYPES[type_]
            size = prod(shape) // block * block_bytes
            if offset % alignment or begin + offset + size > self._end:
                raise self._wrong(f"the tensor {name!r} is not inside the file")
            placed.append(Tensor(name, shape, kind, begin + offset, size))
        self._check_apart(placed)
        return tuple(placed)

    def _tensor(self) -> tuple[str, tuple[int, ...], int, int]:
        name = self._name(MAX_KEY_BYTES)
        dimensions = self._number("<I")
        if not 1 <= dimensions <= MAX_DIMENSIONS:
            raise self._wrong(f"the tensor {name!r} has {dimensions} dimensions")
        shape = tuple(self._number("<Q") for _ in range(dimensions))
        type_, offset = self._number("<I"), self._number("<Q")
        if type_ not in TENSOR_TYPES:
            raise self._wrong(f"the tensor {name!r} is of unknown type {type_}")
        if not all(shape) or shape[0] % TENSOR_TYPES[type_][1]:
            raise self._wrong(f"the tensor {name!r} cannot have the shape {shape}")
        return name, shape, type_, offset

    def _check_apart(self, tensors: list[Tensor]) -> None:
        if len({tensor.name for tensor in tensors}) < len(tensors):
            raise self._wrong("two tensors have one name")
        in_order = sorted(tensors, key=lambda tensor: tensor.offset)
        for before, after in pairwise(in_order):
            if before.offset + before.size_bytes > after.offset:
                raise self._wrong(f"the tensors {before.name!r} and {after.name!r} overlap")

    def _count(self, most: int, *, each_bytes: int, of: str) -> int:
        """A number of things of which each takes so many bytes at least."""
        count = self._number("<Q")
        if count > most or count * each_bytes > self._end - self._at:
            raise self._wrong(f"{count} {of} are more than it can hold")
        return count

    def _name(self, most: int) -> str:
        try:
            return self._text(most).decode("utf-8")
        except UnicodeDecodeError as error:
            raise self._wrong("a name is not UTF-8") from error

    def _text(self, most: int) -> bytes:
        length = self._number("<Q")
        if length > most:
            raise self._wrong(f"a text of {length} bytes is too long")
        return self._take(length)

    def _number(self, kind: str) -> int:
        """A number of this kind of `struct`; a float for those of floats."""
        (found,) = struct.unpack(kind, self._take(struct.calcsize(kind)))
        return found  # type: ignore[no-any-return]

    def _take(self, length: int) -> bytes:
        if length > self._end - self._at:
            raise self._wrong("it ends too early")
        taken = self._data[self._at : self._at + length]
        self._at += length
        return taken

    def _wrong(self, what: str) -> ArtifactError:
        return ArtifactError(
            f"{self._path} is no GGUF file that can be used: {what} (byte {self._at})",
            hint="fetch it again, from a source you trust",
        )
