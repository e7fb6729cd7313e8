"""The examination: every check, one after the other, also when one of them finds the worst."""

from collections.abc import Iterator

from shopkeeper.errors import ShopkeeperError
from shopkeeper.health import database as of_database
from shopkeeper.health import machine, work
from shopkeeper.health.records import Finding, red, yellow
from shopkeeper.settings import Settings
from shopkeeper.shop.bulk import Connection
from shopkeeper.shop.database import open_database
from shopkeeper.shop.embedded import EmbeddedServer


def examine(settings: Settings, origins: dict[str, str] | None = None) -> Iterator[Finding]:
    """Look at everything, in the order in which one thing rests on the other.

    origins: which settings are not the defaults, and where they come from.
    """
    yield machine.program()
    yield machine.settings_in_force(settings, origins or {})
    yield from machine.folder(settings)
    yield machine.port(settings)
    yield from machine.fetched_files(settings)
    yield machine.language_model(settings)
    yield from _in_database(settings)


def _in_database(settings: Settings) -> Iterator[Finding]:
    server = EmbeddedServer(settings.data_folder)
    embedded = settings.database_url is None
    if embedded and not server.exists:
        yield yellow("database", "not made yet", "the first command that uses the shop makes it")
        return
    try:
        yield from _looked_at(settings)
    except ShopkeeperError as error:
        yield red("database", error.message, error.hint or "see the log of the database")
    if embedded:
        yield of_database.log_of(server.log_file)


def _looked_at(settings: Settings) -> Iterator[Finding]:
    opened = open_database(settings, migrated=False)
    try:
        with opened.connection() as conn:
            conn.execute("set transaction isolation level repeatable read, read only")
            yield from of_database.server(conn, embedded=settings.database_url is None)
            shape, usable = of_database.shape(conn)
            yield shape
            if usable:
                yield from _of_shop(conn, settings)
    finally:
        opened.close()


def _of_shop(conn: Connection, settings: Settings) -> Iterator[Finding]:
    yield work.catalogue(conn)
    yield work.index(conn, settings.data_folder / "index")
    yield work.meaning(conn, settings)
    yield from work.jobs(conn, served=machine.is_served(settings))
    yield work.imports(conn)
    yield work.keys(conn, settings)
