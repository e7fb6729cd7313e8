"""The whole shop in one file, and back: consistent while others write, checked before it is believed.

All tables are read in one snapshot. No client programs are needed and any PostgreSQL from 15 on will do, so a backup
also moves a shop between the embedded server and another one. The file is described in `backup_file.py`.

Restoring replays the backup's own migrations, fills the tables and then migrates to this program, in one transaction:
it is restored whole or not at all.

Not in a backup: what can be made again or means nothing elsewhere. That is the word index, the outbox that it follows
(it is filled anew), the job queue (jobs that waited can be tried again) and files outside of the database.
"""

import logging
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from graphlib import TopologicalSorter
from pathlib import Path

import psycopg
from psycopg import sql

from shopkeeper import __version__
from shopkeeper.errors import DatabaseError
from shopkeeper.shop import migrate
from shopkeeper.shop.backup_file import (
    MANIFEST,
    Manifest,
    Meter,
    Table,
    chunks,
    damaged,
    dump,
    manifest_of,
    opened,
    refuse_to_replace,
    written_beside,
)
from shopkeeper.shop.bulk import Connection
from shopkeeper.shop.database import Database
from shopkeeper.shop.migrate import Migration

log = logging.getLogger(__name__)

LEFT_OUT = {"product_changes"}
MADE_BY_OPENING = {"artifacts"}  # a shop without a single record has such rows too
_MADE = re.compile(r"^create (table|function|view|materialized view|type|sequence) (\w+)", re.M)

OnProgress = Callable[[str, int, int], None]
"""(table, bytes done, bytes in all, an estimate while backing up)"""


def save(database: Database, path: Path, *, on_progress: OnProgress | None = None) -> Manifest:
    """Write the shop to a file, beside and then renamed: under this name there is a whole backup or what was before.

    The database may be older than this program, and others may write meanwhile. Raises ArtifactError if the file
    cannot be written or something else has its name, DatabaseError, MigrationError if the database is newer.
    """
    refuse_to_replace(path)
    with written_beside(path) as file, database.connection() as conn:
        conn.execute("set transaction isolation level repeatable read, read only")
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            manifest = _write(conn, archive, on_progress or _silent)
            archive.writestr(MANIFEST, dump(manifest))
    log.info("made backup rows=%d tables=%d", manifest.rows, len(manifest.tables))
    return manifest


def verify(path: Path, *, on_progress: OnProgress | None = None) -> Manifest:
    """Read a backup to its end and compare it with its manifest. Raises ArtifactError, MigrationError if it is newer."""
    with opened(path) as archive:
        manifest = manifest_of(path, archive)
        has = {number: bytes.fromhex(digest) for number, digest in manifest.migrations.items()}
        migrate.refuse_unknown(has, migrate.known(), what="the backup")
        total, done = sum(t.size_bytes for t in manifest.tables), 0
        for table in manifest.tables:
            found = Meter()
            for chunk in chunks(path, archive, table):
                found.add(chunk)
                (on_progress or _silent)(table.name, done + found.size_bytes, total)
            done += found.size_bytes
            if (found.rows, found.size_bytes, found.sha256) != (
                table.rows,
                table.size_bytes,
                table.sha256,
            ):
                raise damaged(path, f"the table {table.name} is not what was written")
    return manifest


def restore(database: Database, path: Path, *, on_progress: OnProgress | None = None) -> Manifest:
    """Fill an empty shop from a backup and bring it up to this program.

    The file is verified first. Raises ArtifactError if it is damaged, MigrationError if it is newer than this program,
    DatabaseError if the shop has records already; then nothing was changed.
    """
    manifest = verify(path)
    steps = migrate.known()
    newest = max(manifest.migrations)
    with database.connection() as conn:
        conn.execute("select pg_advisory_xact_lock(%s)", [migrate.LOCK])
        _refuse_unless_empty(conn)
        _drop(conn, steps)
        for step in (s for s in steps if s.number <= newest):
            migrate.apply(conn, step)
        try:
            _fill(conn, path, manifest, on_progress or _silent)
        except (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.UndefinedTable) as error:
            raise damaged(path, str(error).partition("\n")[0]) from error
        conn.execute("update job_progress set queue_id = null")
        for step in (s for s in steps if s.number > newest):
            migrate.apply(conn, step)
    with database.connection() as conn:
        conn.execute("analyze")
    log.info("restored backup rows=%d made_at=%s", manifest.rows, manifest.made_at)
    return manifest


def table_names(steps: Sequence[Migration]) -> set[str]:
    """The tables that these migrations make."""
    return {name for kind, name in _made(steps) if kind == "table"}


def _made(steps: Sequence[Migration]) -> list[tuple[str, str]]:
    return [(m[1], m[2]) for step in steps for m in _MADE.finditer(step.text)]


def _write(conn: Connection, archive: zipfile.ZipFile, on_progress: OnProgress) -> Manifest:
    steps = migrate.known()
    migrate.pending(conn, steps)  # refuses a database that is newer
    has = migrate.applied(conn)
    if not has:
        raise DatabaseError("there is no shop in this database", hint="nothing to back up yet")
    for setting in ("client_encoding = 'UTF8'", "datestyle = 'ISO'", "extra_float_digits = 1"):
        conn.execute(f"set local {setting}")
    sizes = _sizes(conn, table_names([s for s in steps if s.number in has]) - LEFT_OUT)
    tables, done = [], 0
    for name, size in sizes.items():
        tables.append(
            _write_table(
                conn, archive, name,
                lambda bytes_: on_progress(name, done + min(bytes_, size), sum(sizes.values())),  # noqa: B023
            )
        )  # fmt: skip
        done += size
        on_progress(name, done, sum(sizes.values()))
    return Manifest(
        made_at=datetime.now(UTC),
        program=__version__,
        server=conn.info.parameter_status("server_version") or "",
        migrations={number: digest.hex() for number, digest in has.items()},
        tables=tuple(tables),
        counters=_counters(conn, list(sizes)),
    )


def _write_table(
    conn: Connection, archive: zipfile.ZipFile, name: str, on_bytes: Callable[[int], None]
) -> Table:
    columns, meter = _columns(conn, name), Meter()
    table = Table(name, columns, 0, 0, "")
    with (
        archive.open(table.member, "w", force_zip64=True) as out,
        conn.cursor() as cursor,
        cursor.copy(_copy(table, "to stdout")) as copy,
    ):
        for chunk in copy:
            meter.add(chunk)
            out.write(chunk)
            on_bytes(meter.size_bytes)
    return Table(name, columns, meter.rows, meter.size_bytes, meter.sha256)


def _fill(conn: Connection, path: Path, manifest: Manifest, on_progress: OnProgress) -> None:
    by_name = {table.name: table for table in manifest.tables}
    total, done = sum(t.size_bytes for t in manifest.tables), 0
    with opened(path) as archive:
        for name in _parents_first(conn, by_name):
            table = by_name[name]
            with conn.cursor() as cursor, cursor.copy(_copy(table, "from stdin")) as copy:
                for chunk in chunks(path, archive, table):
                    copy.write(chunk)
                    done += len(chunk)
                    on_progress(name, done, total)
    for counter, value in manifest.counters.items():
        name, _, column = counter.partition(".")
        conn.execute("select setval(pg_get_serial_sequence(%s, %s), %s)", [name, column, value])


def _copy(table: Table, direction: str) -> sql.Composed:
    columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    return sql.SQL("copy {} ({}) {}").format(
        sql.Identifier(table.name), columns, sql.SQL(direction)
    )  # fmt: skip


def _sizes(conn: Connection, names: set[str]) -> dict[str, int]:
    rows = conn.execute(
        "select relname, pg_table_size(oid) from pg_class where oid = any(%s::text[]::regclass[]) order by 1",
        [sorted(names)],
    ).fetchall()
    return dict(rows)


def _columns(conn: Connection, table: str) -> tuple[str, ...]:
    rows = conn.execute(
        "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 "
        "and not attisdropped and attgenerated = '' order by attnum",
        [table],
    ).fetchall()
    return tuple(row[0] for row in rows)


def _counters(conn: Connection, tables: list[str]) -> dict[str, int]:
    """Where the identity columns stand, of those that have given a number."""
    rows = conn.execute(
        "select attrelid::regclass::text, attname from pg_attribute "
        "where attrelid = any(%s::text[]::regclass[]) and attidentity <> '' order by 1, 2",
        [tables],
    ).fetchall()
    found = {}
    for table, column in rows:
        query = "select pg_sequence_last_value(pg_get_serial_sequence(%s, %s)::regclass)"
        row = conn.execute(query, [table, column]).fetchone()
        if row is not None and row[0] is not None:
            found[f"{table}.{column}"] = row[0]
    return found


def _parents_first(conn: Connection, names: Iterable[str]) -> Iterator[str]:
    """The tables in an order in which each comes after those that it refers to."""
    rows = conn.execute(
        "select conrelid::regclass::text, confrelid::regclass::text from pg_constraint "
        "where contype = 'f' and conrelid <> confrelid"
    ).fetchall()
    graph: dict[str, set[str]] = {name: set() for name in names}
    for child, parent in rows:
        if child in graph and parent in graph:
            graph[child].add(parent)
    yield from TopologicalSorter(graph).static_order()


def _refuse_unless_empty(conn: Connection) -> None:
    filled = []
    for name in sorted(table_names(migrate.known()) - LEFT_OUT - MADE_BY_OPENING):
        there = conn.execute("select to_regclass(%s)", [name]).fetchone() != (None,)
        query = sql.SQL("select exists (select from {})").format(sql.Identifier(name))
        if there and conn.execute(query).fetchone() == (True,):
            filled.append(name)
    if filled:
        raise DatabaseError(
            f"the shop is not empty, it has {', '.join(filled)}",
            hint="restore into another data folder or database",
        )


def _drop(conn: Connection, steps: Sequence[Migration]) -> None:
    """Take away the empty tables, in whatever version they are, so that the backup's own can be made."""
    for kind, name in [("table", "migrations"), *_made(steps)]:
        conn.execute(
            sql.SQL("drop {} if exists {} cascade").format(sql.SQL(kind), sql.Identifier(name))
        )


def _silent(_name: str, _done: int, _total: int) -> None:
    """Show no progress."""
