"""`shopkeeper lm explain`: what a model looks at and what it expects next, as a heat map in the terminal."""

from contextlib import closing
from typing import Annotated, get_args

import numpy as np
import typer
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from shopkeeper.cli.main import settings_of
from shopkeeper.errors import SettingsError
from shopkeeper.models.attention import AttentionMap, Explanation, Floats, Part
from shopkeeper.models.explaining import DEFAULT, Explainer

console = Console(highlight=False)

LABEL = 14  # columns for a token at the side
CELL = 5
NONE, FULL = (24, 26, 23), (127, 207, 176)  # colours of weights 0 and 1


def register(lm: typer.Typer) -> None:
    """Add the command."""
    lm.command()(explain)


def explain(
    ctx: typer.Context,
    text: Annotated[str, typer.Argument(help="The text; BERT fills its [MASK]s.")],
    model: Annotated[
        str,
        typer.Option(
            "--model", "-m",
            help="An engine of kind transformers, an id of the hub, or the path of a checkpoint or GGUF file.",
        ),
    ] = DEFAULT,
    layer: Annotated[int, typer.Option(help="Layer, counted from 1; 0: the last.")] = 0,
    head: Annotated[int, typer.Option(help="Head, counted from 1; 0: the mean of all.")] = 0,
    part: Annotated[
        str,
        typer.Option(help="decoder, encoder or cross; default: the first that the model has."),
    ] = "",
    rollout: Annotated[
        bool,
        typer.Option("--rollout", help="From which tokens each vector is made, up to this layer."),
    ] = False,
    answer: Annotated[
        str, typer.Option(help="For T5 and its like: the answer; default: its own.")
    ] = "",
) -> None:  # fmt: skip
    """Show softmax(QKᵀ/√d) of a layer and head as a heat map, and the likeliest next tokens."""
    with closing(Explainer(settings_of(ctx))) as explainer, console.status(f"reading {model} …"):
        found = explainer.explain(text, model=model, answer=answer)
    try:
        seen = found.part(_part(part)) if part else found.maps[0]
        layer = layer or seen.layers
        weights = seen.rolled_out(layer) if rollout else seen.one(layer, head or None)
    except ValueError as error:
        raise SettingsError(str(error), hint="see `shopkeeper lm explain --help`") from error
    console.print(_title(found, seen, layer, head, rollout=rollout), soft_wrap=True)
    console.print(heat_map(seen, weights), soft_wrap=True)
    for each in found.guesses:
        table = Table(f"after {each.after!r}", "probability")
        for guess in each.guesses:
            table.add_row(Text(repr(guess.token)), f"{guess.probability:.3f}")
        console.print(table)


def heat_map(seen: AttentionMap, weights: Floats) -> Text:
    """A row for each token that looks; the numbers are hundredths, the colours the same."""
    drawn = Text()
    head = " " * (LABEL + 1) + "".join(
        f"{number:>{CELL}}" for number in range(1, len(seen.keys) + 1)
    )
    drawn.append(head + "\n", style="dim")
    for number, (token, row) in enumerate(zip(seen.queries, weights, strict=True), start=1):
        drawn.append(f"{number:>3} {_fitted(token)} ")
        for value in row:
            drawn.append(f"{round(100 * value):>{CELL - 1}} ", style=_style(float(value)))
        drawn.append("\n")
    return drawn


def _fitted(token: str) -> str:
    shown = repr(token)[1:-1]
    return set_cell_size(shown, LABEL - 4) if cell_len(shown) != LABEL - 4 else shown


def _style(value: float) -> str:
    red, green, blue = (
        int(np.interp(value, (0, 1), ends)) for ends in zip(NONE, FULL, strict=True)
    )
    return f"{'black' if value > 0.5 else 'white'} on rgb({red},{green},{blue})"


def _part(name: str) -> Part:
    for part in get_args(Part):
        if part == name:
            known: Part = part
            return known
    raise ValueError(f"{name!r} is no part of a model: {', '.join(get_args(Part))}")


def _title(found: Explanation, seen: AttentionMap, layer: int, head: int, *, rollout: bool) -> Text:
    what = f"rollout up to layer {layer}" if rollout else f"layer {layer} of {seen.layers}"
    if not rollout:
        what += f", head {head} of {seen.heads}" if head else f", mean of {seen.heads} heads"
    return Text(
        f"{found.model}, {seen.part}: {what}. Each row looks at the columns; hundredths.", "bold"
    )
