"""What a file is: its format, told by its content and not by its name, and the plan to read it by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from shopkeeper.errors import FeedError, NotFound
from shopkeeper.shop.bulk import Connection
from shopkeeper.shop.feeds import (
    dummyjson,
    ga4,
    google,
    json_values,
    markdown,
    own,
    schema_org,
    tau,
    ubi,
)
from shopkeeper.shop.feeds.formats import FORMATS, KINDS, format_named
from shopkeeper.shop.feeds.imports import Import, get_import
from shopkeeper.shop.feeds.mapping import corrected, guess_mapping
from shopkeeper.shop.feeds.rows import BadRow, Notes, Options
from shopkeeper.shop.feeds.shopify_columns import is_shopify
from shopkeeper.shop.feeds.source import FolderSource, Source, explained
from shopkeeper.shop.feeds.tables import Row, Table, table
from shopkeeper.shop.feeds.woocommerce_columns import is_woocommerce

_PAGES = {".html", ".htm", ".xhtml"}
_MARKDOWN = {".md", ".markdown"}


@dataclass(frozen=True, slots=True)
class Detected:
    """kind: what it most likely is. mapping: guessed columns, for plain tables. columns and sample: to show them."""

    kind: str
    format: str
    mapping: Mapping[str, str] | None = None
    columns: tuple[str, ...] = ()
    sample: Sequence[Mapping[str, str]] = ()
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """How a file will be read."""

    kind: str
    format: str
    mapping: Mapping[str, str] = field(default_factory=dict)
    merging: bool = False


def source(path: Path) -> Source:
    """The file or folder as a source. Raises FeedError if it is not there or may not be read."""
    with explained(path):
        path.stat()
        is_folder = path.is_dir()
    if is_folder:
        return FolderSource(path, tuple(sorted(_PAGES | _MARKDOWN)))
    found = Source(path)
    found.look  # noqa: B018  # reads the file through once, so that what is wrong is said before anything is done
    return found


def detect(path: Path, *, kind: str | None = None) -> Detected:
    """What the file is. Raises FeedError if nothing here can read it."""
    found = source(path)
    name, kinds = _format(found, kind)
    if kind is not None and kind not in kinds:
        format_named(name, kind)
    chosen = kind or kinds[0]
    if not FORMATS[name].mapped:
        return Detected(chosen, name, kinds=kinds)
    rows = table(found, Notes())
    sample = rows.sample()
    if kind is None:
        chosen = _likely_kind(rows, sample)
    mapping = guess_mapping(rows.columns, sample, chosen)
    return Detected(chosen, name, mapping, rows.columns, sample[:20], kinds)


def described(found: Source, plan: "Plan") -> Detected:
    """The columns and first rows of a file that is read by a mapping."""
    if not FORMATS[plan.format].mapped:
        return Detected(plan.kind, plan.format)
    rows = table(found, Notes())
    return Detected(plan.kind, plan.format, plan.mapping, rows.columns, rows.sample()[:200])


def plan(
    found: Source,
    kind: str,
    *,
    format: str | None,
    mapping: Mapping[str, str] | None,
    mended: Import | None,
) -> Plan:
    """How to read the file: as told, else as the import its rows were mended from, else as detected.

    Raises FeedError when that cannot be.
    """
    if kind not in KINDS:
        raise FeedError(f"no records are called {kind!r}", hint=f"kinds: {', '.join(KINDS)}")
    merging = mended is not None or _is_marked(found)
    if format is None and mended is not None and kind in FORMATS[mended.format].readers:
        format = mended.format
    name = format or _format(found, kind)[0]
    described = format_named(name, kind)
    if not described.mapped:
        return Plan(kind, name, {}, merging)
    rows = table(found, Notes())
    guess: Mapping[str, str]
    if mended is not None and mended.kind == kind and mended.format == name:
        guess = mended.mapping
    else:
        guess = guess_mapping(rows.columns, rows.sample(), kind)
    return Plan(kind, name, corrected(guess, mapping or {}, rows.columns, kind), merging)


def holds(found: Source, format: str, kind: str) -> bool:
    """True if a file of this format has records of the kind, by its first part."""
    if format == "schema.org":
        return schema_org.holds(found, kind)
    if format == "dummyjson":
        return kind == "products" or b'"reviews"' in json_values.head(found, 100_000)
    if format == "tau":
        return kind in tau.kinds(found)
    if format == "ubi":
        return kind in ubi.kinds(found)
    return False


def encoding_note(found: Source) -> str:
    """What to say about the file's encoding, or empty."""
    if isinstance(found, FolderSource) or found.head(4) == b"PAR1":
        return ""
    return found.look.encoding.note


def fraction(found: Source) -> float:
    """The part of the file that the reading under way has taken, from 0 to 1."""
    size = found.look.size
    return min(found.read_bytes / size, 1.0) if size else 0.0


def fingerprint(found: Source, options: Options) -> str:
    """One text for one content read one way."""
    mapping = orjson.dumps(dict(options.mapping), option=orjson.OPT_SORT_KEYS)
    way = f"{found.look.fingerprint} {options.currency} {options.language} {options.merging} "
    return sha256(way.encode() + mapping).hexdigest()


def mended_from(found: Source, conn: Connection) -> Import | None:
    """The import that this file's rows were mended from, if it says so and this shop knows it."""
    row = _first_marked(found)
    if row is None:
        return None
    text = str(row.get("_import", ""))
    if not (text.isascii() and text.isdigit() and len(text) < 18):
        return None
    try:
        return get_import(conn, int(text))
    except NotFound:
        return None


def _is_marked(found: Source) -> bool:
    return _first_marked(found) is not None


def _first_marked(found: Source) -> Mapping[str, Any] | None:
    """The first row, if the file is one of mended rows."""
    if isinstance(found, FolderSource):
        return None
    head = found.head(65_536)
    if b"_line" not in head or b"_reason" not in head:
        return None
    if google.is_xml(head):
        return google.first_marks(found)
    if head.startswith(b"---\n"):
        return markdown.first_marks(found)
    try:
        rows = table(found, Notes())
        if rows.marked:
            first = next((r for r in rows.rows() if isinstance(r, Row)), None)
            return first.cells if first is not None else {}
    except FeedError:
        return None
    return None


def _format(found: Source, kind: str | None) -> tuple[str, tuple[str, ...]]:
    """The format's name, and the kinds that such a file holds."""
    if isinstance(found, FolderSource):
        if any(True for _ in found.files(tuple(_PAGES))):
            return "schema.org", ("products", "reviews")
        return "markdown", ("pages",)
    ending = "." + found.suffix
    head = found.head(8192)
    if google.is_xml(head) and not _is_html(head):
        return "google", ("products",)
    if _is_html(head) or ending in _PAGES:
        return "schema.org", ("products", "reviews")
    if ending in _MARKDOWN:
        return "markdown", ("pages",)
    if head[:4] == b"PAR1":
        return "plain", KINDS
    if json_values.looks_like_json(found):
        return _json_format(found, kind)
    return _table_format(table(found, Notes()).columns)


def _is_html(head: bytes) -> bool:
    start = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")[:2000].lower()
    return start[:1] == b"<" and (
        b"<!doctype html" in start or b"<html" in start or b"<script" in start
    )


def _json_format(found: Source, kind: str | None) -> tuple[str, tuple[str, ...]]:
    sample = _first_values(found)
    for data in sample:
        wanted = KINDS if kind is None else (kind,)
        ours = tuple(k for k in wanted if own.is_own(data, k))
        if ours:
            return "jsonl", ours
        if dummyjson.is_dummyjson(data):
            return "dummyjson", ("products", "reviews")
        if ubi.is_ubi(data):
            return "ubi", ("events", "queries")
        if ga4.is_ga4(data):
            return "ga4", ("events",)
        if schema_org.is_linked_data(data):
            return "schema.org", ("products", "reviews")
        if tau.is_tau(data):
            return "tau", tau.kinds(found)
    return "plain", KINDS


def _first_values(found: Source) -> list[dict[str, Any]]:
    values = []
    try:
        for value in json_values.records(found):
            if not isinstance(value, BadRow):
                values.append(value.data)
            if len(values) >= 5 or found.read_bytes > 4_000_000:
                break
    except FeedError:
        pass  # the reader will say it, behind what it could read
    return values


def _table_format(columns: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    if is_shopify(tuple(columns)):
        return "shopify", ("products",)
    if is_woocommerce(columns):
        return "woocommerce", ("products",)
    if google.is_google_table(columns):
        return "google", ("products",)
    return "plain", KINDS


def _likely_kind(rows: Table, sample: Sequence[Mapping[str, str]]) -> str:
    """The kind most of whose fields the columns look like."""
    best, most = "products", 0
    for kind in KINDS:
        guess = guess_mapping(rows.columns, sample, kind)
        try:
            corrected(guess, {}, rows.columns, kind)
        except FeedError:
            continue
        if len(guess) > most:
            best, most = kind, len(guess)
    return best
