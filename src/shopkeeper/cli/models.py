"""`shopkeeper models`: files that are fetched and not shipped."""

from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from shopkeeper.cli.main import settings_of
from shopkeeper.models import hub

console = Console()

Name = Annotated[str, typer.Argument(help="Id, as `shopkeeper models list` has it, or `all`.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    models = typer.Typer(help="Models and assets that are fetched by hash.", no_args_is_help=True)
    models.command("list")(list_models)
    models.command("show")(show)
    models.command("pull")(pull)
    models.command("verify")(verify)
    models.command("remove")(remove)
    app.add_typer(models, name="models")


def list_models(ctx: typer.Context) -> None:
    """What the lock file names, and whether it is here."""
    folder = settings_of(ctx).cache_folder
    table = Table("id", "title", "licence", "size", "here")
    served = hub.inputs(hub.entries())
    for entry in hub.entries().values():
        here = "yes" if hub.is_here(entry.id, folder) else "no"
        if here == "no" and entry.id in served:
            here = "only while others are made of it"
        table.add_row(entry.id, entry.title, entry.licence, _megabytes(entry.size_bytes), here)
    console.print(table)


def show(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Id, as `shopkeeper models list` has it.")],
) -> None:
    """Where a file comes from, under which licence, and by which hash it is known."""
    folder = settings_of(ctx).cache_folder
    entry = hub.entry(name)
    path = hub.cached(name, folder)
    rows = {
        "title": entry.title,
        "licence": f"{entry.licence}, stated by {entry.stated_by}",
        "upstream": entry.upstream or "as the title says",
        "warning": entry.warning or "none",
        "format": entry.format,
        "size": f"{entry.size_bytes} bytes",
        "sha256": entry.sha256,
        "needs": ", ".join(entry.needs) or "nothing else",
        "sources": "; ".join(map(str, entry.sources)),
        "here": str(path or "no"),
    }
    for key, value in rows.items():
        console.print(f"{key:8} {value}", highlight=False, soft_wrap=True, markup=False)


def pull(ctx: typer.Context, name: Name) -> None:
    """Fetch a file and what it needs into the cache, or say that it is there."""
    settings = settings_of(ctx)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    ) as bars:
        shown = _Bars(bars)
        paths = {
            wanted: hub.pull(
                wanted, settings.cache_folder, places=hub.places_of(settings), progress=shown.step
            )
            for wanted in _chosen(name)
        }
    for wanted, path in paths.items():
        console.print(f"{wanted}: {path}", highlight=False, soft_wrap=True)


def verify(ctx: typer.Context, name: Name = "all") -> None:
    """Hash what is in the cache again; ends with 1 if a file is damaged."""
    folder = settings_of(ctx).cache_folder
    damaged = False
    for wanted in hub.entries() if name == "all" else [name]:
        state = "whole" if hub.cached(wanted, folder) else "not here"
        if state == "not here" and hub.place(hub.entry(wanted), folder).exists():
            state, damaged = f"damaged: shopkeeper models pull {wanted}", True
        console.print(f"{wanted}: {state}", highlight=False, soft_wrap=True)
    if damaged:
        raise typer.Exit(1)


def remove(ctx: typer.Context, name: Name) -> None:
    """Take a file and what it needs out of the cache. What uses it now goes on, and will not find it again."""
    folder = settings_of(ctx).cache_folder
    names = hub.entries() if name == "all" else [name, *hub.entry(name).needs]
    for wanted in names:
        if hub.remove(wanted, folder):
            console.print(f"{wanted}: removed", highlight=False)
        elif name != "all":
            console.print(f"{wanted}: was not here", highlight=False)


class _Bars:
    """One line of progress for each file."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._lines: dict[str, TaskID] = {}

    def step(self, step: hub.Step) -> None:
        if step.id not in self._lines:
            self._lines[step.id] = self._bars.add_task(step.id, total=None)
        doing = "another program fetches it" if step.doing == "waiting" else step.doing
        self._bars.update(
            self._lines[step.id],
            description=f"{step.id}: {doing}",
            completed=step.done_bytes,
            total=step.total_bytes or None,
        )


def _chosen(name: str) -> list[str]:
    """What to fetch: for `all`, everything but what only serves to make others."""
    served = hub.inputs(hub.entries())
    return [each for each in hub.entries() if each not in served] if name == "all" else [name]


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:,.1f} MB"
