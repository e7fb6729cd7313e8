"""`shopkeeper import` and `shopkeeper export` as a person at the terminal meets them."""

import csv
import json
from pathlib import Path

from tests.cli.conftest import Run
from tests.shop.feeds.cases import SAMPLES

HEAD = "sku,name,price,colour\n"
GOOD = "".join(f"G-{i},Jar {i},4.00,{'Red' if i % 2 else 'Blue'}\n" for i in range(6))


def written(folder: Path, rows: str = GOOD) -> Path:
    path = folder / "feed.csv"
    path.write_text(HEAD + rows)
    return path


def test_an_import_tells_what_became_of_the_rows(shop: Run) -> None:
    said = shop("import", "products", SAMPLES / "dummyjson.json")
    assert said.code == 0
    assert "6 products from dummyjson.json, read as DummyJSON products: 6 new" in said.out
    assert "18 reviews from dummyjson.json" in said.out
    again = shop("import", "products", SAMPLES / "dummyjson.json")
    assert "0 new, 0 changed, 6 as they were" in again.out


def test_what_else_a_file_holds_is_told_with_the_command_for_it(shop: Run) -> None:
    said = shop("import", "products", SAMPLES / "tau.json")
    assert f"shopkeeper import orders {SAMPLES / 'tau.json'}" in said.out


def test_a_dry_run_shows_columns_and_bad_rows_and_writes_nothing(shop: Run, tmp_path: Path) -> None:
    said = shop("import", "products", written(tmp_path, GOOD + "B-1,Mug,cheap,Red\n"), "--dry-run")
    assert "attribute:colour" in said.out and "G-0" in said.out
    assert "6 products would go in, 1 row would not" in said.out
    assert 'line 8: price "cheap" is not a price — write a number such as 12.50' in said.out
    assert "nothing was imported yet" in shop("import", "--report").out


def test_a_mapping_is_corrected_on_the_command_line(shop: Run, tmp_path: Path) -> None:
    shop("import", "products", written(tmp_path), "--map", "title=colour")
    out = tmp_path / "out.jsonl"
    assert "6 products written to" in shop("export", "products", "--out", out).out
    titles = [json.loads(line)["title"] for line in out.read_text().splitlines()]
    assert titles == ["Blue", "Red"] * 3


def test_bad_rows_are_listed_downloaded_mended_and_imported(shop: Run, tmp_path: Path) -> None:
    path, bad = written(tmp_path, GOOD + "B-1,Mug,cheap,Red\n"), tmp_path / "bad.csv"
    first = shop("import", "products", path)
    assert "1 bad row kept aside (import 1):" in first.out
    listed = shop("import", "--report", "1")
    assert 'line 8: price "cheap" is not a price' in listed.out
    assert "1 bad row written" in shop("import", "--report", "1", "--download-bad", bad).out
    bad.write_text(bad.read_text().replace(",cheap,", ",7.50,"))
    assert "1 products from bad.csv" in shop("import", "products", bad).out
    assert "7 products" in shop("export", "products", "--out", tmp_path / "all.jsonl").out


def test_imports_are_listed_with_their_counts(shop: Run, tmp_path: Path) -> None:
    shop("import", "products", written(tmp_path))
    line = next(x for x in shop("import", "--report").out.splitlines() if "feed.csv" in x)
    assert [cell.strip() for cell in line.split("│")[1:6]] == [
        "1",
        "products",
        "plain",
        "feed.csv",
        "done",
    ]


def test_an_export_leaves_no_half_file_behind(shop: Run, tmp_path: Path) -> None:
    shop("import", "products", written(tmp_path))
    said = shop("export", "orders", "--format", "shopify", "--out", tmp_path / "out.csv")
    assert said.code == 1 and "'orders' cannot be written as shopify" in said.err
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == ["feed.csv"]


def test_shopifys_csv_goes_to_standard_output(shop: Run, tmp_path: Path) -> None:
    shop("import", "products", written(tmp_path))
    rows = list(csv.DictReader(shop("export", "products", "--format", "shopify").out.splitlines()))
    assert [row["URL handle"] for row in rows] == [f"G-{i}" for i in range(6)]


def test_mistakes_are_told_with_what_was_meant(shop: Run, tmp_path: Path) -> None:
    path = written(tmp_path)
    for arguments, message, hint in (
        (["product", path], "no records are called 'product'", "did you mean 'products'?"),
        ([path], "name what to take in and a file", f"shopkeeper import products {path}"),
        (["products", tmp_path / "no.csv"], "is not there", "check the path"),
        (["products", path, "--map", "price"], "--map 'price' is no pair", "write --map price="),
        (["products", path, "--format", "exel"], "no format is called 'exel'", "formats: jsonl"),
        (["--report", "77"], "there is no import 77", "--report"),
    ):
        said = shop("import", *arguments)
        flat = " ".join(said.err.split())
        assert said.code == 1 and message in flat and hint in flat, said.err
