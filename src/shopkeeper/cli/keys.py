"""`shopkeeper keys`: make, list and revoke the keys of the HTTP API."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from shopkeeper.api import keys
from shopkeeper.api.keys import ApiKey, KeyKind
from shopkeeper.cli.main import open_shop
from shopkeeper.errors import SettingsError

console = Console(highlight=False)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Keys of the HTTP API and the console.", no_args_is_help=True)
    group.command()(create)
    group.command("list")(list_keys)
    group.command()(revoke)
    app.add_typer(group, name="keys")


def create(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="What the key is for.")] = "made on the command line",
    publishable: Annotated[
        bool, typer.Option("--publishable", help="For browsers: reads the catalogue, posts events.")
    ] = False,
    origin: Annotated[
        list[str] | None,
        typer.Option(help="Site whose pages may use a publishable key, as https://shop.example."),
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, help="End the key after so many days.")] = None,
) -> None:
    """Make a key and show it, this once."""
    kind = KeyKind.PUBLISHABLE if publishable else KeyKind.SECRET
    ends = datetime.now(UTC) + timedelta(days=days) if days else None
    try:
        with open_shop(ctx) as shop, shop.database.connection() as conn:
            key, text = keys.create(conn, kind, name, origins=origin or (), expires_at=ends)
    except ValueError as error:
        raise SettingsError(str(error), hint="see `shopkeeper keys create --help`") from error
    console.print(f"{kind.value} key {key.id}, shown this once:", style="dim")
    console.print(text, soft_wrap=True)


def list_keys(ctx: typer.Context) -> None:
    """Show all keys, without their secrets."""
    with open_shop(ctx) as shop, shop.database.connection() as conn:
        found = keys.list_keys(conn)
    table = Table("id", "kind", "name", "origins", "made", "state")
    for key in found:
        made = f"{key.created_at:%Y-%m-%d %H:%M}"
        table.add_row(key.id, key.kind.value, key.name, " ".join(key.origins), made, _state(key))
    console.print(table if found else "there are no keys: `shopkeeper keys create` makes one")


def _state(key: ApiKey) -> str:
    if key.revoked_at:
        return f"revoked {key.revoked_at:%Y-%m-%d}"
    if not key.is_live(datetime.now(UTC)):
        return f"ended {key.expires_at:%Y-%m-%d}"
    return f"until {key.expires_at:%Y-%m-%d}" if key.expires_at else "in force"


def revoke(
    ctx: typer.Context, key_id: Annotated[str, typer.Argument(help="Id of the key.")]
) -> None:
    """End a key for good."""
    with open_shop(ctx) as shop, shop.database.connection() as conn:
        keys.revoke(conn, key_id)
    console.print(f"revoked {key_id}")
