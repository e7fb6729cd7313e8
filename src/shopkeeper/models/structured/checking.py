"""A parsed value against a shape: the first thing that is not right, and where.

Messages name places by the members of the type; what the model wrote (values, its own keys) is never in them.
"""

from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal

from shopkeeper.models.structured.patterns import WRITABLE, matches
from shopkeeper.models.structured.shapes import (
    Either,
    Entries,
    Items,
    Member,
    Moment,
    Number,
    OneOf,
    Record,
    Shape,
    Text,
    Whole,
)

Json = None | bool | int | Decimal | str | list["Json"] | dict[str, "Json"]
_NAMES = {type(None): "null", bool: "true or false", int: "a whole number", Decimal: "a number",
          str: "a string", list: "a list", dict: "an object"}  # fmt: skip


def problem(shape: Shape, value: Json) -> str:
    """What is wrong with the value, as `place: reason`; empty if it is of the shape."""
    return next(_problems(shape, value, "answer"), "")


def _problems(shape: Shape, value: Json, at: str) -> Iterator[str]:
    """All of it, lazily, from the outside in."""
    match shape:
        case OneOf():
            if not any(_same(value, one) for one in shape.values):
                yield f"{at}: not one of the listed values"
        case Whole():
            yield from _whole(shape, value, at)
        case Number():
            yield from _number(shape, value, at)
        case Text():
            yield from _text(shape, value, at)
        case Moment():
            yield from _moment(shape, value, at)
        case Items():
            yield from _items(shape, value, at)
        case Entries():
            yield from _entries(shape, value, at)
        case Record():
            yield from _record(shape, value, at)
        case Either():
            yield from _either(shape, value, at)


def _same(value: Json, one: object) -> bool:
    """JSON's equality: 1 is 1.0, and true is not 1."""
    if isinstance(value, bool) or isinstance(one, bool) or value is None or one is None:
        return value is one
    if isinstance(value, int | Decimal) and isinstance(one, int | float):
        return Decimal(value) == Decimal(repr(one))
    return isinstance(value, str) and value == one


def _whole(shape: Whole, value: Json, at: str) -> Iterator[str]:
    if isinstance(value, bool) or not isinstance(value, int):
        yield f"{at}: {_named(value)} where a whole number should be"
    elif not shape.lowest <= value <= shape.highest:
        yield f"{at}: not from {shape.lowest} to {shape.highest}"
    elif value % shape.multiple_of:
        yield f"{at}: not a multiple of {shape.multiple_of}"


def _number(shape: Number, value: Json, at: str) -> Iterator[str]:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        yield f"{at}: {_named(value)} where a number should be"
    elif not shape.lowest <= value <= shape.highest:
        yield f"{at}: not from {shape.lowest} to {shape.highest}"
    elif _decimals(Decimal(value)) > shape.decimals:
        yield f"{at}: more than {shape.decimals} digits after the point"


def _decimals(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _text(shape: Text, value: Json, at: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"{at}: {_named(value)} where a string should be"
    elif not shape.shortest <= len(value) <= shape.longest:
        yield f"{at}: {len(value)} characters, not from {shape.shortest} to {shape.longest}"
    elif any(not any(low <= ord(c) <= high for low, high in WRITABLE) for c in value):
        yield f"{at}: a control character"
    elif shape.trimmed and value != value.strip():
        yield f"{at}: blank at its beginning or end"
    elif shape.pattern is not None and not matches(shape.pattern, value):
        yield f"{at}: does not match the pattern"


def _moment(shape: Moment, value: Json, at: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"{at}: {_named(value)} where a string with a {shape.kind} should be"
        return
    try:
        if shape.kind == "date":
            found: date | None = date.fromisoformat(value)
        elif shape.kind == "time":
            time.fromisoformat(value)
            found = None
        else:
            found = datetime.fromisoformat(value)
    except ValueError:
        yield f"{at}: not a {shape.kind} as ISO 8601 writes it"
        return
    if found is not None and not 1900 <= found.year <= 2099:
        yield f"{at}: not of the years 1900 to 2099"


def _items(shape: Items, value: Json, at: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{at}: {_named(value)} where a list should be"
        return
    first = len(shape.first)
    if not first + shape.fewest <= len(value) <= first + shape.most:
        yield f"{at}: {len(value)} items, not from {first + shape.fewest} to {first + shape.most}"
        return
    for number, one in enumerate(value):
        part = shape.first[number] if number < first else shape.item
        yield from _problems(part, one, f"{at}[{number}]")
    if shape.unique and any(one in value[:number] for number, one in enumerate(value)):
        yield f"{at}: the same item twice"


def _entries(shape: Entries, value: Json, at: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{at}: {_named(value)} where an object should be"
        return
    if not shape.fewest <= len(value) <= shape.most:
        yield f"{at}: {len(value)} entries, not from {shape.fewest} to {shape.most}"
        return
    for number, (key, one) in enumerate(value.items(), 1):
        yield from _problems(shape.key, key, f"{at}, key {number}")
        yield from _problems(shape.value, one, f"{at}, entry {number}")


def _record(shape: Record, value: Json, at: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{at}: {_named(value)} where an object should be"
        return
    names = {member.name for member in shape.members}
    if not value.keys() <= names:
        yield f"{at}: a member that is not described"
        return
    for member in shape.members:
        yield from _member(member, value, at)


def _member(member: Member, value: dict[str, Json], at: str) -> Iterator[str]:
    if member.name in value:
        yield from _problems(member.shape, value[member.name], f"{at}.{member.name}")
    elif member.required:
        yield f"{at}.{member.name}: missing"


def _either(shape: Either, value: Json, at: str) -> Iterator[str]:
    """The complaint of the option that the value comes nearest to: the one that goes deepest into it."""
    found = [next(_problems(option, value, at), "") for option in shape.options]
    if all(found):
        yield max(found, key=lambda reason: len(reason.partition(": ")[0]))


def _named(value: Json) -> str:
    return _NAMES[type(value)]
