"""A GGUF file with its 4-bit blocks of kind Q4_1 made Q8_0, for llama.cpp to read them quicker.

llama.cpp has no kernels for several tokens at once over Q4_1, as several answers side by side need: on two cores of an
AVX2 machine eight streams of SmolLM2 together are a third quicker over Q8_0, and one alone is as quick. The sixteen
values of a block are kept to within 1/254 of its largest; llama.cpp rounds what they are multiplied with no finer.

Source of both layouts: `block_q4_1` and `block_q8_0` of ggml's ggml-common.h.
"""

import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shopkeeper.errors import ArtifactError
from shopkeeper.models.gguf import TENSOR_TYPES, Header, Tensor, read_header

NARROW, WIDE = "Q4_1", "Q8_0"
NUMBERS = {name: number for number, (name, _, _) in TENSOR_TYPES.items()}
FILE_TYPE, WIDE_FILE = "general.file_type", 7  # llama.cpp's number for a file of mostly Q8_0
BLOCK = 32


def eight_bits(path: Path) -> Iterable[bytes]:
    """The file anew, piece by piece. Raises ArtifactError if it is damaged or has no block of Q4_1."""
    header = read_header(path)
    if not any(tensor.type == NARROW for tensor in header.tensors):
        raise ArtifactError(f"{path} has no tensor of type {NARROW} to be made {WIDE}")
    return _pieces(path, header)


def _pieces(path: Path, header: Header) -> Iterator[bytes]:
    alignment = int(header.values.get("general.alignment", 32))
    table = bytearray()
    place = 0
    for tensor in header.tensors:
        name = tensor.name.encode()
        table += struct.pack("<Q", len(name)) + name + struct.pack("<I", len(tensor.shape))
        table += struct.pack(
            f"<{len(tensor.shape)}QIQ", *tensor.shape, NUMBERS[_kind(tensor)], place
        )
        place += _padded(_size(tensor), alignment)
    data = np.memmap(path, mode="r", dtype=np.uint8)
    head = _said_wide(bytes(data[: header.table_offset])) + bytes(table)
    yield head.ljust(_padded(len(head), alignment), b"\0")
    for tensor in header.tensors:
        raw = np.asarray(data[tensor.offset : tensor.offset + tensor.size_bytes])
        written = widened(raw) if tensor.type == NARROW else raw.tobytes()
        yield written.ljust(_padded(len(written), alignment), b"\0")


def widened(raw: NDArray[np.uint8]) -> bytes:
    """Blocks of Q4_1 (scale, least value, 32 numbers of 4 bits) as blocks of Q8_0 (scale, 32 numbers of 8 bits)."""
    blocks = raw.reshape(-1, TENSOR_TYPES[NUMBERS[NARROW]][2])
    halves = blocks[:, :4].copy().view("<f2").astype(np.float32)  # (N, 2)
    bits = blocks[:, 4:]
    steps = np.concatenate([bits & 15, bits >> 4], axis=1).astype(np.float32)  # (N, 32)
    values = halves[:, :1] * steps + halves[:, 1:]
    scale = np.abs(values).max(axis=1, keepdims=True) / np.float32(127)
    whole = np.rint(np.divide(values, scale, out=np.zeros_like(values), where=scale > 0))
    return np.concatenate(
        [scale.astype("<f2").view(np.uint8), whole.astype(np.int8).view(np.uint8)], axis=1
    ).tobytes()


def _kind(tensor: Tensor) -> str:
    return WIDE if tensor.type == NARROW else tensor.type


def _size(tensor: Tensor) -> int:
    _, _, narrow = TENSOR_TYPES[NUMBERS[NARROW]]
    _, _, wide = TENSOR_TYPES[NUMBERS[WIDE]]
    return tensor.size_bytes // narrow * wide if tensor.type == NARROW else tensor.size_bytes


def _padded(size: int, alignment: int) -> int:
    return -(-size // alignment) * alignment


def _said_wide(head: bytes) -> bytes:
    """Keys and values, with what the file says of itself as a whole put right, if it says it."""
    key = struct.pack("<Q", len(FILE_TYPE)) + FILE_TYPE.encode() + struct.pack("<I", 4)
    at = head.find(key)
    if at < 0:
        return head
    at += len(key)
    return head[:at] + struct.pack("<I", WIDE_FILE) + head[at + 4 :]
