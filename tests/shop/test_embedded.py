"""The embedded server: shared by programs, found again after crashes, and clear about what stops it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from shopkeeper.errors import DatabaseError, FolderInUse
from shopkeeper.settings import Settings, load_settings
from shopkeeper.shop import postgres_programs
from shopkeeper.shop.database import Database, open_database
from shopkeeper.shop.embedded import EmbeddedServer
from shopkeeper.shop.folder import is_held, serve_lock, served_by

ENDLESS = "select count(*) from generate_series(1, 100000) a, generate_series(1, 100000) b"
A_MEGABYTE = (
    "insert into pages (id, kind, slug, title, body, hash) "
    "select %s || n, 'faq', '', '', string_agg(md5(n::text || m), ''), '' "
    "from generate_series(1, 100) n, generate_series(1, 320) m group by n"
)
RUNNING = "select count(*) from pg_stat_activity where query like '%generate_series(1, 1%' and state = 'active' and pid <> pg_backend_pid()"


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    database = open_database(settings)
    try:
        yield database
    finally:
        database.close()


def one(database: Database) -> int:
    with database.connection() as conn:
        row = conn.execute("select 1").fetchone()
    assert row is not None
    return int(row[0])


def ask(server: EmbeddedServer, query: LiteralString) -> object:
    with psycopg.connect(server.url, dbname="postgres") as conn:
        row = conn.execute(query).fetchone()
    assert row is not None
    return row[0]


def kill_server(folder: Path) -> None:
    pid = postgres_programs.postmaster(folder / "postgres")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def test_the_last_program_to_leave_stops_the_server(folder: Path) -> None:
    first, second = EmbeddedServer(folder), EmbeddedServer(folder)
    first.start()
    second.start()
    first.stop()
    assert ask(second, "select 1") == 1
    second.stop()
    assert postgres_programs.processes(folder / "postgres") == []
    assert not (folder / "postgres" / "postmaster.pid").exists()


def test_a_program_that_was_killed_does_not_keep_the_server_running(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from shopkeeper.shop.embedded import EmbeddedServer; "
        f"EmbeddedServer(Path({str(folder)!r})).start(); print('started', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"started\n"
        program.kill()
    server = EmbeddedServer(folder)
    server.start()
    server.stop()
    assert postgres_programs.processes(folder / "postgres") == []


def test_two_programs_that_start_at_once_share_one_server(folder: Path) -> None:
    servers = [EmbeddedServer(folder) for _ in range(4)]
    threads = [threading.Thread(target=s.start) for s in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({ask(server, "select pg_postmaster_start_time()") for server in servers}) == 1
    for server in servers:
        server.stop()


def test_a_server_that_is_killed_is_back_at_the_next_question(shop_settings: Settings) -> None:
    with opened(shop_settings) as database:
        assert one(database) == 1
        kill_server(shop_settings.data_folder)
        while postgres_programs.processes(shop_settings.data_folder / "postgres"):
            time.sleep(0.01)
        assert one(database) == 1


def test_a_transaction_that_loses_its_server_fails_plainly_and_the_next_one_works(
    shop_settings: Settings,
) -> None:
    with opened(shop_settings) as database:
        with pytest.raises(DatabaseError, match="the database failed"), database.connection() as c:
            c.execute("select 1")
            kill_server(shop_settings.data_folder)
            c.execute("select pg_sleep(10)")
        assert one(database) == 1


def test_a_query_that_outlives_its_server_does_not_hinder_the_next_start(folder: Path) -> None:
    server = EmbeddedServer(folder)
    server.start()
    busy = psycopg.connect(server.url, dbname="postgres")
    endless = threading.Thread(target=run_until_killed, args=(busy,))
    endless.start()
    while ask(server, RUNNING) == 0:
        time.sleep(0.01)
    kill_server(folder)
    server.start()
    server.stop()
    endless.join()
    busy.close()


def run_until_killed(conn: psycopg.Connection[tuple[object, ...]]) -> None:
    with pytest.raises(psycopg.OperationalError):
        conn.execute(ENDLESS)


def test_a_pid_file_that_names_another_program_is_not_believed(folder: Path) -> None:
    cluster = folder / "postgres"
    (cluster / "postmaster.pid").write_text(f"{os.getpid()}\n{cluster}\n")
    server = EmbeddedServer(folder)
    server.start()
    server.stop()


def test_a_first_start_that_was_cut_short_is_begun_anew(bare_folder: Path) -> None:
    (bare_folder / "postgres.new").mkdir()
    (bare_folder / "postgres.new" / "half").write_text("a cluster")
    server = EmbeddedServer(bare_folder)
    server.start()
    server.stop()
    assert server.exists
    assert not (bare_folder / "postgres.new").exists()


def test_a_path_too_long_for_a_socket_gets_its_socket_elsewhere(folder: Path) -> None:
    deep = folder.parent / ("x" * 80) / folder.name
    deep.parent.mkdir(exist_ok=True)
    folder.rename(deep)
    server = EmbeddedServer(deep)
    server.start()
    assert ask(server, "select 1") == 1
    server.stop()
    deep.rename(folder)
    deep.parent.rmdir()


def test_a_damaged_cluster_is_said_so_and_left_as_it_is(folder: Path) -> None:
    control = folder / "postgres" / "global" / "pg_control"
    control.write_bytes(control.read_bytes()[:100])
    with pytest.raises(
        DatabaseError, match=r"the embedded database did not start.*pg_control"
    ) as it:
        EmbeddedServer(folder).start()
    assert "postgres.log" in it.value.hint
    assert control.stat().st_size == 100


def test_a_damaged_table_is_said_so(shop_settings: Settings) -> None:
    with opened(shop_settings) as database, database.connection() as conn:
        conn.execute("create table damaged as select generate_series(1, 1000)")
        row = conn.execute("select pg_relation_filepath('damaged')").fetchone()
    assert row is not None
    path = shop_settings.data_folder / "postgres" / row[0]
    path.write_bytes(b"x" * path.stat().st_size)
    with opened(shop_settings) as database:
        with (
            pytest.raises(DatabaseError, match="files of the database are damaged") as caught,
            database.connection() as conn,
        ):
            conn.execute("select count(*) from damaged")
        assert "restore a backup" in caught.value.hint
        assert one(database) == 1


def test_a_folder_that_cannot_be_made_or_written_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseError, match="cannot be made: Not a directory") as caught:
        open_database(load_settings(data_folder=tmp_path / "file" / "shop"))
    assert "--data-folder" in caught.value.hint


def test_a_read_only_folder_is_said_so_and_works_again_when_it_is_not(small_disk: Path) -> None:
    disk = str(small_disk.parent)
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    settings = load_settings(data_folder=small_disk)
    with pytest.raises(DatabaseError, match="cannot be written: Read-only file system"):
        open_database(settings)
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    with opened(settings) as database:
        assert one(database) == 1


def test_a_full_disk_is_said_so_damages_nothing_and_heals_when_there_is_room(
    small_disk: Path,
) -> None:
    (small_disk / "ballast").write_bytes(b"x" * 40 * 10**6)
    with opened(load_settings(data_folder=small_disk)) as database:
        kept = 0
        with pytest.raises(DatabaseError, match=r"disk of .* is full") as caught:
            while True:
                with database.connection() as conn:
                    conn.execute(A_MEGABYTE, [f"{kept}-"])
                kept += 1
        assert "free some space" in caught.value.hint
        fill(small_disk / "more")  # now not even the write-ahead log has room, and the server stops
        with pytest.raises(DatabaseError), database.connection() as conn:
            for _ in range(60):
                conn.execute("select pg_logical_emit_message(true, '', repeat('x', 1000000))")
        (small_disk / "ballast").unlink()
        with database.connection() as conn:
            row = conn.execute("select count(*) from pages").fetchone()
        assert row == (100 * kept,)


def fill(path: Path) -> None:
    with path.open("wb") as file:
        try:
            while True:
                file.write(b"x" * 65536)
                file.flush()
        except OSError:
            return


def test_a_second_server_of_a_shop_is_told_who_has_it(tmp_path: Path) -> None:
    with serve_lock(tmp_path, "http://127.0.0.1:8000"):
        assert is_held(tmp_path / "serve.lock")
        holder = served_by(tmp_path)
        assert holder is not None and holder.pid == os.getpid()
        with pytest.raises(FolderInUse, match=f"process {os.getpid()} at http://127.0.0.1:8000"):
            serve_lock(tmp_path).__enter__()
    assert served_by(tmp_path) is None
    with serve_lock(tmp_path):
        pass
