"""How long the JSON of a shape can be, in bytes, as the grammar writes it: what an answer needs room for."""

import json
from collections.abc import Callable, Iterable, Sequence

from shopkeeper.models.structured.patterns import longest_bytes
from shopkeeper.models.structured.shapes import (
    Either,
    Entries,
    Items,
    Moment,
    Number,
    OneOf,
    Record,
    Shape,
    Text,
    Whole,
)

WIDEST = 4  # bytes of a character in UTF-8; an escaped one takes two
_MOMENTS = {"date": 12, "time": 10, "date-time": 21}


def longest(shape: Shape) -> int:
    """Bytes of the longest text. No token of a model is shorter than a byte, so it takes no more tokens than this."""
    return _bytes(shape, max)


def shortest(shape: Shape) -> int:
    """Bytes of the shortest text."""
    return _bytes(shape, min)


def _bytes(shape: Shape, of: Callable[[Iterable[int]], int]) -> int:
    most = of is max
    match shape:
        case OneOf():
            return of(_written(value) for value in shape.values)
        case Whole():
            return max(len(str(shape.lowest)), len(str(shape.highest))) if most else 1
        case Number():
            ends = [len(str(int(end))) for end in (shape.lowest, shape.highest)]
            sign = 1 if shape.lowest < 0 else 0  # of -0.5, whose whole part has none
            return sign + max(ends) + 1 + shape.decimals if most else 1
        case Text():
            if not most:
                return 2 + shape.shortest
            if shape.pattern is not None:
                return 2 + longest_bytes(shape.pattern)
            return 2 + WIDEST * shape.longest
        case Moment():
            return _MOMENTS[shape.kind] + (1 if most and shape.kind != "date" else 0)
        case Items():
            parts = [_bytes(one, of) for one in shape.first]
            count = shape.most if most else shape.fewest
            return 2 + _joined(parts, count, _bytes(shape.item, of) if count else 0)
        case Entries():
            count = shape.most if most else shape.fewest
            return 2 + _joined([], count, _bytes(shape.key, of) + 2 + _bytes(shape.value, of))
        case Record():
            members = [m for m in shape.members if most or m.required or shape.complete]
            parts = [_written(m.name) + 2 + _bytes(m.shape, of) for m in members]
            return 2 + _joined(parts, 0, 0)
        case Either():
            return of(_bytes(option, of) for option in shape.options)


def _joined(parts: Sequence[int], count: int, each: int) -> int:
    """Parts and `count` more of size `each`, with commas between."""
    number = len(parts) + count
    return sum(parts) + count * each + 2 * max(0, number - 1)


def _written(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode())
