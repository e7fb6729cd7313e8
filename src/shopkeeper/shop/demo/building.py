"""Writes the demo shop into an empty database, step by step."""

from collections.abc import Callable
from datetime import UTC, datetime

from shopkeeper.shop import products
from shopkeeper.shop.database import Connection, Database
from shopkeeper.shop.demo.catalogue import catalogue

OnProgress = Callable[[str, int, int], None]


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
    on_progress: OnProgress | None = None,
) -> None:
    """Fill an empty shop."""
    with database.connection() as conn:
        products.upsert(conn, [s.product for s in catalogue(seed, now or datetime.now(UTC))])
