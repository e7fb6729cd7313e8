"""A shop with two customers, and a service desk whose clock and mail are at hand."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from shopkeeper.shop import customers, orders, products
from shopkeeper.shop.database import Database
from shopkeeper.shop.records import (
    Address,
    Availability,
    Customer,
    CustomerId,
    Fulfilment,
    Money,
    Option,
    Order,
    OrderId,
    OrderLine,
    Payment,
    PaymentMethod,
    Product,
    ProductId,
    StatusChange,
    Variant,
    VariantId,
)
from shopkeeper.support import Conversation, Support

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
HOME = Address("1 Elm St", "", "Springfield", "OR", "97477", "US")
WORK = Address("9 Oak Ave", "Floor 2", "Portland", "OR", "97201", "US")


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


def variant(id_: str, price: str, *, there: bool = True, **options: str) -> Variant:
    return Variant(
        VariantId(id_), " / ".join(options.values()), usd(price),
        options=tuple(Option(n, v) for n, v in options.items()),
        availability=Availability.IN_STOCK if there else Availability.OUT_OF_STOCK,
    )  # fmt: skip


LAMP = Product(
    ProductId("lamp"), "Desk lamp",
    (
        variant("lamp-low-usb", "50.00", brightness="low", power="USB"),
        variant("lamp-low-ac", "45.00", brightness="low", power="AC"),
        variant("lamp-mid-ac", "60.00", brightness="medium", power="AC"),
        variant("lamp-high-ac", "70.00", brightness="high", power="AC"),
        variant("lamp-high-bat", "90.00", brightness="high", power="battery", there=False),
    ),
)  # fmt: skip
MUG = Product(
    ProductId("mug"), "Mug",
    (variant("mug-blue", "10.00", color="blue"), variant("mug-red", "9.00", color="red")),
)  # fmt: skip

ADA = Customer(
    CustomerId("ada"), "Ada@example.com", "Ada", "Lovelace", addresses=(HOME,),
    payment_methods=(
        PaymentMethod("card-1", "credit_card", "visa", "4242"), PaymentMethod("gift-1", "gift_card", balance=usd("15.00")),
        PaymentMethod("pay-1", "paypal"),
    ),
)  # fmt: skip
BOB = Customer(
    CustomerId("bob"), "bob@example.com", "Bob", "Jones", addresses=(WORK,),
    payment_methods=(PaymentMethod("card-2", "credit_card", "visa", "1111"),),
)  # fmt: skip


def line(product: Product, variant_id: str, quantity: int, total: str) -> OrderLine:
    chosen = next(v for v in product.variants if v.id == variant_id)
    return OrderLine(
        product.id, quantity, usd(total), variant_id=chosen.id, title=product.title,
        unit_price=chosen.price, options=chosen.options,
    )  # fmt: skip


def order(
    id_: str, customer: Customer, status: str, *lines: OrderLine, method: str, days_ago: int = 5
) -> Order:
    total = sum((x.total.amount for x in lines), Decimal(0))
    at = NOW - timedelta(days=days_ago)
    return Order(
        OrderId(id_), customer.id, lines, status, at,
        payments=(Payment("payment", Money(total, "USD"), method, at),),
        fulfilments=(Fulfilment((f"1Z{id_}",)),) if status == "delivered" else (),
        history=(StatusChange(status, at),), shipping_address=customer.addresses[0],
    )  # fmt: skip


ORDERS = (
    # Three mugs for 20.00: a share of 6.67, 6.66 and 6.67.
    order(
        "#W1001", ADA, "pending", line(LAMP, "lamp-mid-ac", 1, "60.00"), line(MUG, "mug-blue", 3, "20.00"), method="card-1",
    ),
    order("#W1002", ADA, "delivered", line(LAMP, "lamp-mid-ac", 1, "60.00"), line(MUG, "mug-blue", 3, "20.00"), method="pay-1"),
    order("#W1003", ADA, "delivered", line(MUG, "mug-blue", 1, "10.00"), method="card-1", days_ago=40),
    order("#W1004", ADA, "pending", line(MUG, "mug-red", 1, "9.00"), method="gift-1"),
    order("#W2001", BOB, "pending", line(MUG, "mug-blue", 1, "10.00"), method="card-2"),
)  # fmt: skip


@dataclass
class Mail:
    """Messages that went out."""

    sent: list[tuple[str, str, str]] = field(default_factory=list)

    def send(self, to: str, subject: str, body: str) -> None:
        self.sent.append((to, subject, body))

    @property
    def code(self) -> str:
        return self.sent[-1][1].split()[0]


@dataclass
class Desk:
    """The service desk of the shop, its clock and its mail."""

    database: Database
    now: datetime = NOW
    mail: Mail = field(default_factory=Mail)

    def __post_init__(self) -> None:
        self.support = Support(
            self.database, b"s" * 32, self.mail, shop_name="Linden", clock=lambda: self.now
        )

    def ada(self) -> Conversation:
        """A conversation in which Ada is verified, after her first words."""
        return self.of("ada")

    def of(self, customer_id: str) -> Conversation:
        made = self.support.open()
        made.sign_in(self.support.sign(customer_id))
        made.hear("hello")
        return made

    def order(self, order_id: str) -> Order:
        with self.database.connection() as conn:
            return orders.get(conn, order_id)

    def customer(self, customer_id: str) -> Customer:
        with self.database.connection() as conn:
            return customers.get(conn, customer_id)

    def run(self, statement: str, *values: object) -> None:
        with self.database.connection() as conn:
            conn.execute(statement.encode(), values)


def fill(database: Database) -> None:
    """The shop's records, as they are at first."""
    with database.connection() as conn:
        products.upsert(conn, [LAMP, MUG])
        customers.upsert(conn, [ADA, BOB])
        orders.upsert(conn, ORDERS)


@pytest.fixture
def desk(db: Database) -> Desk:
    """The service desk of that shop."""
    fill(db)
    return Desk(db)
