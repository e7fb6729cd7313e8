"""Taking a file in: progress, stopping, a kill in the middle, two at once, and what the report says."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from shopkeeper.errors import FeedError
from shopkeeper.shop import feeds, orders, products
from shopkeeper.shop.database import Database
from shopkeeper.shop.feeds import Progress, imports
from tests.shop.feeds.cases import SAMPLES

ROWS = 8_000
BAD = ROWS // 1_000


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """Eight batches of products, a bad one in each thousand."""
    path = tmp_path / "catalogue.csv"
    rows = (
        f"A-{i},Mug {i},{'free' if i % 1000 == 7 else f'{i % 90}.50'},Brand {i % 9}"
        for i in range(ROWS)
    )
    path.write_text("sku,name,price,brand\n" + "\n".join(rows) + "\n")
    return path


def test_progress_tells_rate_and_what_is_left(catalogue: Path, db: Database) -> None:
    told: list[Progress] = []
    report = feeds.run_import(db, catalogue, kind="products", on_progress=told.append)
    assert (report.created, report.quarantined, report.state) == (ROWS - BAD, BAD, "done")
    assert [p.done for p in told] == sorted(p.done for p in told) and told[-1].done == ROWS
    middle = told[len(told) // 2]
    assert middle.rate > 0 and middle.eta_s is not None and 0.3 < middle.fraction < 0.8
    assert middle.total is not None and abs(middle.total - ROWS) < ROWS / 10


def test_a_stopped_import_goes_on_where_it_was(catalogue: Path, db: Database) -> None:
    batches = iter([False, False, True])
    first = feeds.run_import(db, catalogue, kind="products", stop=lambda: next(batches))
    assert (first.state, first.created + first.quarantined) == ("interrupted", 3_000)
    told: list[Progress] = []
    second = feeds.run_import(db, catalogue, kind="products", on_progress=told.append)
    assert (second.import_id, second.created, second.quarantined) == (
        first.import_id,
        ROWS - BAD,
        BAD,
    )
    assert (told[0].message, told[0].done) == ("going on", 3_000)


def test_an_import_can_be_begun_anew(catalogue: Path, db: Database) -> None:
    feeds.run_import(db, catalogue, kind="products", stop=lambda: True)
    again = feeds.run_import(db, catalogue, kind="products", resume=False)
    assert (again.created, again.unchanged) == (ROWS - 1_000 - BAD + 1, 1_000 - 1)


def test_a_killed_import_loses_nothing_and_doubles_nothing(catalogue: Path, db: Database) -> None:
    killed = 0
    for wanted in (2_000, 5_000):
        killed += kill_when(db, catalogue, wanted)
    report = feeds.run_import(db, catalogue, kind="products")
    assert killed == 2
    assert (report.created, report.updated, report.quarantined) == (ROWS - BAD, 0, BAD)
    with db.connection() as conn:
        assert products.count(conn) == ROWS - BAD
        bad = imports.bad_rows(conn, report.import_id)
    assert [b.line for b in bad] == [i * 1000 + 9 for i in range(BAD)]


def kill_when(db: Database, path: Path, wanted: int) -> bool:
    """Import in another process, and end it by `kill -9` once so many rows are in. True if it was still at work."""
    code = (
        "import sys, pathlib; from shopkeeper.shop import feeds; from shopkeeper.shop.database import Database\n"
        "feeds.run_import(Database(sys.argv[1]), pathlib.Path(sys.argv[2]), kind='products')"
    )
    with subprocess.Popen([sys.executable, "-c", code, db.url, str(path)]) as child:
        while child.poll() is None and position(db) < wanted:
            time.sleep(0.005)
        os.kill(child.pid, signal.SIGKILL)
    return child.returncode == -signal.SIGKILL


def position(db: Database) -> int:
    with db.connection() as conn:
        found = imports.list_imports(conn, limit=1)
    return found[0].position if found else 0


def test_one_file_is_not_imported_by_two_at_once(catalogue: Path, db: Database) -> None:
    def also(progress: Progress) -> None:
        with pytest.raises(FeedError, match="is being imported by another program"):
            feeds.run_import(db, catalogue, kind="products")

    report = feeds.run_import(db, catalogue, kind="products", on_progress=also, stop=lambda: True)
    assert report.created == 999


def test_what_else_the_file_holds_comes_along_or_is_told(db: Database) -> None:
    dummyjson = feeds.run_import(db, SAMPLES / "dummyjson.json", kind="products")
    assert [(r.kind, r.created) for r in dummyjson.also] == [("reviews", 18)]
    tau = feeds.run_import(db, SAMPLES / "tau.json", kind="products")
    assert tau.also == () and tau.holds == ("customers", "orders")


def test_a_file_that_ends_in_an_error_keeps_what_came_before(tmp_path: Path, db: Database) -> None:
    path = tmp_path / "cut.json"
    path.write_bytes((SAMPLES / "dummyjson.json").read_bytes()[:-900])
    with pytest.raises(FeedError, match="ends in the middle"):
        feeds.run_import(db, path, kind="products")
    with db.connection() as conn:
        (found,) = imports.list_imports(conn)
        assert (found.state, found.created) == ("failed", 5) and "ends in the middle" in found.error


def test_lines_of_one_order_far_apart_make_one_order(db: Database) -> None:
    feeds.run_import(db, SAMPLES / "orders.csv", kind="orders")
    with db.connection() as conn:
        order = orders.get(conn, "1002")
    assert [line.product_id for line in order.lines] == ["B-101", "B-102"]
    assert str(order.lines[1].total.amount) == "1179.99"


def test_a_mended_line_completes_its_order(tmp_path: Path, db: Database) -> None:
    path, bad = tmp_path / "orders.csv", tmp_path / "bad.csv"
    path.write_text((SAMPLES / "orders.csv").read_text().replace("17.00", "lots"))
    report = feeds.run_import(db, path, kind="orders")
    with db.connection() as conn, bad.open("wb") as out:
        imports.write_quarantine(conn, report.import_id, out)
    bad.write_text(bad.read_text().replace("lots", "17.00"))
    feeds.run_import(db, bad, kind="orders")
    with db.connection() as conn:
        order = orders.get(conn, "1001")
    assert [(x.product_id, str(x.total.amount)) for x in order.lines] == [
        ("B-100", "34.90"),
        ("B-103", "17.00"),
    ]


def test_the_database_refusing_one_record_keeps_the_others(tmp_path: Path, db: Database) -> None:
    with db.connection() as conn:
        conn.execute(
            "alter table products add constraint no_seven check (title <> 'Mug 7') not valid"
        )
    try:
        path = tmp_path / "f.csv"
        path.write_text("sku,name\n" + "".join(f"A-{i},Mug {i}\n" for i in range(20)))
        report = feeds.run_import(db, path, kind="products")
        with db.connection() as conn:
            (bad,) = imports.bad_rows(conn, report.import_id)
    finally:
        with db.connection() as conn:
            conn.execute("alter table products drop constraint no_seven")
    assert (report.created, report.quarantined) == (
        19,
        1,
    ) and "the database refuses it" in bad.reason
