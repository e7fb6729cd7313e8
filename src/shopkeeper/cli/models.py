"""`shopkeeper models`: files that are fetched and not shipped."""

import typer
from rich.console import Console
from rich.table import Table

from shopkeeper.cli.main import settings_of
from shopkeeper.models import hub

console = Console()


def register(app: typer.Typer) -> None:
    """Add the commands."""
    models = typer.Typer(help="Models and assets that are fetched by hash.", no_args_is_help=True)
    models.command("list")(list_models)
    models.command("pull")(pull)
    app.add_typer(models, name="models")


def list_models(ctx: typer.Context) -> None:
    """What the lock file names, and whether it is here."""
    folder = settings_of(ctx).cache_folder
    table = Table("id", "title", "licence", "size", "here")
    for entry in hub.entries().values():
        here = "yes" if hub.cached(entry.id, folder) else "no"
        table.add_row(
            entry.id, entry.title, entry.licence, f"{entry.size_bytes / 1000:,.0f} kB", here
        )
    console.print(table)


def pull(ctx: typer.Context, name: str = typer.Argument(help="Id, or `all`.")) -> None:
    """Fetch a file into the cache, or say that it is there."""
    folder = settings_of(ctx).cache_folder
    for wanted in hub.entries() if name == "all" else [name]:
        with console.status(f"fetching {wanted}"):
            path = hub.pull(wanted, folder)
        console.print(f"{wanted}: {path}", highlight=False, soft_wrap=True)
