"""What the console's tests look at: the storefront's small shop, with orders, visits and searches of the last weeks."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from shopkeeper.face import Shop
from shopkeeper.shop import events, orders
from shopkeeper.shop.records import (
    CustomerId,
    Event,
    EventId,
    Money,
    Order,
    OrderId,
    OrderLine,
    ProductId,
    Query,
    QueryId,
    VariantId,
)
from tests.storefront.shop import fill

LOST = "waterproof anorak"  # what shoppers looked for and did not find
SOLD_A_DAY = 2


def fill_with_trade(shop: Shop) -> None:
    """Write the small shop, sixty days of orders and visits, and a search that found nothing."""
    fill(shop)
    now = datetime.now(UTC)
    days = [(n, now - timedelta(days=n)) for n in range(1, 61)]
    with shop.database.connection() as conn:
        orders.upsert(conn, [an_order(n, at) for n, at in days])
        events.add(
            conn,
            [
                Event(EventId(f"e{n}-{visit}"), "view", at, session_id=f"s{n}-{visit}")
                for n, at in days
                for visit in range(10)
            ],
        )
        events.add_queries(
            conn, [Query(QueryId(f"q{n}"), LOST, now - timedelta(days=n)) for n in range(1, 4)]
        )


def an_order(number: int, at: datetime) -> Order:
    line = OrderLine(
        ProductId("lamp-01"), SOLD_A_DAY, Money(Decimal(42), "USD"), VariantId("lamp-01"), "Lamp"
    )
    status = "cancelled" if number == 1 else "delivered"
    return Order(OrderId(f"o{number}"), CustomerId("c"), (line,), status, at)
