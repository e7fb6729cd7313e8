"""Words: every one has its Chinese, no Chinese is left over, and what is filled in stays the same."""

import re

import pytest

from shopkeeper.pages.words import catalog, translate
from tests.pages.words_used import constants, words_used

CHINESE = catalog("zh")
# Words that are the same in Chinese: names, formats, codes.
SAME = {"GTIN", "SKU", "DummyJSON", "ID", "Slug", "User Behaviour Insights 1.3", "Google Analytics 4", "{n} MB"}  # fmt: skip


def test_every_word_of_the_pages_has_its_chinese() -> None:
    missing = {text: file for text, file in words_used().items() if text and text not in CHINESE}
    assert missing == {}


def test_no_chinese_is_left_over_from_words_that_are_gone() -> None:
    used, code = words_used(), "\n".join(constants())
    assert [text for text in CHINESE if text not in used and text not in code] == []


def test_what_is_filled_in_is_the_same_in_both() -> None:
    for text, said in CHINESE.items():
        assert set(re.findall(r"{\w+}", said)) == set(re.findall(r"{\w+}", text)), text


def test_the_chinese_is_chinese() -> None:
    english = [
        text
        for text, said in CHINESE.items()
        if text not in SAME and not re.search(r"[一-鿿]", re.sub(r"{\w+}", "", said))
    ]
    assert [text for text in english if re.search("[A-Za-z]{2}", CHINESE[text])] == []


@pytest.mark.parametrize("language", ["en", "de", "../zh", ""])
def test_a_language_without_a_file_speaks_english(language: str) -> None:
    assert translate(language, "{n} products", n=3) == "3 products"
