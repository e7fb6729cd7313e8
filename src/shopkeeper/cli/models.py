"""`shopkeeper models`: files that are fetched and not shipped, and models of one's own."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.progress import Progress as Bars
from rich.table import Table

from shopkeeper.cli.main import settings_of
from shopkeeper.errors import Refused, UnknownModel
from shopkeeper.models import added, assistant, hub, hub_pages, own
from shopkeeper.models.hub import Entry
from shopkeeper.models.lock import Converted
from shopkeeper.settings import Settings

console = Console()

Name = Annotated[str, typer.Argument(help="Id, as `shopkeeper models list` has it, or `all`.")]


def _plain(value: str) -> str:
    if value and hub_pages.plain_id(value) != value:
        raise typer.BadParameter("an id has small letters, digits, dots and dashes")
    return value


Id = Annotated[
    str,
    typer.Option(
        "--as", callback=_plain, help="The id that it gets here. Default: made of its name."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    models = typer.Typer(help="Models and assets that are fetched by hash.", no_args_is_help=True)
    models.command("list")(list_models)
    models.command("show")(show)
    models.command("pull")(pull)
    models.command("add")(add)
    models.command("verify")(verify)
    models.command("remove")(remove)
    app.add_typer(models, name="models")


def list_models(ctx: typer.Context) -> None:
    """What the lock files name, and whether it is here."""
    folder = settings_of(ctx).cache_folder
    table = Table("id", "title", "licence", "size", "here")
    served = hub.inputs(hub.entries())
    for entry in hub.all_entries(folder).values():
        here = "yes" if hub.is_here(entry.id, folder) else "no"
        if here == "no" and entry.id in served:
            here = "only while others are made of it"
        table.add_row(entry.id, entry.title, entry.licence, megabytes(entry.size_bytes), here)
    console.print(table)


def show(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Id, as `shopkeeper models list` has it.")],
) -> None:
    """Where a file comes from, under which licence, and by which hash it is known."""
    folder = settings_of(ctx).cache_folder
    entry = hub.find(name, folder)
    rows = {
        "format": entry.format,
        "sha256": entry.sha256,
        "needs": ", ".join(entry.needs) or "nothing else",
        "files": ", ".join(file.name for file in entry.files),
        "here": str(hub.cached(name, folder) or "no"),
    }
    for line in [*summary(entry), *(f"{key:8} {value}" for key, value in rows.items())]:
        _say(line)


def summary(entry: Entry) -> Iterator[str]:
    """What to know of an entry before it is fetched, a line each."""
    rows = {
        "id": entry.id,
        "title": entry.title,
        "size": f"{megabytes(entry.size_bytes)} ({entry.size_bytes} bytes)",
        "licence": f"{entry.licence}, stated by {entry.stated_by}",
        "made by": entry.upstream,
        "from": entry.path or _sources(entry),
        "note": entry.warning,
    }
    return (f"{key:8} {value}" for key, value in rows.items() if value)


def _sources(entry: Entry) -> str:
    """Where an entry comes from; of one that is made here, where the other comes from that it is made of."""
    return "; else ".join(
        f"{source}: {_sources(hub.entry(source.input))}"
        if isinstance(source, Converted)
        else str(source)
        for source in entry.files[0].sources
    )


def pull(
    ctx: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            help="Id, as `shopkeeper models list` has it, `default` for the assistant of the settings, `all`, or a model "
            "of a hub: hf:OWNER/NAME/FILE.gguf, or hf:OWNER/NAME for a folder of safetensors; NAME@REVISION for one "
            "revision."
        ),
    ],
    as_id: Id = "",
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Fetch a model of a hub without asking.")
    ] = False,
) -> None:
    """Fetch a file and what it needs into the cache, or say that it is there."""
    settings = settings_of(ctx)
    if own.is_reference(name):
        _pull_own(settings, name, as_id=as_id, yes=yes)
        return
    for wanted in _chosen(name, settings):
        entry = hub.find(wanted, settings.cache_folder)
        if entry.upstream and not hub.is_here(wanted, settings.cache_folder):
            for line in summary(entry):
                _say(line)
        with _progress() as shown:
            path = hub.pull(
                wanted, settings.cache_folder, places=hub.places_of(settings), progress=shown.step
            )
        _say(f"{wanted}: {path}")


def _pull_own(settings: Settings, name: str, *, as_id: str, yes: bool) -> None:
    places, folder = hub.places_of(settings), settings.cache_folder
    offered = own.offer(name, places, cache_folder=folder)
    offered = replace(offered, id=as_id or offered.id)
    added.check_free(offered, hub.all_entries(folder))
    if offered.id not in added.read(folder):
        for line in summary(offered):
            _say(line)
        _ask(yes=yes)
    with _progress() as shown:
        entry = own.take(offered, folder, places=places, progress=shown.step)
    _say(f"{entry.id}: {hub.place(entry, folder)}")


def _ask(*, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise Refused("nobody is there to say yes", hint="say it with --yes")
    if not typer.confirm("Fetch it?"):
        raise typer.Exit(1)


def add(
    ctx: typer.Context,
    path: Annotated[
        Path, typer.Argument(help="A .gguf file, or a folder with config.json and safetensors.")
    ],
    as_id: Id = "",
) -> None:
    """Use a model where it lies on this machine: it is hashed now and not copied."""
    folder = settings_of(ctx).cache_folder
    entry = own.from_path(path)
    entry = added.add(replace(entry, id=as_id or entry.id), folder)
    for line in summary(entry):
        _say(line)


def verify(ctx: typer.Context, name: Name = "all") -> None:
    """Hash what is in the cache again; ends with 1 if a file is damaged."""
    folder = settings_of(ctx).cache_folder
    damaged = False
    for wanted in hub.all_entries(folder) if name == "all" else [name]:
        state = "whole" if hub.cached(wanted, folder) else "not here"
        if state == "not here" and hub.place(hub.find(wanted, folder), folder).exists():
            state, damaged = f"damaged: shopkeeper models pull {wanted}", True
        _say(f"{wanted}: {state}")
    if damaged:
        raise typer.Exit(1)


def remove(ctx: typer.Context, name: Name) -> None:
    """Take a file and what it needs out of the cache. What uses it now goes on, and will not find it again.

    A model that was added is forgotten; its files stay where they are.
    """
    folder = settings_of(ctx).cache_folder
    names = hub.all_entries(folder) if name == "all" else [name, *hub.find(name, folder).needs]
    for wanted in names:
        if hub.remove(wanted, folder):
            _say(f"{wanted}: removed")
        elif name != "all":
            _say(f"{wanted}: was not here")


@contextmanager
def _progress() -> Iterator["_Lines"]:
    with Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    ) as bars:
        yield _Lines(bars)


class _Lines:
    """One line of progress for each file."""

    def __init__(self, bars: Bars) -> None:
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


def _chosen(name: str, settings: Settings) -> list[str]:
    """What to fetch: for `all`, everything but what only serves to make others."""
    if name == assistant.DEFAULT:
        wanted = assistant.chosen(settings)
        if wanted is None:
            raise UnknownModel(
                "the settings want no assistant", hint="set SHOPKEEPER_ASSISTANT, or name a model"
            )
        return [wanted]
    if name != "all":
        return [name]
    served = hub.inputs(hub.entries())
    return [each for each in hub.all_entries(settings.cache_folder) if each not in served]


def _say(line: str) -> None:
    console.print(line, highlight=False, soft_wrap=True, markup=False)


def megabytes(size_bytes: int) -> str:
    """A size as people read it."""
    return f"{size_bytes / 1e6:,.1f} MB"
