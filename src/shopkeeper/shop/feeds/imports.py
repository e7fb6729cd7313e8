"""Imports and their bad rows in the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import BinaryIO

from psycopg import sql

from shopkeeper.errors import NotFound
from shopkeeper.shop import bulk
from shopkeeper.shop.bulk import Connection, Counts
from shopkeeper.shop.feeds import quarantine
from shopkeeper.shop.feeds.rows import BadRow

_COLUMNS = (
    "id", "kind", "format", "file_name", "fingerprint", "mapping", "state", "position", "created", "updated",
    "unchanged", "quarantined", "notes", "error", "started_at", "finished_at",
)  # fmt: skip
_SELECT = f"select {', '.join(_COLUMNS)} from imports"  # noqa: S608  # our own column names


@dataclass(frozen=True, slots=True)
class Import:
    """One run over one file. state: running, done, failed, interrupted. position: records committed so far.

    notes: what went in but deserves a word.
    """

    id: int
    kind: str
    format: str
    file_name: str
    fingerprint: str
    mapping: Mapping[str, str]
    state: str
    position: int
    created: int
    updated: int
    unchanged: int
    quarantined: int
    notes: Sequence[str]
    error: str
    started_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why rows of an import are bad. reason: with “…” for the values, which differ from row to row."""

    field: str
    reason: str
    hint: str
    rows: int


def list_imports(conn: Connection, *, limit: int = 1000) -> list[Import]:
    """Imports, the newest first."""
    rows = conn.execute(_SELECT + " order by id desc limit %s", [limit]).fetchall()
    return [Import(*row) for row in rows]


def get_import(conn: Connection, import_id: int) -> Import:
    """The import with this id. Raises NotFound."""
    row = conn.execute(_SELECT + " where id = %s", [import_id]).fetchone()
    if row is None:
        raise NotFound(
            f"there is no import {import_id}", hint="`shopkeeper import --report` lists them"
        )
    return Import(*row)


def bad_rows(conn: Connection, import_id: int, limit: int = 100, offset: int = 0) -> list[BadRow]:
    """Bad rows of an import in file order."""
    rows = conn.execute(
        "select line, field, reason, hint, raw from quarantine where import_id = %s "
        "order by ordinal limit %s offset %s",
        [import_id, limit, offset],
    ).fetchall()
    return [BadRow(*row) for row in rows]


def reasons(conn: Connection, import_id: int, limit: int = 50) -> list[Reason]:
    """Why rows of an import are bad, the most frequent reason first."""
    rows = conn.execute(
        """select field, regexp_replace(reason, '"[^"]*"|''[^'']*''|“[^”]*”', '“…”', 'g') as told, min(hint), count(*)
        from quarantine where import_id = %s group by 1, 2 order by 4 desc, 1, 2 limit %s""",
        [import_id, limit],
    ).fetchall()
    return [Reason(*row) for row in rows]


def write_quarantine(conn: Connection, import_id: int, out: BinaryIO) -> int:
    """Write the bad rows in their feed's own form, each with its line, field and reason, to be mended and imported
    again. Returns how many. Raises NotFound."""
    found = get_import(conn, import_id)
    offset = 0

    def rows(batch: int = 1000) -> list[BadRow]:
        nonlocal offset
        chunk = bad_rows(conn, import_id, batch, offset)
        offset += len(chunk)
        return chunk

    return quarantine.write(found.format, import_id, rows, out)


def bad_rows_name(found: Import) -> str:
    """A name for the file of an import's bad rows, which is not always of the feed's own form: feed-bad-3.csv."""
    stem = PurePath(found.file_name).name.split(".")[0] or "feed"
    return f"{stem}-bad-{found.id}{quarantine.ending(found.format, found.file_name)}"


def unfinished(conn: Connection, *, kind: str, format: str, fingerprint: str) -> Import | None:
    """The newest import of this very file that did not come to its end."""
    row = conn.execute(
        _SELECT + " where fingerprint = %s and kind = %s and format = %s order by id desc limit 1",
        [fingerprint, kind, format],
    ).fetchone()
    found = None if row is None else Import(*row)
    return found if found is not None and found.state in ("running", "interrupted") else None


def begin(
    conn: Connection,
    *,
    kind: str,
    format: str,
    file_name: str,
    fingerprint: str,
    mapping: Mapping[str, str],
) -> int:
    """Write down a new import. Returns its id."""
    row = conn.execute(
        "insert into imports (kind, format, file_name, fingerprint, mapping, state) "
        "values (%s, %s, %s, %s, %s, 'running') returning id",
        [kind, format, file_name, fingerprint, bulk.jsonb(dict(mapping))],
    ).fetchone()
    assert row is not None
    return int(row[0])


def advance(
    conn: Connection, import_id: int, *, position: int, counts: Counts, bad: Sequence[BadRow]
) -> None:
    """Note, in the transaction that writes the records, how far the import is, and keep its bad rows."""
    row = conn.execute(
        "update imports set state = 'running', position = %s, created = created + %s, updated = updated + %s, "
        "unchanged = unchanged + %s, quarantined = quarantined + %s where id = %s returning quarantined",
        [position, counts.created, counts.updated, counts.unchanged, len(bad), import_id],
    ).fetchone()
    assert row is not None
    first = row[0] - len(bad) + 1
    bulk.copy_rows(
        conn,
        "quarantine",
        ("import_id", "ordinal", "line", "field", "reason", "hint", "raw"),
        (
            (import_id, first + i, b.line, b.field, b.reason, b.hint, b.raw)
            for i, b in enumerate(bad)
        ),
    )


def finish(
    conn: Connection, import_id: int, state: str, *, notes: Sequence[str] = (), error: str = ""
) -> None:
    """Close an import."""
    statement = sql.SQL(
        "update imports set state = %s, notes = %s, error = %s, "
        "finished_at = case when %s = 'interrupted' then null else now() end where id = %s"
    )
    conn.execute(statement, [state, bulk.jsonb(list(notes)), error, state, import_id])
