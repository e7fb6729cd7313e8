"""What every reader shares: the row that could not be read, why, and what is worth saying about a whole file.

A reader turns a file into records and `BadRow`s, in file order. A value that cannot be read raises `RowError`, which
the reader turns into the `BadRow` of its line; only a file that as a whole makes no sense raises `FeedError`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

MAX_RAW = 1_000_000  # characters of a bad row that are kept
MAX_NOTES = 50

# Keys that a file of mended bad rows carries besides its own; readers pass them over.
MARKS = ("_import", "_line", "_field", "_reason")
UNREAD = "_text"  # the line as it was, where it could not even be split into cells
NOT_DATA = frozenset((*MARKS, UNREAD))


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that could not be taken in. line: from 1, in the file as it came. raw: the row in the feed's own form."""

    line: int
    field: str
    reason: str
    hint: str
    raw: str


class RowError(ValueError):
    """One value of a row cannot be read. field: the column's or key's name as the file has it."""

    def __init__(self, field: str, reason: str, hint: str = "") -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason
        self.hint = hint

    def at(self, line: int, raw: str) -> BadRow:
        """The bad row of this error."""
        return BadRow(line, self.field, self.reason, self.hint, shortened(raw))


def shortened(raw: str) -> str:
    """The text of a bad row as it can be stored: no NUL, no half characters, not over a limit."""
    if len(raw) > MAX_RAW:
        raw = raw[:MAX_RAW] + " …"
    return printable(raw)


def printable(text: str) -> str:
    """The text without NULs, and with U+FFFD in place of what is no character: all that UTF-8 can hold."""
    if text.isascii() and "\0" not in text:
        return text
    # Through UTF-16, so that two halves of one character find each other.
    return (
        text.replace("\0", "").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    )


class Notes:
    """Things that went in but deserve a word, counted: they belong to the report, not to the quarantine."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._first: dict[str, int] = {}

    def add(self, text: str, line: int = 0) -> None:
        """Count one more case of this. line: where, for the first case."""
        if text not in self._counts and len(self._counts) >= MAX_NOTES:
            return
        self._counts[text] = self._counts.get(text, 0) + 1
        self._first.setdefault(text, line)

    def texts(self) -> tuple[str, ...]:
        """One line a note: how often, what, and where first."""
        return tuple(self._told(text, count) for text, count in self._counts.items())

    def _told(self, text: str, count: int) -> str:
        line = self._first[text]
        if not line:
            return text
        times = "once" if count == 1 else f"{count:,} times"
        return f"{text} ({times}, first in line {line:,})"

    def __iter__(self) -> Iterator[str]:
        return iter(self.texts())


@dataclass(frozen=True, slots=True)
class Options:
    """How to read: what the feed itself may leave unsaid.

    mapping: field -> column, as `guess_mapping` gives it; empty for formats that name their fields.
    merging: the file holds mended rows, parts of products that are in the shop.
    """

    currency: str = "USD"
    language: str = "en"
    mapping: Mapping[str, str] = field(default_factory=dict)
    merging: bool = False
    notes: Notes = field(default_factory=Notes)


def row_text(cells: Mapping[str, Any]) -> str:
    """A table's row as JSON, the form in which it is kept aside."""
    return printable(orjson.dumps(dict(cells), default=str).decode("utf-8"))
