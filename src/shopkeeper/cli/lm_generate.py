"""`shopkeeper lm generate`: ask a language model in the terminal; the answer appears while it is written."""

import json
import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from shopkeeper.cli.main import open_shop
from shopkeeper.errors import SettingsError
from shopkeeper.models.records import (
    Controls,
    Generation,
    Grammar,
    JsonSchema,
    Message,
    Prompt,
    Request,
)
from shopkeeper.models.structured import constraint_of

notes = Console(stderr=True, highlight=False)

USUAL = Controls()


def register(lm: typer.Typer) -> None:
    """Add the command."""
    lm.command()(generate)


def generate(
    ctx: typer.Context,
    prompt: Annotated[str, typer.Argument(help="What is asked, or `-` to read it from stdin.")],
    model: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            help="An engine of the settings, `assistant`, an id of the hub, or the path of a model.",
        ),
    ] = "",
    purpose: Annotated[
        str, typer.Option(help="Ask along the route of this purpose, where no model is named.")
    ] = "default",
    chat: Annotated[
        bool | None,
        typer.Option(
            "--chat/--raw",
            help="Ask it as a message, or let the text be continued. Default: as the model is made for.",
        ),
    ] = None,
    system: Annotated[str, typer.Option(help="Instructions that stand before a message.")] = "",
    max_new_tokens: Annotated[
        int, typer.Option(help="Tokens of the answer, at most.")
    ] = USUAL.max_new_tokens,
    temperature: Annotated[
        float, typer.Option(help="0 takes the likeliest token; 1 draws as the model says.")
    ] = USUAL.temperature,
    top_k: Annotated[
        int, typer.Option(help="Draw among the k likeliest tokens; 0: all.")
    ] = USUAL.top_k,
    top_p: Annotated[
        float, typer.Option(help="Draw among the likeliest that have this probability together.")
    ] = USUAL.top_p,
    min_p: Annotated[
        float, typer.Option(help="Leave out what is less likely than this share of the likeliest.")
    ] = USUAL.min_p,
    beams: Annotated[
        int, typer.Option(help="Continuations that are followed side by side.")
    ] = USUAL.beams,
    repetition_penalty: Annotated[
        float, typer.Option(help="Divide the logits of tokens already there by this.")
    ] = USUAL.repetition_penalty,
    presence_penalty: Annotated[
        float, typer.Option(help="Subtract this from logits of tokens already there.")
    ] = USUAL.presence_penalty,
    frequency_penalty: Annotated[
        float, typer.Option(help="Subtract this for each time a token is there.")
    ] = USUAL.frequency_penalty,
    stop: Annotated[
        list[str] | None, typer.Option(help="End before this text; may be given several times.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Draw the same again.")] = None,
    logit_bias: Annotated[
        list[str] | None,
        typer.Option(help="TOKEN=BIAS: add this to a token's logit; may be given several times."),
    ] = None,
    json_schema: Annotated[
        Path | None, typer.Option(help="File with a JSON schema that the answer keeps to.")
    ] = None,
    grammar: Annotated[
        Path | None, typer.Option(help="File with a GBNF grammar that the answer keeps to.")
    ] = None,
    adapter: Annotated[str, typer.Option(help="Name of a LoRA adapter of the engine.")] = "",
    timeout_s: Annotated[float, typer.Option(help="Seconds for all of it.")] = 600,
) -> None:
    """Generate text with a language model. Ctrl-C stops it. What was used is said on stderr."""
    try:
        controls = Controls(
            max_new_tokens=max_new_tokens,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            min_p=min_p,
            beams=beams,
            repetition_penalty=repetition_penalty,
            presence_penalty=presence_penalty,
            frequency_penalty=frequency_penalty,
            stop=tuple(stop or ()),
            seed=seed,
            logit_bias=_biases(logit_bias or []),
        )
    except ValueError as error:
        raise SettingsError(str(error), hint="see `shopkeeper lm generate --help`") from error
    constraint = _constraint(json_schema, grammar)
    text = sys.stdin.read() if prompt == "-" else prompt
    with open_shop(ctx) as shop:
        lm = shop.models.engine(model) if model else shop.models.route(purpose)
        as_chat = "chat" in lm.abilities if chat is None else chat
        request = Request(
            _messages(text, system) if as_chat else f"{system}{text}",
            controls,
            constraint=constraint,
            adapter=adapter,
            timeout_s=timeout_s,
        )
        with closing(lm.stream(request)) as pieces:
            for piece in pieces:
                typer.echo(piece.text, nl=False)
                sys.stdout.flush()
                if piece.generation is not None:
                    _finish(piece.generation)


def _messages(text: str, system: str) -> Prompt:
    before = (Message("system", system),) if system else ()
    return (*before, Message("user", text))


def _constraint(schema: Path | None, grammar: Path | None) -> JsonSchema | Grammar | None:
    if schema is not None and grammar is not None:
        raise SettingsError("--json-schema and --grammar cannot both hold", hint="give one of them")
    if schema is not None:
        try:
            return constraint_of(json.loads(_read(schema)))
        except json.JSONDecodeError as error:
            raise SettingsError(f"{schema}: not JSON: {error}", hint="mend the file") from error
    return Grammar(_read(grammar)) if grammar is not None else None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {error}", hint="check the path") from error


def _biases(given: list[str]) -> dict[int, float]:
    biases = {}
    for text in given:
        token, equals, bias = text.partition("=")
        if not equals:
            raise ValueError(f"logit bias {text!r} is not of the form TOKEN=BIAS")
        biases[int(token)] = float(bias)
    return biases


def _finish(answer: Generation) -> None:
    typer.echo()
    used, timing = answer.usage, answer.timing
    writing_s = max(1e-9, (timing.total_ms - timing.first_token_ms) / 1000)
    speed = (used.completion_tokens - 1) / writing_s if used.completion_tokens > 1 else 0
    notes.print(
        f"{answer.model}: {used.prompt_tokens} tokens read ({used.cached_tokens} known before), "
        f"{used.completion_tokens} written, first after {timing.first_token_ms / 1000:.2f} s, "
        f"{speed:.1f} tokens/s, ended by {answer.finish}",
        style="dim",
        soft_wrap=True,
    )
