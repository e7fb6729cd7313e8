"""Options in a customer's words become a search with the product's own values."""

import pytest

from shopkeeper.shop.records import Product, ProductId
from shopkeeper.support.dialogue.options_said import describes, said
from shopkeeper.support.finding import find_variants
from tests.support.conftest import LAMP, variant

BOOTS = Product(
    ProductId("boots"), "Boots",
    (
        variant("8-leather-yes", "80.00", size="8", material="leather", waterproof="yes"),
        variant("8-cloth-no", "60.00", size="8", material="cloth", waterproof="no"),
        variant("9-leather-no", "82.00", size="9", material="leather", waterproof="no"),
        variant("9-leather-yes", "85.00", size="9", material="leather", waterproof="yes"),
        variant("10-cloth-yes", "70.00", size="10", material="cloth", waterproof="yes"),
    ),
)  # fmt: skip


def found(product: Product, like: str, text: str, *, language: str = "en") -> list[str]:
    item = next(v for v in product.variants if v.id == like)
    wanted = said(product, item, text, language)
    kept = find_variants(product, wanted.wanted(like, keep=True)).variants
    return [v.id for v in kept or find_variants(product, wanted.wanted(like, keep=False)).variants]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("size 8", "8-leather-yes"),
        ("the same but in size 8", "8-leather-yes"),
        ("one size smaller", "8-leather-yes"),
        ("the cheapest one", "8-cloth-no"),
        ("the most expensive one that is not waterproof", "9-leather-no"),
        ("a bigger one, I don't care about the material", "10-cloth-yes"),
        ("not waterproof instead of waterproof", "9-leather-no"),
        ("size 9, material leather, waterproof no", "9-leather-no"),
    ],
)
def test_words_find_the_variant_that_is_meant(text: str, first: str) -> None:
    assert found(BOOTS, "9-leather-yes", text)[0] == first


def test_a_preference_orders_and_does_not_exclude() -> None:
    assert (
        found(LAMP, "lamp-mid-ac", "a less bright one, preferably with battery, otherwise USB")[0]
        == "lamp-low-usb"
    )


def test_an_amount_that_no_variant_has_is_missing() -> None:
    assert said(BOOTS, BOOTS.variants[0], "size 47", "en").nothing


def test_words_describe_one_of_several() -> None:
    fits = [describes(BOOTS, v, "the waterproof ones in size 8", "en") for v in BOOTS.variants]
    assert [i for i, f in enumerate(fits) if f > 0] == [0]


def test_chinese_words_find_the_same() -> None:
    assert found(LAMP, "lamp-mid-ac", "亮一点的", language="zh") == ["lamp-high-ac"]
