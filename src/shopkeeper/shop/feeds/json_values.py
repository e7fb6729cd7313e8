"""Records out of JSON files of any size: lines, lists, and documents with a list inside, one record in memory at a time.

Keys that come twice in one object, NULs and halves of characters inside strings, numbers beyond every range and deep
nesting are found here, so that what leaves this module can be stored.
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from shopkeeper.errors import FeedError
from shopkeeper.shop.feeds.rows import MARKS, UNREAD, BadRow, RowError, printable, shortened
from shopkeeper.shop.feeds.source import MAX_LINE, Source

MAX_DEPTH = 64
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+("?)|[\[\]{}]', re.DOTALL)
_MEMBER = re.compile(rb'\s*"((?:[^"\\]++|\\.)*+)"\s*:\s*(.)', re.DOTALL)
_RECORD_KEYS = (b"id", b"title", b"name", b"sku", b"handle", b"@type", b"@context")
_BLANK = b" \t\r\n,"
_CHUNK = 1 << 18


@dataclass(frozen=True, slots=True)
class Value:
    """One record. path: keys of the containers around it, as {"products": {"7": {…}}} gives ("products", "7")."""

    line: int
    path: tuple[str, ...]
    data: dict[str, Any]


def loads(raw: bytes | str) -> Any:
    """The JSON value of this text. Raises RowError saying what is wrong in a merchant's words."""
    try:
        # Decoded here, since json would let halves of characters through.
        text = raw if isinstance(raw, str) else raw.decode("utf-8")
        value = json.loads(
            text, object_pairs_hook=_unique, parse_float=_number, parse_int=_integer,
            parse_constant=_constant,
        )  # fmt: skip
    except RowError:
        raise
    except RecursionError:
        raise RowError("", f"is nested deeper than {MAX_DEPTH} levels", "flatten it") from None
    except UnicodeDecodeError:
        raise RowError("", "has bytes that are not UTF-8", "save the file as UTF-8") from None
    except json.JSONDecodeError as error:
        raise RowError("", f"is not JSON: {_told(error)}", "mend the record") from None
    if "\\u" in text or text.count("[") + text.count("{") > MAX_DEPTH:
        value = _storable(value, 0)
    return value


def _told(error: json.JSONDecodeError) -> str:
    place = error.doc[max(error.pos - 12, 0) : error.pos + 12]
    what = error.msg[:1].lower() + error.msg[1:]
    return f"{what} near {printable(place)!r}"


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(k for k, _ in pairs if k in seen or seen.add(k))  # type: ignore[func-returns-value]
        raise RowError(printable(twice)[:200], "this key comes twice", "keep the one that is right")
    return found


def _number(text: str) -> float | str:
    value = float(text)
    return value if math.isfinite(value) else text


def _integer(text: str) -> int | str:
    if len(text) < 19:
        return int(text)
    # Beyond 64 bits nothing can store it as a number: it stays text, refused where a number is asked for.
    return int(text) if len(text) < 21 and -(2**63) <= int(text) < 2**63 else text


def _constant(text: str) -> str:
    return (
        text  # NaN and Infinity are no JSON; as text they are refused where a number is asked for
    )


def _storable(value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise RowError("", f"is nested deeper than {MAX_DEPTH} levels", "flatten it")
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {printable(k): _storable(v, depth + 1) for k, v in value.items()}
    if isinstance(value, list):
        return [_storable(v, depth + 1) for v in value]
    return value


def looks_like_json(source: Source) -> bool:
    """True if the file begins like a JSON object or list."""
    return head(source, 4096)[:1] in (b"{", b"[")


def head(source: Source, size: int) -> bytes:
    """The first bytes that are not blank, in UTF-8."""
    with source.utf8() as file:
        return file.read(size).lstrip()


def is_lines(source: Source) -> bool:
    """True for one record a line, as opposed to one document."""
    with source.utf8() as file:
        first = file.readline(MAX_LINE)
        while first and not first.strip():
            first = file.readline(MAX_LINE)
        if first.lstrip()[:1] != b"{" or not first.rstrip().endswith(b"}"):
            return source.suffix in ("jsonl", "ndjson") and first.lstrip()[:1] == b"{"
        if source.suffix in ("jsonl", "ndjson") or _is_mended(first):
            return True
        while (second := file.readline(MAX_LINE)) and not second.strip():
            pass
    return second.lstrip()[:1] == b"{"


def _is_mended(line: bytes) -> bool:
    """True for a line of our own file of bad rows, which may hold just one."""
    return all(b'"%s":' % mark.encode() in line for mark in MARKS)


def records(source: Source, *, within: tuple[str, ...] = ()) -> Iterator[Value | BadRow]:
    """The file's records: its lines, or the objects of its list; of a document, those of the lists or tables inside.

    within: names of the containers to read of a document that has several (products, orders); all if empty.
    """
    if is_lines(source):
        yield from _lines(source)
        return
    depth = depth_of_records(source)
    for line, path, raw in elements(source, depth):
        if not (within and depth == 2 and path[0] not in within):
            yield _value(line, path, raw)


def _value(line: int, path: tuple[str, ...], raw: bytes) -> Value | BadRow:
    try:
        data = loads(raw)
        if isinstance(data, dict) and isinstance(data.get(UNREAD), str):
            data = loads(
                data[UNREAD]
            )  # a line that was no JSON, mended in our own file of bad rows
        if not isinstance(data, dict):
            raise RowError("", "is not a JSON object", 'write {"name": value, …}')
    except RowError as error:
        return error.at(line, raw.decode("utf-8", "replace"))
    return Value(line, path, data)


def lines(source: Source) -> Iterator[tuple[int, bytes] | BadRow]:
    """Numbered lines that are not blank, as bytes in UTF-8."""
    with source.utf8() as file:
        number = 0
        while raw := file.readline(MAX_LINE):
            number += 1
            if len(raw) == MAX_LINE and not raw.endswith(b"\n"):
                while (more := file.readline(MAX_LINE)) and not more.endswith(b"\n"):
                    pass
                yield BadRow(
                    number, "", f"the row is longer than {MAX_LINE // 1_000_000} MB",
                    "shorten it", shortened(raw[:1000].decode("utf-8", "replace")),
                )  # fmt: skip
            elif raw.strip():
                yield number, raw


def _lines(source: Source) -> Iterator[Value | BadRow]:
    for line in lines(source):
        yield line if isinstance(line, BadRow) else _value(line[0], (), line[1])


def depth_of_records(source: Source) -> int:
    """How deep the records of a document are: 0 it is one record, 1 a list or table of them, 2 one inside it."""
    start = head(source, 1 << 20)
    if start[:1] == b"[":
        return 1
    level = 0
    bare = [False, False, False]  # levels at which plain members were seen
    for found in _TOKEN.finditer(start):
        token = found.group()
        if token in (b"{", b"["):
            level += 1
            if level == 2 and token == b"[" and start[found.end() :].lstrip()[:1] == b"{":
                return 2
        elif token in (b"}", b"]"):
            level -= 1
            if level == 1 and token == b"}" and not bare[1]:
                return 1 if bare[2] else 2
        elif level in (1, 2):
            member = _MEMBER.match(start, found.start())
            if member is not None and member.group(2) not in b"{[":
                bare[level] = True
                if level == 1 and member.group(1).lower() in _RECORD_KEYS:
                    return 0
    return 0 if bare[1] or level == 0 else 1 if bare[2] else 2


def elements(source: Source, depth: int) -> Iterator[tuple[int, tuple[str, ...], bytes]]:
    """Line, path and text of each value that stands `depth` containers deep (in objects: of each container).

    Raises FeedError where the document ends too early or its brackets do not match: what follows cannot be told apart.
    """
    stack: list[bytes] = []
    keys: list[bytes] = []
    last = b""  # the last string outside records: the key of what opens next
    start: int | None = None  # where the record under way begins
    gap = 0  # where the text behind the last token begins
    with source.utf8() as file:
        buffer = _Buffer(source, file)
        while (found := buffer.token(start)) is not None:
            start, gap = buffer.moved(start), buffer.moved(gap) or 0
            token = found.group()
            listed = start is None and len(stack) == depth and stack[-1:] == [b"["]
            if listed and (loose := buffer.text[gap : found.start()].strip(_BLANK)):
                yield buffer.line(found.start()), _path(keys[1:]), loose
            gap = found.end()
            if token[:1] == b'"':
                if listed:
                    yield buffer.line(found.start()), _path(keys[1:]), token
                elif start is None:
                    last = token
            elif token in (b"{", b"["):
                if start is None:
                    keys.append(last)
                    if len(stack) == depth:
                        start = found.start()
                        begun = buffer.line(start)
                stack.append(token)
                last = b""
            else:
                if not stack or (stack[-1] == b"{") != (token == b"}"):
                    raise FeedError(
                        f"{source.path}:{buffer.line(found.start())}: a {token.decode()} closes nothing",
                        hint="the JSON is damaged there; the records before it were read",
                    )
                stack.pop()
                if start is None:
                    keys.pop()
                elif len(stack) == depth:
                    yield begun, _path(keys[1:]), buffer.text[start : found.end()]
                    keys.pop()
                    start = None
                last = b""
        if stack or buffer.unclosed:
            raise FeedError(
                f"{source.path}: the JSON ends in the middle, in line {buffer.line(len(buffer.text))}",
                hint="export the file again; the records before the end were read",
            )


class _Buffer:
    """The part of a document that is in memory: finds tokens, and reads on where one is not whole."""

    def __init__(self, source: Source, file: BinaryIO) -> None:
        self._source = source
        self._file = file
        self.text = b""
        self._at = 0
        self._line = 1
        self._counted = 0
        self._shift = 0
        self.unclosed = False

    def token(self, start: int | None) -> "re.Match[bytes] | None":
        """The next string or bracket; None at the end. What lies behind `start`, and the last token, stays in `text`."""
        self._shift = 0
        while True:
            found = _TOKEN.search(self.text, self._at)
            whole = found is not None and (found.group()[:1] != b'"' or found.group(1) != b"")
            if found is not None and whole:
                self._at = found.end()
                return found
            chunk = self._file.read(_CHUNK)
            if not chunk:
                self.unclosed = found is not None
                return None
            at = found.start() if found is not None else len(self.text)
            keep = min(at, self._at if start is None else start - self._shift)
            self.line(keep)
            self.text = self.text[keep:] + chunk
            self._counted -= keep
            self._shift += keep
            self._at = at - keep
            if len(self.text) > MAX_LINE + 2 * _CHUNK:
                raise FeedError(
                    f"{self._source.path}:{self._line}: a record is longer than "
                    f"{MAX_LINE // 1_000_000} MB, or a quote is not closed",
                    hint="mend the file there, or write one record a line (JSON lines)",
                )

    def moved(self, place: int | None) -> int | None:
        """Where a place of the text before the last `token` is now."""
        return None if place is None else max(place - self._shift, 0)

    def line(self, place: int) -> int:
        """The line of a place at or behind the last one asked for."""
        if place > self._counted:
            self._line += self.text.count(b"\n", self._counted, place)
            self._counted = place
        return self._line


def _path(keys: list[bytes]) -> tuple[str, ...]:
    found = []
    for key in keys:
        try:
            found.append(str(json.loads(key)) if key else "")
        except ValueError:
            found.append("")
    return tuple(found)
