"""`shopkeeper recommend`: lists as visitors get them, with their reasons; what is set for each slot; what lists brought."""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from shopkeeper.cli import recommend_batch, recommend_learning, recommend_trials
from shopkeeper.cli.main import open_shop
from shopkeeper.errors import FeedError
from shopkeeper.face import Shop
from shopkeeper.recommend import (
    Asked,
    Controls,
    Reason,
    RecommendedList,
    Slot,
    Visitor,
    Why,
    controls,
    lists,
)

console = Console(highlight=False)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="What people may want, and why.", no_args_is_help=True)
    group.command("show")(show)
    group.command("controls")(set_controls)
    group.command("credit")(credit)
    recommend_learning.add_to(group)
    recommend_batch.add_to(group)
    recommend_trials.add_to(group)
    app.add_typer(group, name="recommend")


def show(
    ctx: typer.Context,
    slot: Annotated[Slot, typer.Argument(help="What the list answers.")] = Slot.HOME,
    product: Annotated[
        list[str] | None,
        typer.Option("--product", "-p", help="That it is about; for a cart, again for each."),
    ] = None,
    customer: Annotated[str, typer.Option(help="Id of the customer it is for.")] = "",
    session: Annotated[str, typer.Option(help="Id of the visit it is for.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100, help="Products to show.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show a list with the reasons of each product. It is not kept."""
    visitor = Visitor(session_id=session, customer_id=customer)
    with open_shop(ctx) as shop:
        found = shop.recommend.ask(
            Asked(slot, visitor, tuple(product or ()), limit=limit, record=False)
        )
        if as_json:
            typer.echo(json.dumps(asdict(found), indent=2, default=str, ensure_ascii=False))
            return
        _print(shop, found)


def _print(shop: Shop, found: RecommendedList) -> None:
    titles = shop.recommend.titles(
        [r.product_id for item in found.items for r in item.reasons]
        + [item.product_id for item in found.items]
    )
    table = Table("", "id", "title", "score", "why")
    for position, item in enumerate(found.items, 1):
        why = "; ".join(_why(reason, titles) for reason in item.reasons)
        rules = "".join(f"; rule {rule!r}" for rule in item.rules)
        title = titles.get(item.product_id, "")
        table.add_row(
            str(position), item.product_id, escape(title), f"{item.score:.2f}", escape(why + rules)
        )
    console.print(table if found.items else "nothing speaks for any product here")
    console.print(f"model {found.model}, {found.took_ms:.1f} ms")


def _why(reason: Reason, titles: dict[str, str]) -> str:
    of = titles.get(reason.product_id, reason.product_id)
    text = {
        Why.LOOKED: f"they looked at {of}",
        Why.BOUGHT: f"they bought {of}",
        Why.CART: f"{of} is in the cart",
        Why.THIS: f"goes by {of}",
        Why.SEARCHED: f"they searched for {' '.join(reason.words)!r}",
        Why.POPULAR: f"{reason.people} people had it",
        Why.AGAIN: f"bought {reason.times} times before",
        Why.PINNED: f"pinned by {reason.rule!r}",
    }[reason.why]
    parts = [", ".join(reason.words)] if reason.words and reason.why is not Why.SEARCHED else []
    if reason.product_id and reason.why is not Why.AGAIN:
        parts += [f"{reason.people} had both"] if reason.people else []
        parts += [f"{reason.times} orders with both"] if reason.times else []
    return f"{text} ({'; '.join(parts)}) +{reason.weight:.2f}" if parts else f"{text} +{reason.weight:.2f}"  # fmt: skip


def set_controls(
    ctx: typer.Context,
    slot: Annotated[Slot | None, typer.Argument(help="Of which slot; all, if not said.")] = None,
    put: Annotated[
        Path | None, typer.Option("--set", help="A JSON file with other controls for the slot.")
    ] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Back to what holds by default.")] = False,
) -> None:
    """Show what is set for each slot: variety, novelty, margin, most of a category or brand; or set it."""
    if (put or reset) and slot is None:
        raise FeedError("controls are set for a slot", hint="name one: home, similar, cart, …")
    with open_shop(ctx) as shop, shop.database.connection() as conn:
        if slot is not None and reset:
            controls.reset(conn, slot)
        if slot is not None and put is not None:
            controls.save(conn, slot, _controls(put))
        said = {**controls.DEFAULT, **controls.read(conn)}
    table = Table("slot", "diversity", "novelty", "margin", "of a category", "of a brand")
    for name, found in said.items():
        if slot in (None, name):
            caps = [str(n) if n else "any" for n in (found.per_category, found.per_brand)]
            shares = [f"{x:g}" for x in (found.diversity, found.novelty, found.margin)]
            table.add_row(name.value, *shares, *caps)
    console.print(table)


def _controls(file: Path) -> Controls:
    try:
        return controls.parse(json.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise FeedError(f"{file}: {error.strerror}", hint="name a file with controls") from error
    except ValueError as error:
        raise FeedError(f"{file}: {error}", hint='write for instance {"diversity": 0.2}') from error


def credit(
    ctx: typer.Context,
    days: Annotated[int, typer.Option(min=1, max=3650, help="Of the latest days.")] = 30,
) -> None:
    """What lists brought: what was clicked on them, put in the cart and bought within the window."""
    until = datetime.now(UTC)
    with open_shop(ctx) as shop, shop.database.connection() as conn:
        found = lists.credit(
            conn,
            since=until - timedelta(days=days),
            until=until,
            window=timedelta(days=shop.settings.credit_days),
        )
    table = Table("slot", "model", "arm", "lists", "shown", "clicks", "carts", "bought")
    for one in found:
        arm = f"{one.experiment}: {one.arm}" if one.experiment else ""
        numbers = (one.lists, one.shown, one.clicks, one.carts, one.bought)
        table.add_row(one.slot.value, str(one.model), arm, *map(str, numbers))
    console.print(table if found else f"no list was kept in the last {days} days")
