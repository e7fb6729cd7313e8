"""Rows of CSV and TSV files, however they were made.

A quote that is opened and never closed costs one row and not the rest of the file: when a record does not end, or ends
with another number of cells than the header has, only its first line is bad and reading starts again at the next.
Cells that begin with `'` before `=`, `+`, `-`, `@`, a tab or a return lose it: our writer puts it there, so that
spreadsheets show such text and do not run it (see `formula_safe`).
"""

import csv
import re
from collections import deque
from collections.abc import Generator, Iterator

from shopkeeper.errors import FeedError
from shopkeeper.shop.feeds.encoding import MARK
from shopkeeper.shop.feeds.rows import UNREAD, BadRow, Notes, row_text, shortened
from shopkeeper.shop.feeds.source import MAX_LINE, Source

MAX_FIELD = 8_000_000  # characters of one cell
MAX_LINES = 2_000  # lines that one row may span
MAX_COLUMNS = 2_000
_TOO_LONG = "\0"  # stands for a line over the limit; real lines have lost their NULs
_DELIMITERS = ",;\t|"
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")
_NO_TEXT = re.compile(rf"[\0-\x08\x0e-\x1f{MARK}]")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?\Z")

csv.field_size_limit(MAX_FIELD)


def formula_safe(text: str) -> str:
    """The text as a cell that no spreadsheet runs. `unescaped` undoes it; numbers stay numbers."""
    if _FORMULA.match(text) and not _NUMBER.match(text):
        return "'" + text
    return text


def unescaped(text: str) -> str:
    """What `formula_safe` was given."""
    return text[1:] if _ESCAPED.match(text) else text


def delimiter_of(header: str) -> str:
    """The character that separates the cells of a header line: the most frequent outside quotes."""
    bare = re.sub(r'"[^"]*"', "", header)
    return max(_DELIMITERS, key=bare.count)


class Records:
    """The records of a delimited file: `header`, then lists of cells with the line each begins in."""

    def __init__(self, source: Source, notes: Notes) -> None:
        self._source = source
        self._notes = notes
        lines = _lines(source)
        try:
            first = next((line for line in lines if line[1].strip()), None)
            if first is None:
                raise FeedError(f"{source.path} is empty", hint="export the feed again")
            self.delimiter = delimiter_of(first[1])
            self.header = self._header(first, lines)
        finally:
            lines.close()

    def _header(self, first: tuple[int, str], rest: Iterator[tuple[int, str]]) -> list[str]:
        def joined() -> Iterator[str]:
            yield first[1]
            yield from (text for _, text in rest)

        try:
            cells = next(csv.reader(joined(), delimiter=self.delimiter, strict=True))
        except (csv.Error, StopIteration) as error:
            raise FeedError(
                f"{self._source.path}: the first line is no header: {error}",
                hint="the first line must name the columns",
            ) from error
        if len(cells) > MAX_COLUMNS or any(_NO_TEXT.search(c) for c in cells):
            raise FeedError(
                f"{self._source.path}: the first line is no header",
                hint="the first line must name the columns; is this a table?",
            )
        return _unique([unescaped(c.strip().lstrip("\ufeff")) for c in cells])

    def __iter__(self) -> Iterator[tuple[int, list[str]] | BadRow]:
        """Each record behind the header with its line. Blank lines are passed over."""
        lines = _Rewindable(_lines(self._source))
        width = len(self.header)
        header_left = True
        while True:
            lines.begin()
            reader = csv.reader(iter(lines), delimiter=self.delimiter, strict=True)
            try:
                for cells in reader:
                    taken = lines.taken
                    if header_left:
                        header_left = not cells or not any(c.strip() for c in cells)
                        lines.begin()
                        continue
                    if len(taken) > 1 and len(cells) != width:
                        yield self._unclosed(lines)
                        break
                    if cells and (len(cells) > 1 or cells[0].strip()):
                        yield self._record(taken, cells)
                    lines.begin()
                else:
                    return
            except csv.Error as error:
                header_left = False
                if not lines.taken:
                    return
                if len(lines.taken) > 1:
                    yield self._unclosed(lines)
                else:
                    yield self._refused(lines, error)

    def _record(
        self, taken: list[tuple[int, str]], cells: list[str]
    ) -> "tuple[int, list[str]] | BadRow":
        line, text = taken[0]
        if len(taken) > 1:
            text = "".join(part for _, part in taken)
        if _TOO_LONG in text:
            return self._unread(
                line, text, f"the row is longer than {MAX_LINE // 1_000_000} MB",
                "shorten it, or take the large text out",
            )  # fmt: skip
        if MARK in text:
            return self._damaged(line, cells)
        if len(cells) != len(self.header):
            refused = self._fitted(line, text, cells)
            if refused is not None:
                return refused
        if "'" in text:
            cells = [unescaped(cell) if cell[:1] == "'" else cell for cell in cells]
        return line, cells

    def _fitted(self, line: int, text: str, cells: list[str]) -> BadRow | None:
        """Give the row as many cells as the header has, or say why that would be a guess."""
        width = len(self.header)
        if len(cells) > width:
            if any(c.strip() for c in cells[width:]):
                return self._unread(
                    line, text, f"has {len(cells)} cells where the header names {width} columns",
                    f"put text that holds {self.delimiter!r} in double quotes",
                )  # fmt: skip
            del cells[width:]
        elif not text.endswith(("\n", "\r")):
            return self._unread(
                line, text, f"the last row has {len(cells)} cells of {width}: the file may be cut off",
                "export the feed again, or complete the row",
            )  # fmt: skip
        else:
            self._notes.add("rows with fewer cells than the header: the rest is blank", line)
            cells += [""] * (width - len(cells))
        return None

    def _damaged(self, line: int, cells: list[str]) -> BadRow:
        place = next((i for i, cell in enumerate(cells) if MARK in cell), 0)
        return BadRow(
            line, self.header[place] if place < len(self.header) else "",
            f"has bytes that are no text in {self._source.look.encoding.name}",
            "save the file as UTF-8", shortened(self.delimiter.join(cells)),
        )  # fmt: skip

    def _unclosed(self, lines: "_Rewindable") -> BadRow:
        line, text = lines.taken[0]
        lines.again_from_second()
        return self._unread(
            line, text, 'a quote (") in this row is opened and not closed, or a line break is in it',
            'write "" for a quote inside a quoted cell',
        )  # fmt: skip

    def _refused(self, lines: "_Rewindable", error: csv.Error) -> BadRow:
        line, text = lines.taken[0]
        lines.begin()
        if "field larger" in str(error):
            reason = f"a cell is longer than {MAX_FIELD:,} characters"
            return self._unread(line, text, reason, "shorten it")
        return self._unread(
            line, text, 'a quote (") in this row is misplaced',
            'write "" for a quote inside a quoted cell',
        )  # fmt: skip

    def _unread(self, line: int, text: str, reason: str, hint: str) -> BadRow:
        """A row that is no row of cells: its text is kept beside the names of the columns, to be filled in."""
        cells = dict.fromkeys(self.header, "") | {UNREAD: shortened(text).rstrip("\r\n")}
        return BadRow(line, "", reason, hint, row_text(cells))


class _Rewindable:
    """Lines that can be given out again: those `taken` since `begin`, but for the first."""

    def __init__(self, lines: Iterator[tuple[int, str]]) -> None:
        self._lines = lines
        self._again: deque[tuple[int, str]] = deque()
        self.taken: list[tuple[int, str]] = []
        self._size = 0

    def begin(self) -> None:
        self.taken = []
        self._size = 0

    def again_from_second(self) -> None:
        self._again.extendleft(reversed(self.taken[1:]))
        self.begin()

    def __iter__(self) -> Iterator[str]:
        while True:
            line = self._again.popleft() if self._again else next(self._lines, None)
            if line is None:
                return
            self.taken.append(line)
            self._size += len(line[1])
            if len(self.taken) > MAX_LINES or self._size > MAX_LINE:
                return  # the reader says that the record does not end
            yield line[1]


def _lines(source: Source) -> Generator[tuple[int, str]]:
    """Numbered lines without NULs; one over the limit is replaced by a mark."""
    with source.text() as file:
        number = 0
        while line := file.readline(MAX_LINE):
            number += 1
            if "\0" in line:
                line = line.replace("\0", "")
            if len(line) == MAX_LINE and not line.endswith(("\n", "\r")):
                while (more := file.readline(MAX_LINE)) and not more.endswith(("\n", "\r")):
                    pass
                line = line[:200].replace('"', "") + _TOO_LONG
            yield number, line


def _unique(names: list[str]) -> list[str]:
    """The names with a number behind those that came before."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name}.{seen[name]}")
    return found
