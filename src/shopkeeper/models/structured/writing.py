"""Shapes as JSON schemas, for engines and servers that keep to those: the same limits, nothing to look up."""

from decimal import Decimal
from typing import Any

from shopkeeper.models.structured.patterns import (
    Alternatives,
    Letters,
    Pattern,
    Range,
    Repeat,
    Sequence,
)
from shopkeeper.models.structured.shapes import (
    Either,
    Entries,
    Items,
    Moment,
    Number,
    OneOf,
    Record,
    Scalar,
    Shape,
    Text,
    Whole,
)


def schema_of(shape: Shape) -> dict[str, Any]:
    """The JSON schema of a shape, without references."""
    match shape:
        case OneOf():
            return _listed(shape.values)
        case Whole():
            found: dict[str, Any] = {
                "type": "integer",
                "minimum": shape.lowest,
                "maximum": shape.highest,
            }
            return found | ({"multipleOf": shape.multiple_of} if shape.multiple_of > 1 else {})
        case Number():
            ends = {"minimum": _plain(shape.lowest), "maximum": _plain(shape.highest)}
            return {
                "type": "number",
                **ends,
                "multipleOf": _plain(Decimal(1).scaleb(-shape.decimals)),
            }
        case Text():
            found = {"type": "string", "minLength": shape.shortest, "maxLength": shape.longest}
            if shape.pattern is not None:
                found["pattern"] = f"^{_expression(shape.pattern)}$"
            return found
        case Moment():
            return {"type": "string", "format": shape.kind}
        case Items():
            return _items(shape)
        case Entries():
            return {
                "type": "object",
                "propertyNames": schema_of(shape.key),
                "additionalProperties": schema_of(shape.value),
                "minProperties": shape.fewest,
                "maxProperties": shape.most,
            }
        case Record():
            return _record(shape)
        case Either():
            return {"anyOf": [schema_of(option) for option in shape.options]}


def _listed(values: tuple[Scalar, ...]) -> dict[str, Any]:
    if values == (None,):
        return {"type": "null"}
    if len(values) == 2 and values[0] is True and values[1] is False:
        return {"type": "boolean"}
    return {"enum": list(values)}


def _items(shape: Items) -> dict[str, Any]:
    first = len(shape.first)
    found: dict[str, Any] = {
        "type": "array",
        "minItems": first + shape.fewest,
        "maxItems": first + shape.most,
    }
    if first:
        found["prefixItems"] = [schema_of(one) for one in shape.first]
    found["items"] = False if first and not shape.most else schema_of(shape.item)
    return found | ({"uniqueItems": True} if shape.unique else {})


def _record(shape: Record) -> dict[str, Any]:
    members = {
        m.name: schema_of(m.shape) | ({"description": m.about} if m.about else {})
        for m in shape.members
    }
    required = [m.name for m in shape.members if m.required or shape.complete]
    return {
        "type": "object",
        "properties": members,
        "required": required,
        "additionalProperties": False,
    }


def _plain(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)


def _expression(pattern: Pattern) -> str:
    match pattern:
        case Letters():
            return _class(pattern.ranges)
        case Sequence():
            return "".join(map(_expression, pattern.parts))
        case Alternatives():
            return "(?:" + "|".join(map(_expression, pattern.options)) + ")"
    part = _expression(pattern.part)
    if isinstance(pattern.part, Sequence | Repeat):
        part = f"(?:{part})"
    if pattern.fewest == pattern.most == 1:
        return part
    return f"{part}{{{pattern.fewest},{pattern.most}}}"


def _class(ranges: tuple[Range, ...]) -> str:
    if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
        return _letter(ranges[0][0], "\\^$.|?*+()[]{}")
    ends = [[_letter(code, "\\^-[]") for code in pair] for pair in ranges]
    return "[" + "".join(a if a == b else f"{a}-{b}" for a, b in ends) + "]"


def _letter(code: int, special: str) -> str:
    character = chr(code)
    return {"\n": "\\n", "\t": "\\t"}.get(
        character, f"\\{character}" if character in special else character
    )
