"""A request as the JSON that a kind of server understands. What it would ignore in silence is refused here."""

from collections.abc import Mapping, Sequence
from typing import Any

from shopkeeper.errors import Unsupported
from shopkeeper.models.engines.remote.dialects import Dialect
from shopkeeper.models.records import Controls, Grammar, JsonSchema, Message, Request, Tool

_OFF = {"top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0}  # as if the control were not there


def path_of(request: Request) -> str:
    """Messages go to chat, texts to completions."""
    return "/completions" if isinstance(request.prompt, str) else "/chat/completions"


def body_of(
    request: Request, *, name: str, model: str, dialect: Dialect, stream: bool, length_key: str = "max_tokens"
) -> dict[str, Any]:  # fmt: skip
    """The body of a generation. Raises Unsupported for what this kind of server cannot do."""
    body: dict[str, Any] = {
        "model": model,
        **dialect.fixed,
        **_controls(request.controls, name, dialect, length_key),
    }
    if isinstance(request.prompt, str):
        if not dialect.continues:
            raise _cannot(name, dialect, "continue a text")
        body["prompt"] = request.prompt
    else:
        body["messages"] = messages_of(request.prompt)
    body |= _constraint(request, name, dialect)
    body |= _tools(request, name, dialect)
    if request.adapter:
        if "adapters" not in dialect.abilities:
            raise _cannot(name, dialect, "choose an adapter by request")
        body["model"] = request.adapter  # vLLM serves each under its own name
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return body


def _controls(controls: Controls, name: str, dialect: Dialect, length_key: str) -> dict[str, Any]:
    if controls.beams > 1:
        raise _cannot(name, dialect, "search with beams")
    body: dict[str, Any] = {
        length_key: controls.max_new_tokens,
        "temperature": controls.temperature,
        "top_p": controls.top_p,
    }
    for ours, off in _OFF.items():
        value = getattr(controls, ours)
        if ours in dialect.controls:
            body[dialect.controls[ours]] = value if value or ours != "top_k" else dialect.all_tokens
        elif value != off and not (controls.temperature == 0 and ours != "repetition_penalty"):
            raise _cannot(name, dialect, f"take {ours}")
    for penalty in ("presence_penalty", "frequency_penalty"):
        if value := getattr(controls, penalty):
            body[penalty] = value
    if controls.stop:
        body["stop"] = list(controls.stop)
    if controls.seed is not None:
        body["seed"] = controls.seed
    if controls.logit_bias:
        if "logit_bias" not in dialect.abilities:
            raise _cannot(name, dialect, "take logit_bias")
        body["logit_bias"] = {str(token): bias for token, bias in controls.logit_bias.items()}
    return body


def messages_of(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Messages as every server takes them."""
    return [_message(message) for message in messages]


def _message(message: Message) -> dict[str, Any]:
    said: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        said["tool_calls"] = [
            {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": c.arguments}}
            for c in message.tool_calls
        ]
    if message.tool_call_id:
        said["tool_call_id"] = message.tool_call_id
    return said


def _constraint(request: Request, name: str, dialect: Dialect) -> dict[str, Any]:
    constraint = request.constraint
    if constraint is None:
        return {}
    if isinstance(constraint, Grammar):
        if not dialect.grammar:
            raise _cannot(name, dialect, "keep to a grammar")
        value: Any = constraint.gbnf
        for key in reversed(dialect.grammar):
            value = {key: value}
        return dict(value)
    if isinstance(request.prompt, str) and dialect.text_schema is None:
        raise _cannot(name, dialect, "keep to a JSON schema while it continues a text")
    if isinstance(request.prompt, str) and dialect.text_schema == "json_schema":
        return {"json_schema": dict(constraint.schema)}
    return {"response_format": _response_format(constraint)}


def _response_format(constraint: JsonSchema) -> Mapping[str, Any]:
    return {
        "type": "json_schema",
        "json_schema": {"name": constraint.name, "schema": dict(constraint.schema), "strict": True},
    }


def _tools(request: Request, name: str, dialect: Dialect) -> dict[str, Any]:
    if not request.tools or request.tool_choice == "none":
        return {}
    if isinstance(request.prompt, str):
        raise _cannot(name, dialect, "call tools while it continues a text")
    body: dict[str, Any] = {"tools": [_tool(tool) for tool in request.tools]}
    if request.tool_choice == "required":
        if not dialect.tool_choice:
            raise _cannot(name, dialect, "be made to call a tool")
        body["tool_choice"] = "required"
    return body


def _tool(tool: Tool) -> dict[str, Any]:
    about = {
        "name": tool.name,
        "description": tool.description,
        "parameters": dict(tool.parameters),
    }
    return {"type": "function", "function": about}


def _cannot(name: str, dialect: Dialect, what: str) -> Unsupported:
    kind = "a hosted server" if dialect.name == "openai" else dialect.name
    return Unsupported(
        f"engine {name} ({kind}) cannot {what}", hint="ask another engine, or without it"
    )
