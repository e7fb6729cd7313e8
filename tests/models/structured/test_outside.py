"""Schemas from outside: narrowed or refused with the place, never passed over."""

import json
import random
import re
from typing import Any

import pytest

from shopkeeper.errors import Refused
from shopkeeper.models.structured import bounded, complaint, constraint_of
from tests.models.structured.gbnf import GBNF

NODE = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}
NEEDY = {**NODE, "required": ["next"]}
DEEP: dict[str, Any] = {"type": "string"}
for _ in range(300):
    DEEP = {"type": "array", "items": DEEP}
VERY_DEEP = json.loads('{"items":' * 900 + "{}" + "}" * 900)

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "anything": ({}, "any value"),
    "any object": ({"type": "object"}, "has no end"),
    "any items": ({"type": "array"}, "items of any kind"),
    "a hole": ({"type": "object", "properties": {"a": {}}}, "/properties/a"),
    "true": ({"type": "object", "properties": {"a": True}}, "/properties/a"),
    "not": ({"not": {"type": "string"}}, "'not'"),
    "several of allOf": ({"allOf": [{"type": "string"}, {"minLength": 3}]}, "allOf"),
    "anyOf beside": ({"anyOf": [{"type": "string"}], "minLength": 3}, "'minLength' beside 'anyOf'"),
    "type beside": ({"type": "object", "oneOf": [{"properties": {}}]}, "say the type"),
    "enum beside": ({"enum": ["a"], "maxLength": 1}, "'maxLength' beside 'enum'"),
    "a loop of references": ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}, "cannot end"),
    "a type that needs itself": ({"$ref": "#/$defs/node", "$defs": {"node": NEEDY}}, "cannot end"),
    "a reference out": ({"$ref": "https://example.com/x"}, "does not lead into this schema"),
    "a reference to nothing": ({"$ref": "#/$defs/b"}, "leads nowhere"),
    "depth": (DEEP, "nested deeper"),
    "more depth": (VERY_DEEP, "deep"),
    "size": ({"enum": ["x" * 200_000]}, "100000 are the limit"),
    "many values": ({"enum": list(range(5000))}, "5000 values"),
    "growth": (
        {
            "$ref": "#/$defs/a9",
            "$defs": {
                f"a{i}": {"type": "array", "prefixItems": [{"$ref": f"#/$defs/a{i - 1}"}] * 9, "items": False}
                if i
                else {"type": "null"}
                for i in range(10)
            },
        },
        "parts",
    ),
    "a regex bomb": ({"type": "string", "pattern": "^((a{9}){9}){9999}$"}, "no match fits"),
    "look-around": ({"type": "string", "pattern": "(?=a)b"}, "only plain groups"),
    "a back reference": ({"type": "string", "pattern": r"(a)\1"}, "not understood"),
    "an open group": ({"type": "string", "pattern": "((((a"}, "not closed"),
    "a long pattern": ({"type": "string", "pattern": "a" * 2000}, "1,000"),
    "empty range": ({"type": "integer", "minimum": 5, "maximum": 4}, "no number from 5 to 4"),
    "no such length": ({"type": "string", "minLength": 5, "maxLength": 4}, "at least 5"),
    "beyond the longest": ({"type": "string", "minLength": 10**9}, "at least 1000000000"),
    "infinite": ({"type": "number", "minimum": float("inf")}, "not finite"),
    "huge": ({"type": "integer", "minimum": 10**4000}, "larger than any double"),
    "odd steps": ({"type": "number", "multipleOf": 0.3}, "multipleOf 0.3"),
    "a count that is none": ({"type": "string", "maxLength": -1}, "not a count"),
    "half a character": ({"enum": ["\ud800"]}, "half a character"),
    "required, not described": ({"type": "object", "properties": {"a": {"type": "null"}}, "required": ["b"]}, '"b"'),
    "no such type": ({"type": "text"}, "no type"),
    "not even a schema": ({"type": "array", "items": [1]}, "items of any kind"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_schema_is_refused_with_what_is_wrong(name: str) -> None:
    schema, reason = REFUSED[name]
    with pytest.raises(Refused) as caught:
        bounded(schema)
    assert reason in caught.value.message
    assert len(caught.value.message) < 500


def test_what_a_schema_leaves_open_gets_an_end() -> None:
    found = bounded(
        {
            "type": "object",
            "properties": {
                "title": {"type": "string"},
                "price": {"type": "number", "exclusiveMinimum": 0},
                "tags": {"type": "array", "items": {"type": "string", "maxLength": 9}},
            },
            "required": ["title"],
        }
    )
    title, price, tags = found["properties"].values()
    assert title["maxLength"] == 200
    assert price == {
        "type": "number", "minimum": 0.0001, "maximum": 1_000_000_000, "multipleOf": 0.0001
    }  # fmt: skip
    assert tags["maxItems"] == 8 and tags["items"]["maxLength"] == 9
    assert found["additionalProperties"] is False and found["required"] == ["title"]


def test_a_recursive_schema_is_written_out_to_a_depth() -> None:
    found = json.dumps(bounded({"$ref": "#/$defs/node", "$defs": {"node": NODE}}))
    assert "$ref" not in found and found.count('"next"') == 2


def test_members_that_are_not_required_may_be_left_out_in_every_combination() -> None:
    part = {"type": "null"}
    schema = {
        "type": "object",
        "properties": {"a": part, "b": part, "c": part, "d": part},
        "required": ["c"],
    }
    grammar = GBNF(constraint_of(schema).gbnf)
    chance = random.Random(0)
    assert len({grammar.derive(chance) for _ in range(200)}) == 8
    assert grammar.accepts('{"b": null, "c": null}')
    assert not grammar.accepts('{"a": null, "b": null}')
    assert not grammar.accepts('{, "c": null}')


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"a": 1}', ""),
        ('{"a": 1.5}', "answer.a: a number where a whole number should be"),
        ('{"a": true}', "answer.a: true or false where a whole number should be"),
        ('{"a": 10000000000}', "answer.a: not from"),
        ('{"secret": 1}', "answer: a member that is not described"),
        ("{}", "answer.a: missing"),
        ('{"a": 1', "not JSON"),
    ],
)
def test_an_answer_is_held_against_the_schema(text: str, reason: str) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    assert reason in complaint(schema, text)
    assert bool(reason) == bool(complaint(schema, text))


def test_no_message_repeats_what_the_model_wrote() -> None:
    schema = {"type": "object", "additionalProperties": {"type": "integer"}}
    assert "canary" not in complaint(schema, '{"canary": "canary"}')


def test_numbers_have_no_more_digits_than_the_step() -> None:
    schema = {"type": "number", "multipleOf": 0.01, "minimum": 0, "maximum": 9.99}
    grammar = GBNF(constraint_of(schema).gbnf)
    assert grammar.accepts("9.99") and grammar.accepts("0") and grammar.accepts("3.5")
    assert not any(map(grammar.accepts, ("10", "9.991", "-1", "1e3")))


@pytest.mark.parametrize(
    ("pattern", "kept"),
    [
        ("((a{0,50}){0,50}){0,50}", "a{0,30}"),
        ("(a?){0,200}", "a{0,30}"),
        ("((a|b?)*)*", "(?:a|b){0,30}"),
        ("((a?b?){2,3})", "(?:ab{0,1}|b){0,3}"),
        ("(a|a|a)+$", "a{1,30}"),
        (r"\w+@\w+", "[0-9A-Z_a-z]{1,14}@[0-9A-Z_a-z]{1,14}"),
    ],
)
def test_repetition_is_made_plain_and_cut_down_to_the_longest_text(pattern: str, kept: str) -> None:
    found = bounded({"type": "string", "pattern": pattern, "maxLength": 30})
    assert found["pattern"].removeprefix("^").removesuffix("$") == kept


BOMBS = ("(a?){0,200}", "((a?){0,14}){0,14}", "((((a?b?)?c?)?d?){0,30}e?){0,30}", "(a|ab|abc|b|bc|c)*", r"(\w*)*(\w*)*",
         "(a|b)*a(a|b){12}", "(.*a){20}", r"^(\S+\s?)+@\S+\.[a-z]{2,6}$")  # fmt: skip


@pytest.mark.parametrize("pattern", BOMBS)
@pytest.mark.parametrize("longest", [60, 200, 2000])
def test_a_pattern_with_many_ways_to_match_stays_small_or_is_refused(
    pattern: str, longest: int
) -> None:
    schema = {"type": "string", "pattern": pattern, "maxLength": longest}
    try:
        grammar = constraint_of(schema).gbnf
    except Refused as error:
        assert "too many choices" in error.message
        return
    assert len(grammar) < 100_000
    derived = json.loads(GBNF(grammar).derive(random.Random(0), short=True))
    assert complaint(schema, json.dumps(derived)) == ""
    assert re.fullmatch(pattern, derived)
