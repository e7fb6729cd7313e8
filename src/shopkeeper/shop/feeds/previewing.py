"""A look at a file before it goes in: how it would be read, and what would become of its first rows.

Writes nothing. What a person corrects (kind, format, mapping) is tried in the same way, as often as they like.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from shopkeeper.errors import FeedError
from shopkeeper.shop import products
from shopkeeper.shop.database import Database
from shopkeeper.shop.feeds import detecting, values
from shopkeeper.shop.feeds.formats import FORMATS, KINDS, format_named, reader_of
from shopkeeper.shop.feeds.imports import Import
from shopkeeper.shop.feeds.mapping import SETTINGS, columns_of, guess_mapping, separator
from shopkeeper.shop.feeds.rows import BadRow, Notes, Options
from shopkeeper.shop.feeds.tables import table
from shopkeeper.shop.records import Product, ProductId

ROWS = 300
SPARE = "attribute:"  # where a column goes that no field takes


@dataclass(frozen=True, slots=True)
class Effect:
    """What products looked at would do to those in the shop. lost: what is there now and not in the file -> products."""

    created: int
    updated: int
    unchanged: int
    lost: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file looks like.

    kinds and formats: what else it can be read as. columns, sample, mapping: of formats that are read by a mapping.
    records and bad: of its first rows; whole: these are all. notes: what deserves a word. mended: the import whose
    bad rows this file holds. problem and hint: why it cannot be read in this way, or not further. effect: of products
    that replace what is there; None for other kinds, and for mended rows, which only add.
    """

    kind: str
    format: str
    kinds: tuple[str, ...]
    formats: tuple[str, ...]
    columns: tuple[str, ...] = ()
    sample: Sequence[Mapping[str, str]] = ()
    mapping: Mapping[str, str] = field(default_factory=dict)
    records: Sequence[Any] = ()
    bad: Sequence[BadRow] = ()
    whole: bool = False
    notes: tuple[str, ...] = ()
    mended: Import | None = None
    problem: str = ""
    hint: str = ""
    effect: "Effect | None" = None

    @property
    def seen(self) -> int:
        """How many records and bad rows were looked at."""
        return len(self.records) + len(self.bad)


def preview(
    database: Database,
    path: Path,
    *,
    kind: str = "",
    format: str = "",
    mapping: Mapping[str, str] | None = None,
    currency: str = "USD",
    language: str = "en",
    rows: int = ROWS,
) -> Preview:
    """A look at a file. kind, format, mapping: what a person says instead of the guess.

    Raises FeedError if nothing here can read the file; what only stands in this way's way is told in the preview.
    """
    found = detecting.source(path)
    with database.connection() as conn:
        mended = detecting.mended_from(found, conn)
    seen = detecting.detect(path)
    chosen = format or (mended.format if mended is not None else seen.format)
    named = kind or (mended.kind if mended is not None else seen.kind)
    kinds = KINDS if FORMATS[chosen].mapped else tuple(FORMATS[chosen].readers)
    if named not in kinds:
        named = kinds[0]
    format_named(chosen, named)
    look = Preview(named, chosen, kinds, _formats(seen), mended=mended)
    if FORMATS[chosen].mapped:
        look = _with_columns(look, found, mapping)
    try:
        plan = detecting.plan(
            found, named, format=chosen, mapping=_all(look, mapping), mended=mended
        )
    except FeedError as error:
        return replace(look, problem=error.message, hint=error.hint)
    notes = Notes()
    options = Options(currency, language, plan.mapping, plan.merging, notes)
    look = _with_rows(replace(look, mapping=plan.mapping), found, options, rows)
    if named != "products" or plan.merging:
        return look
    with database.connection() as conn:
        known = products.get_many(conn, [record.id for record in look.records])
    return replace(look, effect=_effect(look.records, known))


def _effect(records: Sequence[Product], known: Mapping[ProductId, Product]) -> Effect:
    lost: dict[str, int] = {}
    updated = unchanged = 0
    for new in records:
        old = known.get(new.id)
        if old is None:
            continue
        unchanged += old == new
        updated += old != new
        for name in _losses(old, new):
            lost[name] = lost.get(name, 0) + 1
    return Effect(len(records) - updated - unchanged, updated, unchanged, lost)


def _losses(old: Product, new: Product) -> Iterator[str]:
    """What a product has now and would not have any more."""
    for name in (
        "description",
        "brand",
        "category",
        "attributes",
        "tags",
        "images",
        "translations",
    ):
        if getattr(old, name) and not getattr(new, name):
            yield name
    if {v.id for v in old.variants} - {v.id for v in new.variants}:
        yield "variants"


def _formats(seen: detecting.Detected) -> tuple[str, ...]:
    """The format found out, and any other that can make sense of the same table."""
    tables = ("shopify", "woocommerce", "google")
    return (seen.format, "plain") if seen.format in tables else (seen.format,)


def _with_columns(look: Preview, found: Any, given: Mapping[str, str] | None) -> Preview:
    rows = table(found, Notes())
    sample = rows.sample()
    mended = look.mended
    if mended is not None and (mended.kind, mended.format) == (look.kind, look.format):
        guess = dict(mended.mapping)
    else:
        guess = guess_mapping(rows.columns, sample, look.kind)
    said = {f: c for f, c in (given or {}).items() if c or f not in SETTINGS}
    taken = {c for f, c in said.items() if not f.startswith(SPARE) and f not in SETTINGS}
    kept = {f: c for f, c in guess.items() if c not in taken or f in SETTINGS}
    mapping = {f: c for f, c in {**kept, **said}.items() if c}
    mapping = {f: c for f, c in mapping.items() if not (f.startswith(SPARE) and c in taken)}
    for setting, value in _settings(mapping, rows.columns, sample).items():
        if setting not in said:
            mapping.pop(setting, None)
            mapping |= {setting: value} if value else {}
    return replace(look, columns=rows.columns, sample=sample[:20], mapping=mapping)


def _settings(
    mapping: Mapping[str, str], columns: Sequence[str], sample: Sequence[Mapping[str, str]]
) -> dict[str, str]:
    """How values of the columns chosen are written, as far as they show."""

    def texts(*fields: str) -> list[str]:
        named = [c for f in fields if f in mapping for c in columns_of(mapping[f], columns)]
        return [row.get(column, "") for column in named for row in sample]

    mark = values.decimal_mark(texts("price", "total", "unit_price", "list_price"))
    path = " > " in mapping.get("category", "")
    return {
        "decimal": mark if mark == "," else "",
        "separator": mapping.get("separator", "") if path else separator(texts("category")),
    }


def _all(look: Preview, given: Mapping[str, str] | None) -> Mapping[str, str] | None:
    """What a person says together with what follows from it; fields they took away stay blank."""
    if given is None or not FORMATS[look.format].mapped:
        return given
    return {**{f: "" for f, c in given.items() if not c}, **look.mapping}


def _with_rows(look: Preview, found: Any, options: Options, rows: int) -> Preview:
    reading = reader_of(FORMATS[look.format], look.kind)(found, options)
    records: list[Any] = []
    bad: list[BadRow] = []
    problem = hint = ""
    whole = False
    try:
        for row in islice(reading, rows):
            (bad if isinstance(row, BadRow) else records).append(row)
        whole = next(reading, None) is None
    except FeedError as error:
        problem, hint = error.message, error.hint
    return replace(
        look, records=records, bad=bad, whole=whole, notes=options.notes.texts(), problem=problem, hint=hint
    )  # fmt: skip
