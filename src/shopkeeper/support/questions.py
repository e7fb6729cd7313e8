"""Questions that the agent could not answer, in the database, without personal data."""

from dataclasses import dataclass
from datetime import datetime

from shopkeeper.shop.bulk import Connection
from shopkeeper.text.personal import Vault

MAX_TEXT = 500  # characters that are kept


@dataclass(frozen=True, slots=True)
class Question:
    """A question as a customer asked it."""

    id: int
    conversation_id: str
    turn: int
    text: str
    language: str
    at: datetime


def note(
    conn: Connection, conversation_id: str, text: str, *, turn: int, language: str, now: datetime
) -> None:
    """Keep a question that nothing on record answered. What says who asks is replaced by what it is."""
    conn.execute(
        "insert into support_questions (conversation_id, turn, text, language, at) values (%s, %s, %s, %s, %s)",
        [conversation_id, turn, Vault().hide(text.strip()[:MAX_TEXT]), language, now],
    )


def unanswered(conn: Connection, *, limit: int) -> list[Question]:
    """The questions that nobody has answered yet, the newest first."""
    rows = conn.execute(
        "select id, conversation_id, turn, text, language, at from support_questions "
        "where lesson_id is null and dismissed_at is null order by at desc, id desc limit %s",
        [limit],
    ).fetchall()
    return [Question(*row) for row in rows]
