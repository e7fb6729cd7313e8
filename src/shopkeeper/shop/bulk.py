"""Writing many rows at once: COPY into a temporary table, then one statement from there.

Shared by the files of queries beside it. An upsert compares content hashes, so that writing the same records again
changes nothing and wakes nobody.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from typing import Any

import orjson
from psycopg import Connection as PsycopgConnection
from psycopg import sql
from psycopg.types.json import Jsonb

from shopkeeper.shop.records import Record, adapter, to_json

Connection = PsycopgConnection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Counts:
    """What an upsert did, in records."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.created + other.created,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
        )


def content_hash(record: Record) -> bytes:
    """sha256 of the record's JSON with its keys sorted: jsonb keeps a mapping's entries, not their order."""
    data = orjson.loads(to_json(record))
    return sha256(orjson.dumps(data, option=orjson.OPT_SORT_KEYS)).digest()


def jsonb(value: Any) -> Jsonb:
    """A value for a jsonb column; records inside become JSON as `to_json` writes them."""
    return Jsonb(value, dumps=_dumps)


def _dumps(value: Any) -> bytes:
    try:
        return orjson.dumps(value, default=_as_json)
    except TypeError:  # a whole number beyond 64 bits, which jsonb takes
        return json.dumps(value, default=_as_json, ensure_ascii=False).encode()


def _as_json(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return str(value)  # Decimal


def plain(record: Record) -> dict[str, Any]:
    """The record as plain dicts, lists and strings."""
    data: dict[str, Any] = adapter(type(record)).dump_python(record, mode="json")
    return data


def count(conn: Connection, table: str) -> int:
    """How many rows a table has."""
    row = conn.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(table))).fetchone()
    assert row is not None
    return int(row[0])


def pages(
    conn: Connection, query: str, *, after: str, batch: int
) -> Iterator[list[tuple[Any, ...]]]:
    """Rows of a table in the order of their ids, in lists of `batch`, from behind the id `after`.

    query: a select whose first column is the id, up to and without its where clause on `id`.
    """
    statement = sql.SQL(query + " where id > %s order by id limit %s")
    while rows := conn.execute(statement, [after, batch]).fetchall():
        yield rows
        after = rows[-1][0]


def delete(conn: Connection, table: str, ids: Collection[str]) -> int:
    """Delete the rows with these ids. Returns how many there were."""
    statement = sql.SQL("delete from {} where id = any(%s)").format(sql.Identifier(table))
    return conn.execute(statement, [list(ids)]).rowcount


def last_of_each(records: Sequence[Record]) -> list[Record]:
    """The records with every id once: a later one replaces an earlier one, as if written one after the other."""
    return list({record.id: record for record in records}.values())


def copy_rows(
    conn: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Append rows to a table by COPY."""
    statement = sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with conn.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def stage(
    conn: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> str:
    """Put rows in an empty temporary table shaped like `table`, kept until commit. Returns its name."""
    name = f"staged_{table}"
    conn.execute(
        sql.SQL(
            "create temp table if not exists {} (like {} including defaults) on commit delete rows"
        ).format(sql.Identifier(name), sql.Identifier(table))
    )
    conn.execute(sql.SQL("truncate {}").format(sql.Identifier(name)))
    copy_rows(conn, name, columns, rows)
    return name


class Origin(Enum):
    """Who says what a record is. Orders and customers come from a feed and are changed by customer service (`PEOPLE`): a
    `FEED` that says what it said before does not undo that, one that says something new is believed. What a `PROGRAM`
    writes holds as it is.
    """

    PROGRAM = "program"
    FEED = "feed"
    PEOPLE = "people"


_CHANGED = sql.SQL("{t}.hash is distinct from excluded.hash")
_NEWS = sql.SQL(
    "({t}.hash is distinct from excluded.hash or {t}.fed_hash is not null) "
    "and {t}.fed_hash is distinct from excluded.hash"
)


def amended(conn: Connection, table: str, ids: Collection[str]) -> dict[str, bytes]:
    """Those of these records that people changed since a feed last spoke of them, with the hash of what it said."""
    rows = conn.execute(
        sql.SQL("select id, fed_hash from {} where id = any(%s) and fed_hash is not null").format(
            sql.Identifier(table)
        ),
        [list(ids)],
    ).fetchall()
    return {id_: bytes(fed) for id_, fed in rows}


def upsert(
    conn: Connection,
    table: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    origin: Origin | None = None,
) -> tuple[Counts, list[str]]:
    """Insert or update rows that have an `id` and a `hash`; ids must be unique within `rows`.

    origin: who says so, of tables that have a `fed_hash`. Returns the counts and the ids that were created or updated.
    """
    if not rows:
        return Counts(), []
    staged = stage(conn, table, columns, rows)
    names, into = sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(table)
    changes: list[sql.Composable] = [
        sql.SQL("{0} = excluded.{0}").format(sql.Identifier(c)) for c in columns if c != "id"
    ]
    if table == "products":
        changes.append(sql.SQL("updated_at = now()"))
    if origin is Origin.PEOPLE:
        changes.append(sql.SQL("fed_hash = coalesce({t}.fed_hash, {t}.hash)").format(t=into))
    elif origin is not None:
        changes.append(sql.SQL("fed_hash = null"))
    found = conn.execute(
        sql.SQL(
            "insert into {table} ({names}) select {names} from {staged} order by id "
            "on conflict (id) do update set {changes} where {differs} "
            "returning id, (xmax = 0)"
        ).format(
            table=into,
            names=names,
            staged=sql.Identifier(staged),
            changes=sql.SQL(", ").join(changes),
            differs=(_NEWS if origin is Origin.FEED else _CHANGED).format(t=into),
        )
    ).fetchall()
    created = sum(1 for _, is_new in found if is_new)
    counts = Counts(created, len(found) - created, len(rows) - len(found))
    return counts, [row[0] for row in found]
