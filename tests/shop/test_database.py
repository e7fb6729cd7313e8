"""What is said when a database cannot be had, and that secrets are not."""

import psycopg
import pytest

from shopkeeper.errors import DatabaseError
from shopkeeper.settings import Settings, load_settings
from shopkeeper.shop import database as module
from shopkeeper.shop.database import Database, open_database


def at(url: str) -> Settings:
    return load_settings(database_url=url, pool_size=2)


def test_a_given_database_is_migrated_and_used(empty_database_url: str) -> None:
    opened = open_database(at(empty_database_url))
    with opened.connection() as conn:
        assert conn.execute("select count(*) from products").fetchone() == (0,)
        assert conn.execute("show timezone").fetchone() == ("UTC",)
    opened.close()
    assert opened.closed


def test_it_can_be_opened_without_changing_its_shape(empty_database_url: str) -> None:
    opened = open_database(at(empty_database_url), migrated=False)
    with opened.connection() as conn:
        assert conn.execute("select to_regclass('products')").fetchone() == (None,)
    opened.close()


def test_an_exception_undoes_everything_of_its_transaction(db: Database) -> None:
    with pytest.raises(RuntimeError), db.connection() as conn:
        conn.execute(
            "insert into imports (kind, format, file_name, fingerprint, state) values ('', '', '', '', 'done')"
        )
        raise RuntimeError
    with db.connection() as conn:
        assert conn.execute("select count(*) from imports").fetchone() == (0,)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://keeper:s3cret@127.0.0.1:1/shop",
        "postgresql://keeper:s3cret@nowhere.invalid/shop",
        "host=127.0.0.1 port=1 password=s3cret dbname=shop",
    ],
)
def test_a_database_that_is_not_there_is_named_without_its_password(url: str) -> None:
    with pytest.raises(DatabaseError, match=r"no database at .* named shop") as caught:
        open_database(at(url))
    assert "SHOPKEEPER_DATABASE_URL" in caught.value.hint
    assert "s3cret" not in caught.value.message


def test_what_is_no_url_is_said_so_without_showing_it() -> None:
    with pytest.raises(DatabaseError, match="not the URL of a database") as caught:
        open_database(at("mysql://keeper:s3cret@here/shop"))
    assert "s3cret" not in caught.value.message
    assert caught.value.__cause__ is None


def test_a_read_only_database_is_said_so(empty_database_url: str) -> None:
    opened = open_database(
        at(empty_database_url + "&options=-cdefault_transaction_read_only%3Doff")
    )
    with pytest.raises(DatabaseError, match="read-only") as caught, opened.connection() as conn:
        conn.execute("set transaction read only")
        conn.execute("delete from pages")
    assert "primary" in caught.value.hint
    opened.close()


def test_a_pool_that_is_used_up_is_said_so(
    server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.2)
    busy = Database(server_url, pool_size=1)
    with (
        busy.connection(),
        pytest.raises(DatabaseError, match="no connection to the database within"),
        busy.connection(),
    ):
        pass
    busy.close()


def test_connections_that_died_are_replaced_without_a_word(server_url: str) -> None:
    opened = Database(server_url, pool_size=3)
    with opened.connection() as one, opened.connection() as other:
        pids = [one.info.backend_pid, other.info.backend_pid]
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute("select pg_terminate_backend(pid, 5000) from unnest(%s::int[]) pid", [pids])
    for _ in range(3):
        with opened.connection() as conn:
            assert conn.execute("select 1").fetchone() == (1,)
    opened.close()


def test_a_statement_that_meets_a_dead_connection_is_asked_anew(server_url: str) -> None:
    opened = Database(server_url, pool_size=3)
    [(pid,)] = opened.rows("select pg_backend_pid()", {})
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute("select pg_terminate_backend(%s, 5000)", [pid])
    assert opened.rows("select %(n)s + 1", {"n": 1}) == [(2,)]
    with opened.connection() as conn:
        assert not conn.autocommit
    opened.close()
    with pytest.raises(DatabaseError):
        opened.rows("select 1", {})


def test_a_mistake_in_our_own_sql_is_not_dressed_up(database: Database) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable), database.connection() as conn:
        conn.execute("select * from nothing_of_the_kind")


def test_whoever_asks_after_the_end_is_told(server_url: str) -> None:
    closed = Database(server_url, pool_size=1)
    closed.close()
    with pytest.raises(DatabaseError), closed.connection():
        pass
