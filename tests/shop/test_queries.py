"""Questions to the records: by id, code, handle, product and customer, and what deleting takes along."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from shopkeeper.errors import NotFound
from shopkeeper.shop import bulk, customers, orders, pages, products, reviews
from shopkeeper.shop.database import Database
from shopkeeper.shop.records import (
    CustomerId,
    Money,
    Order,
    OrderId,
    OrderLine,
    Page,
    PageId,
    PageKind,
    Product,
    ProductId,
    Review,
    ReviewId,
    Variant,
    VariantId,
)


def a_product(product_id: str, *variant_ids: str, **fields: Any) -> Product:
    price = Money(Decimal("9.90"), "USD")
    variants = tuple(Variant(VariantId(v), v, price, sku=f"sku-{v}") for v in variant_ids or (f"{product_id}1",))  # fmt: skip
    return Product(ProductId(product_id), fields.pop("title", product_id), variants, **fields)


@pytest.mark.parametrize("module", [products, customers, orders, reviews, pages])
def test_an_unknown_id_is_named(db: Database, module: Any) -> None:
    with db.connection() as conn, pytest.raises(NotFound, match="'nobody'"):
        module.get(conn, "nobody")


def test_many_come_in_the_order_they_were_asked_for(db: Database) -> None:
    with db.connection() as conn:
        products.upsert(conn, [a_product(i) for i in "abc"])
        assert list(products.get_many(conn, ["c", "nobody", "a"])) == ["c", "a"]


def test_deleting_a_product_takes_its_variants_along(db: Database) -> None:
    with db.connection() as conn:
        products.upsert(conn, [a_product("a", "a1", "a2"), a_product("b")])
        assert products.delete(conn, ["a", "nobody"]) == 1
        assert bulk.count(conn, "variants") == 1


def test_deleting_an_order_takes_its_lines_along(db: Database) -> None:
    line = OrderLine(ProductId("p"), 1, Money(Decimal(1), "USD"))
    with db.connection() as conn:
        orders.upsert(conn, [Order(OrderId(i), CustomerId("c"), (line, line)) for i in "ab"])
        assert orders.delete(conn, ["a"]) == 1
        assert orders.count_lines(conn) == 2


def test_an_order_that_shrinks_loses_lines_and_no_other_order_does(db: Database) -> None:
    line = OrderLine(ProductId("p"), 1, Money(Decimal(1), "USD"))
    whole = [Order(OrderId(i), CustomerId("c"), (line,) * 3) for i in "ab"]
    with db.connection() as conn:
        orders.upsert(conn, whole)
        orders.upsert(conn, [replace(whole[0], lines=(line,)), whole[1]])
        assert [len(o.lines) for o in orders.iterate(conn)] == [1, 3]


def test_variants_left_out_are_gone_unless_they_are_to_be_merged(db: Database) -> None:
    with db.connection() as conn:
        products.upsert(conn, [a_product("a", "a1", "a2")])
        products.upsert(conn, [a_product("a", "a2", "a3")], merge_variants=True)
        assert [v.id for v in products.get(conn, "a").variants] == ["a1", "a2", "a3"]
        products.upsert(conn, [a_product("a", "a3")])
        assert [v.id for v in products.get(conn, "a").variants] == ["a3"]


@pytest.mark.parametrize("code", ["a", "a1", "sku-a1"])
def test_a_product_is_found_by_any_of_its_codes(db: Database, code: str) -> None:
    with db.connection() as conn:
        products.upsert(conn, [a_product("a", "a1"), a_product("b", "b1")])
        assert products.find_by_code(conn, code) == ["a"]
        assert products.find_by_code(conn, "") == []


def test_a_product_is_found_by_its_handle(db: Database) -> None:
    with db.connection() as conn:
        products.upsert(conn, [a_product("a", handle="the-a")])
        assert products.by_handle(conn, "the-a") == "a"
        assert products.by_handle(conn, "the-b") is None


def test_a_page_is_found_in_the_language_asked_for_or_else_in_another(db: Database) -> None:
    page = Page(PageId("en"), PageKind.FAQ, "returns", "Returns", "30 days")
    with db.connection() as conn:
        pages.upsert(conn, [page, replace(page, id=PageId("zh"), language="zh", title="退货")])
        assert pages.find(conn, "returns", "zh").title == "退货"
        assert pages.find(conn, "returns", "fr").title == "Returns"
        with pytest.raises(NotFound, match="'nowhere'"):
            pages.find(conn, "nowhere", "en")


def test_the_newest_come_first_and_the_undated_last(db: Database) -> None:
    days = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2)]
    with db.connection() as conn:
        dated = [*enumerate(days), (2, None)]
        reviews.upsert(conn, [Review(ReviewId(str(i)), ProductId("p"), "", posted_at=at) for i, at in dated])  # fmt: skip
        orders.upsert(conn, [Order(OrderId(str(i)), CustomerId("c"), (), placed_at=at) for i, at in dated])  # fmt: skip
        assert [r.id for r in reviews.of_product(conn, "p")] == ["1", "0", "2"]
        assert [r.id for r in reviews.of_product(conn, "p", limit=1, offset=1)] == ["0"]
        assert [o.id for o in orders.of_customer(conn, "c")] == ["1", "0", "2"]
