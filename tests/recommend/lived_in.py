"""A small shop in the database, in which people did things: everybody likes one of three kinds of products."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from shopkeeper.shop import customers, events, orders, products
from shopkeeper.shop.database import Database
from shopkeeper.shop.records import (
    Customer,
    CustomerId,
    Event,
    EventId,
    Money,
    Order,
    OrderId,
    OrderLine,
    Product,
    ProductId,
    Variant,
    VariantId,
)

KINDS = ("scarf", "spade", "teapot")
EACH = 12
PEOPLE = 240
DAYS = 60
PRICE = Money(Decimal("9.90"), "USD")


def product(number: int) -> Product:
    kind = KINDS[number // EACH]
    variant = Variant(VariantId(f"v{number}"), "", PRICE)
    return Product(ProductId(f"{kind}-{number % EACH}"), f"{kind} number{number}", (variant,), category=(kind,))  # fmt: skip


def fill(database: Database, *, seed: int = 0) -> None:
    """Every third person is a customer who buys what they looked at last; the others have a device alone."""
    rng, now = Random(seed), datetime.now(UTC)
    seen, bought = [], []
    for person in range(PEOPLE):
        kind = KINDS[person % len(KINDS)]
        customer = CustomerId(f"c{person}") if person % 3 == 0 or person % 5 == 0 else None
        at = now - timedelta(days=rng.uniform(0.01, DAYS))
        for n, item in enumerate(rng.sample(range(EACH), 5)):
            at = min(now, at + timedelta(minutes=rng.uniform(1, 30)))
            seen.append(
                Event(
                    EventId(f"e{person}-{n}"), "view", at, f"s{person}", f"d{person}", customer,
                    object_id=f"{kind}-{item}", object_id_type="product",
                )
            )  # fmt: skip
        if customer is not None:
            line = OrderLine(ProductId(seen[-1].object_id), 1, PRICE)
            bought.append(Order(OrderId(f"o{person}"), customer, (line,), placed_at=at))
    with database.connection() as conn:
        products.upsert(conn, [product(n) for n in range(EACH * len(KINDS))])
        customers.upsert(conn, [Customer(o.customer_id, email=f"{o.customer_id}@example.com") for o in bought])  # fmt: skip
        events.add(conn, seen)
        orders.upsert(conn, bought)
