"""Migrations: each once and whole, in order, and never on a database that is newer."""

import threading

import psycopg
import pytest

from shopkeeper.errors import MigrationError
from shopkeeper.shop import migrate as module
from shopkeeper.shop.migrate import Migration, applied, known, migrate

FIRST = Migration(1, "first", "create table thing (id integer)")
SECOND = Migration(
    2, "second", "alter table thing add column name text; insert into thing values (1, 'a')"
)
BROKEN = Migration(
    3, "broken", "create table other (id integer); alter table nothing add column x text"
)


def tables(url: str) -> set[str]:
    with psycopg.connect(url) as conn:
        rows = conn.execute(
            "select tablename from pg_tables where schemaname = 'public'"
        ).fetchall()
    return {row[0] for row in rows}


def numbers(url: str) -> list[int]:
    with psycopg.connect(url) as conn:
        return list(applied(conn))


def test_they_are_numbered_without_gaps_and_named() -> None:
    assert [m.number for m in known()] == list(range(1, len(known()) + 1))
    assert all(m.name and m.text.strip() for m in known())


def test_each_is_applied_once(empty_database_url: str) -> None:
    assert migrate(empty_database_url) == list(known())
    assert migrate(empty_database_url) == []
    assert numbers(empty_database_url) == [m.number for m in known()]


def test_an_older_database_gets_what_it_lacks_and_keeps_what_it_has(
    empty_database_url: str,
) -> None:
    migrate(empty_database_url, [FIRST])
    with psycopg.connect(empty_database_url) as conn:
        conn.execute("insert into thing values (7)")
    assert migrate(empty_database_url, [FIRST, SECOND]) == [SECOND]
    with psycopg.connect(empty_database_url) as conn:
        assert conn.execute("select * from thing order by id").fetchall() == [(1, "a"), (7, None)]


def test_one_that_fails_leaves_nothing_of_itself_and_all_before_it(empty_database_url: str) -> None:
    with pytest.raises(MigrationError, match=r'0003_broken did not apply.*"nothing"') as caught:
        migrate(empty_database_url, [FIRST, SECOND, BROKEN])
    assert "nothing of the migration was kept" in caught.value.hint
    assert tables(empty_database_url) == {"migrations", "thing"}
    assert numbers(empty_database_url) == [1, 2]


def test_a_newer_database_is_refused_and_left_alone(empty_database_url: str) -> None:
    migrate(empty_database_url, [FIRST, SECOND])
    with pytest.raises(MigrationError, match="at migration 2, this program knows 1") as caught:
        migrate(empty_database_url, [FIRST])
    assert "install the newer shopkeeper" in caught.value.hint


def test_a_migration_whose_text_was_changed_is_refused(empty_database_url: str) -> None:
    migrate(empty_database_url, [FIRST])
    with pytest.raises(MigrationError, match="0001_first with another text"):
        migrate(empty_database_url, [Migration(1, "first", "create table another ()")])


def test_a_missing_extension_is_said_so_with_what_to_do(empty_database_url: str) -> None:
    lacking = Migration(1, "vectors", "create extension no_such_extension")
    with pytest.raises(MigrationError, match="no_such_extension") as caught:
        migrate(empty_database_url, [lacking])
    assert "install pgvector" in caught.value.hint


def test_a_server_that_is_too_old_is_said_so(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MIN_SERVER", 990_000)
    with pytest.raises(MigrationError, match="PostgreSQL 18 is too old"):
        migrate(empty_database_url)


def test_programs_that_migrate_at_once_wait_for_each_other(empty_database_url: str) -> None:
    done: list[list[Migration]] = []
    threads = [
        threading.Thread(target=lambda: done.append(migrate(empty_database_url))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(len, done)) == [0, 0, 0, len(known())]
