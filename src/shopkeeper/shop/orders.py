"""Orders and their lines in the database."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from psycopg import sql

from shopkeeper.errors import NotFound
from shopkeeper.shop import bulk
from shopkeeper.shop.bulk import Connection, Counts, Origin
from shopkeeper.shop.records import (
    Money,
    Option,
    Order,
    OrderId,
    OrderLine,
    ProductId,
    VariantId,
    adapter,
)

_COLUMNS = (
    "id", "customer_id", "status", "placed_at", "payments", "fulfilments", "history",
    "shipping_address", "billing_address", "metadata",
)  # fmt: skip
_LINE_COLUMNS = (
    "order_id", "position", "product_id", "variant_id", "title", "quantity", "unit_price", "discount",
    "total", "currency", "options", "metadata",
)  # fmt: skip
_SELECT = f"select {', '.join(_COLUMNS)} from orders"  # noqa: S608  # our own column names
_EMPTY_LIST, _EMPTY_DICT = bulk.jsonb([]), bulk.jsonb({})


def upsert(conn: Connection, orders: Sequence[Order], *, origin: Origin = Origin.PROGRAM) -> Counts:
    """Write orders with their lines; those that are as they were stay untouched."""
    orders = bulk.last_of_each(orders)
    rows = [_row(o) for o in orders]
    counts, changed = bulk.upsert(conn, "orders", (*_COLUMNS, "hash"), rows, origin=origin)
    fresh = set(changed)
    if counts.updated:
        conn.execute("delete from order_lines where order_id = any(%s)", [changed])
    lines = (_line_row(o.id, i, x) for o in orders if o.id in fresh for i, x in enumerate(o.lines))
    bulk.copy_rows(conn, "order_lines", _LINE_COLUMNS, lines)
    return counts


def _row(o: Order) -> tuple[Any, ...]:
    return (
        o.id, o.customer_id, o.status, o.placed_at,
        _list(o.payments), _list(o.fulfilments), _list(o.history),
        None if o.shipping_address is None else bulk.jsonb(o.shipping_address),
        None if o.billing_address is None else bulk.jsonb(o.billing_address),
        bulk.jsonb(dict(o.metadata)) if o.metadata else _EMPTY_DICT, bulk.content_hash(o),
    )  # fmt: skip


def _list(values: Sequence[Any]) -> Any:
    return bulk.jsonb(list(values)) if values else _EMPTY_LIST


def _line_row(order_id: OrderId, position: int, x: OrderLine) -> tuple[Any, ...]:
    return (
        order_id, position, x.product_id, x.variant_id, x.title, x.quantity,
        None if x.unit_price is None else x.unit_price.amount,
        None if x.discount is None else x.discount.amount,
        x.total.amount, x.total.currency, _list(x.options),
        bulk.jsonb(dict(x.metadata)) if x.metadata else _EMPTY_DICT,
    )  # fmt: skip


def get(conn: Connection, order_id: str) -> Order:
    """The order with this id. Raises NotFound."""
    found = get_many(conn, [order_id])
    if not found:
        raise NotFound(f"no order has the id {order_id!r}", hint="ids are case-sensitive")
    return next(iter(found.values()))


def get_many(conn: Connection, ids: Collection[str]) -> dict[OrderId, Order]:
    """The orders with these ids, in the order of `ids`; unknown ids are left out."""
    rows = conn.execute(_SELECT + " where id = any(%s)", [list(ids)]).fetchall()
    found = {o.id: o for o in _with_lines(conn, rows)}
    return {OrderId(i): found[OrderId(i)] for i in ids if i in found}


def of_customer(conn: Connection, customer_id: str, *, limit: int = 100) -> list[Order]:
    """The customer's orders, the newest first; those without a date last."""
    rows = conn.execute(
        _SELECT + " where customer_id = %s order by placed_at desc nulls last, id limit %s",
        [customer_id, limit],
    ).fetchall()
    return list(_with_lines(conn, rows))


def iterate(conn: Connection, *, after: str = "", batch: int = 500) -> Iterator[Order]:
    """All orders in the order of their ids, from behind the id `after`, in constant memory."""
    for rows in bulk.pages(conn, _SELECT, after=after, batch=batch):
        yield from _with_lines(conn, rows)


def _with_lines(conn: Connection, rows: Sequence[tuple[Any, ...]]) -> Iterator[Order]:
    lines: dict[str, list[OrderLine]] = {row[0]: [] for row in rows}
    found = conn.execute(
        sql.SQL(
            "select {} from order_lines where order_id = any(%s) order by order_id, position"
        ).format(sql.SQL(", ").join(map(sql.Identifier, _LINE_COLUMNS))),
        [list(lines)],
    )
    for row in found:
        lines[row[0]].append(_line(row))
    for row in rows:
        data = dict(zip(_COLUMNS, row, strict=True))
        yield adapter(Order).validate_python(data | {"lines": tuple(lines[row[0]])})


def _line(row: tuple[Any, ...]) -> OrderLine:
    (
        _, _, product_id, variant_id, title, quantity, unit_price, discount,
        total, currency, options, metadata,
    ) = row  # fmt: skip
    return OrderLine(
        product_id=ProductId(product_id), quantity=quantity, total=Money(total, currency),
        variant_id=None if variant_id is None else VariantId(variant_id), title=title,
        unit_price=None if unit_price is None else Money(unit_price, currency),
        discount=None if discount is None else Money(discount, currency),
        options=tuple(Option(o["name"], o["value"]) for o in options), metadata=metadata,
    )  # fmt: skip


def count(conn: Connection) -> int:
    """How many orders there are."""
    return bulk.count(conn, "orders")


def count_lines(conn: Connection) -> int:
    """How many lines all orders have together."""
    return bulk.count(conn, "order_lines")


def delete(conn: Connection, ids: Collection[str]) -> int:
    """Delete orders with their lines. Returns how many there were."""
    return bulk.delete(conn, "orders", ids)
