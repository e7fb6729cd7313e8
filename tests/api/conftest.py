"""A shop behind HTTP, with a key of each kind."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient as TestClient

from shopkeeper.api import create_app
from shopkeeper.api.keys import KeyKind, create
from shopkeeper.api.routes import inbox, support
from shopkeeper.face import Shop
from shopkeeper.settings import Settings
from shopkeeper.shop import products
from shopkeeper.shop.database import Database
from shopkeeper.shop.records import (
    Money,
    Option,
    Product,
    ProductId,
    ProductStatus,
    Variant,
    VariantId,
)

ORIGIN = "https://shop.example"
SERVER = "https://api.example"


@dataclass(frozen=True)
class Served:
    """A shop's application and keys to it."""

    shop: Shop
    app: FastAPI
    secret: str
    publishable: str

    def client(self, key: str = "", **headers: str) -> TestClient:
        """A client that sends this key, from an address that is not this machine."""
        if key:
            headers["authorization"] = f"Bearer {key}"
        return TestClient(
            self.app,
            base_url=SERVER,
            headers=headers,
            client=("203.0.113.7", 40000),
            raise_server_exceptions=False,
        )

    @property
    def owner(self) -> TestClient:
        """A client with the secret key."""
        return self.client(self.secret)

    @property
    def page(self) -> TestClient:
        """A client as a page of the bound origin makes it, with the publishable key."""
        return self.client(self.publishable, origin=ORIGIN)


@pytest.fixture(autouse=True)
def short_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams of events end soon: clients of tests wait for the end of every answer."""
    for module in (inbox, support):
        monkeypatch.setattr(module, "STREAM_S", 0.5)


@pytest.fixture
def serve(db: Database, settings: Settings) -> Iterator[Callable[..., Served]]:
    """Make an application: serve(demo=True), serve(requests_per_second=1)."""
    opened: list[Shop] = []

    def make(*, demo: bool = False, **changes: object) -> Served:
        shop = Shop(settings.model_copy(update=changes), db, demo=demo)
        opened.append(shop)
        with db.connection() as conn:
            _, secret = create(conn, KeyKind.SECRET, "test")
            _, publishable = create(conn, KeyKind.PUBLISHABLE, "test", origins=[ORIGIN])
        return Served(shop, create_app(shop), secret, publishable)

    yield make
    for shop in opened:
        shop.stop()


@pytest.fixture
def served(serve: Callable[..., Served]) -> Served:
    """A shop that wants keys."""
    return serve()


def a_product(number: int = 1, *, status: ProductStatus = ProductStatus.ACTIVE) -> Product:
    """A small product; its metadata holds something that is the shop's own business."""
    return Product(
        id=ProductId(f"p/{number}"),
        title=f"Blue mug {number}",
        description="<p>For <b>tea</b> &amp; soup</p>",
        brand="Linden",
        category=("Home", "Kitchen"),
        status=status,
        metadata={"cost": "1.20"},
        variants=(
            Variant(
                id=VariantId(f"v/{number}"),
                title="Blue",
                price=Money(Decimal("9.90"), "USD"),
                sku=f"MUG-{number}",
                options=(Option("Color", "Blue"),),
                metadata={"supplier": "Acme"},
            ),
        ),
    )


def put(shop: Shop, *wanted: Product) -> None:
    """Write products straight into the database."""
    with shop.database.connection() as conn:
        products.upsert(conn, wanted)
