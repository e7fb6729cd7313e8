"""Networks as ONNX files, written without the `onnx` package: the same graph gives the same bytes, always.

Only what a converter needs of the format: nodes with numbers and texts as attributes, constant tensors, inputs and
outputs of known type. Field numbers are those of `onnx.proto`; the file is a protocol buffer, so each message is a
row of (field number, wire type, value). Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

import struct
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

IR_VERSION = 10
OPSETS = (("", 21), ("com.microsoft", 1))  # the second for the fused attention of ONNX Runtime
FLOAT32, INT32 = 1, 6
TYPES = {"float32": FLOAT32, "uint8": 2, "int8": 3, "int32": INT32, "int64": 7, "float16": 10}
_VARINT, _BYTES, _FIXED32 = 0, 2, 5

Attribute = int | float | str | NDArray[Any]


class Graph:
    """A network while it is put together. Names of values are given or made, and unique."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[bytes] = []
        self._constants: dict[str, bytes] = {}
        self._inputs: list[bytes] = []
        self._outputs: list[bytes] = []

    def input(self, name: str, dtype: str, shape: Sequence[str | int]) -> str:
        """A value that the caller gives; axes of any length are letters."""
        self._inputs.append(_field(11, _value_info(name, dtype, shape)))
        return name

    def output(self, value: str, name: str, dtype: str, shape: Sequence[str | int]) -> None:
        """A value that the caller gets, and by which name."""
        self._nodes.append(_field(1, _node("Identity", [value], [name], name=name)))
        self._outputs.append(_field(12, _value_info(name, dtype, shape)))

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """A tensor of the file."""
        if name in self._constants:
            raise ValueError(f"the graph has a constant {name!r} already")
        self._constants[name] = _field(5, _tensor(name, value))
        return name

    def add(self, kind: str, *inputs: str, domain: str = "", **attributes: Attribute) -> str:
        """An operation; the name of the one value that it gives."""
        return self.split(kind, *inputs, parts=1, domain=domain, **attributes)[0]

    def split(
        self, kind: str, *inputs: str, parts: int, domain: str = "", **attributes: Attribute
    ) -> list[str]:
        """An operation; the names of the values that it gives."""
        name = f"{kind}_{len(self._nodes)}"
        found = [f"{name}_{index}" for index in range(parts)]
        body = _node(kind, inputs, found, name=name)
        body += b"".join(_field(5, _attribute(key, value)) for key, value in attributes.items())
        self._nodes.append(_field(1, body + _field(7, domain)))
        return found

    def chunks(self) -> Iterable[bytes]:
        """The file, piece by piece."""
        head = [_field(1, IR_VERSION), _field(2, "shopkeeper")]
        head += [_field(8, _field(1, domain) + _field(2, version)) for domain, version in OPSETS]
        yield b"".join(head)
        parts = [*self._nodes, _field(2, self._name), *self._constants.values()]
        parts += self._inputs + self._outputs
        yield _key(7, _BYTES) + _varint(sum(map(len, parts)))
        yield from parts


def _node(kind: str, inputs: Sequence[str], outputs: Sequence[str], *, name: str) -> bytes:
    values = [_field(1, value) for value in inputs] + [_field(2, value) for value in outputs]
    return b"".join(values) + _field(3, name) + _field(4, kind)


def _tensor(name: str, value: NDArray[Any]) -> bytes:
    dims = b"".join(_field(1, size) for size in value.shape)
    data = np.ascontiguousarray(value).astype(value.dtype.newbyteorder("<")).tobytes()
    return dims + _field(2, TYPES[value.dtype.name]) + _field(8, name) + _field(9, data)


def _value_info(name: str, dtype: str, shape: Sequence[str | int]) -> bytes:
    axes = b"".join(
        _field(1, _field(1, axis) if isinstance(axis, int) else _field(2, axis)) for axis in shape
    )
    tensor = _field(1, TYPES[dtype]) + _field(2, axes)
    return _field(1, name) + _field(2, _field(1, tensor))


def _attribute(name: str, value: Attribute) -> bytes:
    if isinstance(value, int):
        return _field(1, name) + _field(3, value) + _field(20, 2)
    if isinstance(value, float):
        return _field(1, name) + _key(2, _FIXED32) + struct.pack("<f", value) + _field(20, 1)
    if isinstance(value, str):
        return _field(1, name) + _field(4, value) + _field(20, 3)
    return _field(1, name) + _field(5, _tensor("", value)) + _field(20, 4)


def _field(number: int, value: int | str | bytes) -> bytes:
    """One field of a message."""
    if isinstance(value, int):
        return _key(number, _VARINT) + _varint(value)
    data = value.encode("utf-8") if isinstance(value, str) else value
    return _key(number, _BYTES) + _varint(len(data)) + data


def _key(number: int, wire_type: int) -> bytes:
    return _varint(number << 3 | wire_type)


def _varint(value: int) -> bytes:
    """Seven bits a byte, the low ones first; negative numbers as 64 bits of two's complement."""
    value &= 2**64 - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
