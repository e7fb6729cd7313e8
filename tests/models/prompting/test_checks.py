"""What a model wrote, held against what it was given."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.models.prompting.checks import (
    missing_numbers,
    not_verbatim,
    numbers,
    unsupported_numbers,
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("45 l and 1.1 kg", {"45", "1.1"}),
        ("1,299.00 or 1299", {"1299"}),
        ("1.299,50", {"1299.5"}),
        ("容量４５升", {"45"}),
        ("12,50 €", {"12.5"}),
        ("none", set()),
    ],
)
def test_numbers_are_known_however_they_are_written(text: str, found: set[str]) -> None:
    assert numbers(text) == {Decimal(one) for one in found}


def test_a_number_of_its_own_is_told() -> None:
    assert unsupported_numbers("Holds 45 l, weighs 900 g", ["volume 45 l"]) == [
        "the number 900 is in none of the facts"
    ]


@given(st.lists(st.decimals(0, 10**6, places=2), max_size=5))
def test_numbers_of_the_facts_are_no_fault(facts: list[Decimal]) -> None:
    text = " and ".join(map(str, facts))
    assert unsupported_numbers(text, [text]) == []
    assert missing_numbers(text, text) == []


def test_a_number_that_a_translation_lost_is_told() -> None:
    assert missing_numbers("45 l, 2 pockets", "45升") == ["the number 2 is missing"]


@given(st.text(min_size=1), st.text(), st.text())
def test_a_piece_of_the_text_is_verbatim(quote: str, before: str, after: str) -> None:
    if " ".join(quote.split()):
        assert not_verbatim(quote, f"{before} {quote} {after}") == []


def test_a_quote_with_other_words_or_none_is_told() -> None:
    assert not_verbatim("Sale items are returned.", "Sale items are not returned.")
    assert not_verbatim("", "Sale items are not returned.")
