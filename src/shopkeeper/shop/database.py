"""The database: the embedded server or a given PostgreSQL, behind one pool of connections."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, LiteralString

import orjson
import psycopg
from psycopg.types.json import set_json_loads
from psycopg_pool import ConnectionPool, PoolTimeout

from shopkeeper.errors import DatabaseError
from shopkeeper.settings import Settings
from shopkeeper.shop.bulk import Connection
from shopkeeper.shop.embedded import EmbeddedServer
from shopkeeper.shop.migrate import migrate

__all__ = ["Connection", "Database", "open_database"]

log = logging.getLogger(__name__)

WAIT_SECONDS = 10
_REFUSALS = (
    psycopg.OperationalError,
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.DataCorrupted,
    psycopg.errors.IndexCorrupted,
    PoolTimeout,
)
RECONNECT_SECONDS = 4  # then the next who asks tries anew: a database that comes back is found soon


class Database:
    """A pool of connections to one PostgreSQL. Safe to use from several threads."""

    def __init__(
        self, url: str, *, pool_size: int = 10, server: EmbeddedServer | None = None
    ) -> None:
        self.url = url
        self.server = server
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            url,
            min_size=1,
            max_size=pool_size,
            timeout=WAIT_SECONDS,
            kwargs={"options": "-c timezone=UTC", "application_name": "shopkeeper"},
            reconnect_timeout=RECONNECT_SECONDS,
            configure=_with_quick_json,
            open=False,
        )
        self._pool.open()

    @property
    def closed(self) -> bool:
        """True after `close`."""
        return self._pool.closed

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """One transaction: committed at the end, rolled back on an exception.

        What the server refuses comes out as DatabaseError with a hint; SQL mistakes of our own stay psycopg's.
        """
        try:
            conn = self._living_connection()
            try:
                with conn:
                    yield conn
            finally:
                if conn.broken:
                    self._revive()  # before the pool makes another one, which would wait between two tries
                self._pool.putconn(conn)
        except _REFUSALS as error:
            raise self._revive() or explained(error) from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """For one statement that only reads: no transaction around it, which saves two ways to the server and back."""
        with self.connection() as conn:
            conn.autocommit = True
            try:
                yield conn
            finally:
                if not conn.closed:
                    conn.autocommit = False

    def rows(
        self, query: LiteralString | bytes, values: Mapping[str, Any]
    ) -> list[tuple[Any, ...]]:
        """What one statement finds that only reads. Whether the connection still lives is not asked beforehand, which
        saves a way to the server and back: if it does not, another one is asked anew."""
        try:
            conn = self._pool.getconn()
        except _REFUSALS as error:
            raise self._revive() or explained(error) from error
        try:
            conn.autocommit = True
            return conn.execute(query, values).fetchall()
        except psycopg.OperationalError:
            if conn.broken:
                self._revive()
        finally:
            if not conn.closed:
                conn.autocommit = False
            self._pool.putconn(conn)
        with self.reading() as living:
            return living.execute(query, values).fetchall()

    def _living_connection(self) -> Connection:
        conn = self._pool.getconn()
        try:
            ConnectionPool.check_connection(conn)
        except psycopg.OperationalError:
            self._revive()
            self._pool.drain()  # the other idle ones are as dead
            self._pool.putconn(conn)
            return self._pool.getconn()
        return conn

    def _revive(self) -> DatabaseError | None:
        """Start the embedded server again if it died. Returns why that failed, or None."""
        if self.server is None or self.closed:
            return None
        try:
            self.server.start()
        except DatabaseError as error:
            log.warning("the embedded database is down: %s", error.message)
            return error
        return None

    def close(self) -> None:
        """Close all connections, and stop the embedded server if nobody else uses it."""
        self._pool.close()
        if self.server is not None:
            self.server.stop()


def _with_quick_json(conn: Connection) -> None:
    set_json_loads(orjson.loads, conn)


def explained(error: Exception) -> DatabaseError:
    """What a failure of the server means in plain words, and what to do."""
    said = str(error).strip().splitlines()
    first = said[0] if said else type(error).__name__
    if isinstance(error, psycopg.errors.DiskFull) or "No space left" in str(error):
        return DatabaseError(
            "the disk of the database is full",
            hint="free some space; what was saved before is safe",
        )
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        return DatabaseError(
            "the database is read-only", hint="connect to the primary, not to a replica"
        )
    if isinstance(error, psycopg.errors.TooManyConnections):
        return DatabaseError(
            "the database takes no more connections", hint="lower SHOPKEEPER_POOL_SIZE"
        )
    if isinstance(error, PoolTimeout):
        return DatabaseError(
            f"no connection to the database within {WAIT_SECONDS} s",
            hint="it is down, or busy beyond the pool: see `shopkeeper doctor`",
        )
    if isinstance(error, psycopg.errors.DataCorrupted | psycopg.errors.IndexCorrupted):
        return DatabaseError(
            f"the files of the database are damaged: {first}",
            hint="check the disk, then restore a backup into a new data folder",
        )
    return DatabaseError(f"the database failed: {first}", hint="see `shopkeeper doctor`")


def open_database(settings: Settings, *, migrated: bool = True) -> Database:
    """The database of these settings, started if it is the embedded one.

    migrated: bring it up to this program first; False leaves its shape as it is. Raises DatabaseError, MigrationError.
    """
    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
        _try(url, migrated=migrated, hint="check SHOPKEEPER_DATABASE_URL, and that the server runs")
        return Database(url, pool_size=settings.pool_size)
    server = EmbeddedServer(settings.data_folder)
    server.start()
    try:
        _try(server.url, migrated=migrated, hint=f"see {server.log_file}")
        return Database(server.url, pool_size=settings.pool_size, server=server)
    except BaseException:
        server.stop()
        raise


def _try(url: str, *, migrated: bool, hint: str) -> None:
    """Connect once, to say in plain words what is wrong, and migrate if asked to."""
    try:
        if migrated:
            for migration in migrate(url):
                log.info("applied migration=%04d name=%s", migration.number, migration.name)
        else:
            psycopg.connect(url).close()
    except psycopg.OperationalError as error:
        raise DatabaseError(
            f"no database at {place_of(url)}: {explained(error).message}", hint=hint
        ) from error
    except psycopg.ProgrammingError:  # its text would show the password
        raise DatabaseError(
            "SHOPKEEPER_DATABASE_URL is not the URL of a database",
            hint="write it as postgresql://user:password@host:port/name",
        ) from None


def place_of(url: str) -> str:
    """Host and name of the database at a URL, without user and password."""
    where: dict[str, Any] = psycopg.conninfo.conninfo_to_dict(url)
    return f"{where.get('host', 'localhost')} named {where.get('dbname', where.get('user', '?'))}"
