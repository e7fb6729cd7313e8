"""Reading the shop's records for one customer: their orders by whatever number they write, and the catalogue.

Every query about people carries the customer's id, which comes from the conversation's verified identity. An order of
somebody else is as unknown here as one that never was.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from shopkeeper.errors import NotFound
from shopkeeper.shop import customers, orders, products
from shopkeeper.shop.bulk import Connection
from shopkeeper.shop.records import (
    Customer,
    CustomerId,
    Order,
    OrderId,
    PaymentMethod,
    Product,
    ProductStatus,
    StatusChange,
    Variant,
)
from shopkeeper.text.normalise import normalise

MAX_ORDERS = 50
_PREFIX = re.compile(r"^(order|order number|order no|number|no|nr|id|订单|订单号)\b[\s.:#]*")
_NOT_WORD = re.compile(r"[^\w]+")


@dataclass(frozen=True, slots=True)
class Tracking:
    """Where an order is. steps: its history, the oldest first."""

    order_id: OrderId
    status: str
    tracking_ids: tuple[str, ...]
    steps: tuple[StatusChange, ...]


@dataclass(frozen=True, slots=True)
class Resolved:
    """What an id means: a product, and the variant if it was one of those."""

    product: Product
    variant: Variant | None


def order_number(conn: Connection, customer_id: CustomerId, written: str) -> OrderId | None:
    """The customer's order that is meant by "9502126", "w 9502126" or "Order #W9502126"; None if none or several are."""
    rows = conn.execute("select id from orders where customer_id = %s", [customer_id]).fetchall()
    ids = [OrderId(row[0]) for row in rows]
    if written in ids:
        return OrderId(written)
    for form in (_plain, _digits):
        asked = form(written)
        found = [i for i in ids if asked and form(i) == asked]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _plain(text: str) -> str:
    return _NOT_WORD.sub("", _PREFIX.sub("", normalise(text)))


def _digits(text: str) -> str:
    """The number, if letters stand before it at most: "w12" and "12" are the same order, "12b" is another."""
    found = re.fullmatch(r"[a-z]{0,3}(\d+)", _plain(text))
    return found[1] if found else ""


def get_order(conn: Connection, customer_id: CustomerId, written: str, *, details: bool) -> Order:
    """The customer's order. details: with addresses and payments. Raises NotFound, the same for one of somebody else."""
    order_id = order_number(conn, customer_id, written)
    if order_id is None:
        raise no_such_order(written)
    order = orders.get(conn, order_id)
    return order if details else without_details(order)


def own_order(conn: Connection, customer_id: CustomerId, order_id: str) -> Order | None:
    """The order with exactly this id if it is the customer's."""
    found = next(iter(orders.get_many(conn, [order_id]).values()), None)
    return found if found is not None and found.customer_id == customer_id else None


def no_such_order(written: str) -> NotFound:
    """What is said of an order that this customer does not have."""
    return NotFound(
        f"this customer has no order {written[:40]!r}",
        hint="ask for the number, or list the orders",
    )


def without_details(order: Order) -> Order:
    """An order as it may be shown to somebody who was only matched."""
    history = tuple(replace(h, note="") for h in order.history)
    return replace(
        order,
        shipping_address=None,
        billing_address=None,
        payments=(),
        history=history,
        metadata={},
    )


def list_orders(
    conn: Connection,
    customer_id: CustomerId,
    *,
    statuses: Sequence[str] = (),
    product: str = "",
    details: bool = False,
) -> list[Order]:
    """The customer's orders, the newest first. statuses: only these. product: only with a line whose title or options
    have all these words, or that has this id."""
    found = orders.of_customer(conn, customer_id, limit=MAX_ORDERS)
    wanted = {normalise(s) for s in statuses}
    kept = [
        o for o in found
        if (not wanted or normalise(o.status) in wanted) and (not product or _has(o, product))
    ]  # fmt: skip
    return kept if details else [without_details(o) for o in kept]


def _has(order: Order, product: str) -> bool:
    words = set(normalise(product).split())
    return any(
        product in (line.product_id, line.variant_id)
        or words <= set(normalise(" ".join([line.title, *(o.value for o in line.options)])).split())
        for line in order.lines
    )


def track_order(conn: Connection, customer_id: CustomerId, written: str) -> Tracking:
    """Where the customer's order is. Raises NotFound."""
    order = get_order(conn, customer_id, written, details=False)
    tracking = tuple(t for f in order.fulfilments for t in f.tracking_ids)
    return Tracking(order.id, order.status, tracking, order.history)


def get_customer(conn: Connection, customer_id: CustomerId) -> Customer:
    """The customer's own profile."""
    return customers.get(conn, customer_id)


def payment_method(customer: Customer, written: str, order: Order | None) -> str:
    """The id of the method that is meant by an id, "original", a kind ("gift card") or four last digits.

    Text that means none, or several, comes back as it is: the rules then say that it is not the customer's.
    """
    asked = normalise(written).replace("_", " ")
    if asked in ("original", "the original", "same") and order is not None:
        used = {p.method_id for p in order.payments if p.kind != "refund"}
        return used.pop() if len(used) == 1 else written
    found = [m for m in customer.payment_methods if _means(m, written, asked)]
    return found[0].id if len(found) == 1 else written


def _means(method: PaymentMethod, written: str, asked: str) -> bool:
    kind = normalise(method.kind).replace("_", " ")
    names = {kind, normalise(method.brand), method.last_four} - {""}
    return method.id == written or asked in names or (
        bool(method.last_four) and asked.endswith(method.last_four) and len(asked) > 4
    )  # fmt: skip


def resolve(conn: Connection, written: str) -> Resolved:
    """What a product id, variant id, SKU or GTIN names in the catalogue. Raises NotFound."""
    code = written.strip().lstrip("#")
    found = products.find_by_code(conn, code) if code.isprintable() else []
    for product in products.get_many(conn, found).values():
        if product.status is ProductStatus.ACTIVE:
            variant = None if product.id == code else _variant(product, code)
            return Resolved(product, variant)
    raise NotFound(f"no product or variant has the id {code[:40]!r}", hint="search for it by words")


def _variant(product: Product, code: str) -> Variant | None:
    found = [v for v in product.variants if code in (v.id, v.sku, v.gtin, v.mpn)]
    return found[0] if len(found) == 1 else None
