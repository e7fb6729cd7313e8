"""Orders out of a table of order lines: rows of one order id become one order.

Columns that no field holds are kept as metadata, of the order if they never differ within an order of the sample, of
the line otherwise. A measure of zero (no discount) says nothing and is left out.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from shopkeeper.shop.feeds import values
from shopkeeper.shop.feeds.grouping import grouped
from shopkeeper.shop.feeds.mapping import SETTINGS, Getter, blank, columns_of, getter
from shopkeeper.shop.feeds.rows import BadRow, Options, RowError, row_text
from shopkeeper.shop.feeds.source import Source
from shopkeeper.shop.feeds.tables import Row, Table, table
from shopkeeper.shop.records import (
    CustomerId,
    Money,
    Order,
    OrderId,
    OrderLine,
    ProductId,
    VariantId,
)


def read_orders(source: Source, options: Options) -> Iterator[Order | BadRow]:
    """Orders of the table, each once and whole wherever its lines stand."""
    found = table(source, options.notes)
    reader = _Reader(found, options)
    column = options.mapping["id"]
    keys = found.keys(column) if found.keys and column in found.columns else None
    for group in grouped(found.rows, reader.key, keys=keys):
        if isinstance(group, BadRow):
            yield group
        else:
            yield from reader.order(group)


class _Reader:
    """Rows of one table to orders. What a field is read by is looked up once, not for every line."""

    def __init__(self, found: Table, options: Options) -> None:
        mapping = options.mapping
        self._names = mapping
        self._default_currency = options.currency
        self._decimal = mapping.get("decimal", ".")
        fields = {f: e for f, e in mapping.items() if f not in SETTINGS}
        get = {f: getter(e, found.columns) for f, e in fields.items()}
        self._id, self._product = get["id"], get["product_id"]
        self._customer, self._at = get.get("customer_id", blank), get.get("placed_at", blank)
        self._status, self._variant = get.get("status", blank), get.get("variant_id", blank)
        self._title, self._quantity = get.get("title", blank), get.get("quantity", blank)
        self._currency = get.get("currency")
        self._amounts = {f: get.get(f) for f in ("total", "unit_price", "discount")}
        used = {c for e in fields.values() for c in columns_of(e, found.columns)}
        rest = [c for c in found.columns if c not in used]
        sample = found.sample()
        self._of_order = [c for c in rest if _constant(c, self._id, sample)]
        self._of_line = [c for c in rest if c not in self._of_order]

    def key(self, row: Row) -> str:
        """The id of the order that a row belongs to."""
        return self._id(row.cells)

    def order(self, rows: list[Row]) -> Iterator[Order | BadRow]:
        """The order of these lines, and the lines that do not go in."""
        lines: list[OrderLine] = []
        head: tuple[OrderId, CustomerId, datetime | None] | None = None
        first = rows[0]
        for row in rows:
            try:
                if head is None:
                    head, first = self._head(row.cells), row
                line = self._line(row.cells)
                if lines and line.total.currency != lines[0].total.currency:
                    raise RowError(
                        self._names.get("currency") or self._names.get("total", "total"),
                        f"is in {line.total.currency}, the order's first line in {lines[0].total.currency}",
                        "one order has one currency",
                    )  # fmt: skip
                lines.append(line)
            except RowError as error:
                yield error.at(row.line, row_text(row.cells))
        if head is None or not lines:
            return
        identity, customer, placed_at = head
        yield Order(
            id=identity, customer_id=customer, lines=tuple(lines), placed_at=placed_at,
            status=self._status(first.cells)[:200], metadata=_kept(self._of_order, first.cells),
        )  # fmt: skip

    def _head(self, cells: Mapping[str, str]) -> tuple[OrderId, CustomerId, datetime | None]:
        identity = values.identifier(self._names["id"], self._id(cells))
        customer = values.identifier(
            self._names.get("customer_id", ""), self._customer(cells), required=False
        )
        at = self._at(cells)
        placed = values.when(self._names["placed_at"], at) if at else None
        return OrderId(identity), CustomerId(customer), placed

    def _line(self, cells: Mapping[str, str]) -> OrderLine:
        names = self._names
        product = values.identifier(names["product_id"], self._product(cells))
        variant, count = self._variant(cells), self._quantity(cells)
        quantity = values.quantity(names["quantity"], count) if count else 1
        if quantity < 0:
            raise RowError(
                names["quantity"],
                f"{count[:20]!r} is negative",
                "returns belong to the order they undo",
            )
        currency = self._currency_of(cells)
        unit_price = self._amount("unit_price", cells, currency)
        total = self._amount("total", cells, currency)
        if total is None and unit_price is not None:
            total = _times(unit_price, quantity)
        if total is None:
            field = names.get("total") or names.get("unit_price", "total")
            raise RowError(field, "is blank", "write what was paid for this line")
        discount = self._amount("discount", cells, currency)
        for field, amount in (("unit_price", unit_price), ("discount", discount)):
            if amount is not None and amount.currency != total.currency:
                raise RowError(
                    names[field],
                    f"is in {amount.currency}, the total in {total.currency}",
                    "use one",
                )
        return OrderLine(
            product_id=ProductId(product), quantity=quantity, total=total,
            variant_id=VariantId(values.identifier(names["variant_id"], variant)) if variant else None,
            title=self._title(cells), unit_price=unit_price,
            discount=discount if discount is not None and discount.amount else None,
            metadata=_kept(self._of_line, cells),
        )  # fmt: skip

    def _currency_of(self, cells: Mapping[str, str]) -> str:
        found = "" if self._currency is None else self._currency(cells).upper()
        if found and not re.fullmatch("[A-Z]{3}", found):
            raise RowError(self._names["currency"], f"{found[:20]!r} is no currency", "write USD")
        return found or self._default_currency

    def _amount(self, field: str, cells: Mapping[str, str], currency: str) -> Money | None:
        get = self._amounts[field]
        text = "" if get is None else get(cells)
        if not text:
            return None
        if field == "discount":
            text = text.lstrip("-−")  # some write what is taken off as a negative amount
        return values.price(self._names[field], text, currency, self._decimal)


def _times(price: Money, quantity: int) -> Money:
    try:
        return Money(price.amount * Decimal(quantity), price.currency)
    except ValueError:
        raise RowError("", "price times quantity is out of every range", "check both") from None


def _kept(columns: list[str], cells: Mapping[str, str]) -> dict[str, str]:
    return {
        c: text for c in columns if (text := cells.get(c, "").strip()) and text not in ("0", "0.0")
    }


def _constant(column: str, order: Getter, sample: list[dict[str, str]]) -> bool:
    """True if the column is the same in all lines of an order, for every order of the sample."""
    seen: dict[str, str] = {}
    return all(seen.setdefault(order(r), r.get(column, "")) == r.get(column, "") for r in sample)
