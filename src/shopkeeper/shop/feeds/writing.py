"""Records of the shop written to a file: Shopify CSV, Google Merchant XML, JSON lines of our own."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO

from shopkeeper.errors import FeedError
from shopkeeper.shop import customers, events, orders, pages, products, reviews
from shopkeeper.shop.bulk import Connection
from shopkeeper.shop.database import Database
from shopkeeper.shop.feeds import google_write, own, shopify_write
from shopkeeper.shop.feeds.formats import KINDS

# Kinds that each format can be written for.
WRITERS = {"jsonl": KINDS, "shopify": ("products",), "google": ("products",)}

_ITERATORS: dict[str, Callable[[Connection], Iterator[Any]]] = {
    "products": products.iterate, "customers": customers.iterate, "orders": orders.iterate,
    "events": events.iterate, "queries": events.iterate_queries, "reviews": reviews.iterate,
    "pages": pages.iterate,
}  # fmt: skip
_COUNTS: dict[str, Callable[[Connection], int]] = {
    "products": products.count, "customers": customers.count, "orders": orders.count, "events": events.count,
    "queries": events.count_queries, "reviews": reviews.count, "pages": pages.count,
}  # fmt: skip


def write(
    database: Database,
    kind: str,
    format: str,
    out: BinaryIO,
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> int:
    """Write all records of a kind, as they were at one moment, in the order of their ids. Returns how many.

    on_progress: called now and then with how many are written and how many there are. Raises FeedError for a kind
    that the format does not hold.
    """
    if format not in WRITERS:
        raise FeedError(
            f"no format called {format!r} is written", hint=f"formats: {', '.join(WRITERS)}"
        )
    if kind not in WRITERS[format]:
        raise FeedError(
            f"{kind!r} cannot be written as {format}", hint=f"it takes {', '.join(WRITERS[format])}"
        )
    with database.connection() as conn:
        conn.execute("set transaction isolation level repeatable read, read only")
        total = _COUNTS[kind](conn)

        def records() -> Iterable[Any]:
            return _counted(_ITERATORS[kind](conn), total, on_progress)

        if format == "shopify":
            return shopify_write.write_products(records, out)
        if format == "google":
            return google_write.write_products(records(), out)
        return own.write(records(), out)


def _counted(
    records: Iterator[Any], total: int, on_progress: Callable[[int, int], None] | None
) -> Iterator[Any]:
    for i, record in enumerate(records, 1):
        yield record
        if on_progress is not None and (i % 500 == 0 or i == total):
            on_progress(i, total)
