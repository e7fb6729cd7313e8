"""What is read off a message by its form."""

import pytest

from shopkeeper.support.dialogue import slots
from shopkeeper.support.dialogue.lexicon import lexicon

EN = lexicon("en")


@pytest.mark.parametrize(
    ("text", "orders"),
    [
        ("order #W9502126 please", ["#W9502126"]),
        ("for order 1001, cancel it", ["1001"]),
        ("I live in 19122", []),
        ("it cost $1500.00", []),
    ],
)
def test_order_numbers_are_told_from_other_numbers(text: str, orders: list[str]) -> None:
    assert [n.written for n in slots.numbers(text) if n.is_order] == orders


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("My name is Yusuf Rossi and my zip code is 19122.", ("Yusuf", "Rossi")),
        ("Mei Kovacs, 28236", ("Mei", "Kovacs")),
        ("I'm Ada Lovelace", ("Ada", "Lovelace")),
        ("I want to return my lamp", None),
        ("我叫李雷", ("雷", "李")),
    ],
)
def test_a_name_is_read_where_it_is_introduced(text: str, name: tuple[str, str] | None) -> None:
    assert slots.name(text, lexicon("zh" if "我" in text else "en")) == name


def test_a_written_address_is_taken_apart() -> None:
    found = slots.address(
        "Send it to 445 Maple Drive, Suite 394, Fort Worth, Texas, 76165 please", "USA", ["CA"]
    )
    assert found is not None
    assert (found.line1, found.line2, found.city, found.region, found.postcode) == (
        "445 Maple Drive", "Suite 394", "Fort Worth", "TX", "76165",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "method"),
    [
        ("use paypal please", "paypal"),
        ("not paypal, the gift card", "gift_card"),
        ("the card ending in 4242", "4242"),
        ("back to the original payment method", "original"),
        ("hello", ""),
    ],
)
def test_a_payment_method_is_read_by_any_of_its_names(text: str, method: str) -> None:
    assert slots.method(text, EN) == method


def test_a_reason_is_told_in_the_words_of_the_policy() -> None:
    assert slots.reason("i just don't need it any more", EN) == "no longer needed"
    assert slots.reason("it was ordered by accident", EN) == "ordered by mistake"


def test_a_postcode_and_the_words_behind_it_are_no_street() -> None:
    said = "Mei Patel, my zip is 76165 Hey there, please send it to 445 Maple Drive, Fort Worth, Texas, 76165."
    found = slots.address(said, "US")
    assert found is not None and (found.line1, found.region) == ("445 Maple Drive", "TX")
