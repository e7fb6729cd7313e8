"""Conversations that are a person's to answer, in the database: handed over, taken, given back or closed.

There is one open case of a conversation at most. As long as there is one, the agent is silent in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from shopkeeper.errors import Conflict
from shopkeeper.shop.bulk import Connection

MAX_NAME = 60  # characters of the name that somebody answers under


class Reason(StrEnum):
    """Why a person answers."""

    REQUEST = "request"  # they asked for one
    FAILURES = "failures"  # they were not understood, again and again
    SCOPE = "scope"  # what they want is not the agent's business
    ANGER = "anger"  # they are angry, and it is about money
    REFUSALS = "refusals"  # the rules refused, again and again
    SUPPORT = "support"  # nothing on record answers them
    TAKEN = "taken"  # somebody of the shop stepped in


class Outcome(StrEnum):
    """How a case ended."""

    RETURNED = "returned"  # the agent goes on
    SOLVED = "solved"


@dataclass(frozen=True, slots=True)
class Case:
    """A case. asked_at: since when the customer waits for a person. in_hours: it began while somebody was there.

    urgent: they are angry, or were refused again and again. taken_by: the name of who answers, empty while nobody does.
    """

    id: int
    conversation_id: str
    reason: Reason
    summary: str
    urgent: bool
    in_hours: bool
    asked_at: datetime
    taken_by: str
    taken_at: datetime | None
    ended_by: str
    ended_at: datetime | None
    outcome: Outcome | None


class AlreadyTaken(Conflict):
    """Somebody else has the conversation. by: their name."""

    def __init__(self, by: str) -> None:
        super().__init__(f"{by} has this conversation", hint="ask them to return it first")
        self.by = by


URGENT = frozenset({Reason.ANGER, Reason.REFUSALS})
_COLUMNS = (
    "id", "conversation_id", "reason", "summary", "urgent", "open_hours", "asked_at", "taken_by", "taken_at", "ended_by",
    "ended_at", "outcome",
)  # fmt: skip
_SELECT = f"select {', '.join(_COLUMNS)} from support_cases where "  # noqa: S608  # our own column names


def hold(conn: Connection, conversation_id: str) -> Case | None:
    """The open case of a conversation, with the conversation held until the transaction ends: none comes or goes."""
    conn.execute(
        "select from support_conversations where id = %s for no key update", [conversation_id]
    )
    return current(conn, conversation_id)


def current(conn: Connection, conversation_id: str) -> Case | None:
    """The open case of a conversation."""
    found = _select(conn, "conversation_id = %s and ended_at is null", [conversation_id])
    return found[0] if found else None


def of_conversation(conn: Connection, conversation_id: str) -> list[Case]:
    """All cases of a conversation, the oldest first."""
    return _select(conn, "conversation_id = %s order by id", [conversation_id])


def ask(
    conn: Connection,
    conversation_id: str,
    reason: Reason,
    *,
    summary: str,
    in_hours: bool,
    now: datetime,
) -> Case:
    """Put a conversation into the queue; where it is in it already, nothing changes."""
    conn.execute(
        "insert into support_cases (conversation_id, reason, summary, urgent, open_hours, asked_at) "
        "values (%s, %s, %s, %s, %s, %s) on conflict (conversation_id) where ended_at is null do nothing",
        [conversation_id, reason.value, summary, reason in URGENT, in_hours, now],
    )
    made = current(conn, conversation_id)
    assert made is not None
    return made


def take(conn: Connection, case: Case, by: str, now: datetime) -> Case:
    """Let somebody answer. The first to take it has it. Raises AlreadyTaken."""
    conn.execute(
        "update support_cases set taken_by = %s, taken_at = %s where id = %s and taken_by = ''",
        [by, now, case.id],
    )
    taken = _select(conn, "id = %s", [case.id])[0]
    if taken.taken_by != by:
        raise AlreadyTaken(taken.taken_by)
    return taken


def end(conn: Connection, case: Case, outcome: Outcome, by: str, now: datetime) -> None:
    """The case is over."""
    conn.execute(
        "update support_cases set outcome = %s, ended_by = %s, ended_at = %s where id = %s and ended_at is null",
        [outcome.value, by, now, case.id],
    )


def _select(conn: Connection, where: str, values: Sequence[Any]) -> list[Case]:
    return [_case(row) for row in conn.execute(_SELECT + where, values)]


def _case(row: tuple[Any, ...]) -> Case:
    (
        id_, conversation_id, reason, summary, urgent, in_hours, asked_at, taken_by, taken_at, ended_by, ended_at,
        outcome,
    ) = row  # fmt: skip
    ended = None if outcome is None else Outcome(outcome)
    return Case(
        id_, conversation_id, Reason(reason), summary, urgent, in_hours, asked_at, taken_by, taken_at, ended_by, ended_at,
        ended,
    )  # fmt: skip
