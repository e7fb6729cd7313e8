"""A look at a file: what is guessed, what a person corrects, what follows from it."""

from pathlib import Path

import pytest

from shopkeeper.errors import FeedError
from shopkeeper.shop.database import Database
from shopkeeper.shop.feeds import imports, preview, run_import
from shopkeeper.shop.feeds.previewing import Effect

TABLE = "Nr,Was,Preis,Gruppe\nA,Bowl,\"1,50\",Home > Kitchen\nB,Cup,\"2,50\",Home > Bar\nC,Jug,\"3,50\",Home\n"  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "shop.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def test_what_follows_from_a_correction_is_found_out_too(db: Database, file: Path) -> None:
    said = {"id": "Nr", "title": "Was", "price": "Preis", "category": "Gruppe"}
    found = preview(db, file, kind="products", mapping=said)
    assert found.mapping["decimal"] == "," and found.mapping["separator"] == " > "
    assert [str(p.variants[0].price.amount) for p in found.records] == ["1.50", "2.50", "3.50"]
    assert found.records[1].category == ("Home", "Bar")
    assert found.whole and not found.bad


def test_a_setting_that_is_said_holds(db: Database, file: Path) -> None:
    said = {"id": "Nr", "title": "Was", "price": "Preis", "decimal": "."}
    found = preview(db, file, kind="products", mapping=said)
    assert found.mapping["decimal"] == "."
    assert len(found.bad) == 3


def test_a_column_taken_for_a_field_is_no_attribute_besides(db: Database, file: Path) -> None:
    said = {"title": "Was", "attribute:Was": "Was", "attribute:Nr": "Nr"}
    found = preview(db, file, kind="products", mapping=said)
    assert "attribute:Was" not in found.mapping and found.mapping["attribute:Nr"] == "Nr"


def test_what_stands_in_the_way_is_told_with_the_columns(db: Database, file: Path) -> None:
    found = preview(db, file, kind="orders")
    assert "no column looks like" in found.problem
    assert found.columns == ("Nr", "Was", "Preis", "Gruppe") and not found.records


def test_a_long_file_is_looked_at_in_part(db: Database, tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("id,title\n" + "".join(f"{n},Thing {n}\n" for n in range(50)), encoding="utf-8")
    found = preview(db, path, rows=10)
    assert len(found.records) == 10 and not found.whole and found.seen == 10
    assert preview(db, path, rows=50).whole


def test_a_look_leaves_no_trace(db: Database, file: Path) -> None:
    preview(db, file)
    with db.connection() as conn:
        assert imports.list_imports(conn) == []


def test_mended_rows_are_read_as_the_import_they_come_from(
    db: Database, file: Path, tmp_path: Path
) -> None:
    file.write_text(TABLE.replace('"2,50"', "dear"), encoding="utf-8")
    report = run_import(
        db,
        file,
        kind="products",
        mapping={"id": "Nr", "title": "Was", "price": "Preis", "decimal": ","},
    )
    path = tmp_path / "mended.csv"
    with path.open("wb") as out, db.connection() as conn:
        assert imports.write_quarantine(conn, report.import_id, out) == 1
    found = preview(db, path)
    assert found.mended is not None and found.mended.id == report.import_id
    assert found.mapping["title"] == "Was" and len(found.bad) == 1


def test_reasons_are_grouped_whatever_the_values(db: Database, file: Path) -> None:
    file.write_text(TABLE.replace('"2,50"', "dear").replace('"3,50"', "cheap"), encoding="utf-8")
    report = run_import(
        db,
        file,
        kind="products",
        mapping={"id": "Nr", "title": "Was", "price": "Preis", "decimal": ","},
    )
    with db.connection() as conn:
        reasons = imports.reasons(conn, report.import_id)
    assert [(r.field, r.reason, r.rows) for r in reasons] == [("Preis", "“…” is not a price", 2)]


def test_what_products_would_lose_is_told_before_it_is_lost(
    db: Database, file: Path, tmp_path: Path
) -> None:
    said = {"id": "Nr", "title": "Was", "price": "Preis", "category": "Gruppe", "decimal": ","}
    run_import(db, file, kind="products", mapping=said)
    again = preview(db, file, kind="products", mapping=said)
    assert again.effect == Effect(created=0, updated=0, unchanged=3, lost={})
    prices = tmp_path / "prices.csv"
    prices.write_text("id,title,price\nA,Bowl,9.00\nZ,New,1.00\n", encoding="utf-8")
    assert preview(db, prices, kind="products").effect == Effect(1, 1, 0, {"category": 1})


def test_what_is_no_feed_is_refused(db: Database, tmp_path: Path) -> None:
    path = tmp_path / "empty.csv"
    path.touch()
    with pytest.raises(FeedError):
        preview(db, path)
