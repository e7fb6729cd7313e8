"""Products kept for showing: never older than what was forgotten."""

from dataclasses import replace

from shopkeeper.search.shown import ShownProducts
from shopkeeper.shop import products
from shopkeeper.shop.database import Database


def retitled(database: Database, title: str) -> None:
    with database.connection() as conn:
        old = products.get(conn, "shirt")
        products.upsert(conn, [replace(old, title=title)])


def test_a_product_is_read_anew_only_when_it_was_forgotten(shop_database: Database) -> None:
    shown = ShownProducts(shop_database)
    assert [p.title for p in shown.get(["shirt"]).values()] == ["Linen Shirt"]
    retitled(shop_database, "Linen Shirt II")
    assert [p.title for p in shown.get(["shirt"]).values()] == ["Linen Shirt"]
    shown.forget(["shirt"])
    assert [p.title for p in shown.get(["shirt"]).values()] == ["Linen Shirt II"]


def test_products_come_in_the_order_asked_for_without_the_unknown(shop_database: Database) -> None:
    shown = ShownProducts(shop_database)
    shown.get(["tee"])
    assert list(shown.get(["kettle", "nobody", "tee", "shirt"])) == ["kettle", "tee", "shirt"]


def test_what_was_read_before_a_change_is_not_kept_after_it(shop_database: Database) -> None:
    shown = ShownProducts(shop_database)
    age = shown._age
    with shop_database.connection() as conn:
        old = products.get(conn, "shirt")
    retitled(shop_database, "new")
    shown.forget(["shirt"])
    shown._remember([old], age)  # as a slower thread would that read before
    assert [p.title for p in shown.get(["shirt"]).values()] == ["new"]


def test_only_so_many_are_kept(shop_database: Database) -> None:
    shown = ShownProducts(shop_database, keep=2)
    shown.get(["shirt", "tee", "kettle"])
    retitled(shop_database, "new")
    assert [p.title for p in shown.get(["shirt"]).values()] == ["new"]
