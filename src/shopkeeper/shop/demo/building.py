"""Writes the demo shop into an empty database: all of it in one transaction, so that a kill leaves nothing behind."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from shopkeeper.errors import DatabaseError
from shopkeeper.shop import bulk, customers, events, orders, pages, products, reviews
from shopkeeper.shop.database import Connection, Database
from shopkeeper.shop.demo.making import FULL, DemoShop, Size, Truth, make

OnProgress = Callable[[str, int, int], None]

VERSION = 1  # of what the generator makes: raised when the same seed gives another shop
BATCH = 4000
LOCK = 7_305_516  # two builds at once wait for each other


def shop_name(language: str) -> str:
    """The demo shop's name."""
    return "Linden & Pine" if language != "zh" else "椴与松"


def is_built(conn: Connection) -> bool:
    """True if the demo shop was written here whole."""
    return conn.execute("select 1 from demo_truth where kind = 'shop'").fetchone() is not None


def build(
    database: Database,
    *,
    seed: int = 7,
    now: datetime | None = None,
    size: Size = FULL,
    on_progress: OnProgress | None = None,
) -> None:
    """Fill an empty shop. Where the shop of this seed is built already, nothing is changed.

    now: when the shop's history ends. on_progress: step, records done, records of the step (0 while
    they are being made). Raises DatabaseError where the shop holds something else.
    """
    now = (now or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
    tell = on_progress or (lambda step, done, total: None)
    with database.connection() as conn:
        conn.execute("select pg_advisory_xact_lock(%s)", [LOCK])
        if _built_already(conn, seed):
            return
        made = make(seed, now, size=size, on_step=lambda step: tell(f"making {step}", 0, 0))
        _write(conn, made, tell)
        shop = {"seed": seed, "version": VERSION, "now": now.isoformat()}
        _write_truth(conn, [*made.truth, ("shop", "demo", shop)])


def _built_already(conn: Connection, seed: int) -> bool:
    """Whether this very shop is here. Raises DatabaseError if another one is."""
    row = conn.execute("select truth from demo_truth where kind = 'shop'").fetchone()
    if row is not None:
        if row[0]["seed"] == seed:
            return True
        raise DatabaseError(
            f"this is the demo shop of seed {row[0]['seed']}, and seed {seed} was asked for",
            hint="build the other one in a data folder of its own: shopkeeper --data-folder FOLDER demo",
        )
    for table in ("products", "customers", "orders", "reviews", "pages"):
        there = bulk.count(conn, table)
        if there:
            raise DatabaseError(
                f"the demo shop goes into an empty shop, and this one has {there} {table}",
                hint="build it in a data folder of its own: shopkeeper --data-folder FOLDER demo",
            )
    return False


def _write(conn: Connection, made: DemoShop, tell: OnProgress) -> None:
    steps: list[tuple[str, Sequence[Any], Callable[[Connection, Sequence[Any]], object]]] = [
        ("pages", made.pages, pages.upsert),
        ("products", made.products, products.upsert),
        ("customers", made.customers, customers.upsert),
        ("orders", made.orders, orders.upsert),
        ("reviews", made.reviews, reviews.upsert),
        ("queries", made.queries, events.add_queries),
        ("events", made.events, events.add),
    ]
    for name, records, write in steps:
        for start in range(0, len(records), BATCH):
            tell(name, start, len(records))
            write(conn, records[start : start + BATCH])
        tell(name, len(records), len(records))


def _write_truth(conn: Connection, truth: Sequence[Truth]) -> None:
    rows = [(kind, id_, bulk.jsonb(fact)) for kind, id_, fact in truth]
    bulk.copy_rows(conn, "demo_truth", ("kind", "id", "truth"), rows)
