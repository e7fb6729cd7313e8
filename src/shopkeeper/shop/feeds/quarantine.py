"""Bad rows written out in the form of their feed, with what is wrong beside each, to be mended and imported again.

Tables become CSV with the columns `_import`, `_line`, `_field` and `_reason` behind their own
(and `_text`: the line as it was, where it could not be split); JSON feeds become JSON
lines with keys of these names, Google's XML becomes XML with elements of these names, pages become Markdown with
lines of these names in front. Readers pass them over, and the
importer, seeing them, adds what it reads to the products that are there instead of replacing them.
"""

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import BinaryIO
from xml.sax.saxutils import escape

import orjson

from shopkeeper.shop.feeds.delimited import formula_safe
from shopkeeper.shop.feeds.rows import MARKS, NOT_DATA, UNREAD, BadRow

Rows = Callable[[], list[BadRow]]
"""Gives the next bad rows; none when there are no more."""

_TABLES = ("shopify", "woocommerce", "plain", "google")
XML_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0">\n<channel>\n<title>Bad rows</title>\n'
)
XML_TAIL = "</channel>\n</rss>\n"


def ending(format: str, file_name: str) -> str:
    """How the name of a file of bad rows ends, by the feed they came from: .csv, .jsonl, .xml, .md."""
    if format == "markdown":
        return ".md"
    if format == "google":
        return ".xml" if ".xml" in PurePath(file_name.lower()).suffixes else ".csv"
    return ".csv" if format in _TABLES else ".jsonl"


def write(format: str, import_id: int, rows: Rows, out: BinaryIO) -> int:
    """Write bad rows of an import. Returns how many."""
    first = rows()
    looks = {row.raw.lstrip()[:1] for row in first}
    if format == "google" and "<" in looks:
        return _write_xml(import_id, _all(first, rows), out)
    if format in _TABLES:
        return _write_csv(import_id, first, rows, out)
    if format == "markdown":
        return _write_pages(import_id, _all(first, rows), out)
    return _write_lines(import_id, _all(first, rows), out)


def _all(first: list[BadRow], rows: Rows) -> Iterator[BadRow]:
    while first:
        yield from first
        first = rows()


def _marks(import_id: int, row: BadRow) -> dict[str, str]:
    reason = f"{row.reason} ({row.hint})" if row.hint else row.reason
    return dict(zip(MARKS, (str(import_id), str(row.line), row.field, reason), strict=True))


def _cells(row: BadRow) -> dict[str, str]:
    try:
        found = orjson.loads(row.raw)
    except orjson.JSONDecodeError:
        found = None
    return found if isinstance(found, dict) else {UNREAD: row.raw}


def _write_csv(import_id: int, first: list[BadRow], rows: Rows, out: BinaryIO) -> int:
    """As CSV. The columns are those of the first rows: rows of one table have the same."""
    columns: dict[str, None] = {}
    for row in first:
        columns.update(dict.fromkeys(_cells(row)))
    names = [c for c in columns if c not in NOT_DATA] + [*MARKS, UNREAD]
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(formula_safe, names))
    count = 0
    for row in _all(first, rows):
        cells = _cells(row) | _marks(import_id, row)
        writer.writerow([formula_safe(cells.get(name, "")) for name in names])
        count += 1
    text.flush()
    text.detach()
    return count


def _write_lines(import_id: int, rows: Iterator[BadRow], out: BinaryIO) -> int:
    count = 0
    for row in rows:
        out.write(orjson.dumps(_cells(row) | _marks(import_id, row)) + b"\n")
        count += 1
    return count


def _write_pages(import_id: int, rows: Iterator[BadRow], out: BinaryIO) -> int:
    count = 0
    for row in rows:
        marks = "".join(f"{name}: {text}\n" for name, text in _marks(import_id, row).items())
        front, body = row.raw.removeprefix("---\n"), ""
        if front == row.raw:  # a whole file that could not be read
            front, body = "", f"---\n{row.raw}"
        out.write(f"---\n{marks}{front}{body}\n\n".encode())
        count += 1
    return count


def _write_xml(import_id: int, rows: Iterator[BadRow], out: BinaryIO) -> int:
    out.write(XML_HEAD.encode())
    count = 0
    for row in rows:
        marks = "".join(
            f"<g:{name}>{escape(text)}</g:{name}>" for name, text in _marks(import_id, row).items()
        )
        head, _, tail = row.raw.rpartition("</")
        item = f"{head}{marks}</{tail}\n" if head else f"<item>{marks}{escape(row.raw)}</item>\n"
        out.write(item.encode("utf-8", "replace"))
        count += 1
    out.write(XML_TAIL.encode())
    return count
