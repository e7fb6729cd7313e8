"""Files in the encodings that shops export in, told by their bytes."""

import codecs
from pathlib import Path
from typing import Any

import pytest

from shopkeeper.shop import feeds
from shopkeeper.shop.database import Database
from shopkeeper.shop.feeds import BadRow
from tests.shop.feeds.cases import SAMPLES

CHINESE = (SAMPLES / "products-zh.csv").read_text(encoding="utf-8")
ACCENTS = (
    "sku,name,price\nC-1,Crème brûlée Förmchen für Gäste,12.50\nC-2,Café au lait à emporter,3.00\n"
)


def products(path: Path) -> list[Any]:
    return list(feeds.read(path, kind="products"))


def written(folder: Path, data: bytes, name: str = "feed.csv") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "gb18030"],
)
def test_a_chinese_table_reads_the_same_in_every_encoding(encoding: str, tmp_path: Path) -> None:
    found = products(written(tmp_path, CHINESE.encode(encoding)))
    assert found == products(SAMPLES / "products-zh.csv")
    assert found[1].title == "紫砂壶"


def test_windows_1252_is_read_and_the_doubt_is_told(tmp_path: Path, db: Database) -> None:
    path = written(tmp_path, ACCENTS.encode("cp1252"))
    titles = [p.title for p in products(path)]
    assert titles == ["Crème brûlée Förmchen für Gäste", "Café au lait à emporter"]
    report = feeds.run_import(db, path, kind="products")
    assert ["read as Windows-1252" in note for note in report.notes] == [True]


def test_one_damaged_row_of_a_utf8_file_is_the_only_bad_one(tmp_path: Path) -> None:
    lines = ["sku,name,price", *(f"Z-{i},茶叶 {i},{i}.00" for i in range(1, 40))]
    data = "\n".join(lines).encode() + b"\n"
    found = products(written(tmp_path, data.replace("茶叶 7,".encode(), b"\xe8\x8c 7,")))
    (bad,) = [item for item in found if isinstance(item, BadRow)]
    assert (bad.line, bad.field, len(found)) == (8, "name", 39)
    assert "no text in utf-8" in bad.reason


def test_json_and_xml_are_recoded_too(tmp_path: Path) -> None:
    for name in ("google.xml", "dummyjson.json", "products.jsonl"):
        text = (SAMPLES / name).read_text(encoding="utf-8")
        there = products(written(tmp_path, text.encode("utf-16"), name))
        assert there == products(SAMPLES / name)


def test_line_ends_of_every_system_are_read(tmp_path: Path) -> None:
    plain = (SAMPLES / "products.csv").read_bytes()
    for end in (b"\r\n", b"\r"):
        found = products(written(tmp_path, plain.replace(b"\n", end)))
        assert found == products(SAMPLES / "products.csv")


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    path = written(tmp_path, codecs.BOM_UTF8 + b"sku,name,price\nA,Mug,4.00\n")
    assert feeds.detect(path).columns[0] == "sku"
