"""`shopkeeper recommend train`, `report`, `versions`, `use`, `roll-back`: models fitted, measured and switched."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table

from shopkeeper.artifacts import Artifact, State
from shopkeeper.cli.main import open_shop

console = Console(highlight=False)

VersionArgument = Annotated[int, typer.Argument(help="Id of the version.")]
NAMES = {
    "": "this version", "in_use": "the one in use then", "popularity": "what is popular",
    "itemknn": "item-kNN", "text": "products that are alike",
}  # fmt: skip


def add_to(group: typer.Typer) -> None:
    """Add the commands."""
    group.command()(train)
    group.command()(report)
    group.command("versions")(list_versions)
    group.command()(use)
    group.command("roll-back")(roll_back)


def train(
    ctx: typer.Context,
    no_switch: Annotated[
        bool, typer.Option("--no-switch", help="Measure and keep it, but do not put it to use.")
    ] = False,
) -> None:
    """Learn from all that people did, measure that beside the version in use, and switch if it is no worse."""
    from shopkeeper.recommend.learning import learn

    with open_shop(ctx) as shop, _spinner() as bar:
        row = bar.add_task("", total=None)
        made = learn(
            shop.database,
            shop.settings.data_folder,
            switch=not no_switch,
            on_step=lambda done, total, message: bar.update(row, description=message),
        )
    _show(made)


def report(
    ctx: typer.Context,
    version: Annotated[
        int | None, typer.Argument(help="Id of a version. Default: the newest.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """How a version did on what people did after it was fitted, beside others, and what more behaviour would bring."""
    from shopkeeper.recommend import versions

    with open_shop(ctx) as shop, shop.database.connection() as conn:
        known = versions.listing(conn)
        found = versions.get(conn, version) if version is not None else next(iter(known), None)
    if found is None:
        console.print("nothing was trained yet: shopkeeper recommend train")
    elif as_json:
        typer.echo(json.dumps({"version": found.id, "state": found.state.value, **found.score}))
    else:
        _show(found)


def _show(version: Artifact) -> None:
    score = version.score
    console.print(f"version {version.id}: {version.state.value.replace('_', ' ')}")
    if not score.get("questions"):
        console.print("nobody did anything that it could be measured by")
        return
    table = Table("NDCG@10", "hits@10", "short sessions", "regulars", "", title=_asked(score), title_justify="left")  # fmt: skip
    for name, text in NAMES.items():
        behind = f".{name}" if name else ""
        if f"ndcg{behind}" in score:
            figures = (score[f"{f}{behind}"] for f in ("ndcg", "hit_rate", "short", "regular"))
            table.add_row(*(f"{figure:.4f}" for figure in figures), text)
    console.print(table)
    best = NAMES.get(score.get("best", ""), "")
    for key, text in (("to_used", "the one in use"), ("to_best", best)):
        if key in score:
            mean, low, high = score[key]
            console.print(f"against {text}: {mean:+.4f} (nine in ten: {low:+.4f} to {high:+.4f})")
    if "to_used" not in score:
        console.print("too little happened since the version in use was fitted to compare with it")
    steps = ", ".join(f"{share:.0%} of the people {value:.4f}" for share, value in score["curve"])
    console.print(f"with less behaviour: {steps}")
    for alarm in score["alarms"]:
        console.print(
            f"[yellow]not believed:[/] {alarm['acts']} clicks on {alarm['product']} by visitors who never bought, where "
            f"{alarm['expected']:.0f} were to be expected; {alarm['kept']} count"
        )
    if score["against"]:
        console.print(f"[yellow]kept out:[/] {score['against']}")


def _asked(score: Mapping[str, Any]) -> str:
    cut = datetime.fromtimestamp(score["cut"], UTC)
    return f"{score['questions']:,} people who did something new after {cut:%Y-%m-%d %H:%M} UTC"


def list_versions(ctx: typer.Context) -> None:
    """Show the versions, the newest first."""
    from shopkeeper.recommend import versions

    with open_shop(ctx) as shop, shop.database.connection() as conn:
        found = versions.listing(conn)
    table = Table("id", "state", "events", "NDCG@10", "made")
    for version in found:
        style = {State.IN_USE: "green", State.FAILED: "red"}.get(version.state, "default")
        table.add_row(
            str(version.id), f"[{style}]{version.state.value.replace('_', ' ')}[/]", f"{version.spec['events']:,}",
            f"{version.score['ndcg']:.4f}" if "ndcg" in version.score else "", f"{version.made_at:%Y-%m-%d %H:%M}",
        )  # fmt: skip
    console.print(table if found else "nothing was trained yet: shopkeeper recommend train")


def use(
    ctx: typer.Context,
    version: VersionArgument,
    force: Annotated[bool, typer.Option("--force", help="Also what the gate kept out.")] = False,
) -> None:
    """Put a version to use, at once."""
    from shopkeeper.recommend import versions

    with open_shop(ctx) as shop, shop.database.connection() as conn:
        versions.put_to_use(conn, version, gate=not force)
    console.print(f"version {version} is in use")


def roll_back(ctx: typer.Context) -> None:
    """Go back to the version before the one in use."""
    from shopkeeper.recommend import versions

    with open_shop(ctx) as shop, shop.database.connection() as conn:
        before = versions.roll_back(conn)
    console.print(
        "no version is in use: the shop fits by itself" if before is None else f"version {before.id} is in use again"
    )  # fmt: skip


def _spinner() -> Progress:
    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
