"""Customers in the database."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from shopkeeper.errors import NotFound
from shopkeeper.shop import bulk
from shopkeeper.shop.bulk import Connection, Counts, Origin
from shopkeeper.shop.records import Customer, CustomerId, from_row

_COLUMNS = (
    "id", "email", "first_name", "last_name", "phone", "language", "addresses", "payment_methods",
    "created_at", "metadata",
)  # fmt: skip
_SELECT = f"select {', '.join(_COLUMNS)} from customers"  # noqa: S608  # our own column names


def upsert(
    conn: Connection, customers: Sequence[Customer], *, origin: Origin = Origin.PROGRAM
) -> Counts:
    """Write customers; those that are as they were stay untouched."""
    rows = [_row(c) for c in bulk.last_of_each(customers)]
    return bulk.upsert(conn, "customers", (*_COLUMNS, "hash"), rows, origin=origin)[0]


def _row(c: Customer) -> tuple[Any, ...]:
    data = bulk.plain(c)
    return (
        c.id, c.email, c.first_name, c.last_name, c.phone, c.language, bulk.jsonb(data["addresses"]),
        bulk.jsonb(data["payment_methods"]), c.created_at, bulk.jsonb(data["metadata"]),
        bulk.content_hash(c),
    )  # fmt: skip


def _customer(row: tuple[Any, ...]) -> Customer:
    return from_row(Customer, _COLUMNS, row)


def get(conn: Connection, customer_id: str) -> Customer:
    """The customer with this id. Raises NotFound."""
    found = get_many(conn, [customer_id])
    if not found:
        raise NotFound(f"no customer has the id {customer_id!r}", hint="ids are case-sensitive")
    return next(iter(found.values()))


def get_many(conn: Connection, ids: Collection[str]) -> dict[CustomerId, Customer]:
    """The customers with these ids, in the order of `ids`; unknown ids are left out."""
    rows = conn.execute(_SELECT + " where id = any(%s)", [list(ids)]).fetchall()
    found = {row[0]: _customer(row) for row in rows}
    return {CustomerId(i): found[i] for i in ids if i in found}


def iterate(conn: Connection, *, after: str = "", batch: int = 500) -> Iterator[Customer]:
    """All customers in the order of their ids, from behind the id `after`, in constant memory."""
    for rows in bulk.pages(conn, _SELECT, after=after, batch=batch):
        yield from map(_customer, rows)


def count(conn: Connection) -> int:
    """How many customers there are."""
    return bulk.count(conn, "customers")


def delete(conn: Connection, ids: Collection[str]) -> int:
    """Delete customers; what else names them is left to the caller. Returns how many there were."""
    return bulk.delete(conn, "customers", ids)
