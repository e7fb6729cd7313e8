"""What is kept of a dialogue: its state, and what was said by whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson

from shopkeeper.shop import bulk
from shopkeeper.shop.bulk import Connection
from shopkeeper.support.dialogue.records import STATE, DialogueState, Evidence, as_json


@dataclass(frozen=True, slots=True)
class Message:
    """One message. who: customer, agent or staff. evidence: what an answer rests on."""

    at: datetime
    turn: int
    who: str
    text: str
    evidence: tuple[str, ...] = ()


def load(conn: Connection, conversation_id: str, language: str) -> DialogueState:
    """Where the dialogue stands; a new one if nothing was said yet. Held until the transaction ends."""
    row = conn.execute(
        "select state from support_dialogues where conversation_id = %s for update",
        [conversation_id],
    ).fetchone()
    return STATE.validate_json(orjson.dumps(row[0])) if row else DialogueState(language=language)


def save(conn: Connection, conversation_id: str, state: DialogueState, now: datetime) -> None:
    """Keep where it stands."""
    conn.execute(
        "insert into support_dialogues (conversation_id, state, handed_over, changed_at) values (%s, %s, %s, %s) "
        "on conflict (conversation_id) do update set state = excluded.state, handed_over = excluded.handed_over, "
        "changed_at = excluded.changed_at",
        [conversation_id, bulk.jsonb(as_json(state)), state.handed_over, now],
    )


def add_message(
    conn: Connection, conversation_id: str, turn: int, who: str, text: str, at: datetime,
    evidence: Sequence[Evidence] = (),
) -> None:  # fmt: skip
    """Keep what was said."""
    conn.execute(
        "insert into support_messages (conversation_id, turn, who, text, evidence, at) values (%s, %s, %s, %s, %s, %s)",
        [conversation_id, turn, who, text, [f"{e.kind}:{e.id}" for e in evidence], at],
    )


def messages(conn: Connection, conversation_id: str) -> list[Message]:
    """What was said, in order."""
    rows = conn.execute(
        "select at, turn, who, text, evidence from support_messages where conversation_id = %s order by id",
        [conversation_id],
    ).fetchall()
    return [Message(at, turn, who, text, tuple(evidence)) for at, turn, who, text, evidence in rows]
