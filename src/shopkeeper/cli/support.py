"""`shopkeeper support`: the rules of customer service, what they say to an action, and signed sessions."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from shopkeeper.cli import support_inbox
from shopkeeper.cli.main import open_shop
from shopkeeper.cli.support_mail import mail
from shopkeeper.cli.support_outcomes import outcomes
from shopkeeper.errors import FeedError, NotFound
from shopkeeper.face import Shop
from shopkeeper.shop import customers, orders
from shopkeeper.support import Action, ActionKind, Decision

console = Console(highlight=False)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    support = typer.Typer(help="Customer service: rules and what they say.", no_args_is_help=True)
    support.command("policy")(policy)
    support.command("explain")(explain)
    support.command("token")(token)
    support.command("chat")(chat)
    support.command("outcomes")(outcomes)
    support.command("mail")(mail)
    support_inbox.register(support)
    app.add_typer(support, name="support")


def policy(
    ctx: typer.Context,
    put: Annotated[
        Path | None, typer.Option("--set", help="A file with other rules, to be in force at once.")
    ] = None,
) -> None:
    """Print the rules in force as TOML, or put others in force."""
    with open_shop(ctx) as shop:
        if put is None:
            typer.echo(shop.support.policy().source, nl=False)
            return
        try:
            text = put.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise FeedError(f"{put} cannot be read: {error}", hint="name a TOML file") from error
        rules = shop.support.set_policy(text, by="command line").rules
    console.print(f"{len(rules)} rules are in force")


def explain(
    ctx: typer.Context,
    action: Annotated[ActionKind, typer.Argument(help="What a customer wants.")],
    order: Annotated[str, typer.Option(help="Number of the order.")] = "",
    customer: Annotated[str, typer.Option(help="Id of the customer; by default the order's.")] = "",
    item: Annotated[
        list[str] | None, typer.Option(help="Item of the order; may be repeated.")
    ] = None,
    new_item: Annotated[
        list[str] | None, typer.Option(help="What the item becomes; may be repeated.")
    ] = None,
    payment: Annotated[str, typer.Option(help="Payment method: its id, kind or `original`.")] = "",
    reason: Annotated[str, typer.Option(help="Reason for cancelling.")] = "",
) -> None:
    """Say whether an action would be allowed, rule by rule. Nothing is written."""
    with open_shop(ctx) as shop:
        try:
            wanted = Action(
                action, order, tuple(item or ()), tuple(new_item or ()), payment, reason
            )
        except ValueError as error:
            raise FeedError(str(error), hint="leave out what does not belong to it") from error
        decision = shop.support.explain(wanted, customer or _owner(shop, order))
    _show(decision)


def _owner(shop: Shop, order: str) -> str:
    if not order:
        raise FeedError("nobody is named", hint="give --order or --customer")
    with shop.database.connection() as conn:
        return orders.get(conn, order).customer_id


def _show(decision: Decision) -> None:
    marks = {True: "holds", False: "broken", None: "not known"}
    table = Table("rule", "", "what customers are told")
    for check in decision.checks:
        table.add_row(check.rule_id, marks[check.holds], escape(check.text))
    answers = {True: "yes", False: "no", None: "it depends on what was not said"}
    console.print(table if decision.checks else "no rule is about this: it is not offered")
    console.print(answers[decision.possible])


def token(
    ctx: typer.Context,
    customer: Annotated[str, typer.Argument(help="Id of the customer.")],
    minutes: Annotated[int, typer.Option(min=1, max=1440, help="How long it is good for.")] = 60,
) -> None:
    """Print a token that says that the shop has signed this customer in: for trying out, and for the shop's own pages."""
    with open_shop(ctx) as shop:
        with shop.database.connection() as conn:
            known = customers.get_many(conn, [customer])
        if not known:
            raise NotFound(f"no customer has the id {customer!r}", hint="ids are case-sensitive")
        typer.echo(shop.support.sign(customer, timedelta(minutes=minutes)))


def chat(
    ctx: typer.Context,
    customer: Annotated[
        str, typer.Option(help="Speak as this customer, signed in; by default as a stranger.")
    ] = "",
    language: Annotated[str, typer.Option(help="Of the first words: en or zh.")] = "en",
) -> None:
    """Speak with the agent as a customer would. An empty line, or the end of the input, ends it."""
    with open_shop(ctx) as shop:
        talk = shop.agent.open(language=language)
        if customer:
            talk.sign_in(shop.support.sign(customer))
        typer.echo(shop.agent.introduction(language))
        while text := _line():
            reply = shop.agent.reply(talk, text)
            if reply.text:
                typer.echo(reply.text)
            if reply.hand_over is not None:
                console.print(f"[dim]{escape(reply.hand_over.summary)}[/dim]")
                return


def _line() -> str:
    try:
        return input("> ").strip()
    except EOFError:
        return ""
