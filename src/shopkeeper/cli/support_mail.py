"""`shopkeeper support mail`: letters of customers from a folder, answers into another."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from shopkeeper.cli.main import open_shop

console = Console(highlight=False)


def mail(
    ctx: typer.Context,
    inbox: Annotated[Path, typer.Argument(help="Folder with letters that came, as .eml files.")],
    outbox: Annotated[Path, typer.Argument(help="Folder for answers, as .eml files.")],
    address: Annotated[
        str, typer.Option("--from", help="The shop's own address, which answers come from.")
    ],
) -> None:
    """Answer letters: read each file once, write an answer in its thread, and what people wrote since.

    Whatever fetches and sends the shop's mail does so with these folders; run this by a timer. Files that were read go
    to `done` in the inbox, those that are not answered to `set-aside`.
    """
    from shopkeeper.support.letters import Post

    with open_shop(ctx) as shop:
        done = Post(shop.agent, inbox, outbox, address=address).deliver()
    for name, why in done.aside.items():
        console.print(f"set aside {escape(name)}: {why}")
    console.print(f"letters read: {done.heard}, sent: {done.sent}, set aside: {len(done.aside)}")
