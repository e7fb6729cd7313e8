"""What the database is given comes back: one suite of laws for every kind of record."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shopkeeper.shop import customers, events, orders, pages, products, reviews
from shopkeeper.shop.bulk import Connection, Counts, content_hash
from shopkeeper.shop.database import Database
from shopkeeper.shop.records import (
    CustomerId,
    Event,
    EventId,
    Money,
    Order,
    OrderId,
    OrderLine,
    ProductId,
    Variant,
    VariantId,
    from_json,
    to_json,
)
from tests.shop import records_made as made

few = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)  # fmt: skip


@dataclass(frozen=True)
class Kept:
    """One kind of record and the functions that keep it."""

    strategy: st.SearchStrategy[Any]
    write: Callable[[Connection, list[Any]], Any]
    iterate: Callable[..., Iterator[Any]]
    count: Callable[[Connection], int]


KINDS = {
    "products": Kept(made.products(), products.upsert, products.iterate, products.count),
    "customers": Kept(made.customers, customers.upsert, customers.iterate, customers.count),
    "orders": Kept(made.orders, orders.upsert, orders.iterate, orders.count),
    "reviews": Kept(made.reviews, reviews.upsert, reviews.iterate, reviews.count),
    "pages": Kept(made.pages, pages.upsert, pages.iterate, pages.count),
    "events": Kept(made.events, events.add, events.iterate, events.count),
    "queries": Kept(made.queries, events.add_queries, events.iterate_queries, events.count_queries),
}
CHANGEABLE = ("products", "customers", "orders", "reviews", "pages")

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
changeable = pytest.mark.parametrize("kind", [KINDS[k] for k in CHANGEABLE], ids=CHANGEABLE)


class _Undo(Exception):
    """Ends a transaction without a trace."""


def undone(database: Database, look: Callable[[Connection], None]) -> None:
    """Look at a database that forgets what was written to it."""
    with pytest.raises(_Undo), database.connection() as conn:
        look(conn)
        raise _Undo


def unique(records: list[Any]) -> list[Any]:
    return list({record.id: record for record in records}.values())


@every_kind
@few
@given(data=st.data())
def test_a_record_comes_back_as_it_went_in(db: Database, kind: Kept, data: st.DataObject) -> None:
    records = unique(data.draw(st.lists(kind.strategy, min_size=1, max_size=5)))

    def look(conn: Connection) -> None:
        kind.write(conn, records)
        back = {record.id: record for record in kind.iterate(conn)}
        assert back == {record.id: record for record in records}
        assert all(content_hash(back[r.id]) == content_hash(r) for r in records)
        assert kind.count(conn) == len(records)

    undone(db, look)


@every_kind
@few
@given(data=st.data())
def test_a_record_survives_json(kind: Kept, data: st.DataObject) -> None:
    record = data.draw(kind.strategy)
    again = from_json(type(record), to_json(record))
    assert again == record
    assert to_json(again) == to_json(record)


@changeable
@few
@given(data=st.data())
def test_writing_what_was_read_changes_nothing(
    db: Database, kind: Kept, data: st.DataObject
) -> None:
    records = unique(data.draw(st.lists(kind.strategy, min_size=1, max_size=4)))

    def look(conn: Connection) -> None:
        assert kind.write(conn, records) == Counts(created=len(records))
        assert kind.write(conn, list(kind.iterate(conn))) == Counts(unchanged=len(records))

    undone(db, look)


@changeable
@few
@given(data=st.data())
def test_the_last_one_written_counts(db: Database, kind: Kept, data: st.DataObject) -> None:
    first, second = data.draw(st.tuples(kind.strategy, kind.strategy))
    second = replace(second, id=first.id)

    def look(conn: Connection) -> None:
        kind.write(conn, [first])
        counts = kind.write(conn, [first, second])  # one after the other, as if in two calls
        assert list(kind.iterate(conn)) == [second]
        assert counts == (Counts(unchanged=1) if first == second else Counts(updated=1))

    undone(db, look)


@pytest.mark.parametrize("kind", [KINDS["events"], KINDS["queries"]], ids=["events", "queries"])
@few
@given(data=st.data())
def test_what_happened_is_written_once_and_never_changes(
    db: Database, kind: Kept, data: st.DataObject
) -> None:
    first, second = data.draw(st.tuples(kind.strategy, kind.strategy))

    def look(conn: Connection) -> None:
        assert kind.write(conn, [first]) == 1
        assert kind.write(conn, [replace(second, id=first.id)]) == 0
        assert list(kind.iterate(conn)) == [first]

    undone(db, look)


@every_kind
@few
@given(data=st.data())
def test_pages_of_any_size_give_the_same_order_and_every_record_once(
    db: Database, kind: Kept, data: st.DataObject
) -> None:
    records = unique(data.draw(st.lists(kind.strategy, max_size=9)))
    batch = data.draw(st.integers(1, 10))

    def look(conn: Connection) -> None:
        kind.write(conn, records)
        whole = [record.id for record in kind.iterate(conn)]
        assert whole == sorted(record.id for record in records)
        assert [record.id for record in kind.iterate(conn, batch=batch)] == whole
        middle = whole[len(whole) // 2] if whole else ""
        rest = [record.id for record in kind.iterate(conn, after=middle, batch=batch)]
        assert rest == [i for i in whole if i > middle]

    undone(db, look)


@few
@given(st.lists(made.money, min_size=1, max_size=20))
def test_money_is_exact_to_the_last_decimal(db: Database, amounts: list[Money]) -> None:
    def look(conn: Connection) -> None:
        price = Money(Decimal(0), "USD")
        lines = tuple(OrderLine(ProductId("p"), 1, amount) for amount in amounts)
        orders.upsert(conn, [Order(OrderId("o"), CustomerId("c"), lines)])
        assert [line.total for line in orders.get(conn, "o").lines] == amounts
        row = conn.execute("select sum(total) from order_lines").fetchone()
        assert row == (sum((a.amount for a in amounts), price.amount),)

    undone(db, look)


def test_an_amount_has_one_spelling() -> None:
    assert str(Money(Decimal("9.9000"), "USD").amount) == "9.90"
    assert str(Money(Decimal("1E+3"), "USD").amount) == "1000.00"
    assert str(Money(Decimal("1.2345"), "USD").amount) == "1.2345"


@pytest.mark.parametrize(
    ("amount", "currency"),
    [("NaN", "USD"), ("Infinity", "USD"), ("1e400", "USD"), ("1e12", "USD"), ("0.00001", "USD"), ("1", "usd"), ("1", "US"), ("1", "ÄÖÜ")],
)  # fmt: skip
def test_what_is_no_amount_is_refused(amount: str, currency: str) -> None:
    with pytest.raises(ValueError, match=r"amount|currency"):
        Money(Decimal(amount), currency)


def test_amounts_on_one_line_have_one_currency() -> None:
    usd, eur = Money(Decimal(1), "USD"), Money(Decimal(1), "EUR")
    with pytest.raises(ValueError, match="USD and EUR"):
        Variant(VariantId("v"), "", usd, list_price=eur)
    with pytest.raises(ValueError, match="USD and EUR"):
        OrderLine(ProductId("p"), 1, usd, discount=eur)


def test_a_whole_number_of_any_size_is_kept_in_an_event(db: Database) -> None:
    event = Event(
        EventId("e"),
        "view",
        datetime(2026, 1, 1, tzinfo=UTC),
        attributes={"n": 2**70},
    )
    with db.connection() as conn:
        events.add(conn, [event])
        assert conn.execute("select attributes->>'n' from events").fetchone() == (str(2**70),)


@changeable
def test_no_records_are_no_work(db: Database, kind: Kept) -> None:
    with db.connection() as conn:
        assert kind.write(conn, []) == Counts()
