"""Numbered migrations: `migrations/0001_records.sql` and so on, each applied once, in one transaction.

Which ones a database has is in its table `migrations`, with the sha256 of the text. A database that is newer than
the program is refused: the program does not know what it would break.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

import psycopg
from psycopg import sql

from shopkeeper.errors import MigrationError
from shopkeeper.shop.bulk import Connection

LOCK = 7_305_161_001  # any number, the same in every program
MIN_SERVER = 150_000


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the database's shape."""

    number: int
    name: str
    text: str

    @property
    def hash(self) -> bytes:
        """sha256 of the text."""
        return sha256(self.text.encode()).digest()


def known() -> tuple[Migration, ...]:
    """All migrations of this program, in order."""
    found = []
    for file in files("shopkeeper.shop").joinpath("migrations").iterdir():
        if file.name.endswith(".sql"):
            number, _, name = file.name.removesuffix(".sql").partition("_")
            found.append(Migration(int(number), name, file.read_text(encoding="utf-8")))
    return tuple(sorted(found, key=lambda m: m.number))


def applied(conn: Connection) -> dict[int, bytes]:
    """Number -> hash of the migrations that this database has."""
    if conn.execute("select to_regclass('migrations')").fetchone() == (None,):
        return {}
    rows = conn.execute("select number, hash from migrations order by number").fetchall()
    return {number: bytes(digest) for number, digest in rows}


def pending(conn: Connection, steps: Sequence[Migration] | None = None) -> list[Migration]:
    """The migrations that this database lacks. Raises MigrationError if it is newer than the program."""
    steps = known() if steps is None else steps
    has = applied(conn)
    refuse_unknown(has, steps, what="the database")
    return [m for m in steps if m.number not in has]


def refuse_unknown(has: Mapping[int, bytes], steps: Sequence[Migration], *, what: str) -> None:
    """Raise MigrationError if these migrations, number -> hash, are not ones that this program knows."""
    newest = steps[-1].number
    if has and max(has) > newest:
        raise MigrationError(
            f"{what} is at migration {max(has)}, this program knows {newest} only",
            hint="install the newer shopkeeper that made it, or restore a backup from before",
        )
    for migration in steps:
        if migration.number in has and has[migration.number] != migration.hash:
            raise MigrationError(
                f"{what} had migration {migration.number:04}_{migration.name} with another text",
                hint="it was made by a program that was changed; restore a backup or start anew",
            )


def migrate(url: str, steps: Sequence[Migration] | None = None) -> list[Migration]:
    """Bring the database up to this program, one transaction a migration. Returns what was applied.

    Two programs that start at once wait for each other. Raises MigrationError.
    """
    done = []
    with psycopg.connect(url, autocommit=True) as conn:
        if conn.info.server_version < MIN_SERVER:
            raise MigrationError(
                f"PostgreSQL {conn.info.server_version // 10_000} is too old",
                hint="version 15 or later is needed",
            )
        conn.execute("select pg_advisory_lock(%s)", [LOCK])
        for migration in pending(conn, steps):
            apply(conn, migration)
            done.append(migration)
    return done


def apply(conn: Connection, migration: Migration) -> None:
    """Apply one migration, all of it or nothing. Raises MigrationError."""
    try:
        with conn.transaction():
            conn.execute(
                "create table if not exists migrations (number integer primary key, name text not null, "
                "hash bytea not null, applied_at timestamptz not null default now())"
            )
            conn.execute(sql.SQL(migration.text))  # our own file
            conn.execute(
                "insert into migrations (number, name, hash) values (%s, %s, %s)",
                [migration.number, migration.name, migration.hash],
            )
    except psycopg.Error as error:
        raise MigrationError(
            f"migration {migration.number:04}_{migration.name} did not apply: {_first_line(error)}",
            hint=_remedy(error) + "; nothing of the migration was kept",
        ) from error


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__


def _remedy(error: psycopg.Error) -> str:
    if "extension" in str(error):
        if isinstance(error, psycopg.errors.InsufficientPrivilege):
            return "let the database's administrator run `create extension vector` in it"
        return "install pgvector on the database server"
    if isinstance(error, psycopg.errors.DiskFull):
        return "free some space on the disk of the database"
    return "report this with the message"
