"""What shoppers searched for lately, and what came of it: a read model over queries and the events that follow them.

A search is a query as it was asked; its later pages are not counted again. It was clicked if a click, a product put
into the cart or an order names it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from psycopg import sql

from shopkeeper.shop.database import Connection

DAYS = 30
PAGE_SIZE = 25
OFTEN = 3  # searches without a click from which that says something
MAX_WORDS = 200  # characters; nobody types more


class Show(StrEnum):
    """Which searches are listed."""

    POPULAR = "popular"
    EMPTY = "empty"  # found nothing, at least once
    IGNORED = "ignored"  # found something, and nobody clicked


@dataclass(frozen=True, slots=True)
class Asked:
    """All searches of the same words. empty: how many of them found nothing. clicked: how many were followed by one.

    first: the product most often clicked first. position: mean place of what was clicked first, from 1.
    """

    words: str
    times: int
    empty: int
    clicked: int
    first: str | None
    position: float | None
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Totals:
    """How many searches there were, found nothing, were clicked; and of each list, how many different words."""

    searches: int
    empty: int
    clicked: int
    words: dict[Show, int]


_GROUPED = sql.SQL("""
with asked as (
    select id, lower(btrim(user_query)) as words, hits = '{{}}' as empty, at from queries
    where at > now() - make_interval(days => {days}) and btrim(user_query) <> ''
    and length(user_query) <= {longest} and coalesce(attributes ->> 'page', '1') = '1'
), clicked as (
    select distinct on (e.query_id) e.query_id, e.object_id, e.position from events e
    where e.at > now() - make_interval(days => {days}) and e.query_id in (select id from asked)
    and e.action in ('click', 'add_to_cart', 'purchase') order by e.query_id, e.at, e.position
), grouped as (
    select words, count(*) as times, count(*) filter (where empty) as empty, count(c.query_id) as clicked,
        mode() within group (order by nullif(c.object_id, '')) as first, avg(c.position)::float8 as position,
        max(at) as last_at
    from asked left join clicked c on c.query_id = asked.id group by words
)
""").format(days=sql.Literal(DAYS), longest=sql.Literal(MAX_WORDS))
_IGNORED = sql.SQL("clicked = 0 and times - empty >= {often}").format(often=sql.Literal(OFTEN))
_WHERE = {Show.POPULAR: sql.SQL("true"), Show.EMPTY: sql.SQL("empty > 0"), Show.IGNORED: _IGNORED}
_ORDER = {
    Show.POPULAR: sql.SQL("times desc"),
    Show.EMPTY: sql.SQL("empty desc"),
    Show.IGNORED: sql.SQL("times desc"),
}


def totals(conn: Connection) -> Totals:
    """Of the latest thirty days."""
    row = conn.execute(
        _GROUPED
        + sql.SQL(
            "select coalesce(sum(times), 0)::bigint, coalesce(sum(empty), 0)::bigint, "
            "coalesce(sum(clicked), 0)::bigint, count(*), count(*) filter (where empty > 0), "
            "count(*) filter (where {ignored}) from grouped"
        ).format(ignored=_IGNORED)
    ).fetchone()
    assert row is not None
    searches, empty, clicked, *words = row
    return Totals(searches, empty, clicked, dict(zip(Show, words, strict=True)))


def listing(conn: Connection, show: Show, page: int = 1) -> list[Asked]:
    """One page of a list, what happened most often first."""
    rows = conn.execute(
        _GROUPED
        + sql.SQL(
            "select words, times, empty, clicked, first, position, last_at from grouped "
            "where {where} order by {order}, last_at desc, words limit {limit} offset {offset}"
        ).format(
            where=_WHERE[show],
            order=_ORDER[show],
            limit=sql.Literal(PAGE_SIZE),
            offset=sql.Literal((page - 1) * PAGE_SIZE),
        )
    ).fetchall()
    return [Asked(*row) for row in rows]
