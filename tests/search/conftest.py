"""A small shop to search in."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from shopkeeper.search import ProductSearch
from shopkeeper.shop import products
from shopkeeper.shop.database import Database
from shopkeeper.shop.records import (
    Availability,
    Money,
    Option,
    Product,
    ProductId,
    ProductStatus,
    Translation,
    Variant,
    VariantId,
)

Make = Callable[..., Product]


def make(
    id_: str,
    title: str,
    *,
    price: str = "10",
    colors: tuple[str, ...] = (),
    sku: str = "",
    **more: object,
) -> Product:
    """A product with one variant a colour."""
    variants = tuple(
        Variant(
            VariantId(f"{id_}-{color}"), color, Money(Decimal(price), "USD"),
            sku=f"{sku}-{color}" if sku and color else sku,
            options=(Option("Color", color),) if color else (),
            availability=Availability.OUT_OF_STOCK if color == "red" else Availability.IN_STOCK,
        )
        for color in colors or ("",)
    )  # fmt: skip
    return Product(ProductId(id_), title, variants, **more)  # type: ignore[arg-type]


SHOP = (
    make("shirt", "Linen Shirt", colors=("blue", "red"), price="40", brand="Acme", sku="SH-100",
         category=("Clothing", "Shirts"), attributes={"Material": ("linen",)},
         translations={"zh": Translation("亚麻衬衫", category=("服装", "衬衫"), terms={"blue": "蓝色", "Color": "颜色", "linen": "亚麻"})}),
    make("tee", "Cotton T-shirt", colors=("blue",), price="15", brand="Birch",
         category=("Clothing", "T-shirts"), attributes={"Material": ("cotton",)}),
    make("kettle", "Electric Kettle 1.7 L", price="35", brand="Acme", category=("Kitchen",),
         description="<p>Boils <b>quickly</b>; shirt not included.</p><script>alert('boo')</script>"),
    make("phones", "WH-1000XM5 wireless headphones", price="299", brand="Sonic", category=("Electronics",)),
    make("secret", "Secret shirt", status=ProductStatus.DRAFT),
)  # fmt: skip


@pytest.fixture
def shop_database(db: Database) -> Database:
    """The database with the small shop."""
    with db.connection() as conn:
        products.upsert(conn, SHOP)
    return db


@pytest.fixture
def search(shop_database: Database, tmp_path: Path) -> Iterator[ProductSearch]:
    """A search over the small shop."""
    opened = ProductSearch.open(shop_database, tmp_path / "index")
    yield opened
    opened.close()
