"""`shopkeeper index`: the word index, and versions of search by meaning."""

import os
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table
from rich.text import Text

from shopkeeper.artifacts import Artifact, State
from shopkeeper.cli.main import open_shop
from shopkeeper.errors import ModelError
from shopkeeper.jobs import meaning
from shopkeeper.jobs.tasks import COMPARING
from shopkeeper.models.embed import EMBEDDERS, fetch_embedder, load_embedder
from shopkeeper.models.hub import Step, places_of
from shopkeeper.search import versions
from shopkeeper.settings import Settings

console = Console(highlight=False)

VersionArgument = Annotated[int, typer.Argument(help="Id of the version.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    index = typer.Typer(
        help="The word index, and versions of search by meaning.", no_args_is_help=True
    )
    index.command("status")(status)
    index.command("rebuild")(rebuild)
    index.command("versions")(list_versions)
    index.command("build")(build)
    index.command("compare")(compare)
    index.command("switch")(switch)
    index.command("roll-back")(roll_back)
    app.add_typer(index, name="index")


def status(ctx: typer.Context) -> None:
    """What can be found, and whether the index follows the database."""
    with open_shop(ctx) as shop:
        behind = shop.search.refresh()
        role = "this program" if shop.search.is_writer else "another program"
        console.print(f"{shop.search.size} products can be found; {role} keeps the index fresh")
        console.print(f"{behind} changes were taken in just now")
        used = shop.search.embedder
        waiting = f"; {shop.search.awaited:,} products await it" if shop.search.awaited else ""
        console.print(f"by meaning: {used}{waiting}" if used else "by words alone")


def rebuild(ctx: typer.Context) -> None:
    """Build the word index anew beside the one in use, then switch."""
    with open_shop(ctx) as shop, _bar() as bar:
        row = bar.add_task("indexing", total=None)
        shop.search.rebuild(lambda done, total: bar.update(row, completed=done, total=total))
    console.print("the new index is in use")


def list_versions(ctx: typer.Context) -> None:
    """Show the versions of search by meaning, the newest first."""
    with open_shop(ctx) as shop, shop.database.connection() as conn:
        found = versions.listing(conn)
    table = Table("id", "embedder", "state", "made", "clicked products at (before, after)")
    for version in found:
        table.add_row(
            str(version.id),
            str(version.spec["embedder"]),
            _state(version.state),
            f"{version.made_at:%Y-%m-%d %H:%M}",
            _ranks(version.score),
        )
    console.print(table if found else "there are no versions: search goes by words alone")


def _state(state: State) -> str:
    return {State.IN_USE: "[green]in use[/]", State.FAILED: "[red]failed[/]"}.get(
        state, state.value
    )


def _ranks(score: Mapping[str, Any]) -> str:
    if not score.get("clicked"):
        return "no clicks to compare by" if score else ""
    return f"{score['mrr_before']:.3f}, {score['mrr_after']:.3f} (mean reciprocal rank)"


def build(
    ctx: typer.Context,
    embedder: Annotated[
        str,
        typer.Argument(help=f"One of {', '.join(EMBEDDERS)}. Default: what the settings want."),
    ] = "",
    no_switch: Annotated[
        bool, typer.Option("--no-switch", help="Build and compare it, but do not put it to use.")
    ] = False,
) -> None:
    """Build a version of search by meaning beside the one in use, compare both, and switch if it is no worse.

    Runs in this program, also while another one serves the shop. Cut short, it goes on where it was when called again.
    """
    with open_shop(ctx) as shop:
        name = embedder or meaning.wanted_embedder(shop.settings)
        if not name:
            raise ModelError(
                "the settings want no embedder", hint=f"name one of {', '.join(EMBEDDERS)}"
            )
        _fetch(name, shop.settings)
        with _bar() as bar:
            row = bar.add_task("opening", total=None)
            shop.search.refresh()  # what is in use now is compared with

            def built(done: int, total: int) -> None:
                doing = "products" if done < total else COMPARING
                bar.update(row, description=doing, completed=done, total=total)

            made = shop.search.build_version(
                load_embedder(name, shop.settings.cache_folder, threads=os.cpu_count() or 1),
                switch=not no_switch,
                on_progress=built,
            )
    assert made is not None, "only who is told to stop stops"
    _tell(made, wanted=not no_switch)


def _fetch(name: str, settings: Settings) -> None:
    columns = (
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True) as bar:
        row = bar.add_task(f"fetching {name}", total=None)

        def show(step: Step) -> None:
            doing = f"{step.doing} {step.id}"
            total = step.total_bytes or None
            bar.update(row, description=doing, completed=step.done_bytes, total=total)

        fetch_embedder(name, settings.cache_folder, places=places_of(settings), progress=show)


def _tell(made: Artifact, *, wanted: bool) -> None:
    _show(made)
    if made.state is State.IN_USE:
        console.print(f"version {made.id} is in use; `shopkeeper index roll-back` goes back")
    elif wanted:
        console.print(
            f"version {made.id} answers stored queries worse than what is in use, so it was not switched to; "
            f"`shopkeeper index switch {made.id}` does it all the same"
        )
    else:
        console.print(f"version {made.id} is ready: `shopkeeper index switch {made.id}`")


def compare(ctx: typer.Context, version: VersionArgument) -> None:
    """Show how a version answered stored queries beside the one that was in use when it was built."""
    with open_shop(ctx) as shop, shop.database.connection() as conn:
        found = versions.get(conn, version)
    _show(found)


def _show(version: Artifact) -> None:
    score = version.score
    if not score:
        console.print(f"version {version.id} ({version.spec['embedder']}) is {version.state.value}")
        return
    console.print(
        f"version {version.id} ({version.spec['embedder']}): {score['queries']} stored queries, "
        f"{score['clicked']} with clicks"
    )
    table = Table("", "before", "after")
    table.add_row(
        "clicked products, mean reciprocal rank",
        f"{score['mrr_before']:.3f}",
        f"{score['mrr_after']:.3f} (difference ± {score['error']:.3f})",
    )
    table.add_row(
        "queries without a hit", f"{score['empty_before']:.1%}", f"{score['empty_after']:.1%}"
    )
    table.add_row("first ten hits that both have", "", f"{score['overlap']:.1%}")
    console.print(table)
    for example in score["examples"][:5]:
        before, after = (", ".join(example[side]) or "nothing" for side in ("before", "after"))
        console.print(escape(f"  {example['words']}: {before} → {after}"))


def switch(ctx: typer.Context, version: VersionArgument) -> None:
    """Put a finished version to use, at once, in all programs."""
    with open_shop(ctx) as shop, shop.database.connection() as conn:
        now = versions.switch(conn, version)
    console.print(f"version {now.id} ({now.spec['embedder']}) is in use")


def roll_back(ctx: typer.Context) -> None:
    """Go back to the version before the one in use, or to words alone if there was none."""
    with open_shop(ctx) as shop, shop.database.connection() as conn:
        now = versions.roll_back(conn)
    if now is None:
        console.print("search goes by words alone")
    else:
        console.print(f"version {now.id} ({now.spec['embedder']}) is in use again")


class _Rate(ProgressColumn):
    """How many a second."""

    def render(self, task: Task) -> Text:
        """As text."""
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
        console=console,
    )
