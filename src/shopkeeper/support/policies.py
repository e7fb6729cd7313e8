"""The shop's policy in the database: the newest is in force, the older ones stay to look back at."""

import re
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files

from shopkeeper.errors import NotFound
from shopkeeper.shop.bulk import Connection
from shopkeeper.shop.demo.conditions import conditions
from shopkeeper.support.policy import Policy, default_policy, parse

_NUMBER = re.compile(r"\{\{(\w+)\}\}")
_WINDOW = '{ days = 30, ordered_from = "11-01", ordered_until = "12-24", returned_until = "01-31" }'


def save(conn: Connection, text: str, *, by: str = "") -> Policy:
    """Put a policy in force. Raises FeedError if it is not one; then the old one stays."""
    policy = parse(text)
    conn.execute("insert into support_policies (text, made_by) values (%s, %s)", [text, by])
    return policy


def newest(conn: Connection) -> int:
    """The number of the policy in force; 0 for the one that comes with the program."""
    row = conn.execute("select max(id) from support_policies").fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def get(conn: Connection, number: int) -> Policy:
    """The policy with this number. Raises NotFound."""
    if number == 0:
        return default_policy()
    row = conn.execute("select text from support_policies where id = %s", [number]).fetchone()
    if row is None:
        raise NotFound(f"there is no version {number} of the rules", hint="look at their history")
    return parse(row[0], f"policy {number}")


@dataclass(frozen=True, slots=True)
class Version:
    """A policy that was put in force. number: 0 for the one that comes with the program, which has no time."""

    number: int
    made_by: str
    made_at: datetime | None


def history(conn: Connection, *, limit: int = 20) -> list[Version]:
    """The policies that were put in force, the newest, which holds, first; the program's own last."""
    rows = conn.execute(
        "select id, made_by, made_at from support_policies order by id desc limit %s", [limit]
    )
    return [*(Version(*row) for row in rows), Version(0, "", None)]


def use_demo(conn: Connection) -> None:
    """Let the demo shop's rules say what its pages say, where no others were put in force."""
    if newest(conn) == 0:
        save(conn, demo_text(), by="demo")


def demo_text() -> str:
    """The demo shop's policy: its label for returns has a price, what was ordered before Christmas goes back longer, it
    exchanges nothing, and there are terms for what customers ask."""
    label = conditions().money["return_label"]
    text = default_policy().source.replace(', "exchange"', "")
    text = text.replace("return_fee = {}", f'return_fee = {{ USD = "{label}" }}')
    text = text.replace("within_days = 30", f"within_days = {_WINDOW}")
    terms = files(__package__).joinpath("data/demo_terms.toml").read_text(encoding="utf-8")
    return text + _NUMBER.sub(lambda m: _said(m[1]), terms)


def _said(name: str) -> str:
    known = conditions()
    if name == "gift_card_months":
        return str(12 * known.count["gift_card_years"])
    if name in known.count:
        return str(known.count[name])
    return (
        f"{known.money[name].normalize():f}"
        if known.money[name] % 1 == 0
        else f"{known.money[name]}"
    )
