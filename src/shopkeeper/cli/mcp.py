"""`shopkeeper mcp`: the shop's tools for agents of others, over standard input and output."""

import sys

import typer

from shopkeeper.cli.main import open_shop


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("mcp")(mcp)


def mcp(ctx: typer.Context) -> None:
    """Serve the shop's tools by the Model Context Protocol over standard input and output, until the input ends."""
    from shopkeeper.mcp import Server
    from shopkeeper.mcp.offered import Offered
    from shopkeeper.mcp.stdio import serve

    with open_shop(ctx) as shop:
        shop.search.refresh()
        server = Server(Offered(shop), name=shop.settings.shop_name)
        serve(server, sys.stdin.buffer, sys.stdout.buffer)
