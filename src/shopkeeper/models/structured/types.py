"""Pydantic types into shapes, by the JSON schema that pydantic makes of them and a little more than that says."""

from decimal import Decimal
from typing import Any, TypeVar

from pydantic import TypeAdapter
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticUserError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from shopkeeper.models.structured.bounds import Bounds
from shopkeeper.models.structured.reading import DECIMALS, TRIMMED, ZONE, read_schema
from shopkeeper.models.structured.shapes import Shape

T = TypeVar("T")
_UNBOUNDED_FORMATS = frozenset({
    "binary", "base64url", "uri", "email", "name-email", "duration", "ipv4", "ipv6", "ipvanyaddress", "ipv4network",
    "ipv6network", "json-string", "path", "file-path", "directory-path", "multi-host-uri", "regex",
})  # fmt: skip


class _Schema(GenerateJsonSchema):
    """Pydantic's JSON schema, with what that leaves out: digits of decimals, time zones, trimming, whole keys."""

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        """A number with so many digits after the point."""
        found: dict[str, Any] = {"type": "number"}
        names = {
            "ge": "minimum",
            "le": "maximum",
            "gt": "exclusiveMinimum",
            "lt": "exclusiveMaximum",
            "multiple_of": "multipleOf",
        }
        found |= {ours: schema[key] for key, ours in names.items() if schema.get(key) is not None}  # type: ignore[literal-required]
        places, digits = schema.get("decimal_places"), schema.get("max_digits")
        if places is not None:
            found[DECIMALS] = places
        if digits is not None:
            if places is None:
                found[DECIMALS] = places = min(digits // 2, 4)
            largest = Decimal(10) ** (digits - places) - Decimal(1).scaleb(-places)
            found["maximum"] = min(found.get("maximum", largest), largest)
            found["minimum"] = max(found.get("minimum", -largest), -largest)
        return found

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        """A string that says whether it is trimmed."""
        found = super().str_schema(schema)
        if schema.get("to_upper") or schema.get("to_lower"):
            found.pop("pattern", None)  # which is held against the text after it was changed
        return found | ({TRIMMED: True} if schema.get("strip_whitespace") else {})

    def datetime_schema(self, schema: core_schema.DatetimeSchema) -> JsonSchemaValue:
        """A date with time that says whether it has a zone."""
        return {"type": "string", "format": "date-time", ZONE: _zone(schema.get("tz_constraint"))}

    def time_schema(self, schema: core_schema.TimeSchema) -> JsonSchemaValue:
        """A time that says whether it has a zone."""
        return {"type": "string", "format": "time", ZONE: _zone(schema.get("tz_constraint"))}

    def complex_schema(self, schema: core_schema.ComplexSchema) -> JsonSchemaValue:
        """None: JSON has no complex numbers."""
        raise PydanticInvalidForJsonSchema("a complex number")

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """A dictionary whose keys are texts, listed values or whole numbers."""
        found = super().dict_schema(schema)
        keys = schema.get("keys_schema", {"type": "any"})
        if keys["type"] == "int":
            return found | {
                "propertyNames": {"type": "string", "pattern": "^(0|-?[1-9][0-9]{0,8})$"}
            }
        if keys["type"] not in ("str", "enum", "literal", "definition-ref"):
            raise PydanticInvalidForJsonSchema(f"keys of kind {keys['type']!r}")
        if keys["type"] != "str":
            found = found | {"propertyNames": self.generate_inner(keys)}
        return found


def shape_of(adapter: TypeAdapter[T], bounds: Bounds) -> Shape:
    """The shape of a pydantic type: a model, dataclass, typed dict, or any other annotation.

    What no grammar can say (validators, ranges of dates, sums) is left to the validation that follows. Raises TypeError,
    saying where and why, if some part of the type cannot be bounded.
    """
    try:
        schema = adapter.json_schema(schema_generator=_Schema, mode="validation", by_alias=True)
    except (PydanticInvalidForJsonSchema, PydanticUserError) as error:
        raise TypeError(f"no bounded answer can be made of this type: {error.message}") from error
    place = _unbounded(schema, "")
    if place:
        raise TypeError(
            f"no bounded answer can be made of this type: {place}; use a string with max_length and turn it into what "
            "you need in a validator"
        )
    try:
        return read_schema(schema, bounds, complete=True)
    except ValueError as error:
        raise TypeError(f"no bounded answer can be made of this type: {error}") from error


def _unbounded(schema: object, where: str) -> str:
    """Where a string has a format that neither JSON nor a grammar of ours knows; empty if nowhere."""
    if isinstance(schema, dict):
        form = schema.get("format")
        if schema.get("type") == "string" and form in _UNBOUNDED_FORMATS:
            return f"{where or 'it'} has the format {form!r}"
        parts = schema.items()
        return next(filter(None, (_unbounded(part, f"{where}/{key}") for key, part in parts)), "")
    if isinstance(schema, list):
        return next(filter(None, (_unbounded(part, where) for part in schema)), "")
    return ""


def _zone(constraint: object) -> str:
    return {"aware": "always", "naive": "never"}.get(str(constraint), "maybe")
