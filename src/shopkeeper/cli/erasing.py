"""`shopkeeper erase`: a person taken out of the shop's records, on their wish."""

from typing import Annotated

import typer
from rich.console import Console

from shopkeeper.cli.main import open_shop
from shopkeeper.shop.erasing import erase_customer

console = Console(highlight=False)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(erase)


def erase(
    ctx: typer.Context,
    customer: Annotated[str, typer.Argument(help="The customer's id.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: it cannot be undone.")] = False,
) -> None:
    """Take a customer out: their events and queries go, orders and reviews stay under nobody's name."""
    if not yes:
        typer.confirm(f"Erase {customer}? It cannot be undone.", abort=True)
    with open_shop(ctx) as shop, shop.database.connection() as conn:
        gone = erase_customer(conn, customer)
    console.print(
        f"erased: {gone.events} events and {gone.queries} queries are gone; "
        f"{gone.orders} orders and {gone.reviews} reviews name nobody any more"
    )
    console.print("[dim]what is learnt from now on knows nothing of them[/]")
