"""`shopkeeper backup` and `shopkeeper restore`: the whole shop in one file, and back."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from shopkeeper.cli.main import settings_of
from shopkeeper.errors import DatabaseError
from shopkeeper.shop import backup as backups
from shopkeeper.shop.database import open_database
from shopkeeper.shop.embedded import EmbeddedServer

console = Console(highlight=False)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(backup)
    app.command()(restore)


def backup(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="File to write. An older backup is replaced.")],
) -> None:
    """Write the whole shop to one file, as it is at this moment, while it goes on working."""
    settings = settings_of(ctx)
    if settings.database_url is None and not EmbeddedServer(settings.data_folder).exists:
        raise DatabaseError(
            f"there is no shop in {settings.data_folder}",
            hint="name its folder with --data-folder, before the command",
        )
    database = open_database(settings, migrated=False)
    try:
        with _bar("backing up") as on_progress:
            made = backups.save(database, file, on_progress=on_progress)
    finally:
        database.close()
    size_mb = file.stat().st_size / 1e6
    console.print(
        f"{made.rows:,} rows of {len(made.tables)} tables written to {escape(str(file))} ({size_mb:,.1f} MB)",
        soft_wrap=True,
    )


def restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file that `shopkeeper backup` wrote.")],
) -> None:
    """Fill an empty shop from a backup, all of it or nothing, and bring it up to this program."""
    from shopkeeper.face import Shop

    settings = settings_of(ctx)
    with _bar("restoring") as on_progress:
        made = Shop.restore(file, settings=settings, on_progress=on_progress)
    console.print(
        f"{made.rows:,} rows restored, as they were at {made.made_at:%Y-%m-%d %H:%M:%S} UTC"
    )
    console.print("[dim]the index for searching is built at the next start[/]")


@contextmanager
def _bar(title: str) -> Iterator[backups.OnProgress]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        row = bar.add_task(title, total=None)

        def show(table: str, done: int, total: int) -> None:
            bar.update(row, description=f"{title}: {table}", completed=done, total=total or None)

        yield show
