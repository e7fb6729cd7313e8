"""Any table as rows of named cells: CSV, TSV, Parquet, JSON lists and JSON lines.

A cell is text. What was nested comes flat with a dotted name (`price.amount`), a list of plain values as JSON text
(`["a","b"]`), which the readers of list fields understand. A table can be read again from the start, as grouping
its rows needs.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson

from shopkeeper.errors import FeedError
from shopkeeper.shop.feeds import delimited, json_values
from shopkeeper.shop.feeds.rows import NOT_DATA, BadRow, Notes
from shopkeeper.shop.feeds.source import Source

SAMPLE_ROWS = 2_000
SAMPLE_BYTES = 4_000_000
MAX_DEPTH = 4


@dataclass(frozen=True, slots=True)
class Row:
    """One row. line: of the file, or the number of the row or record, from 1."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """columns: names in file order, without our own marks. rows: begins a new reading. total: rows, if known."""

    columns: tuple[str, ...]
    rows: Callable[[], Iterator[Row | BadRow]]
    total: int | None = None
    keys: Callable[[str], Iterator[str]] | None = None
    marked: bool = False

    def sample(self) -> list[dict[str, str]]:
        """Cells of the first rows."""
        found, size = [], 0
        for row in self.rows():
            if isinstance(row, Row):
                found.append(row.cells)
                size += sum(map(len, row.cells.values()))
            if len(found) >= SAMPLE_ROWS or size > SAMPLE_BYTES:
                break
        return found


def table(source: Source, notes: Notes) -> Table:
    """The file as a table. Raises FeedError if it is none."""
    head = source.head(8)
    if head[:4] == b"PAR1":
        from shopkeeper.shop.feeds import parquet

        return parquet.table(source)
    if json_values.looks_like_json(source):
        return _json_table(source)
    return _delimited_table(source, notes)


def _delimited_table(source: Source, notes: Notes) -> Table:
    records = delimited.Records(source, notes)
    header = records.header

    def rows() -> Iterator[Row | BadRow]:
        for record in records:
            if isinstance(record, BadRow):
                yield record
            else:
                yield Row(record[0], dict(zip(header, record[1], strict=True)))

    columns = tuple(c for c in header if c and c not in NOT_DATA)
    if len(columns) < 1:
        raise FeedError(
            f"{source.path}: the first line names no columns",
            hint="the first line must name the columns",
        )
    return Table(columns, rows, marked=_is_marked(header))


def _is_marked(names: "list[str] | tuple[str, ...]") -> bool:
    return "_line" in names and "_reason" in names


def _json_table(source: Source) -> Table:
    columns: dict[str, None] = {}
    count = 0
    for value in json_values.records(source):
        if isinstance(value, BadRow):
            continue
        columns.update(dict.fromkeys(flat(value.data)))
        count += 1
        if count >= SAMPLE_ROWS or source.read_bytes > SAMPLE_BYTES or len(columns) > 2_000:
            break

    def rows() -> Iterator[Row | BadRow]:
        for value in json_values.records(source):
            yield value if isinstance(value, BadRow) else Row(value.line, flat(value.data))

    names = tuple(columns)
    return Table(tuple(c for c in names if c not in NOT_DATA), rows, marked=_is_marked(names))


def flat(data: dict[str, Any]) -> dict[str, str]:
    """A JSON object as cells."""
    cells: dict[str, str] = {}
    _flatten(data, "", cells, 1)
    return cells


def _flatten(data: dict[str, Any], prefix: str, cells: dict[str, str], depth: int) -> None:
    for key, value in data.items():
        if isinstance(value, dict) and value and depth < MAX_DEPTH:
            _flatten(value, f"{prefix}{key}.", cells, depth + 1)
        else:
            cells[prefix + key] = plain_text(value)


def plain_text(value: Any) -> str:
    """A JSON value as the text of a cell."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(value)
    return orjson.dumps(value, default=str).decode()


def number_text(value: int | float) -> str:
    """A number as people write it: 5 of 5.0, and no exponent where it can be helped."""
    if isinstance(value, int):
        return str(value)
    return without_exponent(repr(value))


def without_exponent(text: str) -> str:
    """A float's text with all its digits: 1e-05 -> 0.00001, 5.0 -> 5."""
    if text.endswith(".0"):
        text = text[:-2]
    if text == "-0":
        return "0"
    if "e" not in text or abs(int(text.partition("e")[2])) > 30:
        return text
    return format(Decimal(text), "f")
