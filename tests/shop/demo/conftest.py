"""The demo shop made once for all tests that read it, and a small one for those that write."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from shopkeeper.shop.database import Database
from shopkeeper.shop.demo.making import DemoShop, Size, make
from shopkeeper.shop.embedded import EmbeddedServer
from tests.conftest import EMPTY_SHOP

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
SMALL = Size(customers=300, orders=500, visits=150)


@pytest.fixture(scope="session")
def made() -> DemoShop:
    """The whole demo shop in memory."""
    return make(7, NOW)


@pytest.fixture(scope="session")
def truth(made: DemoShop) -> Mapping[str, Mapping[str, Any]]:
    """kind -> id -> what only the maker knows."""
    found: dict[str, dict[str, Any]] = {}
    for kind, id_, fact in made.truth:
        found.setdefault(kind, {})[id_] = fact
    return found


@pytest.fixture
def shop(server: EmbeddedServer) -> Iterator[Database]:
    """A migrated database of its own without a record."""
    with a_database(server, "demo_shop") as opened:
        yield opened


@contextmanager
def a_database(server: EmbeddedServer, name: str) -> Iterator[Database]:
    """A migrated database of this name, dropped afterwards."""
    with psycopg.connect(server.url, dbname="postgres", autocommit=True) as conn:
        conn.execute(f"drop database if exists {name} with (force)")
        conn.execute(f"create database {name} template {EMPTY_SHOP}")
        opened = Database(server.url.replace("/shopkeeper?", f"/{name}?"), pool_size=4)
        yield opened
        opened.close()
        conn.execute(f"drop database {name} with (force)")
