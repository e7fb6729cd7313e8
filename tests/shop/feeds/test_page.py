"""The page about feeds names what there is: every format, every field, every limit."""

import re
from pathlib import Path

import pytest

from shopkeeper.shop import feeds
from shopkeeper.shop.feeds import delimited, grouping, json_values, mapping, source, values

PAGE = (Path(__file__).parents[3] / "docs" / "feeds.md").read_text(encoding="utf-8")


def rows_of(section: str) -> dict[str, list[str]]:
    """The rows of the table in a section of the page, by their first cell."""
    text = PAGE.split(f"## {section}\n")[1].split("\n## ")[0]
    rows = [re.split(r" *\| *", line.strip("| ")) for line in text.splitlines() if line[:1] == "|"]
    return {row[0].strip("`"): row for row in rows[2:]}


def test_every_format_stands_there_with_what_it_holds() -> None:
    rows = rows_of("Formats")
    assert set(rows) == set(feeds.FORMATS)
    for name, found in feeds.FORMATS.items():
        told = rows[name][2]
        holds = set(feeds.KINDS) if told == "every kind" else set(told.split(", "))
        assert holds == set(found.readers), name
        assert (len(rows[name]) > 3 and rows[name][3].startswith("yes")) == (name in feeds.WRITERS)


@pytest.mark.parametrize("kind", feeds.KINDS)
def test_every_field_of_a_mapping_stands_there(kind: str) -> None:
    told = rows_of("Columns of a table")[kind][1]
    names = set(told.replace("*", "").split(", "))
    assert {n for n in names if "`" not in n} == set(mapping.fields(kind))
    assert set(re.findall(r"\*\*(\w+)\*\*", told)) == set(mapping.required(kind))


def test_the_limits_are_those_of_the_code() -> None:
    rows = {name: " ".join(row[1:]) for name, row in rows_of("Limits").items()}
    assert f"{source.MAX_LINE // 1_000_000} MB" in rows["a row, a record, a page"]
    assert f"{delimited.MAX_FIELD // 1_000_000} million" in rows["a cell of a table"]
    assert f"{delimited.MAX_COLUMNS:,}" in rows["columns"]
    assert f"{source.MAX_RATIO} times" in rows["unpacked size"]
    assert f"{json_values.MAX_DEPTH} levels" in rows["JSON nesting"]
    assert f"{values.MAX_ID_BYTES} bytes" in rows["an id or other key"]
    assert f"{grouping.MAX_GROUP:,}" in rows["rows of one product or order"]
