"""Checks of what is done in the shop: the catalogue and its index, jobs, imports, keys."""

from collections.abc import Iterator
from pathlib import Path

from shopkeeper import artifacts
from shopkeeper.errors import ModelError
from shopkeeper.health.records import Finding, green, red, yellow
from shopkeeper.models.embed import load_embedder
from shopkeeper.search import versions
from shopkeeper.search.meanings import awaiting
from shopkeeper.search.pointer import read_pointer
from shopkeeper.search.store import VERSION
from shopkeeper.settings import Settings
from shopkeeper.shop import products
from shopkeeper.shop.bulk import Connection

BEHIND = 1000  # changed products that an index takes in within seconds
SILENT_S = 30
RECENT_DAYS = 7
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def _count(conn: Connection, query: str, *arguments: object) -> int:
    row = conn.execute(query, arguments or None).fetchone()
    return int(row[0]) if row is not None else 0


def catalogue(conn: Connection) -> Finding:
    """How much there is to sell."""
    count = products.count(conn)
    if not count:
        return yellow("catalogue", "no products", "`shopkeeper import products FILE`")
    shown = _count(conn, "select count(*) from products where status = 'active'")
    return green("catalogue", f"{count:,} products, {shown:,} of them shown")


def index(conn: Connection, folder: Path) -> Finding:
    """Whether the word index is there and how far it is behind the catalogue."""
    pointer = read_pointer(folder)
    rebuilt = "the next start builds it, and serves when it is done"
    if pointer is None or not (folder / pointer.folder).is_dir():
        return yellow("index", "not built yet", rebuilt)
    if pointer.version != VERSION:
        return yellow("index", "made by another version of the program", rebuilt)
    if not pointer.fits(conn):
        return yellow("index", "belongs to another database", rebuilt)
    behind = len(products.changes_since(conn, pointer.position)[0])
    if behind > BEHIND:
        return yellow(
            "index",
            f"{behind:,} changed products behind",
            "a program that serves the shop takes them in; `shopkeeper serve`",
        )
    return green("index", f"{behind:,} changed products behind" if behind else "up to date")


def meaning(conn: Connection, settings: Settings) -> Finding:
    """Whether search goes by meaning too, and how many products it does not know yet."""
    used = artifacts.in_use(conn, versions.KIND)
    if used is None:
        if settings.embedder:
            return yellow(
                "search by meaning",
                "not built yet: search goes by words",
                "a server builds it in the background; or `shopkeeper index build`",
            )
        return green("search by meaning", "not wanted: search goes by words")
    name, digest = str(used.spec["embedder"]), str(used.spec["digest"])
    try:
        found = load_embedder(name, settings.cache_folder).digest
    except ModelError as error:
        return yellow(
            "search by meaning",
            f"{name} is in use and cannot be opened, so search goes by words: {error.message}",
            error.hint or "`shopkeeper index build` with another",
        )
    if found != digest:
        return yellow(
            "search by meaning",
            f"{name} is another than the one that was in use, so search goes by words",
            f"build it anew: `shopkeeper index build {name}`",
        )
    waiting = len(awaiting(conn, digest))
    text = f"in use, with {name}" + (f"; {waiting:,} products await it" if waiting else "")
    if waiting > BEHIND:
        return yellow("search by meaning", text, "a server makes up for it: `shopkeeper serve`")
    return green("search by meaning", text)


def jobs(conn: Connection, *, served: bool) -> Iterator[Finding]:
    """Whether background work goes on, and what failed of late."""
    states: dict[str, int] = dict(
        conn.execute("select state, count(*) from job_progress group by state").fetchall()
    )
    silent = _count(
        conn,
        "select count(*) from job_progress where state = 'running' "
        "and coalesce(beat_at, started_at) < now() - make_interval(secs => %s)",
        SILENT_S,
    )
    waiting = states.get("waiting", 0) + states.get("interrupted", 0)
    if silent and served:
        yield red(
            "jobs",
            f"{silent} running without a sign of life",
            "`shopkeeper jobs list`, then stop and retry it",
        )
    elif (silent or waiting) and not served:
        yield yellow(
            "jobs",
            f"{silent + waiting} wait for a program that serves the shop",
            "`shopkeeper serve`",
        )
    else:
        yield green("jobs", f"{states.get('running', 0)} running, {waiting} waiting")
    failed = conn.execute(
        "select id, title, error from job_progress where state = 'failed' "
        "and finished_at > now() - make_interval(days => %s) order by id desc",
        [RECENT_DAYS],
    ).fetchall()
    if failed:
        number, title, error = failed[0]
        yield yellow(
            "failed jobs",
            f"{len(failed)} in {RECENT_DAYS} days, the last one {title!r}: {error}",
            f"`shopkeeper jobs show {number}`, then `shopkeeper jobs retry {number}`",
        )


def imports(conn: Connection) -> Finding:
    """How the last import ended."""
    row = conn.execute(
        "select id, file_name, state, quarantined, error from imports order by id desc limit 1"
    ).fetchone()
    if row is None:
        return green("imports", "none yet")
    number, name, state, bad, error = row
    if state in ("failed", "interrupted"):
        return yellow(
            "imports",
            f"the last one, {name!r}, was {state}" + (f": {error}" if error else ""),
            "import the file again: it goes on where it stopped",
        )
    if bad:
        return yellow(
            "imports",
            f"the last one, {name!r}, left {bad:,} rows aside",
            f"`shopkeeper import --report {number}` says why",
        )
    return green("imports", f"the last one, {name!r}, is {state}")


def keys(conn: Connection, settings: Settings) -> Finding:
    """Whether anybody can enter the console, and until when."""
    live = _count(
        conn,
        "select count(*) from api_keys where kind = 'secret' and revoked_at is null "
        "and (expires_at is null or expires_at > now())",
    )
    if live:
        return green("keys", f"{live} secret key{'s' if live > 1 else ''} in force")
    text = "no secret key: nobody can enter the console or use the API"
    if settings.host in LOOPBACK:
        text += ", outside the demo"
    return yellow("keys", text, "`shopkeeper keys create`")
