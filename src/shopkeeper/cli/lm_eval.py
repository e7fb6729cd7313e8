"""`shopkeeper lm eval`: how good models are at a task, on a file of rows with right answers."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from shopkeeper.cli.main import open_shop
from shopkeeper.errors import ModelError, SettingsError
from shopkeeper.face import Shop

console = Console(highlight=False)
notes = Console(stderr=True, highlight=False)


def register(lm: typer.Typer) -> None:
    """Add the command."""
    lm.command("eval")(measure)


def measure(
    ctx: typer.Context,
    task: Annotated[
        str, typer.Argument(help="Name of a task, as sentiment; a wrong one lists them.")
    ],
    file: Annotated[Path, typer.Argument(help="Rows with right answers: JSON lines or CSV.")],
    models: Annotated[
        str, typer.Option(help="Engines of the settings, ids of the hub or paths, with commas.")
    ] = "assistant",
    shots: Annotated[str, typer.Option(help="Numbers of examples to show, with commas.")] = "0",
    train: Annotated[
        Path | None, typer.Option(help="Rows to take examples from, and for the linear rival.")
    ] = None,
    sample: Annotated[
        int | None, typer.Option(min=1, help="Measure so many of the rows, drawn by the seed.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Draws rows and orders examples.")] = 0,
    given: Annotated[str, typer.Option("--input", help="Column of the inputs.")] = "input",
    output: Annotated[str, typer.Option(help="Column of the right answers.")] = "output",
    budget_tokens: Annotated[
        int,
        typer.Option(min=64, help="Tokens of a prompt, at most: examples over it are left out."),
    ] = 2048,
    nearest: Annotated[
        str, typer.Option(help="Embedder that finds the examples nearest to each row.")
    ] = "",
    results: Annotated[
        Path | None, typer.Option(help="Keep what came of each row here, and go on from it.")
    ] = None,
) -> None:
    """Accuracy or F1 of models on a file, with intervals, tokens, time, cost and a linear rival.

    Labels are measured as the model says them (greedy) and calibrated. Without --train, the prior of the labels is
    taken from rows that the sample leaves out.
    """
    from shopkeeper.models.prompting import Kept, evaluate, pool
    from shopkeeper.models.prompting.evaluate import PRIOR_ROWS
    from shopkeeper.models.prompting.rows import examples_of, read_rows, with_labels_of
    from shopkeeper.models.prompting.rows import sample as drawn
    from shopkeeper.models.prompting.tasks import task_named

    counts = _numbers(shots)
    named = task_named(task)
    rows = read_rows(file, given=given, output=output)
    known = read_rows(train, given=given, output=output) if train else []
    if not known and max(counts) > 0:
        raise SettingsError("--shots over 0 need examples", hint="name a file of them by --train")
    chosen = with_labels_of(named, [*known, *rows])
    examples = examples_of(chosen, known, path=train) if train else []
    everything = examples_of(chosen, rows, path=file)
    asked = drawn(everything, sample, seed=seed)
    if not examples:
        left = [row for row in everything if row not in asked]
    unlabelled = [row.given for row in drawn(examples or left, PRIOR_ROWS, seed=seed + 1)]
    kept = Kept(results)
    with open_shop(ctx) as shop, _bars() as bars:
        embedder = _embedder(shop, nearest) if nearest else None
        choice = pool(chosen, examples, seed=seed, embedder=embedder)
        reports = []
        for name in (part.strip() for part in models.split(",")):
            model = shop.models.engine(name, purpose="eval")
            for number in counts:
                line = bars.add_task(f"{name}, {number} shots", total=len(asked))
                report = evaluate(
                    chosen,
                    asked,
                    model,
                    pool=choice,
                    shots=number,
                    unlabelled=unlabelled,
                    budget_tokens=budget_tokens,
                    kept=kept,
                    progress=partial(_step, bars, line),
                )
                reports.append((report, _cost(shop, name, report)))
    rival = _rival(chosen, examples, asked, seed)
    console.print(_table([*reports, *([(rival, None)] if rival else [])]))


def _numbers(text: str) -> list[int]:
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        numbers = [-1]
    if min(numbers) < 0:
        raise SettingsError(f"--shots {text!r} are not numbers", hint="write --shots 0,1,4,8")
    return numbers


def _embedder(shop: Shop, name: str) -> Any:
    from shopkeeper.models.embed import load_embedder

    return load_embedder(name, shop.settings.cache_folder)


def _rival(task: Any, examples: Sequence[Any], rows: Sequence[Any], seed: int) -> Any:
    from shopkeeper.models.prompting.rival import rival

    if not examples:
        return None
    try:
        return rival(task, examples, rows, seed=seed)
    except ModelError as error:
        notes.print(f"no linear rival: {error.message} ({error.hint})", markup=False)
        return None


def _cost(shop: Shop, name: str, report: Any) -> float | None:
    settings = shop.settings.engines.get(name)
    if settings is None or not (settings.input_price or settings.output_price):
        return None
    paid = report.prompt_tokens * settings.input_price
    return float(paid + report.completion_tokens * settings.output_price) / 1e6


def _table(reports: Sequence[tuple[Any, float | None]]) -> Table:
    """One line a model and number of examples."""
    first = reports[0][0]
    table = Table(
        "model", "shots", first.measure, "95 %", "greedy", "macro F1", "rows", "no answer", "faulty",
        "tokens", "seconds", "cost", title=first.task,
    )  # fmt: skip
    for report, cost in reports:
        table.add_row(
            report.model,
            str(report.shots),
            f"{report.figure:.3f}",
            f"{report.low:.3f}–{report.high:.3f}",
            _share(report.greedy),
            _share(report.macro_f1),
            f"{report.rows:,}",
            f"{report.failed:,}",
            f"{report.faulty:,}",
            f"{report.prompt_tokens + report.completion_tokens:,}",
            f"{report.seconds:,.1f}",
            "" if cost is None else f"{cost:.4f}",
        )
    return table


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _step(bars: Progress, line: TaskID, done: int, of: int) -> None:
    bars.update(line, completed=done, total=of)


def _bars() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=notes,
        transient=True,
    )
