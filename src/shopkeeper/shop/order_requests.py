"""Returns and exchanges that customers asked for, in the database.

An order's `status` says that something was asked for; a request says which items, for which others, and where the
money goes.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shopkeeper.shop import bulk
from shopkeeper.shop.bulk import Connection
from shopkeeper.shop.records import Money, OrderId


class RequestKind(StrEnum):
    """What is to happen to the items."""

    RETURN = "return"
    EXCHANGE = "exchange"


@dataclass(frozen=True, slots=True)
class RequestedItem:
    """One piece that goes back. item_id: its variant, or its product where the order names no variant."""

    item_id: str
    new_item_id: str | None = None


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """Items of an order that the customer wants to give back or to exchange.

    refund: what the customer gets back by `method_id`; below zero, what they pay.
    """

    id: str
    order_id: OrderId
    kind: RequestKind
    items: tuple[RequestedItem, ...]
    method_id: str
    refund: Money
    requested_at: datetime


def add(conn: Connection, request: OrderRequest) -> None:
    """Write a new request."""
    items = [{"item_id": i.item_id, "new_item_id": i.new_item_id} for i in request.items]
    conn.execute(
        "insert into order_requests (id, order_id, kind, items, method_id, refund, currency, requested_at) "
        "values (%s, %s, %s, %s, %s, %s, %s, %s)",
        [
            request.id, request.order_id, request.kind.value, bulk.jsonb(items), request.method_id,
            request.refund.amount, request.refund.currency, request.requested_at,
        ],
    )  # fmt: skip


def of_orders(conn: Connection, order_ids: Collection[str]) -> list[OrderRequest]:
    """The open requests about these orders, the oldest first: not those that were taken back."""
    rows = conn.execute(
        "select id, order_id, kind, items, method_id, refund, currency, requested_at "
        "from order_requests where order_id = any(%s) and withdrawn_at is null order by requested_at, id",
        [list(order_ids)],
    ).fetchall()
    return [
        OrderRequest(
            id_, OrderId(order_id), RequestKind(kind),
            tuple(RequestedItem(i["item_id"], i["new_item_id"]) for i in items),
            method_id, Money(refund, currency), requested_at,
        )
        for id_, order_id, kind, items, method_id, refund, currency, requested_at in rows
    ]  # fmt: skip


def withdraw(conn: Connection, request_id: str, at: datetime) -> bool:
    """Take a request back. False if there is none, or it was taken back before."""
    done = conn.execute(
        "update order_requests set withdrawn_at = %s where id = %s and withdrawn_at is null",
        [at, request_id],
    )
    return done.rowcount == 1
