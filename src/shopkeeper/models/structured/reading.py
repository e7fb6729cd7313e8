"""JSON schemas, from our own types or from anyone, into shapes in which everything has an end.

Every keyword that restricts an answer is kept to, narrowed, or refused by name: none is passed over. Keywords that only
describe (title, default, examples, formats we do not know, …) are.
"""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from shopkeeper.models.structured.automaton import bounded_pattern
from shopkeeper.models.structured.bounds import (
    LARGEST_NUMBER,
    LARGEST_WHOLE,
    LONGEST_TEXT,
    MOST_DECIMALS,
    Bounds,
)
from shopkeeper.models.structured.patterns import longest_match, shortest_match
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

MOST_VALUES = 1000  # of an enumeration
MOST_PATTERNS = 20
DEEPEST = 40  # levels of a schema
LONGEST_NAME = 100
LONGEST_ABOUT = 500
_REFUSED = (
    "not", "if", "then", "else", "contains", "minContains", "maxContains", "dependentSchemas", "dependentRequired",
    "dependencies", "unevaluatedProperties", "unevaluatedItems", "additionalItems", "$dynamicRef", "$recursiveRef",
)  # fmt: skip
_RESTRICTING = (
    "properties", "additionalProperties", "patternProperties", "propertyNames", "required", "minProperties",
    "maxProperties", "items", "prefixItems", "minItems", "maxItems", "uniqueItems", "enum", "const", "anyOf", "oneOf",
    "allOf", "pattern", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
    "multipleOf",
)  # fmt: skip
_OBJECT = ("properties", "additionalProperties", "patternProperties", "propertyNames", "required")
TRIMMED, ZONE, DECIMALS = (
    "x-trimmed",
    "x-zone",
    "x-decimals",
)  # what our own types say beyond JSON schema
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


class _Endless(Exception):
    """Here a type would occur within itself once too often."""


def read_schema(schema: Mapping[str, Any], bounds: Bounds, *, complete: bool = False) -> Shape:
    """The shape of this schema. complete: objects are written with all their members, required or not.

    Raises ValueError, naming the place in the schema, if some part of it has no end, is too large, contradicts itself or
    uses a keyword that cannot be kept to.
    """
    reader = _Reader(schema, bounds, complete=complete)
    try:
        return reader.shape(schema, "")
    except _Endless:
        raise ValueError(
            f"the schema cannot end: it contains itself more than {bounds.depth} times, and nothing lets it stop"
        ) from None


class _Reader:
    """One reading: what may be referred to, and how much has been read."""

    def __init__(self, root: Mapping[str, Any], bounds: Bounds, *, complete: bool) -> None:
        self._root, self._bounds, self._complete = root, bounds, complete
        self._seen = 0
        self._open: Counter[str] = Counter()  # references that lead to here
        self._patterns: set[str] = set()
        self._lists = 0  # lists around here

    def shape(self, schema: object, where: str) -> Shape:
        """What this part of the schema allows."""
        if not isinstance(schema, Mapping):
            raise ValueError(f"{_at(where)}: {_said(schema)} where a schema should be")
        self._seen += 1
        if self._seen > self._bounds.shapes:
            raise ValueError(
                f"the schema has more than {self._bounds.shapes} parts when its references are written out"
            )
        if where.count("/") > 2 * DEEPEST + 6 * self._bounds.depth:
            raise ValueError(f"the schema is nested deeper than {DEEPEST} levels")
        refused = [word for word in _REFUSED if word in schema]
        if refused:
            raise ValueError(f"{_at(where)}: {refused[0]!r} cannot be kept to while decoding")
        if "$ref" in schema:
            return self._reference(schema, where)
        for word in ("anyOf", "oneOf", "allOf"):
            if word in schema:
                return self._combined(schema, word, where)
        if "const" in schema:
            self._alone(schema, where, "const")
            return self._one_of([schema["const"]], schema, where)
        if "enum" in schema:
            self._alone(schema, where, "enum")
            return self._one_of(schema["enum"], schema, where)
        return self._typed(schema, where)

    def _reference(self, schema: Mapping[str, Any], where: str) -> Shape:
        name = schema["$ref"]
        if not isinstance(name, str) or not name.startswith("#"):
            raise ValueError(f"{_at(where)}: $ref {_said(name)} does not lead into this schema")
        if self._open[name] >= self._bounds.depth:
            raise _Endless
        self._alone(schema, where, "$ref")
        self._open[name] += 1
        try:
            return self.shape(self._target(name, where), f"{where}/{name.rpartition('/')[2]}")
        finally:
            self._open[name] -= 1

    def _target(self, name: str, where: str) -> object:
        found: Any = self._root
        for part in name.removeprefix("#").split("/")[1:]:
            part = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, Mapping) or part not in found:
                raise ValueError(f"{_at(where)}: $ref {_said(name)} leads nowhere")
            found = found[part]
        return found

    def _combined(self, schema: Mapping[str, Any], word: str, where: str) -> Shape:
        options = schema[word]
        if not isinstance(options, Sequence) or isinstance(options, str) or not options:
            raise ValueError(f"{_at(where)}: {word} is not a list of schemas")
        self._alone(schema, where, word)
        if word == "allOf" and len(options) > 1:
            raise ValueError(
                f"{_at(where)}: allOf of several schemas cannot be kept to while decoding"
            )
        found: list[Shape] = []
        for number, option in enumerate(options):
            try:
                shape = self.shape(option, f"{where}/{word}/{number}")
            except _Endless:
                continue
            for one in shape.options if isinstance(shape, Either) else (shape,):
                if one not in found:
                    found.append(one)
        if not found:
            raise _Endless
        return found[0] if len(found) == 1 else Either(tuple(found))

    def _alone(self, schema: Mapping[str, Any], where: str, word: str) -> None:
        """Nothing beside `word` may restrict the answer: two restrictions at once are no grammar."""
        wrong = [one for one in _RESTRICTING if one in schema and one != word]
        if wrong:
            raise ValueError(
                f"{_at(where)}: {wrong[0]!r} beside {word!r} cannot be kept to while decoding"
            )
        parts = schema[word] if word in ("anyOf", "oneOf", "allOf") else ()
        own = [part.get("type") for part in parts if isinstance(part, Mapping)]
        if (
            "type" in schema
            and word not in ("const", "enum")
            and own != [schema["type"]] * len(parts)
        ):
            raise ValueError(f"{_at(where)}: say the type in each part of {word!r}, not beside it")

    def _one_of(self, values: object, schema: Mapping[str, Any], where: str) -> Shape:
        if not isinstance(values, Sequence) or isinstance(values, str) or not values:
            raise ValueError(f"{_at(where)}: enum is not a list of values")
        if len(values) > MOST_VALUES:
            raise ValueError(f"{_at(where)}: {len(values)} values; {MOST_VALUES} are the limit")
        kinds = schema.get("type")
        allowed = [v for v in values if kinds is None or _is_of(v, kinds)]
        for value in allowed:
            if not isinstance(value, str | int | float | bool | None):
                raise ValueError(f"{_at(where)}: {_said(value)}: only plain values can be listed")
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"{_at(where)}: {value} is no JSON number")
            if isinstance(value, str):
                _sound(value, where)
        if not allowed:
            raise ValueError(f"{_at(where)}: no listed value is of type {_said(kinds)}")
        return OneOf(tuple(allowed))

    def _typed(self, schema: Mapping[str, Any], where: str) -> Shape:
        kind = schema.get("type")
        if kind is None:
            kind = (
                "object"
                if any(w in schema for w in _OBJECT)
                else "array"
                if "items" in schema
                else None
            )
        if isinstance(kind, list) and kind:
            parts = [{**schema, "type": one} for one in kind]
            return self._combined({"anyOf": parts}, "anyOf", where)
        match kind:
            case "null":
                return OneOf((None,))
            case "boolean":
                return OneOf((True, False))
            case "integer":
                return self._whole(schema, where)
            case "number":
                return self._number(schema, where)
            case "string":
                return self._string(schema, where)
            case "array":
                return self._items(schema, where)
            case "object":
                return self._object(schema, where)
            case None:
                raise ValueError(
                    f"{_at(where)}: any value is allowed here, which has no end; say its type"
                )
        raise ValueError(f"{_at(where)}: there is no type {_said(kind)}")

    def _whole(self, schema: Mapping[str, Any], where: str) -> Shape:
        lowest, highest = self._range(schema, Decimal(1), LARGEST_WHOLE, where)
        step = _number(schema.get("multipleOf", 1), where, "multipleOf")
        if step <= 0 or step != int(step):
            raise ValueError(f"{_at(where)}: multipleOf {step} for a whole number")
        if lowest + (-lowest % step) > highest:
            raise ValueError(f"{_at(where)}: no multiple of {step} from {lowest} to {highest}")
        return Whole(int(lowest), int(highest), int(step))

    def _number(self, schema: Mapping[str, Any], where: str) -> Shape:
        decimals = schema.get(DECIMALS, self._bounds.decimals)
        if "multipleOf" in schema:
            step = _number(schema["multipleOf"], where, "multipleOf")
            exponent = step.normalize().as_tuple().exponent
            if step <= 0 or not isinstance(exponent, int) or step != Decimal(1).scaleb(exponent):
                raise ValueError(
                    f"{_at(where)}: multipleOf {step} cannot be kept to; 1, 0.1, 0.01, … can"
                )
            decimals = min(decimals, max(0, -exponent)) if DECIMALS in schema else max(0, -exponent)
        if not isinstance(decimals, int) or not 0 <= decimals <= MOST_DECIMALS:
            raise ValueError(f"{_at(where)}: {decimals} digits after the point")
        lowest, highest = self._range(schema, Decimal(1).scaleb(-decimals), LARGEST_NUMBER, where)
        return Number(lowest, highest, decimals)

    def _range(
        self, schema: Mapping[str, Any], step: Decimal, largest: int, where: str
    ) -> tuple[Decimal, Decimal]:
        """Lowest and highest, as multiples of `step`, neither beyond `largest`."""
        low = [_number(schema[w], where, w) for w in ("minimum",) if w in schema]
        high = [_number(schema[w], where, w) for w in ("maximum",) if w in schema]
        low = [_to(step, one, ROUND_CEILING) for one in low]
        high = [_to(step, one, ROUND_FLOOR) for one in high]
        if "exclusiveMinimum" in schema:
            edge = _number(schema["exclusiveMinimum"], where, "exclusiveMinimum")
            low.append(_to(step, edge, ROUND_FLOOR) + step)
        if "exclusiveMaximum" in schema:
            edge = _number(schema["exclusiveMaximum"], where, "exclusiveMaximum")
            high.append(_to(step, edge, ROUND_CEILING) - step)
        usual = self._bounds.number + 1 - step
        lowest = (
            max(low) if low else min(-usual, *(one - usual for one in high)) if high else -usual
        )
        highest = min(high) if high else max(usual, *(one + usual for one in low)) if low else usual
        lowest, highest = max(lowest, Decimal(-largest)), min(highest, Decimal(largest))
        if lowest > highest:
            raise ValueError(f"{_at(where)}: no number from {lowest} to {highest}")
        return lowest, highest

    def _string(self, schema: Mapping[str, Any], where: str) -> Shape:
        form = schema.get("format")
        if form in ("date", "time", "date-time"):
            return Moment(form, schema.get(ZONE, "maybe"))
        if form == "uuid":
            return self._text({"type": "string", "pattern": UUID, "maxLength": 36}, where)
        return self._text(schema, where)

    def _text(self, schema: Mapping[str, Any], where: str) -> Text:
        shortest = _count(schema.get("minLength", 0), where, "minLength")
        given = schema.get("maxLength")
        if given is None:
            longest = max(self._bounds.text, shortest)
        else:
            longest = _count(given, where, "maxLength")
        longest = min(longest, LONGEST_TEXT)
        pattern = None
        if "pattern" in schema:
            if not isinstance(schema["pattern"], str):
                raise ValueError(f"{_at(where)}: pattern {_said(schema['pattern'])} is not a text")
            self._patterns.add(schema["pattern"])
            if len(self._patterns) > MOST_PATTERNS:
                raise ValueError(f"{_at(where)}: more than {MOST_PATTERNS} different patterns")
            try:
                pattern = bounded_pattern(schema["pattern"], longest=longest)
            except ValueError as error:
                raise ValueError(f"{_at(where)}: {error}") from None
            longest = min(longest, longest_match(pattern))
            if shortest_match(pattern) >= shortest:
                shortest = shortest_match(pattern)
        if shortest > longest:
            raise ValueError(
                f"{_at(where)}: a text of at least {shortest} characters, but at most {longest}"
            )
        return Text(shortest, longest, bool(schema.get(TRIMMED, False)), pattern)

    def _items(self, schema: Mapping[str, Any], where: str) -> Shape:
        usual = max(1, self._bounds.items >> self._lists)
        self._lists += 1
        try:
            return self._list(schema, where, usual)
        finally:
            self._lists -= 1

    def _list(self, schema: Mapping[str, Any], where: str, usual: int) -> Shape:
        given = schema.get("prefixItems", ())
        if not isinstance(given, Sequence):
            raise ValueError(f"{_at(where)}: prefixItems is not a list of schemas")
        first = tuple(
            self.shape(one, f"{where}/prefixItems/{number}") for number, one in enumerate(given)
        )
        fewest = _count(schema.get("minItems", 0), where, "minItems") - len(first)
        most = _count(schema.get("maxItems", max(usual, fewest) + len(first)), where, "maxItems")
        most = min(most - len(first), 1000)
        fewest = max(0, fewest)
        item: Shape = OneOf((None,))
        open_end = schema.get("items", not first)
        if first and "minItems" not in schema and most < 0:
            raise ValueError(f"{_at(where)}: maxItems is less than the items that are listed")
        if open_end is False or most == 0:
            most = 0
        elif isinstance(open_end, Mapping):
            try:
                item = self.shape(open_end, f"{where}/items")
            except _Endless:
                if fewest:
                    raise
                most = 0
        else:
            raise ValueError(f"{_at(where)}: items of any kind have no end; say what they are")
        if fewest > most:
            raise ValueError(f"{_at(where)}: at least {fewest} items, but at most {most}")
        return Items(item, fewest, most, first, bool(schema.get("uniqueItems", False)))

    def _object(self, schema: Mapping[str, Any], where: str) -> Shape:
        members = schema.get("properties", {})
        if not isinstance(members, Mapping):
            raise ValueError(f"{_at(where)}: properties is not an object of schemas")
        if not members:
            return self._entries(schema, where)
        if "patternProperties" in schema:
            raise ValueError(f"{_at(where)}: patternProperties beside properties")
        if "propertyNames" in schema:
            raise ValueError(f"{_at(where)}: propertyNames beside properties")
        required = schema.get("required", [])
        if not isinstance(required, Sequence) or isinstance(required, str):
            raise ValueError(f"{_at(where)}: required is not a list of names")
        missing = [name for name in required if name not in members]
        if missing:
            raise ValueError(f"{_at(where)}: {_said(missing[0])} is required, but not described")
        fewest = _count(schema.get("minProperties", 0), where, "minProperties")
        most = _count(schema.get("maxProperties", len(members)), where, "maxProperties")
        if fewest > len(required) or most < len(members):
            raise ValueError(f"{_at(where)}: minProperties or maxProperties beside properties")
        found = []
        for name, part in members.items():
            _sound(name, where)
            if len(name) > LONGEST_NAME:
                raise ValueError(f"{_at(where)}: a name of {len(name)} characters")
            try:
                shape = self.shape(part, f"{where}/properties/{_escaped(name)}")
            except _Endless:
                if name in required:
                    raise
                continue
            about = part.get("description", "") if isinstance(part, Mapping) else ""
            about = about[:LONGEST_ABOUT] if isinstance(about, str) else ""
            found.append(Member(name, shape, name in required, about))
        return Record(tuple(found), self._complete)

    def _entries(self, schema: Mapping[str, Any], where: str) -> Shape:
        """An object whose keys are the model's own, or an empty one."""
        keys, values = schema.get("propertyNames", {}), schema.get("additionalProperties", True)
        patterns = schema.get("patternProperties")
        if patterns is not None:
            if not isinstance(patterns, Mapping) or len(patterns) != 1:
                raise ValueError(f"{_at(where)}: more than one pattern of property names")
            ((pattern, values),) = patterns.items()
            keys = {**(keys if isinstance(keys, Mapping) else {}), "pattern": pattern}
        if schema.get("required"):
            raise ValueError(f"{_at(where)}: names are required, but not described")
        if values is False or (values is True and "properties" in schema):
            return Record(())
        if not isinstance(values, Mapping):
            raise ValueError(
                f"{_at(where)}: an object of anything has no end; say its properties, or additionalProperties"
            )
        key = self._key(keys, f"{where}/propertyNames")
        fewest = _count(schema.get("minProperties", 0), where, "minProperties")
        usual = max(1, self._bounds.entries >> self._lists, fewest)
        most = min(_count(schema.get("maxProperties", usual), where, "maxProperties"), 1000)
        if fewest > most:
            raise ValueError(f"{_at(where)}: at least {fewest} entries, but at most {most}")
        self._lists += 1
        try:
            value = self.shape(values, f"{where}/additionalProperties")
        except _Endless:
            if fewest:
                raise
            return Record(())
        finally:
            self._lists -= 1
        if isinstance(key, Text):
            return Entries(key, value, fewest, most)
        if fewest or ("maxProperties" in schema and most < len(key)):
            raise ValueError(f"{_at(where)}: minProperties or maxProperties beside listed names")
        return Record(tuple(Member(name, value, required=False) for name in key))

    def _key(self, keys: object, where: str) -> Text | tuple[str, ...]:
        """What a key may be: a text, or one of a list, which makes a record of which each member may be left out."""
        if not isinstance(keys, Mapping):
            raise ValueError(f"{_at(where)}: {_said(keys)} where a schema should be")
        free = not {"enum", "const", "$ref", "anyOf", "oneOf", "allOf"} & keys.keys()
        found = self.shape({"type": "string", **keys} if free else keys, where)
        if isinstance(found, Text):
            usual = max(self._bounds.key, found.shortest)
            cut = found.pattern is None and "maxLength" not in keys and found.longest > usual
            return replace(found, longest=usual) if cut else found
        if isinstance(found, OneOf) and all(isinstance(value, str) for value in found.values):
            return tuple(str(value) for value in dict.fromkeys(found.values))
        raise ValueError(f"{_at(where)}: keys are neither texts nor listed")


def _number(value: object, where: str, word: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError(f"{_at(where)}: {word} {_said(value)} is not a number")
    if isinstance(value, int) and value.bit_length() > 1024:
        raise ValueError(f"{_at(where)}: {word} is larger than any double")
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite():
        raise ValueError(f"{_at(where)}: {word} {number} is not finite")
    return number


def _to(step: Decimal, number: Decimal, rounding: str) -> Decimal:
    """The multiple of `step` beside the number."""
    number = max(min(number, Decimal(10) ** 20), -(Decimal(10) ** 20))
    return (number / step).to_integral_value(rounding=rounding) * step


def _count(value: object, where: str, word: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{_at(where)}: {word} {_said(value)} is not a count")
    return value


def _is_of(value: object, kinds: object) -> bool:
    """Whether an enumerated value is of the type that stands beside it."""
    names = {"null": type(None), "boolean": bool, "string": str, "integer": int}
    for kind in kinds if isinstance(kinds, list) else [kinds]:
        if kind == "number" and isinstance(value, int | float) and not isinstance(value, bool):
            return True
        if isinstance(kind, str) and type(value) is names.get(kind):
            return True
    return False


def _sound(text: str, where: str) -> None:
    """A name or value that UTF-8 can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{_at(where)}: {text!a} is half a character") from None


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _at(where: str) -> str:
    return where[-200:] or "the schema"


def _said(value: object) -> str:
    """A stretch of a value from outside, for a message."""
    try:
        return json.dumps(value)[:80]
    except (TypeError, ValueError):
        return repr(value)[:80]
