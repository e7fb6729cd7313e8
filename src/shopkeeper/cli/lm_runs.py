"""`shopkeeper lm runs`: the trainings of this shop: which there are, what each did, stopping and removing them."""

import shutil
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from shopkeeper.cli.main import open_shop
from shopkeeper.errors import Conflict
from shopkeeper.shop import training_runs

console = Console(highlight=False)
Name = Annotated[str, typer.Argument(help="Name of the run.")]


def register(lm: typer.Typer) -> None:
    """Add the commands."""
    runs = typer.Typer(help="Trainings: list, show, stop, remove.", no_args_is_help=True)
    runs.command("list")(list_runs)
    runs.command("show")(show)
    runs.command("stop")(stop)
    runs.command("remove")(remove)
    lm.add_typer(runs, name="runs")


def list_runs(
    ctx: typer.Context, limit: Annotated[int, typer.Option(help="The last so many.")] = 20
) -> None:
    """List trainings, the last one first."""
    with open_shop(ctx) as shop, shop.database.reading() as conn:
        found = training_runs.newest(conn, limit=limit)
    if not found:
        console.print("no training yet: shopkeeper lm pretrain RUN begins one")
        return
    table = Table("run", "kind", "state", "step", "loss", "began")
    for run in found:
        loss = run.measures.get("loss")
        table.add_row(
            run.name, run.kind, run.state, f"{run.step:,} of {run.steps:,}",
            "" if loss is None else f"{loss:.3f}", f"{run.started_at:%Y-%m-%d %H:%M}",
        )  # fmt: skip
    console.print(table)


def show(ctx: typer.Context, run: Name) -> None:
    """Show what was chosen for a training, how far it is and what it last said."""
    with open_shop(ctx) as shop, shop.database.reading() as conn:
        found = training_runs.get(conn, run)
        steps = training_runs.points(conn, found.id, "step", most=8)
        samples = training_runs.points(conn, found.id, "sampled", most=3)
    said = f"{found.name}: {found.kind}, {found.state}, step {found.step:,} of {found.steps:,}"
    console.print(f"{said}{f': {escape(found.reason)}' if found.reason else ''}", soft_wrap=True)
    for point in steps:
        numbers = ", ".join(f"{name} {value:.4g}" for name, value in point.numbers.items())
        console.print(f"  step {point.step:,}: {numbers}", soft_wrap=True)
    for name, value in found.measures.items():
        console.print(f"held-out {name.replace('_', ' ')}: {value:.4f}")
    if samples:
        console.print(f"it says: {escape(samples[-1].text)}", soft_wrap=True)
    console.print_json(data=dict(found.settings))
    console.print(f"best checkpoint: {found.best or 'none yet'} in {found.folder}", soft_wrap=True)


def stop(ctx: typer.Context, run: Name) -> None:
    """Have a training end after its step, with a checkpoint."""
    with open_shop(ctx) as shop, shop.database.connection() as conn:
        asked = training_runs.ask_to_stop(conn, run)
    console.print(f"{run} ends after its step" if asked else f"{run} does not run")


def remove(ctx: typer.Context, run: Name) -> None:
    """Remove a training with its folder and all checkpoints; it cannot be undone."""
    from shopkeeper.training.runs import folder_of, is_trained

    with open_shop(ctx) as shop, shop.database.connection() as conn:
        folder = folder_of(shop.settings.data_folder, run)
        if is_trained(folder):
            raise Conflict(f"{run} is being trained", hint=f"shopkeeper lm runs stop {run}")
        training_runs.remove(conn, run)
        shutil.rmtree(folder, ignore_errors=True)
    console.print(f"{run} is removed")
