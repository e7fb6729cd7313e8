"""Erasing a person: what they did goes, what was sold stays, and nobody else loses anything."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from shopkeeper.errors import NotFound
from shopkeeper.shop import bulk, customers, events, orders, reviews
from shopkeeper.shop.database import Connection, Database
from shopkeeper.shop.erasing import erase_customer
from shopkeeper.shop.records import (
    Customer,
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
    Review,
    ReviewId,
)

NOW = datetime(2026, 11, 26, tzinfo=UTC)
ANN, BOB = CustomerId("ann"), CustomerId("bob")
VISITS = {  # event -> session, device, who was signed in
    "signed-in": ("s1", "laptop", ANN),
    "before-signing-in": ("s1", "laptop", None),
    "another-day": ("s2", "laptop", None),
    "at-bobs": ("s3", "bobs", ANN),
    "bob": ("s4", "bobs", BOB),
    "at-bobs-not-signed-in": ("s5", "bobs", None),
    "somebody": ("s6", "phone", None),
}


def written(conn: Connection) -> None:
    """What Ann, Bob and somebody did."""
    customers.upsert(conn, [Customer(ANN), Customer(BOB)])
    events.add(
        conn,
        [
            Event(EventId(i), "view", NOW, session_id=s, client_id=c, customer_id=who)
            for i, (s, c, who) in VISITS.items()
        ],
    )
    events.add_queries(
        conn,
        [
            Query(QueryId(s), "socks", NOW, session_id=s, client_id=c)
            for s, c in {(s, c) for s, c, _ in VISITS.values()}
        ],
    )
    line = OrderLine(ProductId("p"), 1, Money(Decimal(9), "USD"))
    orders.upsert(conn, [Order(OrderId(who), who, (line,)) for who in (ANN, BOB)])
    reviews.upsert(
        conn,
        [
            Review(ReviewId(who), ProductId("p"), customer_id=who, author=who, text="fine")
            for who in (ANN, BOB)
        ],
    )


def left(conn: Connection, kind: str) -> Sequence[str]:
    """Ids of the rows of a table."""
    rows = conn.execute(f"select id from {kind} order by 1".encode()).fetchall()
    return [row[0] for row in rows]


def test_what_a_person_did_is_gone_and_everybody_else_stays(db: Database) -> None:
    with db.connection() as conn:
        written(conn)
        gone = erase_customer(conn, ANN)
        assert left(conn, "customers") == ["bob"]
        assert left(conn, "events") == ["at-bobs-not-signed-in", "bob", "somebody"]
        assert left(conn, "queries") == ["s4", "s5", "s6"]
        assert (gone.events, gone.queries, gone.orders, gone.reviews) == (4, 3, 1, 1)


def test_orders_and_reviews_stay_under_nobodys_name(db: Database) -> None:
    with db.connection() as conn:
        written(conn)
        erase_customer(conn, ANN)
        assert orders.get(conn, ANN).customer_id == "" and orders.get(conn, BOB).customer_id == BOB
        mine = reviews.get(conn, ANN)
        assert (mine.customer_id, mine.author, mine.text) == (None, "", "fine")
        assert bulk.count(conn, "order_lines") == 2


def test_nobody_by_that_name(db: Database) -> None:
    with db.connection() as conn, pytest.raises(NotFound, match="'nobody'"):
        erase_customer(conn, "nobody")
