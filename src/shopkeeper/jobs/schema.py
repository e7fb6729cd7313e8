"""The queue's own tables: procrastinate's schema, put into the shop's database and kept up to date.

Procrastinate ships one file for a fresh database and one file for each later step, but no note of what is
installed. So the name of the newest step is kept as the comment of its main table, and what is newer is applied.
"""

import re
from importlib import resources

from procrastinate.schema import SchemaManager
from psycopg import sql

from shopkeeper.errors import MigrationError
from shopkeeper.shop.bulk import Connection

_LOCK = 7_206_113  # any number that no other advisory lock of the shop uses
_STEP = re.compile(r"\d\d\.\d\d\.\d\d_\d\d_\w+\.sql")


def apply(conn: Connection) -> None:
    """Install or update the queue's tables; does nothing where they are up to date.

    Runs in the caller's transaction and is safe in several programs at once. Raises MigrationError when the tables
    are newer than this program's procrastinate.
    """
    known = steps()
    if _installed(conn) == known[-1]:
        return
    conn.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
    installed = _installed(conn)  # another program may have been quicker
    if installed is None:
        conn.execute(SchemaManager.get_schema())
    elif installed > known[-1]:
        raise MigrationError(
            f"the job queue in this database is newer ({installed}) than this program knows ({known[-1]})",
            hint="update Shopkeeper, or restore a backup made by this version",
        )
    else:
        for step in known:
            if step > installed:
                conn.execute(text(step).encode())
    conn.execute(
        sql.SQL("comment on table procrastinate_jobs is {}").format(sql.Literal(known[-1]))
    )


def _installed(conn: Connection) -> str | None:
    row = conn.execute(
        "select obj_description(to_regclass('procrastinate_jobs')), "
        "to_regclass('procrastinate_jobs') is not null"
    ).fetchone()
    assert row is not None
    comment, exists = row
    return (comment or "") if exists else None


def steps() -> list[str]:
    """File names of the steps that made the present schema, in order."""
    folder = resources.files("procrastinate.sql") / "migrations"
    return sorted(entry.name for entry in folder.iterdir() if _STEP.fullmatch(entry.name))


def text(step: str) -> str:
    """The SQL of one step."""
    return (resources.files("procrastinate.sql") / "migrations" / step).read_text(encoding="utf-8")
