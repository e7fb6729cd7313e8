"""Feeds gone wrong: the rows of a sound sample, repeated, damaged and packed as the world does it, by a seed.

Used by `fuzz_feeds` and by the test suite. A case is one file of some hundred rows; `check` reads it and demands what
the feeds promise: records that the database can hold, bad rows with a reason, or one FeedError, never anything else.
"""

import gzip
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from shopkeeper.errors import FeedError
from shopkeeper.shop import feeds
from shopkeeper.shop.feeds import BadRow, own
from shopkeeper.shop.records import to_json

SAMPLES = Path(__file__).parents[1] / "tests" / "shop" / "feeds" / "samples"

NASTY = tuple(
    text if isinstance(text, bytes) else text.encode()
    for text in (
        b"\0", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\xc3", b"\xd6\xd0\xce\xc4", b"\xed\xa0\x80", b"\r", b"\n", b"\r\n",
        b"\x1a", b"\x0b", '"', '""', '"""', "'", ",", ";", "\t", "|", "\\", "\\u0000", "\\ud800", "\\u", "{", "}", "[", "]",
        "[" * 200, '{"a":' * 100, "<", ">", "&", "&amp;", "&lol;", "&#0;", "&#xD800;", "<!--", "-->", "<![CDATA[", "]]>",
        "</item>", "<item>", "<!ENTITY x SYSTEM 'file:///etc/passwd'>", "<script>alert(1)</script>", "</script>",
        '<script type="application/ld+json">', "---", "---\nkind: policy\n---\n", "=cmd|' /C calc'!A0", "@SUM(1)",
        "+1", "-", "\u202e\u05e9\u05dc\u05d5\u05dd", "مرحبا", "👩‍👩‍👧‍👦🏴", "\ufeff", "\u2028", "e\u0301" * 20,
        "null", "true", "NaN", "Infinity", "-Infinity", "undefined", "None", "x" * 3000, "字" * 900, " " * 500,
    )
)  # fmt: skip
NUMBERS = (
    b"", b"0", b"-0", b"-1", b"-2147483649", b"1e400", b"1e-400", b"NaN", b"12,50", b"1.234,56", b"1,234.56", b"1.2.3",
    b"9" * 30, b"9" * 5000, b"99999999999999.99", b"0.00001", b"0x10", b"1_000", "１２".encode(), "٣".encode(),
    b"$12.99 - $15.00", "€ 12".encode(), b"12.50 XYZ", b"true", b"2025-13-45", b"31/12/2025", b"253402300800000",
)  # fmt: skip
_NUMBER = re.compile(rb"\d+(?:\.\d+)?")
Damage = Callable[[random.Random, bytes, list[bytes]], bytes]


@dataclass(frozen=True, slots=True)
class Sample:
    """A sound feed cut into rows: the file is head, the rows with `joint` between them, and tail."""

    name: str
    kind: str
    suffix: str
    head: bytes
    rows: tuple[bytes, ...]
    joint: bytes
    tail: bytes

    @property
    def document(self) -> bool:
        """True if the rows are parts of one JSON document."""
        return self.suffix == ".json"

    def __str__(self) -> str:
        return f"{self.name}-{self.kind}"


def samples() -> list[Sample]:
    """One sample for every format and kind."""
    found = [
        *(_table(name, "products") for name in _TABLES),
        *(_table(f"{kind}.csv", kind) for kind in ("orders", "customers", "events", "queries", "reviews")),
        _table("faq.csv", "pages"),
        *(_lines(name, kind) for name, kind in _LINES),
        *(_cut("dummyjson.json", kind, rb"\n  (?=\{)", rb"\n\]", b"") for kind in ("products", "reviews")),
        *(_cut("tau.json", kind, rb'\n  (?="[^"]+": \{\n)', rb"\n \}\n\}\Z", b"\n  ") for kind in ("products", "customers", "orders")),
        _cut("schema-org.json", "products", rb"\n (?=\{)", rb"\n\]", b"\n "),
        _cut("google.xml", "products", rb"\n(?=<item>)", rb"\n</channel>", b"\n"),
        *(_pages(kind) for kind in ("products", "reviews")),
        _cut("pages.md", "pages", rb"\n(?=---\nkind)", rb"\Z", b"\n"),
    ]  # fmt: skip
    return [*found, *_own(found)]


_TABLES = (
    "shopify-old.csv", "shopify-new.csv", "woocommerce.csv", "google.tsv", "products.csv", "products-zh.csv",
)  # fmt: skip
_LINES = (
    ("ubi.ndjson", "events"), ("ubi.ndjson", "queries"), ("ga4-export.jsonl", "events"),
    ("ga4-hits.jsonl", "events"), ("products.jsonl", "products"),
)  # fmt: skip


def _table(name: str, kind: str) -> Sample:
    head, *rows = (SAMPLES / name).read_bytes().splitlines()
    return Sample(name, kind, Path(name).suffix, head + b"\n", tuple(rows), b"\n", b"\n")


def _lines(name: str, kind: str) -> Sample:
    rows = tuple((SAMPLES / name).read_bytes().splitlines())
    return Sample(name, kind, Path(name).suffix, b"", rows, b"\n", b"\n")


def _cut(name: str, kind: str, start: bytes, end: bytes, joint: bytes) -> Sample:
    """A document cut where rows start, up to its end."""
    data = (SAMPLES / name).read_bytes()
    places = [found.start() for found in re.finditer(start, data)]
    stop = next(f.start() for f in re.finditer(end, data) if f.start() > places[-1])
    pairs = zip(places, [*places[1:], stop], strict=True)
    rows = tuple(data[a:b].strip() for a, b in pairs)
    return Sample(
        name, kind, Path(name).suffix, data[: places[0]] + joint, rows, joint or b"\n  ", data[stop:]
    )  # fmt: skip


def _pages(kind: str) -> Sample:
    """A page with the data of several in it, each in a script of its own."""
    both = b"".join((SAMPLES / "pages" / name).read_bytes() for name in ("kettle.html", "rug.html"))
    rows = tuple(f.group() for f in re.finditer(rb"<script.*?</script>", both, re.DOTALL))
    return Sample(
        "pages.html", kind, ".html", b"<!doctype html>\n<html>", rows, b"\n", b"</html>\n"
    )


def _own(others: list[Sample]) -> Iterator[Sample]:
    """Our own JSON lines of each kind, from what the other samples hold."""
    for kind in feeds.KINDS:
        name = next(s.name for s in others if s.kind == kind)
        read = feeds.read(SAMPLES / name, kind=kind)
        rows = tuple(to_json(r) for r in read if not isinstance(r, BadRow))
        yield Sample("own.jsonl", kind, ".jsonl", b"", rows, b"\n", b"\n")


def mutated(sample: Sample, seed: int, rows: int) -> bytes:
    """A file of so many rows of the sample, most of them damaged, then perhaps the file as a whole."""
    chance = random.Random(seed)
    pool = list(sample.rows)
    # A bracket too many ends a document: in most, only what stands inside the rows is damaged.
    damages = _MILD if sample.document and chance.random() < 0.85 else _DAMAGES
    lines = []
    for i in range(rows):
        row = chance.choice(pool)
        if chance.random() < 0.5:  # other keys than its copies have, so that more than one goes in
            row = _with_key(row, i // 4)
        while chance.random() < 0.6:
            row = chance.choice(damages)(chance, row, pool)
        lines.append(row)
    head = sample.head
    if chance.random() < 0.15:
        head = chance.choice(_DAMAGES)(chance, head, [sample.head])
    data = head + sample.joint.join(lines) + sample.tail
    return chance.choice(_WRAPPINGS)(chance, data) if chance.random() < 0.4 else data


_KEYS = re.compile(
    rb"rain-jacket|enamel-mug|gift-card|linen-shirt|beeswax-candle|teapot-qinghua|(?<=id>)[A-Z]+-?|^[A-Z]{2}-?"
)


def _with_key(row: bytes, number: int) -> bytes:
    """The row as one of another product: its names of products, or its first number, with a number behind."""
    digits = str(number).encode()
    changed, count = _KEYS.subn(lambda found: found.group() + digits, row)
    return changed if count else _NUMBER.sub(lambda found: found.group() + digits, row, count=1)


def _insert(chance: random.Random, row: bytes, pool: list[bytes]) -> bytes:
    place = chance.randint(0, len(row))
    return row[:place] + chance.choice(NASTY) + row[place:]


def _overwrite(chance: random.Random, row: bytes, pool: list[bytes]) -> bytes:
    place = chance.randint(0, len(row))
    return row[:place] + chance.randbytes(chance.randint(1, 4)) + row[place + 3 :]


def _remove(chance: random.Random, row: bytes, pool: list[bytes]) -> bytes:
    place = chance.randint(0, len(row))
    return row[:place] + row[place + chance.randint(1, 20) :]


def _repeat(chance: random.Random, row: bytes, pool: list[bytes]) -> bytes:
    place = chance.randint(0, len(row))
    return row[: place + 20] + row[place:]


def _cross(chance: random.Random, row: bytes, pool: list[bytes]) -> bytes:
    other = chance.choice(pool)
    return row[: chance.randint(0, len(row))] + other[chance.randint(0, len(other)) :]


def _number(chance: random.Random, row: bytes, pool: list[bytes]) -> bytes:
    found = list(_NUMBER.finditer(row))
    if not found:
        return row
    at = chance.choice(found)
    return row[: at.start()] + chance.choice(NUMBERS) + row[at.end() :]


def _swap(chance: random.Random, row: bytes, pool: list[bytes]) -> bytes:
    mark = chance.choice((b",", b";", b"\t", b":", b'"'))
    cells = row.split(mark)
    if len(cells) > 1:
        i, k = chance.sample(range(len(cells)), 2)
        cells[i], cells[k] = cells[k], cells[i]
    return mark.join(cells)


_DAMAGES: tuple[Damage, ...] = (
    _insert, _insert, _overwrite, _remove, _repeat, _cross, _number, _number, _swap,
)  # fmt: skip


def _inside(chance: random.Random, row: bytes, pool: list[bytes]) -> bytes:
    """A nasty text without signs of structure inside one of the row's own texts."""
    found = list(_TEXT.finditer(row))
    if not found:
        return row
    place = chance.randint(*chance.choice(found).span(1))
    return row[:place] + chance.choice(_HARMLESS) + row[place:]


def _emptied(chance: random.Random, row: bytes, pool: list[bytes]) -> bytes:
    found = list(_TEXT.finditer(row))
    if not found:
        return row
    at = chance.choice(found)
    return row[: at.start(1)] + row[at.end(1) :]


_TEXT = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_HARMLESS = tuple(n for n in NASTY if not set(n) & set(b'"{}[]\\<\n\r'))
_MILD: tuple[Damage, ...] = (_inside, _inside, _emptied, _number)


def _recoded(encoding: str) -> Callable[[random.Random, bytes], bytes]:
    def recode(chance: random.Random, data: bytes) -> bytes:
        return data.decode("utf-8", "replace").encode(encoding, "replace")

    return recode


def _cut_off(chance: random.Random, data: bytes) -> bytes:
    return data[: chance.randint(0, len(data))]


def _packed_cut(chance: random.Random, data: bytes) -> bytes:
    packed = gzip.compress(data, 1)
    return packed[: chance.randint(1, len(packed))]


def _flipped(chance: random.Random, data: bytes) -> bytes:
    packed = bytearray(gzip.compress(data, 1))
    packed[chance.randrange(len(packed))] ^= 1 << chance.randrange(8)
    return bytes(packed)


_WRAPPINGS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    _recoded("utf-16"), _recoded("utf-16-be"), _recoded("gb18030"), _recoded("cp1252"), _recoded("utf-8-sig"),
    _cut_off, _packed_cut, _flipped,
    lambda chance, data: gzip.compress(data, 1),
    lambda chance, data: data.replace(b"\n", b"\r\n"),
    lambda chance, data: data.replace(b"\n", b"\r"),
    lambda chance, data: data + data[: chance.randint(0, 2000)],
    lambda chance, data: chance.randbytes(chance.randint(1, 50)) + data,
)  # fmt: skip


def parquet(seed: int, rows: int) -> bytes:
    """A Parquet file of products with nasty texts and numbers, sometimes with a few bytes flipped."""
    chance = random.Random(seed)
    texts = [t.decode("utf-8", "replace") for t in (*NASTY, *NUMBERS)] + [None]

    def column(*usual: Any) -> list[Any]:
        return [
            chance.choice(texts) if chance.random() < 0.3 else chance.choice(usual)
            for _ in range(rows)
        ]

    numbers = [
        chance.choice((9.99, -1.0, 1e300, float("nan"), float("inf"), 0.0, None))
        for _ in range(rows)
    ]
    found = pa.table({
        "sku": [f"{v}{i if chance.random() < 0.9 else ''}" for i, v in enumerate(column("A-1", "B-2"))],
        "name": column("Knife", "Mug", "茶壶"), "category": column("A > B", "C"), "price": numbers,
        "stock": pa.array([chance.choice((1, 0, -5, 2**31, None)) for _ in range(rows)], pa.int64()),
        "tags": [chance.choice((["a", "b"], [], None)) for _ in range(rows)],
        "added": pa.array([chance.choice((0, 2**62, -(2**62), None)) for _ in range(rows)], pa.timestamp("us")),
    })  # fmt: skip
    out = pa.BufferOutputStream()
    pq.write_table(found, out)
    data = bytearray(out.getvalue().to_pybytes())
    if chance.random() < 0.4:
        for _ in range(chance.randint(1, 8)):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(data)


def _storable(value: Any) -> bool:
    if isinstance(value, dict):
        return all("\0" not in k and _storable(v) for k, v in value.items())
    if isinstance(value, list):
        return all(map(_storable, value))
    return not isinstance(value, str) or "\0" not in value


def check(path: Path, kind: str) -> dict[str, int]:
    """Read a file of mutated rows to its end. Returns how many records, bad rows and errors came out of it.

    Raises AssertionError for a record that could not be stored or a bad row that does not say why; what else a
    reader raises is its crash and comes out as it is.
    """
    counts = {"records": 0, "bad": 0, "refused": 0}
    try:
        for item in feeds.read(path, kind=kind):
            if isinstance(item, BadRow):
                counts["bad"] += 1
                assert item.reason and item.line >= 0, item
                assert "\0" not in item.reason + item.raw + item.field, item
                (item.raw + item.reason + item.field + item.hint).encode()
            else:
                counts["records"] += 1
                own.check(item)
                data = to_json(item)
                assert b"\\u0000" not in data or _storable(orjson.loads(data)), item
    except FeedError as error:
        counts["refused"] += 1
        assert error.message and error.hint, error
    return counts
