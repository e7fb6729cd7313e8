"""`shopkeeper lm deploy`: models of one's own put to use under a name, and taken back."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from shopkeeper.cli.main import open_shop
from shopkeeper.errors import ArtifactError

console = Console(highlight=False)
Name = Annotated[str, typer.Argument(help="Name that means the model in use.")]


def register(lm: typer.Typer) -> None:
    """Add the commands."""
    deploy = typer.Typer(
        help="Models of one's own: keep versions, put one to use, go back.", no_args_is_help=True
    )
    deploy.command("put")(put)
    deploy.command("list")(list_versions)
    deploy.command("use")(use)
    deploy.command("back")(back)
    deploy.command("remove")(remove)
    lm.add_typer(deploy, name="deploy")


def put(
    ctx: typer.Context,
    name: Name,
    artefact: Annotated[Path, typer.Argument(help="A .gguf file, or an exported folder.")],
    licence: Annotated[
        str, typer.Option(help="Licence of what it was made of, for its card.")
    ] = "",
    note: Annotated[str, typer.Option(help="What it learned from, for its card.")] = "",
) -> None:
    """Keep an artefact as a version of NAME, with its hashes, its card and the score of its report. It is not used yet."""
    from shopkeeper import deployment

    card, score = _said(artefact)
    card |= {key: value for key, value in (("licence", licence), ("note", note)) if value}
    with open_shop(ctx) as shop:
        store = shop.settings.data_folder / "deployed"
        version = deployment.keep(
            shop.database, artefact.expanduser(), name=name, store=store, card=card, score=score
        )
    console.print(f"version {version.id} of {name} is kept: shopkeeper lm deploy use {version.id}")


def list_versions(ctx: typer.Context) -> None:
    """List every name's versions, the newest first."""
    from shopkeeper import deployment

    with open_shop(ctx) as shop, shop.database.reading() as conn:
        found = [
            each for name in deployment.names(conn) for each in deployment.versions(conn, name)
        ]
    if not found:
        console.print("nothing is deployed: shopkeeper lm deploy put NAME ARTEFACT")
        return
    table = Table("version", "name", "format", "state", "score", "sha256")
    for each in found:
        score = ", ".join(f"{key} {value:.4g}" for key, value in each.score.items())
        table.add_row(
            str(each.id), each.spec["name"], each.spec["format"], each.state.value.replace("_", " "), score,
            each.spec["sha256"][:12],
        )  # fmt: skip
    console.print(table)


def use(
    ctx: typer.Context,
    version: Annotated[int, typer.Argument(help="Number of the version.")],
    measure: Annotated[
        str,
        typer.Option(
            help="Measure of the score by which it must not be worse than the one in use."
        ),
    ] = "",
    margin: Annotated[float, typer.Option(help="By how much it may be worse.")] = 0.0,
    better: Annotated[
        Literal["higher", "lower"], typer.Option(help="Which way the measure is better.")
    ] = "higher",
) -> None:
    """Put a version to use; with --measure only if it is no worse than the one in use by more than --margin."""
    from shopkeeper import deployment

    gate = deployment.Gate(measure, margin, better) if measure else None
    with open_shop(ctx) as shop:
        switched = deployment.put_to_use(
            shop.database, version, cache_folder=shop.settings.cache_folder, gate=gate
        )
    console.print(f"{switched.spec['name']} is version {switched.id} now")


def back(ctx: typer.Context, name: Name) -> None:
    """Go back to the version that was in use before."""
    from shopkeeper import deployment

    with open_shop(ctx) as shop:
        before = deployment.roll_back(shop.database, name, cache_folder=shop.settings.cache_folder)
    console.print(f"{name} is version {before.id} again" if before else f"{name} means nothing now")


def remove(
    ctx: typer.Context, version: Annotated[int, typer.Argument(help="Number of the version.")]
) -> None:
    """Delete a version that is not in use, with its files."""
    from shopkeeper import deployment

    with open_shop(ctx) as shop:
        deployment.discard(shop.database, version)
    console.print(f"version {version} is deleted")


def _said(artefact: Path) -> tuple[dict[str, object], dict[str, float]]:
    """The card and the score that stand beside an artefact: report.json of a compression, card.json of a run."""
    folder = artefact if artefact.is_dir() else artefact.parent
    card: dict[str, object] = {}
    score: dict[str, float] = {}
    report, made = _json(folder / "report.json"), _json(folder.parent / "card.json")
    if report:
        card["made_from"] = report["settings"].get("model", "")
        card["way"] = report["way"]
        score |= report["after"]["quality"]
        score |= {key: report[key] for key in ("size_ratio", "speed_ratio")}
    if made:
        card |= {key: made[key] for key in ("base", "data", "data_sha256", "task") if key in made}
        score |= {k: v for k, v in made.get("test", {}).items() if isinstance(v, int | float)}
    return card, score


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ArtifactError(f"{path}: cannot be read: {error}") from error
    return found
