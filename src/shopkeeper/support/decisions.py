"""What the rules decided in conversations, with the facts they looked at, so that other rules can be put to the same.

Names, mail addresses and whatever no rule asks about are left out; the rest goes when the conversation does.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import orjson
from pydantic import TypeAdapter

from shopkeeper.shop import bulk
from shopkeeper.shop.bulk import Connection
from shopkeeper.shop.records import Product
from shopkeeper.support.conversations import State
from shopkeeper.support.facts import Facts, Offered

FACTS: TypeAdapter[Facts] = TypeAdapter(Facts)


@dataclass(frozen=True, slots=True)
class Kept:
    """A decision of a conversation. allowed: as it was decided then."""

    id: int
    conversation_id: str
    turn: int
    at: datetime
    language: str
    allowed: bool
    facts: Facts


def keep(conn: Connection, state: State, facts: Facts, *, allowed: bool, now: datetime) -> None:
    """Keep a decision."""
    conn.execute(
        "insert into support_decisions (conversation_id, turn, at, language, allowed, facts) "
        "values (%s, %s, %s, %s, %s, %s)",
        [
            state.id, state.turn, now, state.language, allowed,
            bulk.jsonb(FACTS.dump_python(_bare(facts), mode="json")),
        ],
    )  # fmt: skip


def recent(conn: Connection, *, limit: int) -> Iterator[Kept]:
    """Decisions, the newest first."""
    rows = conn.execute(
        "select id, conversation_id, turn, at, language, allowed, facts from support_decisions "
        "order by id desc limit %s",
        [limit],
    )
    for id_, conversation_id, turn, at, language, allowed, kept in rows:
        facts = FACTS.validate_json(orjson.dumps(kept))
        yield Kept(id_, conversation_id, turn, at, language, allowed, facts)


def _bare(facts: Facts) -> Facts:
    """The facts without what no rule looks at."""
    customer, order = facts.customer, facts.order
    return replace(
        facts,
        customer=customer
        and replace(customer, email="", first_name="", last_name="", phone="", metadata={}),
        order=order and replace(order, billing_address=None, metadata={}),
        offered={
            id_: Offered(_bare_product(o.product), replace(o.variant, image=None, metadata={}))
            for id_, o in facts.offered.items()
        },
    )


def _bare_product(product: Product) -> Product:
    return Product(product.id, product.title, product.variants[:1], status=product.status)
