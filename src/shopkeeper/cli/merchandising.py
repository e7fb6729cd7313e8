"""`shopkeeper synonyms` and `shopkeeper rules`: what the merchant decides about search."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from shopkeeper import rules as merchant_rules
from shopkeeper.cli.main import open_shop
from shopkeeper.errors import FeedError
from shopkeeper.rules import Condition, Rule, Selection
from shopkeeper.search import synonyms as words

console = Console(highlight=False)

Id = Annotated[int, typer.Argument(help="As the list shows it.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    synonyms = typer.Typer(help="Words that mean the same to this shop.", no_args_is_help=True)
    synonyms.command("list")(list_synonyms)
    synonyms.command("add")(add_synonyms)
    synonyms.command("remove")(remove_synonyms)
    app.add_typer(synonyms, name="synonyms")
    rules = typer.Typer(
        help="What is pinned, hidden, raised or lowered in lists of products.", no_args_is_help=True
    )
    rules.command("list")(list_rules)
    rules.command("add")(add_rule)
    rules.command("remove")(remove_rule)
    app.add_typer(rules, name="rules")


def list_synonyms(ctx: typer.Context) -> None:
    """Show all synonyms."""
    with open_shop(ctx) as shop, shop.database.connection() as conn:
        found = words.listing(conn)
    table = Table("id", "synonyms")
    for number, synonym in found:
        table.add_row(str(number), escape(words.line_of(synonym)))
    console.print(table if found else "there are no synonyms")


def add_synonyms(
    ctx: typer.Context,
    line: Annotated[
        str,
        typer.Argument(help="`sofa, couch` both ways; `phone => iphone, pixel` one way."),
    ],
) -> None:
    """Add words that mean the same. In force within a second where a server runs."""
    try:
        synonym = words.parse_line(line)
    except ValueError as error:
        raise FeedError(
            f"{line!r}: {error}", hint='write "sofa, couch" or "phone => iphone, pixel"'
        ) from error
    with open_shop(ctx) as shop, shop.database.connection() as conn:
        number = words.save(conn, synonym)
    console.print(escape(f"synonyms {number}: {words.line_of(synonym)}"))


def remove_synonyms(ctx: typer.Context, synonyms: Id) -> None:
    """Take synonyms away."""
    with open_shop(ctx) as shop, shop.database.connection() as conn:
        words.delete(conn, synonyms)
    console.print(f"synonyms {synonyms} are gone")


def list_rules(ctx: typer.Context) -> None:
    """Show all rules."""
    with open_shop(ctx) as shop, shop.database.connection() as conn:
        found = merchant_rules.listing(conn)
    table = Table("id", "name", "what", "products", "when", "in force")
    for number, rule, active in found:
        cells = (rule.name, _what(rule), _products(rule.selection), _when(rule.condition))
        table.add_row(str(number), *map(escape, cells), "yes" if active else "no")
    console.print(table if found else "there are no rules")


def _what(rule: Rule) -> str:
    moved = f" by {rule.strength:g}" if rule.action.value in ("boost", "bury") else ""
    return rule.action.value + (f" at {rule.place}" if rule.action.value == "pin" else moved)


def _products(selection: Selection) -> str:
    parts = [", ".join(selection.ids)] if selection.ids else []
    parts += [f"{name}: {' or '.join(values)}" for name, values in selection.values.items()]
    parts += [" > ".join(selection.category)] if selection.category else []
    parts += [f"from {selection.price_min}"] if selection.price_min is not None else []
    parts += [f"up to {selection.price_max}"] if selection.price_max is not None else []
    parts += ["sold out"] if selection.sold_out else []
    return "; ".join(parts)


def _when(condition: Condition) -> str:
    parts = [f"query {condition.match.value} {condition.query!r}"] if condition.query else []
    parts += [" > ".join(condition.category)] if condition.category else []
    parts += [f"from {condition.starts_at:%Y-%m-%d %H:%M}"] if condition.starts_at else []
    parts += [f"until {condition.ends_at:%Y-%m-%d %H:%M}"] if condition.ends_at else []
    return "; ".join(parts) or "always"


def add_rule(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A rule as JSON; docs/search.md shows one.")],
    off: Annotated[bool, typer.Option("--off", help="Keep it, but not in force yet.")] = False,
) -> None:
    """Add a rule. In force within a second where a server runs."""
    rule = _read(file)
    with open_shop(ctx) as shop, shop.database.connection() as conn:
        number = merchant_rules.save(conn, rule, active=not off)
    console.print(escape(f"rule {number}: {rule.name}"))


def _read(file: Path) -> Rule:
    try:
        return merchant_rules.parse(json.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise FeedError(f"{file}: {error.strerror}", hint="name a file with a rule") from error
    except json.JSONDecodeError as error:
        raise FeedError(f"{file}:{error.lineno}: not valid JSON: {error.msg}") from error
    except ValueError as error:
        raise FeedError(f"{file}: {error}", hint="docs/search.md shows a rule") from error


def remove_rule(ctx: typer.Context, rule: Id) -> None:
    """Take a rule away."""
    with open_shop(ctx) as shop, shop.database.connection() as conn:
        merchant_rules.delete(conn, rule)
    console.print(f"rule {rule} is gone")
