"""Suggestions while typing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.search import ProductSearch
from shopkeeper.search.suggest import (
    Kind,
    Phrase,
    Suggester,
    phrases_of_queries,
    phrases_of_titles,
)

KNOWN = Suggester(
    [
        Phrase("linen shirt", Kind.QUERY, 9.0),
        Phrase("linen dress", Kind.QUERY, 4.0),
        Phrase("Clothing > Shirts", Kind.CATEGORY, 6.0, "Clothing > Shirts"),
        Phrase("Linden", Kind.BRAND, 5.0, "Linden"),
        Phrase("Linen Shirt, blue", Kind.PRODUCT, 1.0, "p1"),
        Phrase("Linen Shirt, white", Kind.PRODUCT, 0.9, "p2"),
        Phrase("亚麻衬衫", Kind.QUERY, 3.0),
    ]
)


def texts(typed: str, **more: int) -> list[str]:
    return [s.text for s in KNOWN.suggest(typed, **more)]


def test_the_weightiest_phrase_that_begins_so_comes_first() -> None:
    assert texts("lin")[:3] == ["linen shirt", "Linden", "linen dress"]
    assert texts("LINEN  s")[0] == "linen shirt"


def test_a_later_word_may_be_typed_first() -> None:
    assert texts("shirt")[0] == "linen shirt"
    assert texts("衬衫") == ["亚麻衬衫"]


def test_only_so_many_products_are_among_them() -> None:
    kinds = [s.kind for s in KNOWN.suggest("linen", products=1)]
    assert kinds.count(Kind.PRODUCT) == 1
    assert Kind.PRODUCT not in [s.kind for s in KNOWN.suggest("linen", products=0)]


def test_products_have_places_of_their_own() -> None:
    assert texts("linen", limit=3, products=2) == ["linen shirt", "Linen Shirt, blue", "Linen Shirt, white"]  # fmt: skip
    assert texts("linen", limit=1, products=2) == ["Linen Shirt, blue"]


@pytest.mark.parametrize("typed", ["linne sh", "lnen sh", "linnen sh", "linem sh"])
def test_one_slip_is_forgiven(typed: str) -> None:
    assert texts(typed)[0] == "linen shirt"


def test_nothing_comes_of_nothing() -> None:
    assert texts("") == texts("  ") == texts("\x00") == texts("zzzzzz") == []
    assert Suggester().suggest("linen") == []


@given(st.text(max_size=300), st.integers(0, 5))
def test_any_text_may_be_typed(typed: str, limit: int) -> None:
    assert len(KNOWN.suggest(typed, limit=limit)) <= limit


@given(
    st.lists(st.text(alphabet="abc衬衫 ", min_size=1, max_size=8), max_size=20),
    st.text("abc衬", max_size=3),
)
def test_whatever_is_suggested_has_what_was_typed_at_the_start_of_a_word(
    phrases: list[str], typed: str
) -> None:
    made = Suggester(Phrase(text, Kind.QUERY, 1.0) for text in phrases)
    for suggestion in made.suggest(typed, limit=50):
        assert typed in suggestion.text


def test_pairs_of_words_that_several_titles_share_are_phrases() -> None:
    titles = [(str(i), f"Red Rain Jacket for {i} Winters", 1.0) for i in range(3)]
    found = {p.text for p in phrases_of_titles(titles) if p.kind is Kind.QUERY}
    assert found == {"red rain", "rain jacket"}


def test_a_query_that_one_visitor_asked_or_nobody_clicked_on_is_not_suggested() -> None:
    queries = [("rain jacket", 5, 2), ("my secret", 1, 1), ("raim", 9, 0)]
    assert [p.text for p in phrases_of_queries(queries)] == ["rain jacket"]


def test_products_and_categories_are_suggested_by_their_names_in_every_language(
    search: ProductSearch,
) -> None:
    (category, product) = search.suggest("衬衫")
    assert (category.text, category.kind, category.target) == ("衬衫", Kind.CATEGORY, "Clothing > Shirts")  # fmt: skip
    assert (product.text, product.target) == ("亚麻衬衫", "shirt")
    assert search.labels("zh")["Shirts"] == "衬衫"
