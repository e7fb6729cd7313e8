"""What the first page of the console tells: how much there is, what needs doing, searches that found nothing."""

from dataclasses import dataclass
from datetime import datetime

from psycopg import sql

from shopkeeper.console.problems import OF_ALL, PROBLEMS, Problem
from shopkeeper.shop.database import Connection

DAYS = 30
HAVE_AT_LEAST = 0.2  # of the products, for an optional thing to count as missing in the others


@dataclass(frozen=True, slots=True)
class Counts:
    """How many products there are, of every status and shown to shoppers."""

    products: int
    active: int


@dataclass(frozen=True, slots=True)
class Todo:
    """Products that lack something."""

    name: str
    problem: Problem
    count: int


@dataclass(frozen=True, slots=True)
class EmptySearch:
    """Words that were searched for without a result."""

    query: str
    times: int
    last_at: datetime


def counts(conn: Connection) -> Counts:
    """How many products there are."""
    row = conn.execute(
        "select count(*), count(*) filter (where status = 'active') from products"
    ).fetchone()
    assert row is not None
    return Counts(*row)


def todo(conn: Connection, active: int) -> list[Todo]:
    """What active products lack, the gravest first."""
    parts = sql.SQL(", ").join(
        sql.SQL("count(*) filter (where {})").format(sql.SQL(problem.condition))
        for problem in PROBLEMS.values()
    )
    row = conn.execute(
        sql.SQL("select {} from {} where p.status = 'active'").format(parts, sql.SQL(OF_ALL))
    ).fetchone()
    assert row is not None
    found = [Todo(name, PROBLEMS[name], n) for name, n in zip(PROBLEMS, row, strict=True) if n]
    return [
        t for t in found if not t.problem.optional or active - t.count >= HAVE_AT_LEAST * active
    ]


def empty_searches(conn: Connection, limit: int = 8) -> list[EmptySearch]:
    """Words that were searched for without a result in the latest 30 days, the most frequent first."""
    rows = conn.execute(
        "select lower(user_query), count(*), max(at) from queries where hits = '{}' and user_query <> '' "
        "and at > now() - make_interval(days => %s) group by 1 order by 2 desc, 3 desc, 1 limit %s",
        [DAYS, limit],
    ).fetchall()
    return [EmptySearch(*row) for row in rows]
