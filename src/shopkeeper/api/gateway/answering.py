"""Generations as OpenAI's API tells them: whole, and in the events of a stream.

An event is put together of bytes, with nothing but the new text made JSON: it is written for every token.
"""

import secrets
import time
from collections.abc import Iterator
from typing import Any, Literal

import orjson

from shopkeeper.models.records import Generation, Piece, ToolCall, Usage

Kind = Literal["chat", "text"]

DONE = b"data: [DONE]\n\n"
_OBJECTS = {"chat": "chat.completion", "text": "text_completion"}
_IDS = {"chat": "chatcmpl-", "text": "cmpl-"}


def whole(kind: Kind, model: str, answer: Generation) -> bytes:
    """The answer in one piece, as JSON."""
    if kind == "chat":
        message: dict[str, Any] = {"role": "assistant", "content": answer.text, "refusal": None}
        if answer.tool_calls:
            message |= {"content": answer.text or None, "tool_calls": _calls(answer.tool_calls)}
        said: dict[str, Any] = {"message": message}
    else:
        said = {"text": answer.text}
    choice = {"index": 0, **said, "logprobs": None, "finish_reason": answer.finish}
    return orjson.dumps(
        _head(kind, model, _OBJECTS[kind]) | {"choices": [choice], "usage": _usage(answer.usage)}
    )


class Events:
    """The events of one stream. with_usage: a last one tells what was used."""

    def __init__(self, kind: Kind, model: str, *, with_usage: bool) -> None:
        self._kind = kind
        self._with_usage = with_usage
        name = "chat.completion.chunk" if kind == "chat" else "text_completion"
        self._head = _head(kind, model, name)
        empty = self._event([self._choice("\0")])
        self._before, self._after = empty.split(orjson.dumps("\0"))

    def first(self) -> bytes:
        """Whose turn it is."""
        if self._kind == "text":
            return b""
        return self._event([self._choice("", {"role": "assistant"})])

    def of(self, piece: Piece) -> bytes:
        """What a piece brings."""
        text = self._before + orjson.dumps(piece.text) + self._after if piece.text else b""
        if piece.generation is None:
            return text
        return text + b"".join(self._last(piece.generation)) + DONE

    def failed(self, error: dict[str, Any]) -> bytes:
        """An error after the beginning: what came is no answer."""
        return b"data: " + orjson.dumps({"error": error}) + b"\n\n"

    def _last(self, answer: Generation) -> Iterator[bytes]:
        if answer.tool_calls and self._kind == "chat":
            calls = [{"index": n, **call} for n, call in enumerate(_calls(answer.tool_calls))]
            yield self._event([{"index": 0, "delta": {"tool_calls": calls}, "finish_reason": None}])
        end: dict[str, Any] = {"delta": {}} if self._kind == "chat" else {"text": ""}
        yield self._event([{"index": 0, **end, "logprobs": None, "finish_reason": answer.finish}])
        if self._with_usage:
            yield self._event([], usage=_usage(answer.usage))

    def _choice(self, text: str, more: dict[str, str] | None = None) -> dict[str, Any]:
        if self._kind == "text":
            return {"index": 0, "text": text, "logprobs": None, "finish_reason": None}
        delta = {**(more or {}), "content": text}
        return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}

    def _event(self, choices: list[dict[str, Any]], usage: dict[str, Any] | None = None) -> bytes:
        told = {"usage": usage} if self._with_usage else {}
        return b"data: " + orjson.dumps({**self._head, "choices": choices, **told}) + b"\n\n"


def _head(kind: Kind, model: str, name: str) -> dict[str, Any]:
    identity = _IDS[kind] + secrets.token_hex(12)
    return {"id": identity, "object": name, "created": int(time.time()), "model": model}


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
    }


def _calls(calls: tuple[ToolCall, ...]) -> list[dict[str, Any]]:
    return [
        {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": c.arguments}}
        for c in calls
    ]
