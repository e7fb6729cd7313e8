"""Rows made of products: what the words give is expected, what they do not give is expected to be left out."""

from dataclasses import replace
from decimal import Decimal

from shopkeeper.models.prompting.from_products import attribute_rows, query_rows
from shopkeeper.models.prompting.tasks import ATTRIBUTES, QUERY
from shopkeeper.shop.records import Money, Product, ProductId, ProductStatus, Variant, VariantId


def product(title: str, description: str = "", language: str = "en", **values: str) -> Product:
    return Product(
        id=ProductId(title),
        title=title,
        description=description,
        category=("Home", "Lamps"),
        attributes={name: (value,) for name, value in values.items()},
        variants=(Variant(VariantId(title), "", Money(Decimal("41.5"), "USD")),),
        language=language,
    )


def test_what_the_words_do_not_give_is_expected_to_be_left_out() -> None:
    (row,) = attribute_rows(
        [product("Lamp", "<p>Made of ＢＲＡＳＳ</p>", Material="Brass", Color="Red")]
    )
    assert row.given.attributes == ("Material", "Color")
    assert ATTRIBUTES.pairs is not None and ATTRIBUTES.pairs(row.output) == {("Material", "brass")}
    assert ATTRIBUTES.check(row.given, row.output) == []


def test_products_without_anything_to_find_make_no_rows() -> None:
    assert attribute_rows([product("Lamp", Material="Brass"), product("Red lamp")]) == []
    assert query_rows([product("Lamp"), product("Lamp", Width="12 cm")]) == []


def test_a_query_says_kind_attribute_and_a_round_price_above_the_product() -> None:
    english, chinese = query_rows(
        [product("Lamp", Material="Brass"), product("灯", language="zh", 材质="黄铜")]
    )
    assert english.given.query == "brass lamps under 60"
    assert chinese.given.query == "60元以下 黄铜 lamps"
    assert QUERY.check(english.given, english.output) == []
    assert english.output.price_max == 60 and english.output.product == "lamps"


def test_drafts_are_not_asked_about() -> None:
    draft = replace(product("Brass lamp", Material="Brass"), status=ProductStatus.DRAFT)
    assert attribute_rows([draft]) == query_rows([draft]) == []
