"""Bad rows: listed, written out with what is wrong beside them, mended and taken in."""

import csv
import io
from pathlib import Path

import pytest

from shopkeeper.errors import NotFound
from shopkeeper.shop import feeds
from shopkeeper.shop.database import Database
from shopkeeper.shop.feeds import imports
from tests.shop.feeds.cases import SAMPLES

GOOD = "".join(f"G-{i},Jar {i},4.00,Red\n" for i in range(6))
HEAD = "sku,name,price,colour\n"
ROWS = "A-1,Mug,4.00,Red\nA-2,Cup,cheap,Blue\nA-3,Pot\nA-4,Pan,=1+1,Red\nA-5,Lid,5.00,Red,Blue\n"


@pytest.fixture
def bad(tmp_path: Path, db: Database) -> tuple[int, bytes]:
    """An import's id, and its bad rows as they are downloaded."""
    path = tmp_path / "feed.csv"
    path.write_text(HEAD + ROWS + GOOD)
    report = feeds.run_import(db, path, kind="products")
    out = io.BytesIO()
    with db.connection() as conn:
        imports.write_quarantine(conn, report.import_id, out)
    return report.import_id, out.getvalue()


def rows_of(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def test_each_row_stands_with_line_field_and_reason_behind_its_own_cells(
    bad: tuple[int, bytes],
) -> None:
    rows = rows_of(bad[1])
    assert [(r["_line"], r["_field"]) for r in rows] == [
        ("3", "price"),
        ("4", "price"),
        ("5", "price"),
        ("6", ""),
    ]
    assert rows[0]["name"] == "Cup" and rows[0]["_import"] == str(bad[0])
    assert rows[0]["_reason"] == '"cheap" is not a price (write a number such as 12.50)'


def test_formulas_are_written_so_that_no_spreadsheet_runs_them(bad: tuple[int, bytes]) -> None:
    assert rows_of(bad[1])[2]["price"] == "'=1+1"


def test_a_row_that_is_no_row_keeps_its_text_beside_empty_columns(bad: tuple[int, bytes]) -> None:
    row = rows_of(bad[1])[3]
    assert row["_text"] == "A-5,Lid,5.00,Red,Blue" and row["sku"] == ""
    assert set(HEAD.strip().split(",")) < set(row)


def test_mended_rows_go_in_by_the_mapping_of_the_first_import(
    bad: tuple[int, bytes], tmp_path: Path, db: Database
) -> None:
    rows = rows_of(bad[1])
    for row, price in zip(rows, ("6.00", "7.00", "8.00", "5.00"), strict=True):
        row["price"] = price
    rows[3] |= {"sku": "A-5", "name": "Lid", "colour": "Red"}
    path = tmp_path / "mended.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    report = feeds.run_import(db, path, kind="products")
    assert (report.created, report.quarantined) == (4, 0)
    assert report.mapping["price"] == "price"


def test_an_unread_line_of_json_is_mended_in_its_text(tmp_path: Path, db: Database) -> None:
    path, bad = tmp_path / "feed.jsonl", tmp_path / "bad.jsonl"
    path.write_text((SAMPLES / "products.jsonl").read_text().replace('"Pen Tray",', '"Pen Tray" '))
    report = feeds.run_import(db, path, kind="products")
    with db.connection() as conn, bad.open("wb") as out:
        imports.write_quarantine(conn, report.import_id, out)
    cells = rows_of(bad.read_bytes())[0]
    assert cells["_text"].startswith('{"sku":"J-2"') and "is not JSON" in cells["_reason"]


def test_bad_rows_come_in_pages_in_the_order_of_the_file(
    bad: tuple[int, bytes], db: Database
) -> None:
    with db.connection() as conn:
        first = imports.bad_rows(conn, bad[0], limit=2)
        rest = imports.bad_rows(conn, bad[0], limit=10, offset=2)
    assert [b.line for b in (*first, *rest)] == [3, 4, 5, 6]


def test_an_import_that_is_not_there_is_told(db: Database) -> None:
    with db.connection() as conn, pytest.raises(NotFound, match="no import 99"):
        imports.get_import(conn, 99)


def test_the_file_of_bad_rows_is_named_by_what_is_in_it(tmp_path: Path, db: Database) -> None:
    names = []
    for name in ("products.csv", "google.xml", "google.tsv", "ubi.ndjson", "pages.md"):
        path = tmp_path / name
        path.write_bytes((SAMPLES / name).read_bytes())
        report = feeds.run_import(db, path, kind=feeds.detect(path).kind)
        with db.connection() as conn:
            names.append(imports.bad_rows_name(imports.get_import(conn, report.import_id)))
    assert [n.partition("-bad-")[0] for n in names] == [
        "products",
        "google",
        "google",
        "ubi",
        "pages",
    ]
    assert [Path(n).suffix for n in names] == [".csv", ".xml", ".csv", ".jsonl", ".md"]
