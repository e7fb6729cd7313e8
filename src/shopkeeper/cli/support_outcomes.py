"""`shopkeeper support outcomes`: what became of conversations, with what is confirmed and what is assumed apart."""

from collections.abc import Mapping
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from shopkeeper.cli.main import open_shop
from shopkeeper.support.outcomes import Outcome

console = Console(highlight=False)

MEANINGS = {
    Outcome.CONFIRMED: "the customer says that it is solved",
    Outcome.NOT_SOLVED: "the customer says that it is not solved",
    Outcome.ASSUMED: "answered, and silent for a day",
    Outcome.CAME_BACK: "answered, but the customer wrote again within three days",
    Outcome.GAVE_UP: "silent since something was asked, proposed or not known",
    Outcome.OPEN: "not over yet",
}


def outcomes(
    ctx: typer.Context,
    days: Annotated[int, typer.Option(min=1, help="Conversations of the last days.")] = 30,
) -> None:
    """Say what became of conversations. What is assumed to be solved is never added to what customers confirm."""
    with open_shop(ctx) as shop:
        found = shop.support.outcomes(days)
    if not found.conversations:
        console.print(f"nobody has spoken in the last {days} days")
        return
    table = Table("outcome", "agent", "person", "")
    for outcome, meaning in MEANINGS.items():
        shown = (_count(found.by_agent, outcome), _count(found.by_person, outcome))
        table.add_row(outcome.value, *shown, meaning)
    console.print(table)
    share = found.confirmed / found.conversations
    console.print(
        f"{found.conversations} conversations: the agent solved {found.confirmed} as customers say ({share:.0%}) and perhaps "
        f"{found.assumed} more; people had {found.handed_over}"
    )
    if found.rating is not None:
        console.print(f"rating: {found.rating:.1f} of 5, from {sum(found.ratings.values())}")


def _count(counted: Mapping[Outcome, int], outcome: Outcome) -> str:
    return str(counted.get(outcome, 0))
