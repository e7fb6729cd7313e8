"""Columns of any table: guessed, corrected, put together."""

from pathlib import Path
from typing import Any

import pytest

from shopkeeper.errors import FeedError
from shopkeeper.shop import feeds
from shopkeeper.shop.feeds import mapping
from tests.shop.feeds.cases import SAMPLES


def guessed(text: str, kind: str = "products") -> dict[str, str]:
    header, *rows = (line.split(",") for line in text.strip().splitlines())
    sample = [dict(zip(header, row, strict=True)) for row in rows]
    return mapping.guess_mapping(header, sample, kind)


def read(path: Path, text: str, **how: Any) -> list[Any]:
    path.write_text(text, encoding="utf-8")
    return list(feeds.read(path, kind="products", **how))


def test_names_are_found_however_they_are_spelt() -> None:
    found = guessed("UniqId,Product_Name,Selling Price ($),Brand-Name\n1,Mug,4.00,Halm")
    assert found["id"] == "UniqId" and found["title"] == "Product_Name"
    assert found["price"] == "Selling Price ($)" and found["brand"] == "Brand-Name"


def test_a_column_whose_values_cannot_be_the_field_is_passed_over() -> None:
    found = guessed("sku,name,price,amount\nA,Mug,on request,4.00\nB,Cup,on request,5.00")
    assert "price" not in found or found["price"] != "price"


def test_an_id_is_a_code_that_every_row_has() -> None:
    found = guessed("Part ref,EAN,name\nX-1,4006381333931,Mug\nX-2,,Cup\nX-3,,Pot")
    assert found["id"] == "Part ref" and found["gtin"] == "EAN"


def test_the_regular_price_counts_where_there_is_no_sale(tmp_path: Path) -> None:
    text = "sku,name,Regular price,Sale price\nA,Mug,5.00,4.00\nB,Cup,6.00,\n"
    mug, cup = read(tmp_path / "f.csv", text)
    assert [str(p.variants[0].price.amount) for p in (mug, cup)] == ["4.00", "6.00"]
    assert str(mug.variants[0].list_price.amount) == "5.00" and cup.variants[0].list_price is None


def test_what_the_goods_cost_the_shop_is_not_their_price() -> None:
    assert "price" not in guessed("sku,name,cost\nA,Mug,2.00\nB,Cup,3.00")


def test_columns_that_come_again_are_attributes_and_the_rest_metadata() -> None:
    product = next(iter(feeds.read(SAMPLES / "products.csv", kind="products")))
    assert product.attributes == {"Colour": ("Black",), "Country of origin": ("Germany",)}
    assert product.category == ("Kitchen", "Knives") and product.metadata == {}


def test_a_decimal_comma_is_found_by_the_columns_values() -> None:
    found = feeds.detect(SAMPLES / "products.csv", kind="products").mapping
    assert found is not None and found["decimal"] == ","


def test_a_correction_goes_before_the_guess(tmp_path: Path) -> None:
    text = "code,name,label,price\nA,Mug,Tasse,4.00\n"
    (plain,) = read(tmp_path / "f.csv", text)
    (mapped,) = read(tmp_path / "f.csv", text, mapping={"title": "label"})
    assert (plain.title, mapped.title) == ("Mug", "Tasse")


def test_a_blank_correction_takes_a_field_away(tmp_path: Path) -> None:
    (product,) = read(tmp_path / "f.csv", "sku,name,brand\nA,Mug,Halm\n", mapping={"brand": ""})
    assert product.brand == "" and product.metadata == {"brand": "Halm"}


def test_columns_can_be_joined_made_a_path_and_chosen_from(tmp_path: Path) -> None:
    text = "sku,kind,size,dept,aisle,long,short\nA,Milk,1 l,Food,Dairy,,fresh\n"
    how = {"title": "kind + size", "category": "dept > aisle", "description": "long | short"}
    (product,) = read(tmp_path / "f.csv", text, mapping=how)
    assert (product.title, product.category, product.description) == (
        "Milk 1 l", ("Food", "Dairy"), "fresh"
    )  # fmt: skip


def test_rows_of_a_group_become_variants_told_apart_by_their_options(tmp_path: Path) -> None:
    text = (
        "sku,name,price,parent sku,colour\nA-1,Cap,9.00,A,Red\nB,Mug,4.00,,\nA-2,Cap,9.50,A,Blue\n"
    )
    products = {p.id: p for p in read(tmp_path / "f.csv", text)}
    assert [v.options[0].value for v in products["A"].variants] == ["Red", "Blue"]
    assert len(products["B"].variants) == 1


@pytest.mark.parametrize(
    ("given", "said", "hint"),
    [
        ({"prise": "Selling price"}, "no field is called 'prise'", "did you mean 'price'?"),
        ({"price": "Selling prize"}, "has no column 'Selling prize'", "did you mean 'Selling price'?"),
        ({"title": ""}, "no column looks like the title", "--map title=COLUMN"),
    ],
)  # fmt: skip
def test_a_wrong_correction_says_what_was_meant(
    given: dict[str, str], said: str, hint: str
) -> None:
    with pytest.raises(FeedError, match=said) as caught:
        list(feeds.read(SAMPLES / "products.csv", kind="products", mapping=given))
    assert hint in caught.value.hint


def test_the_kind_is_told_by_the_columns() -> None:
    for name, kind in (
        ("orders.csv", "orders"),
        ("reviews.csv", "reviews"),
        ("events.csv", "events"),
    ):
        assert feeds.detect(SAMPLES / name).kind == kind


def test_a_table_without_titles_calls_its_products_by_kind_and_size(tmp_path: Path) -> None:
    text = "product_id,department,product_type,package_size\n1,GROCERY,RICE,6 OZ\n2,MISC,,\n"
    rice, other = read(tmp_path / "f.csv", text)
    assert (rice.title, other.title) == ("RICE 6 OZ", "MISC")


def test_a_column_called_product_alone_holds_titles() -> None:
    assert guessed("no,Product,Price\n1,Mug,4.00\n2,Cup,5.00")["title"] == "Product"
