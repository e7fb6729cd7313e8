"""The command `shopkeeper`: global options, the list of commands, and how errors are shown."""

import logging
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from shopkeeper import __version__
from shopkeeper.errors import ShopkeeperError
from shopkeeper.settings import Settings, load_settings

if TYPE_CHECKING:
    from shopkeeper.face import Shop

# Every request, and every background task, has a thread of its own; more of them inside one product of matrices only
# wait for each other. NumPy reads this when it is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Each of these modules has `register(app)`.
COMMANDS = (
    "serve",
    "demo",
    "data",
    "erasing",
    "doctor",
    "keys",
    "jobs",
    "feeds",
    "search",
    "index",
    "merchandising",
    "recommend",
    "support",
    "mcp",
    "models",
    "lm",
)

errors = Console(stderr=True, highlight=False)
app = typer.Typer(
    name="shopkeeper",
    help="A self-hosted AI layer for online shops.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def options(
    ctx: typer.Context,
    data_folder: Annotated[
        Path | None, typer.Option(help="Folder of the shop. Default: SHOPKEEPER_DATA_FOLDER.")
    ] = None,
    database_url: Annotated[
        str | None, typer.Option(help="PostgreSQL to use instead of the embedded one.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="Settings file (TOML).")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options that stand before the command."""
    ctx.obj = {"data_folder": data_folder, "database_url": database_url, "config": config}
    level = "DEBUG" if verbose else "WARNING"
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    if not verbose:
        logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # it tells of every single try


def settings_of(ctx: typer.Context, **overrides: Any) -> Settings:
    """The settings, with the options that stand before the command."""
    given: dict[str, Any] = dict(ctx.obj)
    return load_settings(config=given.pop("config"), **(given | overrides))


def open_shop(ctx: typer.Context) -> "Shop":
    """The shop that the global options name. Use it in a `with` statement."""
    from shopkeeper.face import Shop

    return Shop.open(settings=settings_of(ctx))


for _name in COMMANDS:
    import_module(f"shopkeeper.cli.{_name}").register(app)


def main() -> None:
    """Run the command; an error that was raised on purpose is shown without a traceback."""
    try:
        app()
    except ShopkeeperError as error:
        errors.print(f"[bold red]error:[/] {_plain(error.message)}", soft_wrap=True)
        if error.hint:
            errors.print(f"[bold]hint:[/]  {_plain(error.hint)}", soft_wrap=True)
        sys.exit(1)
    except BrokenPipeError:
        # Whoever read our output has left; point it nowhere so that Python does not complain on exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except KeyboardInterrupt:
        sys.exit(130)


def _plain(text: str) -> str:
    return text.replace("[", "\\[")
