"""Products kept ready for showing: what went in last comes out, and no file grows for ever."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from shopkeeper.search import shown as module
from shopkeeper.search.shown import ShownProducts
from shopkeeper.shop import products
from shopkeeper.shop.database import Database
from shopkeeper.shop.records import Product, ProductId, to_json


@pytest.fixture
def catalogue(shop_database: Database) -> Iterator[dict[str, Product]]:
    with shop_database.connection() as conn:
        yield {p.id: p for p in products.iterate(conn)}


@pytest.fixture
def shown(catalogue: dict[str, Product], tmp_path: Path) -> ShownProducts:
    ready = ShownProducts(tmp_path)
    ready.put(catalogue.values())
    return ready


def test_products_come_out_as_they_went_in(
    shown: ShownProducts, catalogue: dict[str, Product]
) -> None:
    assert shown.get(list(catalogue)) == catalogue
    assert shown.json(list(catalogue)) == {i: to_json(p) for i, p in catalogue.items()}


def test_they_come_in_the_order_asked_for_without_the_unknown(shown: ShownProducts) -> None:
    assert list(shown.get(["kettle", "nobody", "tee", "shirt"])) == ["kettle", "tee", "shirt"]


def test_the_last_that_was_put_is_shown(
    shown: ShownProducts, catalogue: dict[str, Product]
) -> None:
    shown.put([replace(catalogue["shirt"], title="Linen Shirt II"), catalogue["tee"]])
    assert [p.title for p in shown.get(["shirt"]).values()] == ["Linen Shirt II"]
    assert shown.get(["tee"]) == {ProductId("tee"): catalogue["tee"]}


def test_what_is_forgotten_is_gone_until_it_is_put_again(
    shown: ShownProducts, catalogue: dict[str, Product]
) -> None:
    shown.forget(["shirt", "nobody"])
    assert list(shown.get(["shirt", "tee"])) == ["tee"]
    shown.put([catalogue["shirt"]])
    assert list(shown.get(["shirt", "tee"])) == ["shirt", "tee"]


def test_the_file_is_written_anew_when_most_of_it_is_out_of_date(
    shown: ShownProducts, catalogue: dict[str, Product], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SMALL", 0)
    once = shown._file.size
    for number in range(20):
        shown.put([replace(catalogue["shirt"], title=f"Shirt {number}")])
        shown.put(p for i, p in catalogue.items() if i != "shirt")
    assert shown._file.size < 4 * once
    assert shown.get(list(catalogue)) == catalogue | {
        "shirt": replace(catalogue["shirt"], title="Shirt 19")
    }


def test_nothing_is_left_in_the_folder(shown: ShownProducts, tmp_path: Path) -> None:
    assert not list(tmp_path.iterdir())
