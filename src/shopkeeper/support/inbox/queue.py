"""The lists of conversations and their notes, in the database."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from shopkeeper.shop.bulk import Connection
from shopkeeper.support.cases import Reason
from shopkeeper.support.inbox.records import Note, Row, View

AHEAD = timedelta(minutes=30)  # an urgent case stands where one that waits so much longer would
LONGEST = 200  # conversations of a list

_WHERE = {
    View.WAITING: "k.ended_at is null and k.taken_by = ''",
    View.TAKEN: "k.ended_at is null and k.taken_by <> ''",
    View.AGENT: "k.id is null and c.turn > 0",
    View.ENDED: "k.ended_at is not null",
}
_ORDER = {
    View.WAITING: "k.asked_at - case when k.urgent then %(ahead)s else interval '0' end, c.id",
    View.TAKEN: "w.at nulls last, k.taken_at, c.id",
    View.AGENT: "c.heard_at desc, c.id",
    View.ENDED: "k.ended_at desc, c.id",
}
# k: the last case, which is the open one if there is one; a conversation that the agent has again is in both lists.
_FROM = """
    from support_conversations c
    left join lateral (
        select * from support_cases where conversation_id = c.id {which} order by id desc limit 1
    ) k on true
    left join customers p on p.id = c.customer_id
    join lateral (
        select who, text, at from support_messages where conversation_id = c.id and who <> 'agent'
        order by id desc limit 1
    ) m on true
    left join lateral (
        select min(x.at) as at from support_messages x where k.ended_at is null and k.id is not null
        and x.conversation_id = c.id and x.who = 'customer' and x.at >= k.asked_at - interval '1 minute'
        and x.id > coalesce((select max(y.id) from support_messages y where y.conversation_id = c.id and y.who = 'staff'), 0)
    ) w on true
    where {where}
"""


def listing(conn: Connection, view: View, *, by: str = "", limit: int = LONGEST) -> list[Row]:
    """Conversations of a view: those that wait longest first, urgent ones as if they had waited half an hour longer.

    by: of those that are taken, only those of this person.
    """
    where = _WHERE[view] + (" and k.taken_by = %(by)s" if by else "")
    which = "and ended_at is null" if view is View.AGENT else ""
    query = (
        "select c.id, trim(coalesce(p.first_name, '') || ' ' || coalesce(p.last_name, '')), c.language, c.channel, k.reason, "
        "coalesce(k.urgent, false), coalesce(k.open_hours, true), coalesce(k.taken_by, ''), "
        "case when k.id is null or k.ended_at is not null then null "
        "when k.taken_by = '' then k.asked_at else w.at end, m.who, m.text, m.at"
        + _FROM.format(where=where, which=which)
        + f"order by {_ORDER[view]} limit %(limit)s"
    )
    rows = conn.execute(query.encode(), {"ahead": AHEAD, "by": by, "limit": limit})
    return [_row(row) for row in rows]


def sizes(conn: Connection) -> dict[View, int]:
    """How many wait, and how many are taken."""
    row = conn.execute(
        "select count(*) filter (where taken_by = ''), count(*) filter (where taken_by <> '') "
        "from support_cases where ended_at is null"
    ).fetchone()
    assert row is not None
    return {View.WAITING: row[0], View.TAKEN: row[1]}


def version(conn: Connection) -> int:
    """Grows whenever something is said, noted or done in any conversation."""
    row = conn.execute(
        "select (select max(id) from support_messages), (select max(id) from support_audit), (select max(id) from support_notes)"
    ).fetchone()
    assert row is not None
    return sum(n or 0 for n in row)


def add_note(conn: Connection, conversation_id: str, author: str, text: str, now: datetime) -> None:
    """Keep a note."""
    conn.execute(
        "insert into support_notes (conversation_id, author, text, at) values (%s, %s, %s, %s)",
        [conversation_id, author, text, now],
    )


def notes(conn: Connection, conversation_id: str) -> list[Note]:
    """The notes on a conversation, the oldest first."""
    rows = conn.execute(
        "select author, text, at from support_notes where conversation_id = %s order by id",
        [conversation_id],
    )
    return [Note(*row) for row in rows]


def _row(row: Sequence[Any]) -> Row:
    id_, name, language, channel, reason, *rest = row
    return Row(id_, name, language, channel, Reason(reason) if reason else None, *rest)
