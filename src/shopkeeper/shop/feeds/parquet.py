"""Rows of Parquet files, in batches: dates, numbers and text as the cells of a table.

Numbers of 32 bits are written with the digits they stand for (0.99, not 0.9900000095367432).
"""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from shopkeeper.errors import FeedError
from shopkeeper.shop.feeds.rows import NOT_DATA, BadRow, printable
from shopkeeper.shop.feeds.source import Source
from shopkeeper.shop.feeds.tables import Row, Table, number_text, without_exponent

BATCH = 4096
MAX_COLUMNS = 2_000
MAX_ROWS = 1_000_000_000


def table(source: Source) -> Table:
    """The file as a table. Raises FeedError if it is damaged."""
    file = opened(source)
    names = [name for name in file.schema_arrow.names if name]
    if not names or len(names) > MAX_COLUMNS:
        raise FeedError(f"{source.path} has {len(names)} columns", hint="is this a table?")

    def rows() -> Iterator[Row | BadRow]:
        return _rows(source)

    def keys(column: str) -> Iterator[str]:
        for batch in batches(source, [column]):
            yield from column_texts(batch.column(0))

    columns = tuple(n for n in names if n not in NOT_DATA)
    marked = "_line" in names and "_reason" in names
    return Table(columns, rows, total=file.metadata.num_rows, keys=keys, marked=marked)


def opened(source: Source) -> pq.ParquetFile:
    """The file, its footer read. Raises FeedError."""
    if source.packed:
        raise FeedError(f"{source.path} is a packed Parquet file", hint="unpack it first")
    try:
        file = pq.ParquetFile(source.path, pre_buffer=False, buffer_size=1 << 20)
        if file.metadata.num_rows > MAX_ROWS:
            raise FeedError(f"{source.path} names {file.metadata.num_rows:,} rows", hint="split it")
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        raise _damaged(source, error) from error
    return file


def batches(source: Source, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
    """The file's rows, some thousand at a time. Raises FeedError where it is damaged."""
    file = opened(source)
    size = max(file.metadata.num_rows, 1)
    done = 0
    source.read_bytes = 0
    try:
        for batch in file.iter_batches(batch_size=BATCH, columns=columns, use_threads=False):
            done += batch.num_rows
            source.read_bytes = source.look.size * done // size
            yield batch
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        raise _damaged(source, error) from error


def _damaged(source: Source, error: Exception) -> FeedError:
    first = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    return FeedError(
        f"{source.path} is no sound Parquet file: {printable(first)}", hint="export it again"
    )


def _rows(source: Source) -> Iterator[Row]:
    line = 0
    for batch in batches(source):
        names = batch.schema.names
        for cells in zip(*(column_texts(column) for column in batch.columns), strict=True):
            line += 1
            yield Row(line, dict(zip(names, cells, strict=True)))


def column_texts(column: pa.Array) -> list[str]:
    """The values of a column as the texts of cells."""
    kind = column.type
    if pa.types.is_integer(kind):
        return [v or "" for v in pc.cast(column, pa.string()).to_pylist()]
    if pa.types.is_floating(kind) and not pa.types.is_float16(kind):
        texts = pc.cast(
            column, pa.string()
        ).to_pylist()  # with the fewest digits that mean the number
        return [
            "" if v is None else without_exponent(v) if "e" in v or v == "-0" else v for v in texts
        ]
    if pa.types.is_timestamp(kind):
        return _moments(column)
    try:
        values = column.to_pylist()
    except (UnicodeDecodeError, ValueError, OverflowError, pa.ArrowException):
        values = [_value(column, i) for i in range(len(column))]
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return [
            v if v is not None and v.isascii() and "\0" not in v else printable(v or "")
            for v in values
        ]
    write = _writer(kind)
    return ["" if v is None else write(v) for v in values]


def _moments(column: pa.Array) -> list[str]:
    """Moments as 2017-01-01T11:53:26, with a Z behind where the column names a time zone."""
    zoned = column.type.tz is not None
    bare = column.cast(pa.timestamp(column.type.unit))  # a zoned one is in UTC inside
    texts = pc.cast(bare, pa.string()).to_pylist()
    return ["" if v is None else _moment(v) + ("Z" if zoned else "") for v in texts]


def _moment(text: str) -> str:
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.replace(" ", "T", 1)


def _value(column: pa.Array, index: int) -> Any:
    try:
        return column[index].as_py()
    except (UnicodeDecodeError, ValueError, OverflowError, pa.ArrowException):
        return (
            str(column[index : index + 1].cast(pa.binary()).to_pylist()[0])[:1000]
            if _textual(column)
            else ""
        )


def _textual(column: pa.Array) -> bool:
    return bool(pa.types.is_string(column.type) or pa.types.is_large_string(column.type))


def _writer(kind: pa.DataType) -> Callable[[Any], str]:
    if pa.types.is_floating(kind):
        return number_text
    if pa.types.is_boolean(kind):
        return lambda v: "true" if v else "false"
    if pa.types.is_date(kind):
        return lambda v: v.isoformat() if isinstance(v, date) else str(v)
    if pa.types.is_decimal(kind):
        return lambda v: format(v, "f") if isinstance(v, Decimal) else str(v)
    if pa.types.is_nested(kind):
        return lambda v: printable(orjson.dumps(v, default=str).decode())
    return lambda v: printable(str(v))
