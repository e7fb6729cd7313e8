"""Writing the demo shop: whole or not at all, once, and only where nothing else is."""

import hashlib
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from shopkeeper.errors import DatabaseError
from shopkeeper.shop import customers, events, orders, pages, products, reviews
from shopkeeper.shop.database import Database
from shopkeeper.shop.demo import build, is_built
from shopkeeper.shop.demo.making import DemoShop, make
from shopkeeper.shop.embedded import EmbeddedServer
from shopkeeper.shop.records import Record
from tests.shop.demo.conftest import NOW, SMALL, a_database

KILLED_AT_EVENTS = """
import os, signal, sys
from datetime import datetime
from shopkeeper.shop.database import Database
from shopkeeper.shop.demo import build
from tests.shop.demo.conftest import NOW, SMALL

def on_progress(step, done, total):
    if step == "events":
        os.kill(os.getpid(), signal.SIGKILL)

build(Database(sys.argv[1]), now=NOW, size=SMALL, on_progress=on_progress)
"""


@pytest.fixture(scope="module")
def small() -> DemoShop:
    return make(7, NOW, size=SMALL)


@pytest.fixture(scope="module")
def steps() -> Counter[str]:
    """What was told while the shop was built."""
    return Counter()


@pytest.fixture(scope="module")
def built(server: EmbeddedServer, steps: Counter[str]) -> Iterator[Database]:
    """A shop that is built; nothing may change it."""
    with a_database(server, "demo_built") as shop:
        build(shop, now=NOW, size=SMALL, on_progress=lambda step, done, total: steps.update([step]))
        yield shop


def by_id(records: Iterable[Record]) -> list[Record]:
    return sorted(records, key=lambda record: record.id)


def everything(shop: Database) -> list[list[Any]]:
    with shop.connection() as conn:
        return [
            by_id(products.iterate(conn)),
            by_id(customers.iterate(conn)),
            by_id(orders.iterate(conn)),
            by_id(reviews.iterate(conn)),
            by_id(pages.iterate(conn)),
            by_id(events.iterate(conn)),
            by_id(events.iterate_queries(conn)),
        ]


def as_made(small: DemoShop) -> list[list[Any]]:
    return [
        by_id(small.products),
        by_id(small.customers),
        by_id(small.orders),
        by_id(small.reviews),
        by_id(small.pages),
        by_id(small.events),
        by_id(small.queries),
    ]


def test_what_is_made_is_what_the_shop_holds(
    built: Database, small: DemoShop, steps: Counter[str]
) -> None:
    assert everything(built) == as_made(small)
    assert {"making reviews", "products", "events"} <= set(steps)
    with built.connection() as conn:
        assert is_built(conn)


def test_building_again_changes_nothing(built: Database) -> None:
    before = last_change(built)
    build(built, size=SMALL)
    assert last_change(built) == before


def last_change(shop: Database) -> Any:
    with shop.connection() as conn:
        query = "select max(changed_xid::text::bigint) from product_changes"
        return conn.execute(query).fetchone()


def test_killed_half_way_it_leaves_nothing_and_can_be_built_again(
    shop: Database, small: DemoShop
) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED_AT_EVENTS, shop.url], check=False)
    assert done.returncode == -9
    with shop.connection() as conn:
        assert not is_built(conn)
        assert products.count(conn) == customers.count(conn) == orders.count(conn) == 0
    build(shop, now=NOW, size=SMALL)
    assert everything(shop) == as_made(small)


def test_a_shop_with_other_products_is_refused_and_left_alone(
    shop: Database, small: DemoShop
) -> None:
    with shop.connection() as conn:
        products.upsert(conn, small.products[:3])
    with pytest.raises(DatabaseError, match="3 products") as caught:
        build(shop, now=NOW, size=SMALL)
    assert "--data-folder" in caught.value.hint
    with shop.connection() as conn:
        assert products.count(conn) == 3


def test_the_shop_of_another_seed_is_refused(built: Database) -> None:
    with pytest.raises(DatabaseError, match="seed 7, and seed 8"):
        build(built, seed=8, now=NOW, size=SMALL)


def test_another_process_makes_the_same_shop(small: DemoShop) -> None:
    code = (
        "import hashlib; from tests.shop.demo.conftest import NOW, SMALL;"
        "from shopkeeper.shop.demo.making import make;"
        "print(hashlib.sha256(repr(make(7, NOW, size=SMALL)).encode()).hexdigest())"
    )
    there = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert there == hashlib.sha256(repr(small).encode()).hexdigest()


def test_another_seed_makes_another_shop(small: DemoShop) -> None:
    other = make(8, NOW, size=SMALL)
    assert {r.text for r in other.reviews} != {r.text for r in small.reviews}
    assert {c.email for c in other.customers} != {c.email for c in small.customers}
