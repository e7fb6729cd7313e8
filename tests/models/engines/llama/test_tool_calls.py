"""Calls of tools in what models write."""

import json

import pytest

from shopkeeper.models.engines.llama.tool_calls import calls_schema, held_from, parse_calls
from shopkeeper.models.records import Tool

WEATHER = Tool("weather", "", {"type": "object", "properties": {"city": {"type": "string"}}})
TIME = Tool("time", "", {"type": "object"})
TOOLS = (WEATHER, TIME)

NOTATIONS = {
    "Qwen": '<tool_call>\n{"name": "weather", "arguments": {"city": "Lyon"}}\n</tool_call>',
    "cut at the end": '<tool_call>{"name": "weather", "arguments": {"city": "Lyon"}}',
    "Llama": '{"name": "weather", "parameters": {"city": "Lyon"}}',
    "Mistral": '[TOOL_CALLS][{"name": "weather", "arguments": {"city": "Lyon"}}]',
    "arguments as text": '{"name": "weather", "arguments": "{\\"city\\": \\"Lyon\\"}"}',
}


@pytest.mark.parametrize("text", NOTATIONS.values(), ids=NOTATIONS)
def test_a_call_is_found_in_each_notation(text: str) -> None:
    said, [call] = parse_calls(text, TOOLS)
    assert said == ""
    assert (call.name, json.loads(call.arguments)) == ("weather", {"city": "Lyon"})


def test_several_calls_stand_beside_a_text() -> None:
    one, two = (f'<tool_call>{{"name": "{name}"}}</tool_call>' for name in ("weather", "time"))
    said, calls = parse_calls(f"Let me look.\n{one}\n{two}", TOOLS)
    assert said == "Let me look.\n"
    assert [call.name for call in calls] == ["weather", "time"]
    assert calls[0].id != calls[1].id


@pytest.mark.parametrize(
    "text",
    ['{"name": "delete_everything"}', "<tool_call>not JSON</tool_call>", '{"name": ["weather"]}', "{" * 9999, "a < b"],
)  # fmt: skip
def test_what_is_no_call_of_an_offered_tool_stays_text(text: str) -> None:
    assert parse_calls(text, TOOLS) == (text, ())


def test_a_stream_shows_nothing_that_may_become_a_call() -> None:
    text = "1 < 2. <tool_call>{}"
    shown = [text[: held_from(text[:end])] for end in range(len(text) + 1)]
    assert [s for s in shown if "<t" in s] == []
    assert shown[-1] == "1 < 2. "
    assert held_from('\n{"name"') == 0


def test_the_schema_of_calls_names_each_tool() -> None:
    kinds = calls_schema(TOOLS)["anyOf"]
    assert [kind["properties"]["name"]["const"] for kind in kinds] == ["weather", "time"]
    assert calls_schema((TIME,))["properties"]["arguments"] == {"type": "object"}
