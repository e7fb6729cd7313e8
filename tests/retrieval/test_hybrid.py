"""Words and meaning together: what is a hit, in which order, and why."""

from collections.abc import Sequence

import numpy as np
import pytest

from shopkeeper.retrieval.cutoff import least_cosine
from shopkeeper.retrieval.feedback import moved
from shopkeeper.retrieval.fusion import Rule, covered, standard
from shopkeeper.retrieval.hybrid import Found, find
from shopkeeper.retrieval.meaning import Meanings
from shopkeeper.retrieval.spelling import Vocabulary
from shopkeeper.retrieval.words import Matches, WordIndex, key_of
from tests.retrieval.catalogue import embed, ids, index, meanings


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> WordIndex:
    return index(tmp_path_factory.mktemp("words"))


@pytest.fixture(scope="module")
def known() -> Meanings:
    return meanings()


def ask(query: str, words: WordIndex, known: Sequence[Meanings]) -> Found:
    vocabulary = Vocabulary(words.vocabulary())
    vector = embed([query])[0]
    return find(query, words=words, vocabulary=vocabulary, meanings=known, vector=vector)


def matches(coverage: list[float]) -> Matches:
    number = len(coverage)
    scores = np.arange(number, 0, -1).astype(np.float32)
    return Matches(np.arange(number, dtype=np.uint64), scores, np.array(coverage, np.float32))


def test_meaning_finds_what_has_none_of_the_words(words: WordIndex, known: Meanings) -> None:
    found = ids(ask("rucksack", words, [known]).keys)
    assert found[0] == "r3"
    assert {"r1", "r2", "r4"} <= set(found)


def test_what_is_neither_said_nor_meant_is_no_hit(words: WordIndex, known: Meanings) -> None:
    found = set(ids(ask("rucksack", words, [known]).keys))
    assert not found & {"k1", "h1", "s1", "l1"}


def test_all_matches_by_words_are_hits(words: WordIndex, known: Meanings) -> None:
    found = ask("red", words, [known])
    assert set(found.matches.keys.tolist()) <= set(found.keys.tolist())
    assert {"r2", "k2", "s2", "b2"} <= set(ids(found.keys))


def test_a_model_number_is_found_first_though_another_means_the_same(
    words: WordIndex, known: Meanings
) -> None:
    assert ids(ask("headphones wh-1000xm4", words, [known]).keys)[:2] == ["h2", "h1"]
    assert ids(ask("headphones wh-1000xm5", words, [known]).keys)[:2] == ["h1", "h2"]


def test_without_vectors_words_answer_alone(words: WordIndex, known: Meanings) -> None:
    alone = find("red backpack", words=words)
    assert alone.keys.tolist() == alone.matches.keys.tolist()
    assert alone.weight == 0
    assert alone.why(int(alone.keys[0])) is None
    nothing_said = find("red backpack", words=words, meanings=[known], vector=np.zeros(24, np.float32))  # fmt: skip
    assert nothing_said.keys.tolist() == alone.keys.tolist()


def test_each_hit_comes_once_with_falling_scores(words: WordIndex, known: Meanings) -> None:
    for query in ("red", "usb", "waterproof boots", "hard disk", "zzz", "blue shirt lamp kettle"):
        found = ask(query, words, [known])
        assert len(set(found.keys.tolist())) == len(found.keys)
        assert (np.diff(found.scores) <= 0).all()


def test_why_adds_up_to_the_score(words: WordIndex, known: Meanings) -> None:
    found = ask("waterproof backpack", words, [known])
    for key, score in zip(found.keys.tolist(), found.scores, strict=True):
        why = found.why(key)
        assert why is not None
        assert why.words + why.meaning + why.learned == pytest.approx(float(score), abs=1e-4)


def test_a_product_in_two_sets_of_vectors_counts_by_its_nearest(
    words: WordIndex, known: Meanings
) -> None:
    lamp = np.array([key_of("l2")], np.uint64)
    translated = known.changed(lamp, embed(["kettle"]), deleted=known.sorted_keys.tolist())
    assert "l2" not in ids(ask("boiler", words, [known]).keys)
    assert "l2" in ids(ask("boiler", words, [known, translated]).keys)


def test_typing_errors_are_mended_on_the_way(words: WordIndex, known: Meanings) -> None:
    found = ask("headphnes", words, [known])
    assert found.mended.text == "headphones"
    assert set(ids(found.keys)) >= {"h1", "h2"}


def test_meaning_counts_least_where_words_cover_all() -> None:
    rule = Rule(least=0.3, open=1.0)
    assert rule.weight(matches([1.0] * 20)) == pytest.approx(0.3)
    assert rule.weight(matches([])) == pytest.approx(1.3)
    assert rule.weight(matches([0.6] * 20)) == pytest.approx(0.7)
    assert covered(matches([1.0])) == pytest.approx(0.1)  # nine of the first ten are lacking


def test_standard_scores_keep_the_order_and_put_the_unknown_last() -> None:
    scores = np.array([0.2, np.nan, 0.9, 0.5], np.float32)
    scaled = standard(scores, np.array([0.9, 0.5, 0.2], np.float32))
    assert scaled[2] > scaled[3] > scaled[0] == scaled[1]
    assert standard(scores, np.array([0.5, 0.5], np.float32)).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.7), (0.7, 0.9)])
def test_the_cutoff_goes_with_the_scale_of_the_embedder(low: float, high: float) -> None:
    nearest = np.full(10, high, np.float32)
    assert least_cosine(nearest, low) == pytest.approx(low + 0.5 * (high - low), abs=1e-6)
    assert least_cosine(nearest[:0], low) == np.inf


def test_feedback_moves_the_query_towards_the_first_hits(known: Meanings) -> None:
    query = embed(["red"])[0]
    hits = np.array([key_of("r1"), key_of("r3")], np.uint64)
    vectors, _ = known.vectors(hits)
    after = moved(query, known, hits)
    assert np.linalg.norm(after) == pytest.approx(1)
    assert (vectors @ after > vectors @ query).all()
    assert moved(query, known, np.array([12345], np.uint64)).tolist() == query.tolist()
