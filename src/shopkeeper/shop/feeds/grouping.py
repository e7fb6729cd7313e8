"""Rows that belong together, brought together: variants of a product, lines of an order.

Rows of one group usually stand next to each other, but a feed does not promise it. A first reading, over the keys
alone, finds the keys that come back; in the second, the rows of just these wait (on disk when they are many) until
their last one has come. So each group comes out once and whole, in little memory, whatever the order of the file.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator
from tempfile import SpooledTemporaryFile
from typing import Self

import numpy as np
import orjson

from shopkeeper.shop.feeds.rows import BadRow, row_text
from shopkeeper.shop.feeds.tables import Row

MAX_GROUP = 100_000  # rows
_IN_MEMORY = 16_000_000  # bytes of waiting rows kept off the disk


def grouped(
    rows: Callable[[], Iterator[Row | BadRow]],
    key: Callable[[Row], str],
    *,
    keys: Iterable[str] | None = None,
) -> Iterator[list[Row] | BadRow]:
    """Lists of rows with the same key, in the order in which their last rows come. An empty key stands alone.

    keys: those of all rows in file order, if they can be had without reading whole rows.
    """
    if keys is None:
        keys = (key(row) for row in rows() if isinstance(row, Row))
    returning = _returning(keys)
    with _Waiting() as waiting:
        group: list[Row] = []
        current = ""
        for row in rows():
            if isinstance(row, BadRow):
                yield row
                continue
            name = key(row)
            if name and name == current:
                if len(group) < MAX_GROUP:
                    group.append(row)
                else:
                    yield BadRow(
                        row.line, "", f"more than {MAX_GROUP:,} rows belong to {name[:60]!r}",
                        "check the column that says which rows belong together", row_text(row.cells),
                    )  # fmt: skip
                continue
            if group:
                yield from _finished(current, group, returning, waiting)
            current, group = name, [row]
        if group:
            yield from _finished(current, group, returning, waiting)


def _finished(
    name: str, group: list[Row], returning: dict[int, int], waiting: "_Waiting"
) -> Iterator[list[Row]]:
    """The group, if no more of it will come; else it waits."""
    code = hash(name)
    left = returning.get(code, 1) if name else 1
    if left <= 1:
        yield waiting.take(name) + group
    else:
        returning[code] = left - 1
        waiting.put(name, group)


def _returning(keys: Iterable[str]) -> dict[int, int]:
    """Hash of each key that has several runs of rows -> how many. Eight bytes a run; a clash of hashes only makes a
    group wait longer than it must, and what waits to the end is not lost: runs are counted per hash."""
    runs = array("q")
    previous = ""
    for key in keys:
        if key != previous:
            if key:
                runs.append(hash(key))
            previous = key
    codes, counts = np.unique(np.frombuffer(runs, dtype=np.int64), return_counts=True)
    several = counts > 1
    return dict(zip(codes[several].tolist(), counts[several].tolist(), strict=True))


class _Waiting:
    """Rows that wait for the rest of their group."""

    def __init__(self) -> None:
        self._file: SpooledTemporaryFile[bytes] = SpooledTemporaryFile(  # noqa: SIM115  # closed by __exit__
            max_size=_IN_MEMORY
        )
        self._places: dict[str, list[tuple[int, int]]] = {}
        self._end = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def put(self, name: str, rows: list[Row]) -> None:
        data = orjson.dumps([[r.line, r.cells] for r in rows])
        self._file.seek(self._end)
        self._file.write(data)
        self._places.setdefault(name, []).append((self._end, len(data)))
        self._end += len(data)

    def take(self, name: str) -> list[Row]:
        found = []
        for place, size in self._places.pop(name, ()):
            self._file.seek(place)
            found += [Row(line, cells) for line, cells in orjson.loads(self._file.read(size))]
        return found
