"""What a look at a file shows: one sentence, each field with its column and first values, records as they would go in."""

from collections.abc import Callable, Mapping
from typing import Any

from shopkeeper.pages import Visit, formats
from shopkeeper.pages.products import offer_of
from shopkeeper.shop.feeds import Preview
from shopkeeper.shop.feeds.mapping import SETTINGS, columns_of, required
from shopkeeper.shop.feeds.mapping import fields as fields_of

SHOWN = 8  # records and bad rows
SAMPLES = 3  # values beside a column


def sentence(visit: Visit, found: Preview) -> str:
    """The one line that says whether to go on."""
    if not found.records:
        return visit.t("No row can be read in this way.")
    rows, bad = (formats.number(n, visit.language) for n in (found.seen, len(found.bad)))
    whole = found.whole
    if not found.bad and whole:
        return visit.counted(
            "The one entry can be read.", "All {n} entries can be read.", found.seen
        )
    if not found.bad:
        return visit.t("The first {n} entries can all be read.", n=rows)
    if whole:
        return visit.t("Of {n} entries, {m} cannot be read and would be kept aside.", n=rows, m=bad)
    return visit.t(
        "Of the first {n} entries, {m} cannot be read and would be kept aside.", n=rows, m=bad
    )


def mapped_fields(found: Preview) -> list[dict[str, Any]]:
    """The fields of the kind, each with the column that holds it and its first values."""
    kind, columns = found.kind, found.columns
    names = dict.fromkeys([*fields_of(kind), *found.mapping]) if columns else {}
    fields = []
    for name in names:
        if name in SETTINGS:
            continue
        column = found.mapping.get(name, "")
        offered = dict.fromkeys([*([column] if column else []), *columns])
        fields.append({
            "name": name, "column": column, "required": name in required(kind), "columns": list(offered),
            "samples": _samples(found, columns_of(column, columns)) if column else [],
        })  # fmt: skip
    return sorted(fields, key=lambda f: (not f["required"], not f["column"]))


def _samples(found: Preview, columns: list[str]) -> list[str]:
    """The first different values of a column, or of several put together."""
    texts = (" · ".join(filter(None, (row.get(c, "") for c in columns))) for row in found.sample)
    return [text[:60] for text in dict.fromkeys(filter(None, texts))][:SAMPLES]


def unused_columns(found: Preview) -> list[dict[str, Any]]:
    """Columns that no field takes, with first values; they are kept as attributes and metadata."""
    used = {c for e in found.mapping.values() for c in columns_of(e, found.columns)}
    rest = [c for c in found.columns if c not in used]
    return [{"name": c, "samples": _samples(found, [c])} for c in rest]


Column = tuple[str, Callable[[Visit, Any], object]]

_TOLD: Mapping[str, tuple[Column, ...]] = {
    "products": (
        ("Title", lambda v, r: r.title), ("Brand", lambda v, r: r.brand),
        ("Category", lambda v, r: " › ".join(r.category)), ("Price", lambda v, r: offer_of(r.variants)),
        ("Variants", lambda v, r: len(r.variants)), ("Stock", lambda v, r: _stock(r)),
    ),
    "customers": (
        ("ID", lambda v, r: r.id), ("Name", lambda v, r: f"{r.first_name} {r.last_name}".strip()),
        ("E-mail", lambda v, r: r.email), ("City", lambda v, r: r.addresses[0].city if r.addresses else ""),
    ),
    "orders": (
        ("ID", lambda v, r: r.id), ("Ordered at", lambda v, r: formats.moment(r.placed_at, v.language)),
        ("Customer", lambda v, r: r.customer_id), ("Status", lambda v, r: r.status),
        ("Lines", lambda v, r: len(r.lines)), ("Products", lambda v, r: ", ".join(x.title or x.product_id for x in r.lines[:3])),
    ),
    "events": (
        ("Action", lambda v, r: r.action), ("Time", lambda v, r: formats.moment(r.at, v.language)),
        ("Session", lambda v, r: r.session_id), ("Search words", lambda v, r: r.user_query),
        ("Product seen", lambda v, r: r.object_id),
    ),
    "queries": (
        ("Search words", lambda v, r: r.user_query), ("Time", lambda v, r: formats.moment(r.at, v.language)),
        ("Products shown", lambda v, r: len(r.hits)),
    ),
    "reviews": (
        ("Product", lambda v, r: r.product_id), ("Rating", lambda v, r: "" if r.rating is None else str(r.rating)),
        ("Author", lambda v, r: r.author), ("Title", lambda v, r: r.title), ("Text", lambda v, r: r.text[:160]),
    ),
    "pages": (
        ("Title", lambda v, r: r.title), ("Language", lambda v, r: r.language), ("Text", lambda v, r: r.body[:160]),
    ),
}  # fmt: skip


def _stock(product: Any) -> object:
    stocks = [v.quantity for v in product.variants if v.quantity is not None]
    return sum(stocks) if stocks else ""


def records_told(visit: Visit, found: Preview) -> tuple[list[str], list[list[object]]]:
    """Heads and cells of the records as they would go in."""
    columns = _TOLD[found.kind]
    rows = [[tell(visit, record) for _, tell in columns] for record in found.records[:SHOWN]]
    return [visit.t(name) for name, _ in columns], rows
