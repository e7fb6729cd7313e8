"""Answers that people wrote to questions that nothing on record answered, in the database; each is a page of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shopkeeper.errors import NotFound
from shopkeeper.shop.bulk import Connection


@dataclass(frozen=True, slots=True)
class Lesson:
    """What people taught the agent. question: as the page is called; wordings: how customers asked for it."""

    id: int
    page_id: str
    question: str
    language: str
    wordings: tuple[str, ...]
    made_by: str
    made_at: datetime
    undone_at: datetime | None


_SELECT = "select id, page_id, question, language, wordings, made_by, made_at, undone_at from support_lessons "


def add(
    conn: Connection, question: str, *, language: str, wordings: Sequence[str], by: str, now: datetime
) -> Lesson:  # fmt: skip
    """Keep a lesson. Its page has its number: "learned-7"."""
    row = conn.execute(
        "insert into support_lessons (page_id, question, language, wordings, made_by, made_at) "
        "values ('', %s, %s, %s, %s, %s) returning id",
        [question, language, list(wordings), by, now],
    ).fetchone()
    assert row is not None
    conn.execute(
        "update support_lessons set page_id = 'learned-' || id where id = %s", [row[0]]
    )  # fmt: skip
    return get(conn, row[0])


def get(conn: Connection, lesson_id: int) -> Lesson:
    """The lesson with this id. Raises NotFound."""
    found = _read(conn, "where id = %s", [lesson_id])
    if not found:
        raise NotFound(f"there is no lesson {lesson_id}", hint="look at the list of lessons")
    return found[0]


def listing(conn: Connection, *, limit: int = 1000) -> list[Lesson]:
    """All lessons, the newest first, those that were undone among them."""
    return _read(conn, "order by id desc limit %s", [limit])


def taught(conn: Connection) -> list[Lesson]:
    """The lessons that hold."""
    return _read(conn, "where undone_at is null order by id", [])


def undo(conn: Connection, lesson_id: int, now: datetime) -> None:
    """The lesson does not hold any more, and its questions are unanswered again."""
    conn.execute("update support_lessons set undone_at = %s where id = %s", [now, lesson_id])
    conn.execute(
        "update support_questions set lesson_id = null where lesson_id = %s", [lesson_id]
    )  # fmt: skip


def _read(conn: Connection, where: str, values: Sequence[Any]) -> list[Lesson]:
    rows = conn.execute((_SELECT + where).encode(), values)
    return [_lesson(row) for row in rows]


def _lesson(row: tuple[Any, ...]) -> Lesson:
    id_, page_id, question, language, wordings, made_by, made_at, undone_at = row
    return Lesson(id_, page_id, question, language, tuple(wordings), made_by, made_at, undone_at)
