"""What is kept of a dialogue: its state, and what was said by whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from shopkeeper.shop import bulk
from shopkeeper.shop.bulk import Connection
from shopkeeper.support.answers.records import Citation, Source, SourceKind
from shopkeeper.support.dialogue.records import STATE, DialogueState, Evidence, as_json


@dataclass(frozen=True, slots=True)
class Message:
    """One message. who: customer, agent or staff; author: the name that staff goes by. evidence: what an answer rests
    on, quotes: what it cites. id: grows within a conversation. key: the sender's own name of it."""

    at: datetime
    turn: int
    who: str
    text: str
    evidence: tuple[str, ...] = ()
    author: str = ""
    quotes: tuple[Citation, ...] = ()
    id: int = 0
    key: str = ""


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
    evidence: Sequence[Evidence] = (), *, author: str = "", quotes: Sequence[Citation] = (), key: str | None = None,
) -> int:  # fmt: skip
    """Keep what was said. key: the sender's own name of the message. Returns its id.

    The conversation is held till the end of the transaction: who has seen a message has seen all with smaller ids.
    """
    conn.execute(
        "select from support_conversations where id = %s for no key update", [conversation_id]
    )
    row = conn.execute(
        "insert into support_messages (conversation_id, turn, who, text, evidence, at, author, quotes, key) "
        "values (%s, %s, %s, %s, %s, %s, %s, %s, %s) returning id",
        [
            conversation_id, turn, who, text, [f"{e.kind}:{e.id}" for e in evidence], at, author,
            bulk.jsonb([_quote_as_json(q) for q in quotes]), key,
        ],
    ).fetchone()  # fmt: skip
    assert row is not None
    return int(row[0])


def messages(
    conn: Connection, conversation_id: str, *, after: int = 0, turn: int | None = None
) -> list[Message]:
    """What was said, in order. after: only what came after the message with this id; turn: only what was said in it."""
    rows = conn.execute(
        "select at, turn, who, text, evidence, author, quotes, id, key from support_messages "
        "where conversation_id = %s and id > %s and turn = coalesce(%s, turn) order by id",
        [conversation_id, after, turn],
    ).fetchall()
    return [_message(row) for row in rows]


def newest(conn: Connection, conversation_ids: Sequence[str]) -> dict[str, int]:
    """Id of the last message of each of these conversations; without those in which nothing was said."""
    rows = conn.execute(
        "select c.id, m.id from unnest(%s::text[]) as c (id) cross join lateral "
        "(select id from support_messages where conversation_id = c.id order by id desc limit 1) m",
        [list(conversation_ids)],
    )
    return {conversation: int(last) for conversation, last in rows}


def said_as(conn: Connection, conversation_id: str, key: str) -> Message | None:
    """The message that was sent under this key."""
    row = conn.execute(
        "select at, turn, who, text, evidence, author, quotes, id, key from support_messages "
        "where conversation_id = %s and key = %s",
        [conversation_id, key],
    ).fetchone()
    return None if row is None else _message(row)


def answer_in(conn: Connection, conversation_id: str, turn: int) -> Message | None:
    """What the agent answered in a turn."""
    row = conn.execute(
        "select at, turn, who, text, evidence, author, quotes, id, key from support_messages "
        "where conversation_id = %s and turn = %s and who = 'agent' order by id desc limit 1",
        [conversation_id, turn],
    ).fetchone()
    return None if row is None else _message(row)


def forget_message(conn: Connection, message_id: int) -> None:
    """Take a message back, since it is said anew."""
    conn.execute("delete from support_messages where id = %s", [message_id])


def _message(row: tuple[Any, ...]) -> Message:
    at, turn, who, text, evidence, author, quotes, message_id, key = row
    cited = tuple(_quote(q) for q in quotes)
    return Message(at, turn, who, text, tuple(evidence), author, cited, message_id, key or "")


def _quote_as_json(quote: Citation) -> dict[str, str]:
    source = quote.source
    return {
        "text": quote.text,
        "kind": source.kind.value,
        "id": source.id,
        "title": source.title,
        "url": source.url,
    }


def _quote(kept: dict[str, str]) -> Citation:
    source = Source(SourceKind(kept["kind"]), kept["id"], kept["title"], kept["url"])
    return Citation(kept["text"], source)
