"""Backups: one consistent moment, equal after restoring, and nothing at all from a file that is not whole."""

import json
import subprocess
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest

from benchmarks.crash import ORDERS, PRODUCTS, write_batch
from shopkeeper.errors import ArtifactError, DatabaseError, FolderInUse, MigrationError
from shopkeeper.face import Shop
from shopkeeper.settings import Settings, load_settings
from shopkeeper.shop import backup, migrate
from shopkeeper.shop.backup_file import MANIFEST, Meter
from shopkeeper.shop.database import Database, open_database
from shopkeeper.shop.folder import serve_lock
from shopkeeper.shop.migrate import known

BATCHES = 5


@pytest.fixture
def filled(db: Database) -> Database:
    """A shop with something in every table that has rows of its own."""
    with db.connection() as conn:
        for batch in range(BATCHES):
            write_batch(conn, 1, batch)
        conn.execute(
            "insert into job_progress (kind, title, state, queue_id) values ('k', 't', 'waiting', 7)"
        )
        conn.execute(
            "insert into imports (kind, format, file_name, fingerprint, state) "
            "select '', '', E'tab\\there, new\\nline, back\\\\slash, 颜色', '', 'done' from generate_series(1, 3)"
        )
        conn.execute("delete from imports where id = 3")
        conn.execute("insert into quarantine values (1, 1, 2, 'price', 'no number', '', E'\\\\N')")
    return db


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "shop.backup"


@pytest.fixture
def elsewhere(empty_database_url: str) -> Iterator[Database]:
    """An empty database to restore into."""
    opened = open_database(load_settings(database_url=empty_database_url), migrated=False)
    yield opened
    opened.close()


def rows(database: Database, query: LiteralString) -> list[tuple[Any, ...]]:
    with database.connection() as conn:
        return conn.execute(query).fetchall()


def contents(database: Database) -> dict[str, str]:
    """Table -> hash over all its rows."""
    found = {}
    with database.connection() as conn:
        for table in sorted(backup.table_names(known()) - backup.LEFT_OUT):
            query = f"select md5(coalesce(string_agg(t::text, E'\\n' order by t::text), '')) from {table} t"
            row = conn.execute(query).fetchone()
            assert row is not None
            found[table] = row[0]
    return found


def test_the_tables_of_a_backup_are_all_tables_there_are(db: Database) -> None:
    there = rows(
        db,
        "select tablename from pg_tables where schemaname = 'public' and tablename not like 'procrastinate%'",
    )
    assert {row[0] for row in there} - {"migrations"} == backup.table_names(known())


def test_what_was_in_the_shop_is_in_the_restored_one(
    filled: Database, elsewhere: Database, file: Path
) -> None:
    made = backup.save(filled, file)
    assert backup.verify(file) == made
    assert backup.restore(elsewhere, file) == made
    ours, theirs = contents(filled), contents(elsewhere)
    assert ours.pop("job_progress") != theirs.pop(
        "job_progress"
    )  # its place in a queue that is not there
    assert ours == theirs
    assert made.rows == sum(t.rows for t in made.tables) > 100


def test_numbers_are_given_on_from_where_they_were(
    filled: Database, elsewhere: Database, file: Path
) -> None:
    backup.save(filled, file)
    backup.restore(elsewhere, file)
    insert: LiteralString = "insert into imports (kind, format, file_name, fingerprint, state) values ('', '', '', '', 'done') returning id"
    assert rows(elsewhere, insert) == rows(filled, insert) == [(4,)]


def test_whoever_follows_the_outbox_sees_every_restored_product(
    filled: Database, elsewhere: Database, file: Path
) -> None:
    backup.save(filled, file)
    backup.restore(elsewhere, file)
    assert rows(elsewhere, "select product_id from product_changes order by 1") == rows(
        filled, "select id from products order by 1"
    )


def test_a_backup_while_others_write_is_one_moment(
    filled: Database, elsewhere: Database, file: Path
) -> None:
    enough, begun = threading.Event(), threading.Event()

    def go_on_writing() -> None:
        batch = BATCHES
        while not enough.is_set():
            with filled.connection() as conn:
                write_batch(conn, 1, batch)
            begun.set()
            batch += 1

    writer = threading.Thread(target=go_on_writing)
    writer.start()
    begun.wait(30)
    backup.save(filled, file, on_progress=lambda *_: another_batch(begun))
    enough.set()
    writer.join()
    backup.restore(elsewhere, file)
    [(orders,)] = rows(elsewhere, "select count(*) from orders")
    [(products,)] = rows(elsewhere, "select count(*) from products")
    batches = orders // ORDERS
    assert (orders, products) == (batches * ORDERS, batches * PRODUCTS)  # no batch is there in part
    assert batches > BATCHES
    upto: LiteralString = "select md5(string_agg(t::text, '' order by t.id)) from {} t where split_part(id, '-', 2)::int < {}"
    for table in ("orders", "products", "variants", "events"):
        query: Any = upto.format(table, batches)
        assert rows(filled, query) == rows(elsewhere, query)


def another_batch(written: threading.Event) -> None:
    written.clear()
    assert written.wait(30)


def test_a_shop_that_is_not_empty_is_not_restored_into(filled: Database, file: Path) -> None:
    backup.save(filled, file)
    before = contents(filled)
    with pytest.raises(DatabaseError, match="not empty, it has events") as caught:
        backup.restore(filled, file)
    assert "another data folder" in caught.value.hint
    assert contents(filled) == before


def test_an_older_backup_is_migrated(
    elsewhere: Database, file: Path, monkeypatch: pytest.MonkeyPatch, filled: Database
) -> None:
    """A backup of this program, read by the next one, whose migration changes what is there."""
    backup.save(filled, file)
    following = migrate.Migration(
        known()[-1].number + 1,
        "later",
        "alter table pages add column later text; update orders set status = 'old'",
    )
    monkeypatch.setattr(migrate, "known", lambda: (*known(), following))
    backup.restore(elsewhere, file)
    assert rows(elsewhere, "select distinct status from orders") == [("old",)]
    assert rows(elsewhere, "select later from pages") == []
    assert rows(elsewhere, "select max(number) from migrations") == [(following.number,)]


def test_a_backup_into_a_shop_that_was_opened_before(
    filled: Database, elsewhere: Database, file: Path
) -> None:
    backup.save(filled, file)
    migrate.migrate(elsewhere.url)
    backup.restore(elsewhere, file)
    assert contents(elsewhere)["orders"] == contents(filled)["orders"]


def test_an_older_database_is_backed_up_as_it_is(elsewhere: Database, file: Path) -> None:
    migrate.migrate(elsewhere.url, known()[:2])
    made = backup.save(elsewhere, file)
    assert sorted(made.migrations) == [1, 2]
    assert "artifacts" not in {table.name for table in made.tables}


def test_a_newer_backup_is_refused(
    filled: Database, elsewhere: Database, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup.save(filled, file)
    older = known()[:-1]
    monkeypatch.setattr(migrate, "known", lambda: older)
    with pytest.raises(MigrationError, match="the backup is at migration"):
        backup.restore(elsewhere, file)
    assert rows(elsewhere, "select count(*) from pg_tables where schemaname = 'public'") == [(0,)]


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-500])


def flip_a_byte(file: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        longest = max(archive.infolist(), key=lambda member: member.compress_size)
    data = bytearray(file.read_bytes())
    header = 30 + len(longest.filename) + 20  # of which 20 say that it may be longer than 4 GB
    data[longest.header_offset + header + longest.compress_size // 2] ^= 255
    file.write_bytes(data)


def take_a_row_away(file: Path) -> None:
    rewrite(file, {"tables/orders.tsv": lambda data: data[data.index(b"\n") + 1 :]})


def take_a_table_away(file: Path) -> None:
    rewrite(file, {"tables/orders.tsv": lambda _: None})


def take_the_manifest_away(file: Path) -> None:
    rewrite(file, {MANIFEST: lambda _: None})


def claim_another_version(file: Path) -> None:
    rewrite(file, {MANIFEST: lambda data: json.dumps(json.loads(data) | {"version": 99}).encode()})


def rewrite(file: Path, changes: dict[str, Callable[[bytes], bytes | None]]) -> None:
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            changed = changes.get(name, bytes)(data)
            if changed is not None:
                archive.writestr(name, changed)


@pytest.mark.parametrize(
    "harm",
    [cut, flip_a_byte, take_a_row_away, take_a_table_away, take_the_manifest_away, claim_another_version,
     lambda file: file.write_bytes(b""), lambda file: file.write_text("id,title\n"), Path.unlink],
)  # fmt: skip
def test_a_file_that_is_not_whole_is_refused_and_nothing_restored(
    filled: Database, elsewhere: Database, file: Path, harm: Callable[[Path], None]
) -> None:
    backup.save(filled, file)
    harm(file)
    with pytest.raises(ArtifactError, match=r"shop\.backup"):
        backup.restore(elsewhere, file)
    assert rows(elsewhere, "select count(*) from pg_tables where schemaname = 'public'") == [(0,)]


def test_a_restore_that_fails_half_way_leaves_the_empty_shop(
    filled: Database, elsewhere: Database, file: Path
) -> None:
    backup.save(filled, file)

    def stop_at_orders(table: str, done: int, total: int) -> None:
        if table == "orders":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backup.restore(elsewhere, file, on_progress=stop_at_orders)
    assert rows(elsewhere, "select count(*) from pg_tables where schemaname = 'public'") == [(0,)]


def test_a_full_disk_leaves_no_half_backup(filled: Database, tiny_disk: Path) -> None:
    file = tiny_disk / "shop.backup"
    with filled.connection() as conn:
        conn.execute(
            "insert into pages (id, kind, slug, title, body, hash) "
            "select n::text, 'faq', '', '', string_agg(md5(n::text || m), ''), '' "
            "from generate_series(1, 100) n, generate_series(1, 1000) m group by n"
        )
    with pytest.raises(ArtifactError, match="cannot be written: No space left") as caught:
        backup.save(filled, file)
    assert "has room" in caught.value.hint
    assert list(tiny_disk.iterdir()) == []


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    disk = tmp_path / "tiny"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True
    ).returncode:
        pytest.skip("only root may mount a small disk to fill")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def test_a_failed_backup_leaves_the_one_before(filled: Database, file: Path) -> None:
    backup.save(filled, file)
    before = file.read_bytes()

    def fail(table: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backup.save(filled, file, on_progress=fail)
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]
    backup.save(filled, file)


def test_another_file_is_not_replaced_by_a_slip(filled: Database, tmp_path: Path) -> None:
    catalogue = tmp_path / "catalogue.csv"
    catalogue.write_text("id,title\n")
    with pytest.raises(ArtifactError, match="exists and is no backup"):
        backup.save(filled, catalogue)
    assert catalogue.read_text() == "id,title\n"


def test_a_folder_that_is_not_there_is_said_so(filled: Database, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="cannot be written: No such file"):
        backup.save(filled, tmp_path / "nowhere" / "shop.backup")


def test_only_its_owner_may_read_a_backup(filled: Database, file: Path) -> None:
    backup.save(filled, file)
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_shop_moves_from_one_folder_to_another(
    shop_settings: Settings, file: Path, bare_folder: Path
) -> None:
    with Shop.open(settings=shop_settings) as shop:
        with shop.database.connection() as conn:
            write_batch(conn, 1, 0)
        shop.backup(file)
        before = contents(shop.database)
    Shop.restore(file, bare_folder)
    with Shop.open(bare_folder) as shop:
        assert contents(shop.database) == before
        assert shop.find("thing").total == PRODUCTS


def test_a_shop_that_is_being_served_is_not_restored_into(
    filled: Database, file: Path, tmp_path: Path
) -> None:
    backup.save(filled, file)
    with serve_lock(tmp_path / "served"), pytest.raises(FolderInUse):
        Shop.restore(file, tmp_path / "served")


def test_a_damaged_backup_makes_no_folder(tmp_path: Path, file: Path) -> None:
    file.write_text("nothing")
    with pytest.raises(ArtifactError):
        Shop.restore(file, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_database_without_a_shop_has_nothing_to_back_up(elsewhere: Database, file: Path) -> None:
    with pytest.raises(DatabaseError, match="no shop in this database"):
        backup.save(elsewhere, file)
    assert not file.exists()


def test_a_value_that_does_not_fit_restores_nothing(
    filled: Database, elsewhere: Database, file: Path
) -> None:
    """A file that its own manifest agrees with, but the database does not."""
    backup.save(filled, file)
    with zipfile.ZipFile(file) as archive:
        told = json.loads(archive.read(MANIFEST))
        orders = archive.read("tables/orders.tsv").replace(b"2026-01-01", b"2026-99-01")
    meter = Meter()
    meter.add(orders)
    told["tables"] = [
        t | {"sha256": meter.sha256} if t["name"] == "orders" else t for t in told["tables"]
    ]
    rewrite(
        file, {"tables/orders.tsv": lambda _: orders, MANIFEST: lambda _: json.dumps(told).encode()}
    )
    with pytest.raises(ArtifactError, match="date/time field value out of range"):
        backup.restore(elsewhere, file)
    with psycopg.connect(elsewhere.url) as conn:
        assert conn.execute("select to_regclass('orders')").fetchone() == (None,)
