"""What the rules look at when they judge an action: read from the shop's records, of this customer alone.

An order that belongs to somebody else is not found here at all, so nothing can be learned about it; the rule `owner`
says the same a second time.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from shopkeeper.shop import customers, order_requests, orders, products
from shopkeeper.shop.bulk import Connection
from shopkeeper.shop.order_requests import OrderRequest
from shopkeeper.shop.records import (
    Customer,
    CustomerId,
    Order,
    OrderId,
    OrderLine,
    Product,
    Variant,
)
from shopkeeper.support.records import Action, Level, Proposal


@dataclass(frozen=True, slots=True)
class Offered:
    """A variant of the catalogue with its product."""

    product: Product
    variant: Variant


@dataclass(frozen=True, slots=True)
class Facts:
    """The action and all that is known around it.

    order: of the action, None if it names none or not one of the customer's. requests: open ones about this order.
    offered: variant id -> what the catalogue has of `new_items`. done: the proposal that an undo is about.
    return_fees: currency -> what a return costs the customer.
    """

    action: Action
    level: Level
    customer: Customer | None
    now: datetime
    order: Order | None = None
    requests: tuple[OrderRequest, ...] = ()
    offered: Mapping[str, Offered] = field(default_factory=dict)
    done: Proposal | None = None
    return_fees: Mapping[str, Decimal] = field(default_factory=dict)


def gather(
    conn: Connection,
    action: Action,
    customer_id: CustomerId | None,
    *,
    level: Level,
    now: datetime,
    done: Proposal | None = None,
    return_fees: Mapping[str, Decimal],
    locked: bool = False,
) -> Facts:
    """The facts around an action. locked: hold the order until the transaction ends.

    done: for an undo, the customer's own proposal that it names.
    """
    if customer_id is None:
        return Facts(action, level, None, now, offered=offers(conn, action.new_items))
    order_id = action.order_id or (done.action.order_id if done else "")
    if locked:
        conn.execute("select from orders where id = %s for no key update", [order_id])
    order = orders.get_many(conn, [order_id]).get(OrderId(order_id)) if order_id else None
    if order is not None and order.customer_id != customer_id:
        order = None
    return Facts(
        action,
        level,
        customers.get_many(conn, [customer_id]).get(customer_id),
        now,
        order,
        tuple(order_requests.of_orders(conn, [order.id])) if order else (),
        offers(conn, action.new_items),
        done,
        return_fees,
    )


def offers(conn: Connection, variant_ids: Iterable[str]) -> dict[str, Offered]:
    """Variant id -> variant and product, of those that the catalogue has."""
    wanted = sorted(set(variant_ids))
    if not wanted:
        return {}
    rows = conn.execute(
        "select distinct product_id from variants where id = any(%s)", [wanted]
    ).fetchall()
    found = products.get_many(conn, [row[0] for row in rows]).values()
    return {v.id: Offered(p, v) for p in found for v in p.variants if v.id in wanted}


def item_id(line: OrderLine) -> str:
    """What a piece of this line is called: its variant, or its product where the order names no variant."""
    return line.variant_id or line.product_id
