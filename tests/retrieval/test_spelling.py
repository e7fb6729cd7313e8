"""Typing errors are mended from the catalogue's own words."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.retrieval.spelling import Vocabulary, edit_distances, mend
from shopkeeper.retrieval.words import WordIndex, Wording
from tests.retrieval.catalogue import index

WORDS = st.text("abcd", min_size=1, max_size=7)


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> WordIndex:
    titles = [
        "Refrigerator white", "Refrigerator with freezer", "External hard disk 500 GB", "Hard disk 2 TB",
        "Perfume fragrance set", "Fragrance for men", "Coffeemaker black", "Coffeemaker 12 cup", "Video games for PS4",
        "Video games bundle", "Canvas backpack", "School backpack", "Iphone 5 case", "Iphone 4 case", "Bread toaster",
        "Toaster with 4 slots", "Boaster", "Boaster two", "Levis 505 jeans", "Levis 501 jeans",
    ]  # fmt: skip
    return index(tmp_path_factory.mktemp("words"), {str(i): t for i, t in enumerate(titles)})


@pytest.fixture(scope="module")
def vocabulary(words: WordIndex) -> Vocabulary:
    return Vocabulary(words.vocabulary())


def plain_distance(a: str, b: str) -> int:
    """Optimal string alignment, from its definition."""
    table = {(i, 0): i for i in range(len(a) + 1)} | {(0, j): j for j in range(len(b) + 1)}
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            ways = [table[i - 1, j] + 1, table[i, j - 1] + 1]
            ways.append(table[i - 1, j - 1] + (a[i - 1] != b[j - 1]))
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                ways.append(table[i - 2, j - 2] + 1)
            table[i, j] = min(ways)
    return table[len(a), len(b)]


@given(WORDS, st.lists(WORDS, min_size=1, max_size=5), st.integers(1, 3))
def test_distances_are_those_of_the_definition(word: str, others: list[str], most: int) -> None:
    width = max(map(len, others))
    rows = np.array([[ord(c) for c in o.ljust(width, "\0")] for o in others], np.int32)
    found = edit_distances(np.array([ord(c) for c in word], np.int32), rows, most)
    assert found.tolist() == [min(plain_distance(word, o), most + 1) for o in others]


@given(st.lists(WORDS, min_size=1, max_size=30, unique=True), WORDS, st.integers(1, 2))
def test_no_word_that_is_near_is_overlooked(known: list[str], word: str, errors: int) -> None:
    found = {n.word for n in Vocabulary((w, 1) for w in known).near(word, errors)}
    assert found == {w for w in known if 0 < plain_distance(word, w) <= errors}


@pytest.mark.parametrize(
    ("asked", "meant"),
    [("refrigirator", "refrigerator"), ("fragance", "fragrance"), ("extenal hardisk 500 gb", "external hard disk 500 gb"),
     ("videogames ps4", "video games ps4"), ("toastre", "toaster"), ("refrigirater white", "refrigerator white")],
)  # fmt: skip
def test_words_nobody_wrote_are_mended(
    asked: str, meant: str, words: WordIndex, vocabulary: Vocabulary
) -> None:
    assert mend(asked, vocabulary, words).text == meant


def test_of_two_near_words_the_one_that_goes_with_the_rest_is_meant(
    words: WordIndex, vocabulary: Vocabulary
) -> None:
    assert mend("xoaster bread", vocabulary, words).text == "toaster bread"
    assert mend("xoaster two", vocabulary, words).text == "boaster two"


def test_words_written_apart_are_also_looked_for_as_one(
    words: WordIndex, vocabulary: Vocabulary
) -> None:
    mended = mend("back pack", vocabulary, words)
    assert mended.wordings["back"] == mended.wordings["pack"] == [Wording(("backpack",), 0.9)]
    assert len(words.search("back pack", also=mended.wordings).keys) == 2


@pytest.mark.parametrize(
    ("asked", "meant"),
    [("冲峰衣", "冲锋衣"), ("黑色羽绒福", "黑色羽绒服"), ("yurongfu", "羽绒服"), ("heise yurongfu", "黑色 羽绒服"),
     ("飞机", None), ("充电宝", None), ("yurong", "羽绒"), ("fu", None)],
)  # fmt: skip
def test_chinese_that_sounds_right_is_mended(asked: str, meant: str | None, tmp_path: Path) -> None:
    there = index(tmp_path, {"1": "三层防水冲锋衣", "2": "轻薄羽绒服 黑色", "3": "货车 充值卡"})
    mended = mend(asked, Vocabulary(there.vocabulary()), there)
    assert mended.text == meant
    if meant is not None:
        assert len(there.search(asked, also=mended.wordings).keys) == 1


@pytest.mark.parametrize(
    "asked", ["toaster", "levis 506", "wh1000xm5", "gb", "冰箱", "", "?!", "a" * 500]
)
def test_known_words_numbers_codes_and_chinese_are_left_alone(
    asked: str, words: WordIndex, vocabulary: Vocabulary
) -> None:
    assert mend(asked, vocabulary, words).text is None


def test_a_chinese_word_nobody_wrote_is_at_least_what_its_last_character_says(
    tmp_path: Path,
) -> None:
    there = index(tmp_path, {"1": "美利奴徒步袜", "2": "羊毛地毯"})
    mended = mend("羊毛袜", Vocabulary(there.vocabulary()), there)
    assert mended.text is None
    assert mended.wordings == {"毛袜": [Wording(("袜",), 0.4)]}
    assert len(there.search("羊毛袜", also=mended.wordings).keys) == 2


def test_words_said_to_be_right_are_left_alone(words: WordIndex, vocabulary: Vocabulary) -> None:
    asked = "refrigirator toastre"
    assert mend(asked, vocabulary, words, right={"toastre"}).text == "refrigerator toastre"


def test_an_empty_vocabulary_mends_nothing(words: WordIndex) -> None:
    assert mend("refrigirator", Vocabulary(()), words).text is None
