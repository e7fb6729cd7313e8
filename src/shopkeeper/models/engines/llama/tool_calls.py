"""Calls of tools in what a model wrote.

Three notations: `<tool_call>{…}</tool_call>` (Qwen, Hermes and most others), `[TOOL_CALLS][{…}]` (Mistral) and a bare
`{"name": …, "parameters": …}` (Llama 3). A call counts only if it names a tool that was offered; else it stays text.
"""

import json
import re
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from shopkeeper.models.records import Tool, ToolCall

OPENING = "<tool_call>"
MARKS = (OPENING, "[TOOL_CALLS]")
TAGGED = re.compile(r"<tool_call>\s*(\{.*?\})\s*(?:</tool_call>|\Z)", re.DOTALL)


def parse_calls(text: str, tools: Sequence[Tool]) -> tuple[str, tuple[ToolCall, ...]]:
    """The text without its calls, and the calls. Without any, the text as it is."""
    names = {tool.name for tool in tools}
    calls = tuple(call for said in _candidates(text) if (call := _call(said, names)))
    if not calls:
        return text, ()
    return text[: held_from(text)], calls


def held_from(text: str) -> int:
    """Where the first call begins, or may begin once more text comes: up to here a stream may be shown."""
    if text.lstrip().startswith("{"):
        return 0
    for place, letter in enumerate(text):
        if letter in "<[":
            rest = text[place:]
            if any(rest.startswith(mark) or mark.startswith(rest) for mark in MARKS):
                return place
    return len(text) if text.strip() else 0


def calls_schema(tools: Sequence[Tool]) -> dict[str, Any]:
    """The JSON schema of one call of any of these tools."""
    kinds = [
        {
            "type": "object",
            "properties": {"name": {"const": tool.name}, "arguments": dict(tool.parameters)},
            "required": ["name", "arguments"],
            "additionalProperties": False,
        }
        for tool in tools
    ]
    return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}


def _candidates(text: str) -> Iterator[Any]:
    """JSON values that stand where a call may stand."""
    decoder = json.JSONDecoder()
    found = [match[1] for match in TAGGED.finditer(text)]
    if not found and "[TOOL_CALLS]" in text:
        found = [text.split("[TOOL_CALLS]", 1)[1].strip()]
    if not found and text.lstrip().startswith("{"):
        found = [text.strip()]
    for written in found:
        try:
            value, _ = decoder.raw_decode(written)
        except (ValueError, RecursionError):
            continue
        yield from value if isinstance(value, list) else [value]


def _call(said: Any, names: set[str]) -> ToolCall | None:
    name = said.get("name") if isinstance(said, dict) else None
    if not isinstance(name, str) or name not in names:
        return None
    arguments = said.get("arguments", said.get("parameters", {}))
    written = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return ToolCall(f"call_{uuid.uuid4().hex[:16]}", name, written)
