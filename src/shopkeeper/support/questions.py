"""Questions that the agent could not answer, in the database, without personal data."""

from collections.abc import Collection
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


def texts(conn: Connection, ids: Collection[int]) -> list[str]:
    """How these questions were asked, each wording once, the latest first."""
    rows = conn.execute(
        "select text from support_questions where id = any(%s) order by id desc", [list(ids)]
    )
    return list(dict.fromkeys(row[0] for row in rows))


def answer(conn: Connection, ids: Collection[int], lesson_id: int) -> None:
    """A lesson answers these."""
    conn.execute(
        "update support_questions set lesson_id = %s where id = any(%s)", [lesson_id, list(ids)]
    )


def dismiss(conn: Connection, ids: Collection[int], *, by: str, now: datetime) -> None:
    """These need no answer."""
    conn.execute(
        "update support_questions set dismissed_by = %s, dismissed_at = %s where id = any(%s)",
        [by, now, list(ids)],
    )


def bring_back(conn: Connection, ids: Collection[int]) -> None:
    """These need an answer after all."""
    conn.execute(
        "update support_questions set dismissed_by = '', dismissed_at = null where id = any(%s)",
        [list(ids)],
    )
