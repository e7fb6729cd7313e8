"""JSON schemas from outside: what callers of the gateway send is bounded, or refused with what is wrong."""

import json
from collections.abc import Mapping
from typing import Any

from shopkeeper.errors import Refused
from shopkeeper.models.records import JsonSchema
from shopkeeper.models.structured.bounds import Bounds
from shopkeeper.models.structured.checking import problem
from shopkeeper.models.structured.grammar import grammar_of
from shopkeeper.models.structured.parsing import NoJson, find_json
from shopkeeper.models.structured.reading import read_schema
from shopkeeper.models.structured.shapes import Shape
from shopkeeper.models.structured.writing import schema_of

MOST_CHARACTERS = 100_000


def bounded(schema: Mapping[str, Any], bounds: Bounds | None = None) -> dict[str, Any]:
    """The same schema or a narrower one, without references, in which every text, number, list and object has an end.

    Every instance of it is an instance of the schema given. Raises Refused, saying where and why, if the schema is too
    large or too deep, cannot end, contradicts itself, or uses what cannot be kept to while decoding.
    """
    return schema_of(_shape(schema, bounds))


def constraint_of(
    schema: Mapping[str, Any], name: str = "answer", bounds: Bounds | None = None
) -> JsonSchema:
    """`bounded(schema)` as the constraint of a request, with its grammar. Raises Refused."""
    shape = _shape(schema, bounds)
    return JsonSchema(schema_of(shape), name, grammar_of(shape))


def complaint(schema: Mapping[str, Any], text: str, bounds: Bounds | None = None) -> str:
    """What is wrong with a JSON text by `bounded(schema)`; empty if nothing. Raises Refused if the schema is."""
    try:
        value, _ = find_json(text)
    except NoJson as error:
        return str(error)
    return problem(_shape(schema, bounds), value)


def _shape(schema: Mapping[str, Any], bounds: Bounds | None) -> Shape:
    try:
        size = len(json.dumps(schema))
    except RecursionError:
        raise Refused("the schema is nested too deep", hint="flatten it") from None
    except (TypeError, ValueError) as error:
        raise Refused(f"the schema is not JSON: {error}") from None
    if size > MOST_CHARACTERS:
        raise Refused(
            f"the schema has {size} characters; {MOST_CHARACTERS} are the limit", hint="shorten it"
        )
    try:
        return read_schema(schema, bounds or Bounds())
    except ValueError as error:
        raise Refused(
            f"this JSON schema cannot be used: {error}", hint="see docs/structured-output.md"
        ) from None
