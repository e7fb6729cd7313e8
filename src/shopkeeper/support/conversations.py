"""Conversations and the audit in the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shopkeeper.errors import NotFound
from shopkeeper.shop import bulk
from shopkeeper.shop.bulk import Connection
from shopkeeper.shop.records import CustomerId
from shopkeeper.support.records import Level


@dataclass(frozen=True, slots=True)
class State:
    """Where a conversation stands. level: of now, back to nobody when it has run out; the customer stays the same."""

    id: str
    customer_id: CustomerId | None
    level: Level
    turn: int
    language: str

    @property
    def customer(self) -> CustomerId | None:
        """Whose records may be looked at now: nobody's without a level."""
        return self.customer_id if self.level > Level.NOBODY else None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the audit."""

    at: datetime
    turn: int
    event: str
    proposal_id: str | None
    action: str
    order_id: str | None
    rule_ids: tuple[str, ...]
    detail: Mapping[str, Any]


def start(
    conn: Connection, conversation_id: str, *, language: str, now: datetime, channel: str = "chat"
) -> None:
    """Write a new conversation, in which nobody is known yet. channel: chat, mail or mcp."""
    conn.execute(
        "insert into support_conversations (id, language, opened_at, heard_at, channel) values (%s, %s, %s, %s, %s)",
        [conversation_id, language, now, now, channel],
    )


def get(conn: Connection, conversation_id: str, now: datetime, *, locked: bool = False) -> State:
    """Where a conversation stands. locked: hold it until the transaction ends. Raises NotFound."""
    row = conn.execute(
        "select customer_id, case when verified_until > %s then level else 0 end, turn, language "
        "from support_conversations where id = %s" + (" for update" if locked else ""),
        [now, conversation_id],
    ).fetchone()
    return _state(conversation_id, row)


def next_turn(conn: Connection, conversation_id: str, now: datetime) -> State:
    """The customer has spoken: where the conversation stands now, held until the transaction ends. Raises NotFound."""
    row = conn.execute(
        "update support_conversations set turn = turn + 1, heard_at = %s where id = %s "
        "returning customer_id, case when verified_until > %s then level else 0 end, turn, language",
        [now, conversation_id, now],
    ).fetchone()
    return _state(conversation_id, row)


def speak(conn: Connection, conversation_id: str, language: str) -> None:
    """The language that is spoken from now on."""
    conn.execute(
        "update support_conversations set language = %s where id = %s and language <> %s",
        [language, conversation_id, language],
    )


def _state(conversation_id: str, row: tuple[Any, ...] | None) -> State:
    if row is None:
        raise NotFound(f"no conversation has the id {conversation_id!r}", hint="open a new one")
    customer_id, level, turn, language = row
    known = None if customer_id is None else CustomerId(customer_id)
    return State(conversation_id, known, Level(level), turn, language)


def verify(
    conn: Connection, conversation_id: str, customer_id: str, *, level: Level, until: datetime
) -> None:
    """Somebody is identified. A level that holds already is never lowered by a lesser proof."""
    conn.execute(
        "update support_conversations set customer_id = %s, level = %s, verified_until = %s where id = %s",
        [customer_id, int(level), until, conversation_id],
    )


def note(
    conn: Connection,
    state: State,
    event: str,
    *,
    at: datetime,
    proposal_id: str | None = None,
    action: str = "",
    order_id: str | None = None,
    rule_ids: Sequence[str] = (),
    **detail: Any,
) -> None:
    """Write a line of the audit: ids and rules, never words or addresses of people."""
    conn.execute(
        "insert into support_audit "
        "(at, conversation_id, customer_id, turn, event, proposal_id, action, order_id, rule_ids, detail) "
        "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            at, state.id, state.customer_id, state.turn, event, proposal_id, action, order_id,
            list(rule_ids), bulk.jsonb(detail),
        ],
    )  # fmt: skip


def audit(conn: Connection, conversation_id: str) -> list[Entry]:
    """What happened in a conversation, in order."""
    rows = conn.execute(
        "select at, turn, event, proposal_id, action, order_id, rule_ids, detail from support_audit "
        "where conversation_id = %s order by id",
        [conversation_id],
    ).fetchall()
    return [
        Entry(at, turn, event, proposal_id, action, order_id, tuple(rule_ids), detail)
        for at, turn, event, proposal_id, action, order_id, rule_ids, detail in rows
    ]
