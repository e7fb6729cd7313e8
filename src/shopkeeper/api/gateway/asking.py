"""Bodies of OpenAI's API as requests of ours. What cannot be done is refused with the name of the field."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, Literal

from shopkeeper.api.gateway.shapes import (
    ChatMessage,
    ChatRequest,
    CompletionRequest,
    FunctionTool,
    Generating,
    ResponseFormat,
    ToolChoice,
)
from shopkeeper.api.problems import Invalid
from shopkeeper.errors import Refused, TooLarge
from shopkeeper.models.records import (
    Controls,
    Grammar,
    JsonSchema,
    Message,
    Request,
    Tool,
    ToolCall,
)
from shopkeeper.models.structured import constraint_of

TIMEOUT_S = 600.0  # as long as OpenAI's own client waits; an engine's settings may say less
MAX_BYTES = 4 * 10**6  # of text in one request
MAX_SCHEMA_DEPTH = 40
MAX_SCHEMA_NODES = 5000
MOST_REPETITIONS = 16  # of a rule or a group in a grammar from outside
_REPEATED_RULE = re.compile(r"[\w)-]\s*\{\s*(\d+)\s*(?:,\s*(\d*)\s*)?\}")
USUAL_TOKENS = 1024  # of an answer whose length the request leaves open


def chat(body: ChatRequest, *, adapter: str, context_tokens: int) -> Request:
    """The request of a chat. Raises Invalid, TooLarge; UnicodeEncodeError if something in it is no text."""
    messages = tuple(_message(message, n) for n, message in enumerate(body.messages))
    tools, choice = _tools(body.tools or (), body.tool_choice)
    constraint = _constraint(body.response_format, body.grammar)
    check_size([*_texts(messages), *_more_texts(body), json_text([asdict(tool) for tool in tools])])
    limit = body.max_completion_tokens or body.max_tokens
    return Request(
        messages,
        _controls(body, limit, context_tokens),
        constraint=constraint,
        tools=tools,
        tool_choice=choice,
        adapter=adapter,
        timeout_s=TIMEOUT_S,
    )


def completion(body: CompletionRequest, *, adapter: str, context_tokens: int) -> Request:
    """The request of a completion. Raises as `chat` does."""
    prompt = body.prompt if isinstance(body.prompt, str) else body.prompt[0]
    check_size([prompt, *_more_texts(body)])
    return Request(
        prompt,
        _controls(body, body.max_tokens, context_tokens),
        constraint=_constraint(None, body.grammar),
        adapter=adapter,
        timeout_s=TIMEOUT_S,
    )


def check_size(texts: Sequence[str]) -> None:
    """Raise TooLarge if these are more text than is taken, UnicodeEncodeError if one is no text."""
    if sum(len(text.encode()) for text in texts) > MAX_BYTES:
        raise TooLarge(
            f"the text is longer than the {MAX_BYTES:,} bytes that a model is asked about at once",
            hint="send less of it, or in parts",
        )


def json_text(value: object) -> str:
    """A value as JSON, with halves of characters as they are."""
    return json.dumps(value, ensure_ascii=False)


def _texts(messages: Sequence[Message]) -> Iterator[str]:
    for message in messages:
        yield from (message.content, message.tool_call_id)
        for call in message.tool_calls:
            yield from (call.id, call.name, call.arguments)


def _more_texts(body: Generating) -> Iterator[str]:
    yield body.grammar or ""
    yield from (body.stop,) if isinstance(body.stop, str) else body.stop or ()


def _controls(body: Generating, limit: int | None, context_tokens: int) -> Controls:
    usual = min(USUAL_TOKENS, context_tokens // 4) if context_tokens else USUAL_TOKENS
    given = {
        "max_new_tokens": limit or max(1, usual),
        "temperature": body.temperature,
        "top_k": body.top_k,
        "top_p": body.top_p,
        "min_p": body.min_p,
        "repetition_penalty": body.repetition_penalty,
        "presence_penalty": body.presence_penalty,
        "frequency_penalty": body.frequency_penalty,
        "seed": body.seed,
        "stop": (body.stop,) if isinstance(body.stop, str) else tuple(body.stop or ()),
        "logit_bias": {int(token): bias for token, bias in (body.logit_bias or {}).items()},
    }
    return Controls(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]  # of each its own type


def _constraint(wanted: ResponseFormat | None, grammar: str | None) -> JsonSchema | Grammar | None:
    if grammar is not None:
        if wanted is not None and wanted.type != "text":
            raise Invalid(
                "body.grammar", "says otherwise than response_format", hint="send one of them"
            )
        _check_repetitions(grammar)
        return Grammar(grammar)
    if wanted is None or wanted.type == "text":
        return None
    if wanted.type == "json_object":
        return JsonSchema({"type": "object"})
    if wanted.json_schema is None:
        raise Invalid("body.response_format.json_schema", "is missing")
    try:
        kept = constraint_of(wanted.json_schema.schema_, wanted.json_schema.name)
        check_size([json_text(kept.schema)])
    except Refused as error:
        field = "body.response_format.json_schema.schema"
        raise Invalid(field, error.message, hint=error.hint) from error
    return kept


def _check_repetitions(grammar: str) -> None:
    """Raise Invalid if a rule or group is repeated by a high count: where it may be empty, llama.cpp follows every way
    to share the text among the repetitions, and one letter can take minutes."""
    for repeated in _REPEATED_RULE.finditer(grammar):
        count = max(int(n or 0) for n in repeated.groups())
        if count > MOST_REPETITIONS:
            raise Invalid(
                "body.grammar",
                f"repeats a rule or group {count} times; at most {MOST_REPETITIONS}",
                hint="repeat characters and literals by counts, rules by * or +",
            )


def _tools(
    given: Sequence[FunctionTool], choice: str | ToolChoice | None
) -> tuple[tuple[Tool, ...], Literal["auto", "none", "required"]]:
    for n, tool in enumerate(given):
        _check_schema(tool.function.parameters or {}, f"body.tools.{n}.function.parameters")
    tools = tuple(
        Tool(
            t.function.name,
            t.function.description or "",
            t.function.parameters or {"type": "object"},
        )
        for t in given
    )
    if isinstance(choice, ToolChoice):
        chosen = tuple(tool for tool in tools if tool.name == choice.function.name)
        if not chosen:
            raise Invalid(
                "body.tool_choice", f"names {choice.function.name!r}, which is no tool here"
            )
        return chosen, "required"
    if choice == "required" and not tools:
        raise Invalid("body.tool_choice", "wants a tool, and there are none")
    if choice == "none" or choice == "required":
        return tools, "none" if choice == "none" else "required"
    return tools, "auto"


def _message(message: ChatMessage, number: int) -> Message:
    content = message.content
    text = content if isinstance(content, str) else "".join(p.text for p in content or ())
    if message.role == "tool" and not message.tool_call_id:
        raise Invalid(f"body.messages.{number}.tool_call_id", "is missing: which call is answered?")
    if content is None and not (message.role == "assistant" and message.tool_calls):
        raise Invalid(f"body.messages.{number}.content", "is missing")
    return Message(
        "system" if message.role == "developer" else message.role,
        text,
        tuple(
            ToolCall(call.id, call.function.name, call.function.arguments)
            for call in message.tool_calls or ()
        ),
        message.tool_call_id or "",
    )


def _check_schema(schema: Any, field: str) -> None:
    """Raise Invalid if a schema is deeper or larger than a grammar is made of in a bearable time."""
    waiting, nodes = [(schema, 1)], 0
    while waiting:
        node, depth = waiting.pop()
        nodes += 1
        if depth > MAX_SCHEMA_DEPTH:
            raise Invalid(field, f"is more than {MAX_SCHEMA_DEPTH} levels deep")
        if nodes > MAX_SCHEMA_NODES:
            raise Invalid(field, f"has more than {MAX_SCHEMA_NODES} parts")
        if isinstance(node, dict | list):
            below = node.values() if isinstance(node, dict) else node
            waiting.extend((child, depth + 1) for child in below)
