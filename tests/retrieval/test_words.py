"""Finding by words: what covers more of the query comes first, and other wordings stand in."""

from pathlib import Path

import pytest

from shopkeeper.retrieval.words import Entry, WordIndex, Wording
from tests.retrieval.catalogue import WEIGHTS, ids, index


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> WordIndex:
    return index(tmp_path_factory.mktemp("words"))


def test_what_has_all_words_is_covered_whole(words: WordIndex) -> None:
    found = words.search("red backpack", enough=1)
    assert ids(found.keys) == ["r2"]
    assert found.coverage[0] == pytest.approx(1.0)


def test_fewer_words_are_asked_for_where_few_products_have_all(words: WordIndex) -> None:
    found = words.search("red backpack", enough=5)
    assert found.required == 1
    assert ids(found.keys)[0] == "r2"
    assert found.coverage[0] > found.coverage[1] > 0


def test_a_rarer_word_covers_more_of_the_query(words: WordIndex) -> None:
    found = words.search("red silk", enough=12)
    coverage = dict(zip(ids(found.keys), found.coverage, strict=True))
    assert coverage["s3"] > coverage["s2"]


def test_a_word_that_no_product_has_is_missing_in_all(words: WordIndex) -> None:
    found = words.search("red umbrella", enough=1)
    assert found.unknown == ("umbrella",)
    assert max(found.coverage) < 0.5


def test_a_word_in_prose_only_is_half_covered(tmp_path: Path) -> None:
    words = WordIndex(tmp_path, WEIGHTS)
    words.open_writer()
    words.write([Entry("a", {"title": "Lamp", "description": "warm glow"})])
    words.commit()
    assert words.search("glow").coverage[0] == pytest.approx(0.5)
    assert words.vocabulary() == [("lamp", 1)]


def test_products_are_named_by_all_but_prose(tmp_path: Path) -> None:
    words = WordIndex(tmp_path, WEIGHTS)
    words.open_writer()
    words.write([Entry("a", {"title": "Desk Lamps 双肩包", "description": "warm glow"})])
    words.commit()
    assert words.is_named("lamp") and words.is_named("desk lamp") and words.is_named("双肩包")
    for other in ("glow", "lamp desk", "肩包双", "", "?!"):
        assert not words.is_named(other)


def test_another_wording_is_found_and_counts_less(words: WordIndex) -> None:
    also = {"rucksack": (Wording(("backpack",), 0.5),)}
    found = words.search("rucksack", also=also)
    assert set(ids(found.keys)) == {"r1", "r2", "r3"}
    assert ids(found.keys)[0] == "r3"
    assert dict(zip(ids(found.keys), found.coverage, strict=True))["r1"] == pytest.approx(0.5)


def test_a_wording_of_two_words_is_a_phrase(words: WordIndex) -> None:
    found = words.search("harddisk", also={"harddisk": (Wording(("hard", "disk"), 0.9),)})
    assert set(ids(found.keys)) == {"l3", "l4"}
    assert found.unknown == ()
    turned = words.search("harddisk", also={"harddisk": (Wording(("disk", "hard"), 0.9),)})
    assert len(turned.keys) == 0


def test_counts_are_of_documents(words: WordIndex) -> None:
    assert words.count(("red",)) == 4
    assert words.count(("hard", "disk")) == 2
    assert words.count_all(("red", "backpack")) == 1
    assert words.count_all(("red", "umbrella")) == words.count(("",)) == 0
