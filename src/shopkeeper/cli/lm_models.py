"""`shopkeeper lm models`: the engines of the settings."""

import typer
from rich.console import Console
from rich.table import Table

from shopkeeper.cli.main import open_shop

console = Console(highlight=False)


def register(lm: typer.Typer) -> None:
    """Add the command."""
    lm.command("models")(list_models)


def list_models(ctx: typer.Context) -> None:
    """Which language models may be asked, what each can do, and for which purposes it is asked."""
    with open_shop(ctx) as shop:
        found = shop.models.listing()
    table = Table("name", "kind", "model", "can", "for", "state")
    for engine in found:
        can, purposes = ", ".join(sorted(engine.abilities)), ", ".join(engine.purposes)
        kind, model = engine.settings.kind, engine.settings.model
        table.add_row(engine.name, kind, model, can, purposes, engine.why_not or "ready")
    nothing = "there are none: shopkeeper models pull default fetches one"
    console.print(table if found else nothing)
