"""The index follows the database: changes, deletions, several programs, and an index that is gone or damaged."""

import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from shopkeeper.errors import ModelError
from shopkeeper.search import ProductSearch, SearchRequest
from shopkeeper.search.pointer import read_pointer, write_pointer
from shopkeeper.shop import products
from shopkeeper.shop.database import Database
from shopkeeper.shop.migrate import migrate
from shopkeeper.shop.records import Money, ProductStatus

from .conftest import SHOP, make


def total(search: ProductSearch, query: str) -> int:
    return search.search(SearchRequest(query)).total


def wait_for(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def test_what_is_written_is_found_after_a_refresh(
    search: ProductSearch, shop_database: Database
) -> None:
    with shop_database.connection() as conn:
        products.upsert(conn, [make("lamp", "Desk lamp")])
        products.delete(conn, ["tee"])
    assert search.refresh() == 2
    assert (total(search, "lamp"), total(search, "cotton")) == (1, 0)
    assert search.refresh() == 0


def test_a_new_price_is_seen_by_itself(search: ProductSearch, shop_database: Database) -> None:
    search.start()
    shirt = SHOP[0]
    cheap = tuple(replace(v, price=Money(Decimal(5), "USD")) for v in shirt.variants)
    with shop_database.connection() as conn:
        products.upsert(conn, [replace(shirt, variants=cheap)])
    asked = SearchRequest("linen", price_max=Decimal(6))
    assert wait_for(lambda: search.search(asked).total == 1)


def test_a_product_that_becomes_a_draft_disappears(
    search: ProductSearch, shop_database: Database
) -> None:
    with shop_database.connection() as conn:
        products.upsert(conn, [replace(SHOP[0], status=ProductStatus.DRAFT)])
    search.refresh()
    assert total(search, "linen") == 0


def test_changes_made_while_nobody_looked_are_taken_in_at_the_next_start(
    shop_database: Database, tmp_path: Path
) -> None:
    ProductSearch.open(shop_database, tmp_path).close()
    with shop_database.connection() as conn:
        products.upsert(conn, [make("lamp", "Desk lamp")])
        products.delete(conn, ["tee"])
    again = ProductSearch.open(shop_database, tmp_path)
    assert (total(again, "lamp"), total(again, "cotton"), again.size) == (1, 0, 4)
    again.close()


def test_a_damaged_index_is_built_anew(shop_database: Database, tmp_path: Path) -> None:
    ProductSearch.open(shop_database, tmp_path).close()
    for file in tmp_path.glob("words-*/meta.json"):
        file.write_text("{")
    again = ProductSearch.open(shop_database, tmp_path)
    assert total(again, "linen") == 1
    again.close()
    (tmp_path / "current").write_text("nonsense")
    again = ProductSearch.open(shop_database, tmp_path)
    assert total(again, "linen") == 1
    assert len(list(tmp_path.glob("words-*"))) == 1
    again.close()


def test_a_second_program_reads_what_the_first_writes_and_takes_over_when_it_leaves(
    search: ProductSearch, shop_database: Database, tmp_path: Path
) -> None:
    second = ProductSearch.open(shop_database, tmp_path / "index")
    assert (search.is_writer, second.is_writer) == (True, False)
    with pytest.raises(ModelError):
        second.rebuild()
    with shop_database.connection() as conn:
        products.upsert(conn, [make("lamp", "Desk lamp")])
    search.refresh()
    second.refresh()
    assert total(second, "lamp") == 1
    search.rebuild()
    second.refresh()
    assert total(second, "lamp") == 1
    search.close()
    with shop_database.connection() as conn:
        products.upsert(conn, [make("lamp2", "Floor lamp")])
    second.refresh()
    assert second.is_writer
    assert total(second, "lamp") == 2
    second.close()


def test_rebuilding_tells_its_progress(search: ProductSearch) -> None:
    told: list[tuple[int, int]] = []
    search.rebuild(lambda done, of: told.append((done, of)))
    assert total(search, "linen") == 1
    assert all(done <= of for done, of in told)


def test_an_index_of_another_database_is_built_anew(
    shop_database: Database, empty_database_url: str, tmp_path: Path
) -> None:
    ProductSearch.open(shop_database, tmp_path).close()
    migrate(empty_database_url)
    other = Database(empty_database_url, pool_size=3)
    with other.connection() as conn:
        products.upsert(conn, [make("only", "A kettle of another shop")])
    search = ProductSearch.open(other, tmp_path)
    assert (search.size, total(search, "kettle of another shop")) == (1, 1)
    search.close()
    other.close()


def test_an_index_ahead_of_its_database_is_built_anew(
    shop_database: Database, tmp_path: Path
) -> None:
    """As after the database's files were put back to an older state."""
    ProductSearch.open(shop_database, tmp_path).close()
    pointer = read_pointer(tmp_path)
    assert pointer is not None
    write_pointer(tmp_path, replace(pointer, position=2**60))
    search = ProductSearch.open(shop_database, tmp_path)
    again = read_pointer(tmp_path)
    assert again is not None and again.folder != pointer.folder
    search.close()
