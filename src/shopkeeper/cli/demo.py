"""`shopkeeper demo`: fill an empty shop with the demo shop of a seed."""

from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from shopkeeper.cli.main import open_shop

console = Console(highlight=False)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(
    ctx: typer.Context,
    seed: Annotated[int, typer.Option(help="Another seed makes another shop.")] = 7,
) -> None:
    """Fill an empty shop with products, customers, orders, visits and reviews made from a seed.

    To look at it: shopkeeper serve --demo
    """
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )
    with open_shop(ctx) as shop:
        with bar:
            row = bar.add_task("opening the shop", total=None)
            shop.build_demo(
                seed=seed,
                on_progress=lambda step, done, total: bar.update(
                    row, description=step, completed=done, total=total or None
                ),
            )
        console.print(f"the demo shop of seed {seed} is in {shop.settings.data_folder}")
