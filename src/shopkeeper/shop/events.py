"""Behaviour events and the queries they follow, in the database. Written once, never changed."""

from collections.abc import Iterator, Sequence
from typing import Any

from psycopg import sql

from shopkeeper.shop import bulk
from shopkeeper.shop.bulk import Connection
from shopkeeper.shop.records import Event, Query, from_row

_COLUMNS = (
    "id", "action", "at", "session_id", "client_id", "customer_id", "query_id", "user_query",
    "object_id", "object_id_type", "position", "application", "message", "attributes",
)  # fmt: skip
_QUERY_COLUMNS = (
    "id", "user_query", "at", "client_id", "session_id", "application", "response_id",
    "object_id_field", "hits", "attributes",
)  # fmt: skip


def add(conn: Connection, events: Sequence[Event]) -> int:
    """Write events; one whose id is known changes nothing. Returns how many were new."""
    rows = [_row(e) for e in bulk.last_of_each(events)]
    return _add(conn, "events", _COLUMNS, rows)


def add_queries(conn: Connection, queries: Sequence[Query]) -> int:
    """Write queries; one whose id is known changes nothing. Returns how many were new."""
    rows = [_query_row(q) for q in bulk.last_of_each(queries)]
    return _add(conn, "queries", _QUERY_COLUMNS, rows)


def _add(
    conn: Connection, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> int:
    if not rows:
        return 0
    staged = bulk.stage(conn, table, columns, rows)
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL("insert into {} ({}) select {} from {} on conflict (id) do nothing")
    return conn.execute(
        statement.format(sql.Identifier(table), names, names, sql.Identifier(staged))
    ).rowcount


def _row(e: Event) -> tuple[Any, ...]:
    return (
        e.id, e.action, e.at, e.session_id, e.client_id, e.customer_id, e.query_id, e.user_query,
        e.object_id, e.object_id_type, e.position, e.application, e.message,
        bulk.jsonb(dict(e.attributes)),
    )  # fmt: skip


def _query_row(q: Query) -> tuple[Any, ...]:
    return (
        q.id, q.user_query, q.at, q.client_id, q.session_id, q.application, q.response_id,
        q.object_id_field, list(q.hits), bulk.jsonb(dict(q.attributes)),
    )  # fmt: skip


def iterate(conn: Connection, *, after: str = "", batch: int = 2000) -> Iterator[Event]:
    """All events in the order of their ids, from behind the id `after`, in constant memory."""
    select = f"select {', '.join(_COLUMNS)} from events"  # noqa: S608  # our own column names
    for rows in bulk.pages(conn, select, after=after, batch=batch):
        yield from (from_row(Event, _COLUMNS, row) for row in rows)


def iterate_queries(conn: Connection, *, after: str = "", batch: int = 2000) -> Iterator[Query]:
    """All queries in the order of their ids, from behind the id `after`, in constant memory."""
    select = f"select {', '.join(_QUERY_COLUMNS)} from queries"  # noqa: S608  # our own column names
    for rows in bulk.pages(conn, select, after=after, batch=batch):
        yield from (from_row(Query, _QUERY_COLUMNS, row) for row in rows)


def count(conn: Connection) -> int:
    """How many events there are."""
    return bulk.count(conn, "events")


def count_queries(conn: Connection) -> int:
    """How many queries there are."""
    return bulk.count(conn, "queries")
