"""`shopkeeper lm calls` and `shopkeeper lm spend`: what language models were used for, and what that used."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from shopkeeper.cli.main import open_shop
from shopkeeper.shop import model_calls

console = Console(highlight=False)

NOTHING = "no calls of language models are recorded"


def register(lm: typer.Typer) -> None:
    """Add the commands."""
    lm.command()(calls)
    lm.command()(spend)


def calls(
    ctx: typer.Context,
    days: Annotated[int, typer.Option(min=1, help="How many days back.")] = 7,
    last: Annotated[
        int, typer.Option(min=0, help="Show so many single calls, the last ones, instead of sums.")
    ] = 0,
) -> None:
    """Calls by day, purpose and model: how many, how they ended, tokens, median times, cost. UTC."""
    with open_shop(ctx) as shop, shop.database.connection() as conn:
        if last:
            table = _single(model_calls.recent(conn, last))
        else:
            table = _sums(model_calls.use_since(conn, datetime.now(UTC) - timedelta(days=days)))
    console.print(table if table.row_count else NOTHING)


def _sums(found: list[model_calls.Use]) -> Table:
    table = Table(
        "day", "purpose", "engine", "model", "calls", "failed", "read", "cached", "written",
        "first ms", "all ms", "cost",
    )  # fmt: skip
    for use in found:
        table.add_row(
            str(use.day), use.purpose, use.engine, use.model, f"{use.calls:,}", f"{use.failed:,}",
            f"{use.prompt_tokens:,}", f"{use.cached_tokens:,}", f"{use.completion_tokens:,}",
            f"{use.first_token_ms:,.0f}", f"{use.total_ms:,.0f}", _money(use.cost),
        )  # fmt: skip
    return table


def _single(found: list[model_calls.ModelCall]) -> Table:
    table = Table(
        "at", "purpose", "way", "engine", "model", "prompt", "outcome", "place", "read", "written",
        "first ms", "all ms", "cost",
    )  # fmt: skip
    for call in found:
        table.add_row(
            f"{call.at:%Y-%m-%d %H:%M:%S}", call.purpose, call.operation, call.engine, call.model,
            call.prompt_version, call.outcome, str(call.place), f"{call.prompt_tokens:,}",
            f"{call.completion_tokens:,}", f"{call.first_token_ms:,.0f}", f"{call.total_ms:,.0f}",
            _money(call.cost),
        )  # fmt: skip
    return table


def spend(ctx: typer.Context) -> None:
    """What each purpose has used today (UTC), and what the budgets allow."""
    with open_shop(ctx) as shop:
        found = shop.models.spending()
    table = Table("purpose", "tokens", "of", "money", "of")
    for each in found:
        tokens = "no limit" if each.tokens is None else f"{each.tokens:,}"
        money = "no limit" if each.money is None else f"{each.money:f}"
        table.add_row(
            each.purpose, f"{each.spent.tokens:,}", tokens, _money(each.spent.money), money
        )
    console.print(table)


def _money(amount: Decimal) -> str:
    return f"{amount:.4f}" if amount else "0"
