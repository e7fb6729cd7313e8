"""Whether the version of a product that a question names is in stock."""

from dataclasses import replace
from decimal import Decimal

import pytest

from shopkeeper.shop.records import (
    Availability,
    Money,
    Option,
    Product,
    ProductId,
    Translation,
    Variant,
    VariantId,
)
from shopkeeper.support.answers.versions import version_in_stock

PRICE = Money(Decimal("149.00"), "USD")


def version(color: str, size: str, availability: Availability = Availability.IN_STOCK) -> Variant:
    options = (Option("Color", color), Option("Size", size))
    return Variant(VariantId(f"{color}-{size}"), f"{color} {size}", PRICE, options=options, availability=availability)  # fmt: skip


JACKET = Product(
    ProductId("fjell"), "Ravnhal Fjell Down Jacket",
    (version("Navy", "S"), version("Navy", "L"), version("Navy", "M", Availability.OUT_OF_STOCK), version("Red", "M")),
    brand="Ravnhal",
    translations={"zh": Translation("Ravnhal Fjell 羽绒服", terms={"Navy": "藏青色", "Red": "红色", "Size": "尺码"})},
)  # fmt: skip


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("Is the Ravnhal Fjell Down Jacket in stock in navy, size L?", "in stock: Navy / L"),
        ("Is it available in size m in navy?", "not in stock at the moment: Navy / M"),
        ("do you have it in navy?", "in stock: Navy / S, Navy / L"),
        ("in red?", "in stock: Red / M"),
        ("Do you have it in red, size L?", "there is none in Red / L"),
    ],
)
def test_the_version_that_is_named(question: str, told: str) -> None:
    assert version_in_stock(question, JACKET, "en") == told


def test_in_chinese() -> None:
    assert version_in_stock("有没有它 藏青色 L码", JACKET, "zh") == "有货：藏青色 / L"
    assert (
        version_in_stock("Ravnhal Fjell 羽绒服有藏青色L码的吗", JACKET, "zh") == "有货：藏青色 / L"
    )


@pytest.mark.parametrize(
    "question",
    [
        "Is the Ravnhal Fjell Down Jacket in stock?",  # names none
        "Why is navy more expensive?",
        "Is navy in stock at the Portland warehouse?",
        "What's in stock?",
    ],
)
def test_what_names_no_version_or_asks_more(question: str) -> None:
    assert version_in_stock(question, JACKET, "en") is None


def test_what_can_only_be_ordered_in_advance_is_called_so() -> None:
    later = replace(JACKET, variants=(version("Navy", "L", Availability.BACKORDER),))
    assert version_in_stock("do you have it in navy?", later, "en") == "can be ordered in advance: Navy / L"  # fmt: skip
