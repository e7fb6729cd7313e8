"""Our own form: JSON lines, one record a line, every field. What is written comes back equal, for every kind."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO

import orjson
from pydantic import ValidationError

from shopkeeper.shop.feeds import json_values, values
from shopkeeper.shop.feeds.rows import UNREAD, BadRow, Options, RowError
from shopkeeper.shop.feeds.source import Source
from shopkeeper.shop.records import (
    Customer,
    Event,
    Order,
    Page,
    Product,
    Query,
    Record,
    Review,
    from_json,
    to_json,
)

CLASSES: dict[str, type[Any]] = {
    "products": Product, "customers": Customer, "orders": Order, "events": Event, "queries": Query,
    "reviews": Review, "pages": Page,
}  # fmt: skip
# Texts under an index of the database; the rest may be long.
_KEYS = (
    "id", "handle", "brand", "email", "customer_id", "product_id", "variant_id", "session_id", "client_id",
    "query_id", "object_id", "action", "slug", "language", "sku", "gtin", "mpn",
)  # fmt: skip


def reader(kind: str) -> Callable[[Source, Options], Iterator[Any]]:
    """The reader of our own JSON lines for a kind of record."""
    record_class = CLASSES[kind]

    def read(source: Source, options: Options) -> Iterator[Any]:
        for line in json_values.lines(source):
            if isinstance(line, BadRow):
                yield line
                continue
            number, raw = line
            try:
                yield _record(record_class, raw)
            except RowError as error:
                yield error.at(number, raw.decode("utf-8", "replace").rstrip("\n"))

    return read


def _record(record_class: type[Record], raw: bytes) -> Record:
    if b'"_text"' in raw:  # a line that was no JSON, mended in our own file of bad rows
        whole = json_values.loads(raw)
        if isinstance(whole, dict) and isinstance(whole.get(UNREAD), str):
            raw = whole[UNREAD].encode()
    if b"\\u" in raw:  # escapes may hide what cannot be stored; unusual, so the slow way
        raw = orjson.dumps(json_values.loads(raw))
    try:
        record = from_json(record_class, raw)
    except ValidationError as error:
        raise _told(error) from None
    except ValueError as error:
        raise RowError("", str(error)[:200], "mend the record") from None
    check(record)
    return record


def _told(error: ValidationError) -> RowError:
    first = error.errors(include_url=False, include_context=False)[0]
    field = ".".join(map(str, first["loc"]))[:200]
    reason = first["msg"].removeprefix("Value error, ")
    return RowError(
        field, reason[:1].lower() + reason[1:300], "mend it, or export the record again"
    )


def check(record: Any) -> None:
    """Raises RowError for what the database cannot hold."""
    for name in _KEYS:
        text = getattr(record, name, None)
        if isinstance(text, str):
            values.identifier(name, text, required=name in ("id", "product_id"))
    if isinstance(record, Product):
        _check_product(record)
    elif isinstance(record, Order):
        for line in record.lines:
            _check_line(line)
        currencies = {line.total.currency for line in record.lines}
        if len(currencies) > 1:
            raise RowError("lines", "are in several currencies", "one order has one currency")
    if isinstance(record, Event | Query):
        _check_depth(record.attributes, 0)
        position = getattr(record, "position", None)
        _check_range("position", position)


def _check_product(product: Product) -> None:
    if not product.variants:
        raise RowError("variants", "is empty", "a product has at least one variant")
    seen = set()
    for variant in product.variants:
        check(variant)
        _check_range("quantity", variant.quantity)
        if variant.id in seen:
            raise RowError("variants", f"{variant.id[:60]!r} comes twice", "give each its own id")
        seen.add(variant.id)
        before = variant.list_price
        if before is not None and before.currency != variant.price.currency:
            raise RowError(
                "list_price", "is in another currency than the price", "use one currency"
            )


def _check_line(line: Any) -> None:
    values.identifier("product_id", line.product_id)
    values.identifier("variant_id", line.variant_id or "", required=False)
    _check_range("quantity", line.quantity)
    for amount in (line.unit_price, line.discount):
        if amount is not None and amount.currency != line.total.currency:
            raise RowError(
                "unit_price", "is in another currency than the total", "use one currency"
            )


def _check_range(field: str, number: int | None) -> None:
    if number is not None and abs(number) > values.MAX_QUANTITY:
        raise RowError(field, f"{str(number)[:40]} is out of range", "check the number")


def _check_depth(value: Any, depth: int) -> None:
    if depth > json_values.MAX_DEPTH:
        raise RowError("attributes", "are nested too deep", "flatten them")
    if isinstance(value, dict):
        for inner in value.values():
            _check_depth(inner, depth + 1)
    elif isinstance(value, list | tuple):
        for inner in value:
            _check_depth(inner, depth + 1)


def write(records: Iterable[Any], out: BinaryIO) -> int:
    """Write records as JSON lines. Returns how many."""
    count = 0
    for record in records:
        out.write(to_json(record) + b"\n")
        count += 1
    return count


def is_own(data: dict[str, Any], kind: str) -> bool:
    """True for a JSON object with all fields of our record of this kind."""
    return set(CLASSES[kind].__dataclass_fields__) <= set(data)
