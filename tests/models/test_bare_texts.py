"""Texts without numbers and in keywords."""

import pytest

from shopkeeper.models.bare_texts import in_keywords, without_numbers


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("cancel order #W123-4 please", "cancel order please"),
        ("it cost $1,234.50", "it cost"),
        ("我的订单12345在哪里", "我的订单 在哪里"),
        ("4711", "4711"),
    ],
)
def test_words_with_digits_are_left_out(text: str, left: str) -> None:
    assert without_numbers(text) == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("I'd like to cancel my order", "cancel order"),
        ("where is it", "where is it"),
        ("我要退货", "我要退货"),
    ],
)
def test_keywords_are_what_is_not_a_function_word(text: str, left: str) -> None:
    assert in_keywords(text) == left
