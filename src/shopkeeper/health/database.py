"""Checks of the database: which server, how safe, in what shape, and what it last complained of."""

import re
from collections.abc import Iterator
from pathlib import Path

from shopkeeper.errors import MigrationError
from shopkeeper.health.records import Finding, green, red, yellow
from shopkeeper.shop import migrate
from shopkeeper.shop.bulk import Connection

CROWDED = 0.8  # share of the connections that a server takes
LOG_TAIL_BYTES = 64_000
# Said at every start and stop, or when a program is killed; no sign of trouble.
_USUAL = re.compile(
    r"the database system is (starting up|shutting down|not yet accepting)"
    r"|terminating (connection|background worker|walreceiver)"
)
_SAFE = {
    "fsync": ("on", "a power cut may destroy the database"),
    "full_page_writes": ("on", "a power cut may destroy pages of the database"),
    "synchronous_commit": ("on", "a power cut may lose what was acknowledged last"),
}


def server(conn: Connection, *, embedded: bool) -> Iterator[Finding]:
    """Version, size, connections and durability of the server."""
    info = conn.info
    where = "embedded" if embedded else f"{info.host} named {info.dbname}"
    name = f"PostgreSQL {info.parameter_status('server_version')} ({where})"
    if info.server_version < migrate.MIN_SERVER:
        yield red("database", f"{name} is too old", "version 15 or later is needed")
        return
    yield green(
        "database",
        f"{name}, {_one(conn, 'select pg_database_size(current_database())') / 1e6:,.0f} MB",
    )
    yield _vectors(conn)
    yield _connections(conn)
    yield _durability(conn)


def _one(conn: Connection, query: str) -> int:
    row = conn.execute(query).fetchone()
    return int(row[0]) if row is not None else 0


def _vectors(conn: Connection) -> Finding:
    row = conn.execute(
        "select installed_version, default_version from pg_available_extensions where name = 'vector'"
    ).fetchone()
    if row is None:
        return red("pgvector", "this server has no extension `vector`", "install pgvector on it")
    if row[0] is None:
        return yellow(
            "pgvector",
            f"version {row[1]} is there, not used by this database yet",
            "the first start creates it; without the right to, let the administrator run `create extension vector`",
        )
    return green("pgvector", f"version {row[0]}")


def _connections(conn: Connection) -> Finding:
    used = _one(conn, "select count(*) from pg_stat_activity where backend_type = 'client backend'")
    most = _one(conn, "select current_setting('max_connections')::int")
    text = f"{used} of {most} in use"
    if used > CROWDED * most:
        return yellow(
            "connections",
            text,
            "lower SHOPKEEPER_POOL_SIZE, or raise max_connections of the server",
        )
    return green("connections", text)


def _durability(conn: Connection) -> Finding:
    found = conn.execute(
        "select name, setting from pg_settings where name = any(%s)", [list(_SAFE)]
    ).fetchall()
    unsafe = [
        f"{name} is {value}: {_SAFE[name][1]}" for name, value in found
        if value in ("off", "local") and _SAFE[name][0] == "on"
    ]  # fmt: skip
    if unsafe:
        return red("durability", "; ".join(unsafe), "set it to `on` in the server's configuration")
    return green("durability", "what is acknowledged survives a crash and a power cut")


def shape(conn: Connection) -> tuple[Finding, bool]:
    """Whether the tables are those of this program, and whether they can be looked into."""
    try:
        lacking = migrate.pending(conn)
    except MigrationError as error:
        return red("migrations", error.message, error.hint), False
    has = len(migrate.applied(conn))
    if not has:
        return yellow("migrations", "no tables yet", "the first start makes them"), False
    if lacking:
        names = ", ".join(f"{m.number:04}_{m.name}" for m in lacking)
        return yellow(
            "migrations",
            f"{has} applied, still to come: {names}",
            "the next start applies them; take a backup before: `shopkeeper backup FILE`",
        ), False
    return green("migrations", f"all {has} applied"), True


def log_of(path: Path) -> Finding:
    """The last error in the embedded server's log."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - LOG_TAIL_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError as error:
        return yellow("database log", f"{path}: {error.strerror}", "it is made at the next start")
    grave = [x for x in lines if re.search(r"\b(PANIC|FATAL):", x) and not _USUAL.search(x)]
    if grave:
        return yellow(
            "database log",
            f"last trouble: {grave[-1]}",
            f"if it is recent, read on in {path}",
        )
    return green("database log", f"no trouble in {path}")
