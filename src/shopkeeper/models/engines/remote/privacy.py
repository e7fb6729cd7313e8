"""Personal data out of a request before it leaves the machine, and back into what returns."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shopkeeper.models.records import Generation, Grammar, JsonSchema, Message, Prompt, Request
from shopkeeper.text.personal import Restorer, Vault, json_escaped


def hide_request(request: Request, vault: Vault) -> Request:
    """The same request with tokens for personal data wherever text goes to the server."""
    constraint = request.constraint
    if isinstance(constraint, JsonSchema):
        constraint = replace(constraint, schema=_hide_values(constraint.schema, vault))
    elif isinstance(constraint, Grammar):
        constraint = Grammar(vault.hide(constraint.gbnf))
    tools = tuple(
        replace(
            tool,
            description=vault.hide(tool.description),
            parameters=_hide_values(tool.parameters, vault),
        )
        for tool in request.tools
    )
    stop = tuple(vault.hide(text) for text in request.controls.stop)
    return replace(
        request,
        prompt=hide_prompt(request.prompt, vault),
        constraint=constraint,
        tools=tools,
        controls=replace(request.controls, stop=stop),
    )


def hide_prompt(prompt: Prompt, vault: Vault) -> Prompt:
    """The same prompt with tokens for personal data."""
    if isinstance(prompt, str):
        return vault.hide(prompt)
    return tuple(_hide_message(message, vault) for message in prompt)


def restore_generation(generation: Generation, request: Request, vault: Vault) -> Generation:
    """What came back, with the values of this vault in the place of its tokens."""
    if not len(vault):
        return generation
    calls = tuple(
        replace(call, arguments=vault.restore(call.arguments, escape=json_escaped))
        for call in generation.tool_calls
    )
    escape = json_escaped if isinstance(request.constraint, JsonSchema) else str
    text = vault.restore(generation.text, escape=escape)
    return replace(generation, text=text, tool_calls=calls, token_ids=())


def restorer_for(request: Request, vault: Vault) -> Restorer:
    """For the pieces of a stream."""
    return vault.restorer(
        escape=json_escaped if isinstance(request.constraint, JsonSchema) else str
    )


def _hide_message(message: Message, vault: Vault) -> Message:
    calls = tuple(
        replace(call, arguments=_hide_arguments(call.arguments, vault))
        for call in message.tool_calls
    )
    return replace(message, content=vault.hide(message.content), tool_calls=calls)


def _hide_arguments(arguments: str, vault: Vault) -> str:
    """JSON stays JSON: a number that is a phone number becomes a string."""
    try:
        values = json.loads(arguments)
    except (ValueError, RecursionError):
        return vault.hide(arguments)
    return json.dumps(_hide_values(values, vault), ensure_ascii=False)


def _hide_values(value: Any, vault: Vault) -> Any:
    if isinstance(value, str):
        return vault.hide(value)
    if isinstance(value, Mapping):
        # A pattern is no text: a token in it would be read as a class of characters.
        return {k: v if k == "pattern" else _hide_values(v, vault) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_hide_values(v, vault) for v in value]
    if isinstance(value, int) and not isinstance(value, bool):
        text = str(value)
        hidden = vault.hide(text)
        return value if hidden == text else hidden
    return value
