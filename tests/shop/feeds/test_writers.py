"""Records written out: Shopify CSV, Google XML and JSON lines come back equal, as far as the format can hold them."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shopkeeper.errors import FeedError
from shopkeeper.shop import feeds
from shopkeeper.shop.database import Database
from shopkeeper.shop.feeds import google_write, shopify_write
from shopkeeper.shop.feeds.shopify_columns import COLUMNS
from shopkeeper.shop.records import (
    Availability,
    Image,
    Money,
    Option,
    Product,
    ProductId,
    ProductStatus,
    Variant,
    VariantId,
)
from tests.shop.feeds.cases import SAMPLES

FEEDS = [
    "shopify-old.csv", "shopify-new.csv", "woocommerce.csv", "google.xml", "google.tsv", "pages", "schema-org.json",
    "dummyjson.json", "tau.json", "products.csv", "products-zh.csv", "products.jsonl",
]  # fmt: skip


def through(path: Path, found: Sequence[Product], format: str) -> dict[str, Product]:
    """The products as they are read from what was written of them."""
    with path.open("wb") as out:
        if format == "shopify":
            shopify_write.write_products(lambda: found, out)
        else:
            google_write.write_products(found, out)
    currency = found[0].variants[0].price.currency
    return {p.id: p for p in feeds.read(path, kind="products", format=format, currency=currency)}


def held(product: Product, format: str) -> Product:
    """What the format can hold of a product."""
    if format == "shopify":
        return replace(product, handle=product.handle or product.id, rating=None, translations={})
    return replace(
        product, images=tuple(replace(i, alt="") for i in product.images), translations={}
    )


@pytest.mark.parametrize("format", ["shopify", "google"])
@pytest.mark.parametrize("name", FEEDS)
def test_products_of_every_feed_come_back_equal(name: str, format: str, tmp_path: Path) -> None:
    by_currency: dict[str, list[Product]] = {}
    for product in feeds.read(SAMPLES / name, kind="products"):
        if format == "shopify" or product.status is ProductStatus.ACTIVE:
            by_currency.setdefault(product.variants[0].price.currency, []).append(product)
    for found in by_currency.values():  # Shopify's CSV names no currency
        wanted = {p.id: held(p, format) for p in found}
        assert through(tmp_path / "out", found, format) == wanted


TEXTS = st.text(st.characters(exclude_categories=["C"], exclude_characters="\u2028\u2029\x85"), max_size=30).map(
    lambda t: " ".join(t.split())
)  # fmt: skip
WORDS = TEXTS.filter(bool)
PRICES = st.decimals(Decimal("0.01"), 10**6, places=2).map(lambda a: Money(a, "EUR"))


@st.composite
def made_products(draw: st.DrawFn) -> Product:
    names = draw(st.lists(WORDS.filter(lambda n: n != "Title"), unique=True, max_size=3))
    count = draw(st.integers(1, 4)) if names else 1
    values = (
        draw(
            st.lists(
                st.tuples(*(WORDS for _ in names)), unique=True, min_size=count, max_size=count
            )
        )
        if names
        else [()]
    )
    variants = []
    for i, chosen in enumerate(values):
        options = tuple(Option(n, v) for n, v in zip(names, chosen, strict=True))
        price = draw(PRICES)
        before = draw(st.none() | PRICES)
        variants.append(Variant(
            id=VariantId(f"V-{i}"), title=draw(WORDS), price=price, sku=draw(TEXTS), options=options,
            list_price=before, availability=draw(st.sampled_from(Availability)), quantity=draw(st.none() | st.integers(0, 99)),
            image=draw(st.none() | st.sampled_from("abc").map(lambda n: Image(f"https://shop.example/{n}.jpg"))), weight_grams=draw(st.none() | st.integers(1, 9000).map(Decimal)),
            metadata=draw(st.dictionaries(WORDS.map(lambda k: f"m {k}"), WORDS, max_size=2)),
        ))  # fmt: skip
    return Product(
        id=ProductId("P-1"), title=draw(WORDS), variants=tuple(variants), handle="p-1", description=draw(TEXTS),
        brand=draw(TEXTS), attributes=draw(st.dictionaries(WORDS, st.lists(WORDS, min_size=1, max_size=3, unique=True).map(tuple), max_size=2)),
        images=tuple(Image(f"https://shop.example/{i}.jpg") for i in range(draw(st.integers(0, 5)))),
        metadata=draw(st.dictionaries(WORDS.map(lambda k: f"m {k}"), WORDS, max_size=2)),
    )  # fmt: skip


@given(made_products(), st.sampled_from(["shopify", "google"]))
@settings(
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
def test_any_product_comes_back_equal(tmp_path: Path, product: Product, format: str) -> None:
    assert through(tmp_path / "out", [product], format) == {"P-1": held(product, format)}


def test_shopifys_file_has_the_new_columns_first(db: Database) -> None:
    feeds.run_import(db, SAMPLES / "shopify-old.csv", kind="products")
    out = io.BytesIO()
    assert feeds.write(db, "products", "shopify", out) == 3
    header = next(csv.reader(io.StringIO(out.getvalue().decode(), newline="")))
    assert tuple(header[: len(COLUMNS)]) == COLUMNS


def test_google_gets_only_what_can_be_seen_and_bought(tmp_path: Path, db: Database) -> None:
    for name in ("shopify-new.csv", "products.jsonl"):
        feeds.run_import(db, SAMPLES / name, kind="products")
    unpriced = tmp_path / "unpriced.csv"
    unpriced.write_text("sku,name\nNP-1,Mystery box\n")
    feeds.run_import(db, unpriced, kind="products")
    out = io.BytesIO()
    assert (
        feeds.write(db, "products", "google", out) == 5
    )  # without the archived teapot and the unpriced one
    assert "teapot" not in out.getvalue().decode()


def test_progress_of_writing_is_told(db: Database) -> None:
    feeds.run_import(db, SAMPLES / "dummyjson.json", kind="products")
    told: list[tuple[int, int]] = []
    feeds.write(db, "reviews", "jsonl", io.BytesIO(), on_progress=lambda i, n: told.append((i, n)))
    assert told == [(18, 18)]


def test_a_kind_that_a_format_does_not_hold_is_refused(db: Database) -> None:
    with pytest.raises(FeedError, match="cannot be written as shopify"):
        feeds.write(db, "orders", "shopify", io.BytesIO())
    with pytest.raises(FeedError, match="no format called"):
        feeds.write(db, "orders", "excel", io.BytesIO())
