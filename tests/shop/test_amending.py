"""What customer service changed of an order or a customer, and what feeds say of them before and after."""

from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shopkeeper.shop import customers, feeds, orders
from shopkeeper.shop.bulk import Connection, Origin
from shopkeeper.shop.database import Database
from shopkeeper.shop.records import (
    Customer,
    CustomerId,
    Money,
    Order,
    OrderId,
    OrderLine,
    ProductId,
)
from tests.shop.test_records_kept import undone

few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
steps = st.lists(st.tuples(st.sampled_from(Origin), st.sampled_from(("pending", "shipped", "cancelled"))), max_size=8)  # fmt: skip


def order(status: str) -> Order:
    line = OrderLine(ProductId("cup"), 1, Money(Decimal(8), "USD"), title=f"a cup, {status}")
    return Order(OrderId("1"), CustomerId("ada"), (line,), status=status)


@few
@given(steps)
def test_a_feed_undoes_what_people_changed_only_where_it_says_something_new(
    db: Database, steps: list[tuple[Origin, str]]
) -> None:
    def look(conn: Connection) -> None:
        held, fed = "pending", None  # what is there; what people changed it from, if they did
        orders.upsert(conn, [order(held)], origin=Origin.FEED)
        for origin, said in steps:
            orders.upsert(conn, [order(said)], origin=origin)
            if origin is Origin.PEOPLE and said != held:
                held, fed = said, fed or held
            elif origin is not Origin.PEOPLE and said != (fed if origin is Origin.FEED else held):
                held, fed = said, None
            assert (orders.get(conn, "1"), orders.count_lines(conn)) == (order(held), 1)

    undone(db, look)


def test_an_import_says_what_became_of_what_was_changed(db: Database, tmp_path: Path) -> None:
    def told(*emails: str) -> tuple[str, ...]:
        path = tmp_path / "customers.csv"
        path.write_text("id,email\n" + "".join(f"c{n},{e}\n" for n, e in enumerate(emails)))
        report = feeds.run_import(db, path, kind="customers")
        assert report.quarantined == 0
        return tuple(report.notes)

    told("a@example.com", "b@example.com")
    with db.connection() as conn:
        moved = [Customer(CustomerId(f"c{n}"), email="new@example.com") for n in (0, 1)]
        customers.upsert(conn, moved, origin=Origin.PEOPLE)
    (kept,) = told("a@example.com", "b@example.com")
    assert kept.startswith("customers that customer service changed stay so")
    assert set(told("a@example.com", "other@example.com")) == {
        kept,
        "customers that customer service had changed are as the file says, which is new",
    }
    with db.connection() as conn:
        assert [c.email for c in customers.iterate(conn)] == [
            "new@example.com",
            "other@example.com",
        ]
