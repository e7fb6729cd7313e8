"""Vectors in memory: the nearest are found, and a change makes a snapshot that old ones do not see."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.retrieval import meaning
from shopkeeper.retrieval.meaning import Meanings, build

Floats = npt.NDArray[np.float32]
WIDTH = 192


def some_vectors(number: int, *, seed: int = 0) -> Floats:
    """Vectors around a few topics, most of what tells them apart in few directions, as embedders make them."""
    rng = np.random.default_rng(seed)
    topics = rng.standard_normal((40, WIDTH)) * np.linspace(2, 0.2, WIDTH)
    noise = rng.standard_normal((number, WIDTH)) * np.linspace(1, 0.1, WIDTH)
    return (topics[rng.integers(0, 40, number)] + noise).astype(np.float32)


def keys(number: int) -> npt.NDArray[np.uint64]:
    return np.arange(1, number + 1, dtype=np.uint64)


def plain_cosines(vectors: Floats, query: Floats) -> Floats:
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines: Floats = unit @ (query / np.linalg.norm(query))
    return cosines


def test_the_nearest_come_first_with_their_cosine() -> None:
    vectors = some_vectors(500)
    found, cosines = build(keys(500), vectors).search(vectors[7] * 3, 10)
    plain = plain_cosines(vectors, vectors[7])
    assert found[0] == 8
    assert set(found.tolist()) == set((np.argsort(-plain)[:10] + 1).tolist())
    np.testing.assert_allclose(cosines, np.sort(plain)[::-1][:10], atol=2e-3)


def test_a_shortlist_by_heads_misses_next_to_nothing() -> None:
    vectors = some_vectors(6_000)
    meanings = build(keys(6_000), vectors)
    queries = some_vectors(20, seed=1)
    missed = 0
    for query in queries:
        nearest = set((np.argsort(-plain_cosines(vectors, query))[:100] + 1).tolist())
        missed += len(nearest - set(meanings.search(query, 100)[0].tolist()))
    assert missed <= 0.01 * 100 * len(queries)


def test_scores_are_those_of_search_and_nan_where_there_is_no_vector() -> None:
    meanings = build(keys(50), some_vectors(50))
    query = some_vectors(1, seed=2)[0]
    found, cosines = meanings.search(query, 50)
    asked = np.append(found, np.array([999], np.uint64))
    scores = meanings.scores(query, asked)
    np.testing.assert_allclose(scores[:-1], cosines, atol=1e-6)
    assert np.isnan(scores[-1])


def test_vectors_come_back_as_they_were_given() -> None:
    vectors = some_vectors(30)
    back, known = build(keys(30), vectors).vectors(np.array([3, 77, 9], np.uint64))
    assert known.tolist() == [True, False, True]
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    np.testing.assert_allclose(back, unit[[2, 8]], atol=2e-3)


def test_a_change_is_seen_by_the_new_snapshot_only() -> None:
    vectors = some_vectors(20)
    before = build(keys(20), vectors)
    after = before.changed(np.array([5, 100], np.uint64), vectors[[0, 1]], deleted=[2])
    assert (before.size, after.size) == (20, 20)
    assert before.search(vectors[1], 1)[0].tolist() == [2]
    assert after.search(vectors[1], 1)[0].tolist() == [100]
    assert after.scores(vectors[0], np.array([5], np.uint64))[0] == pytest.approx(1, abs=2e-3)


def test_two_snapshots_of_the_same_one_do_not_disturb_each_other() -> None:
    vectors = some_vectors(24)
    base = build(keys(20), vectors[:20]).changed(keys(1), vectors[:1])
    left = base.changed(np.array([101], np.uint64), vectors[20:21])
    right = base.changed(np.array([102], np.uint64), vectors[21:22])
    assert left.search(vectors[20], 1)[0].tolist() == [101]
    assert right.search(vectors[21], 1)[0].tolist() == [102]
    assert base.size == 20


def test_nothing_finds_nothing_and_can_grow() -> None:
    empty = build(np.zeros(0, np.uint64), np.zeros((0, WIDTH), np.float32))
    query = some_vectors(1)[0]
    assert len(empty.search(query, 5)[0]) == 0
    assert np.isnan(empty.scores(query, keys(2))).all()
    assert empty.changed(keys(1), query[None]).search(query, 5)[0].tolist() == [1]


def test_vectors_of_another_width_are_refused() -> None:
    with pytest.raises(ValueError, match="width 192"):
        build(keys(2), some_vectors(2)).changed(keys(1), np.ones((1, 5), np.float32))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(st.integers(1, 12), max_size=6), st.lists(st.integers(1, 12), max_size=4)
        ),
        max_size=8,
    ),
    st.sampled_from([0.0, 0.25]),
)
def test_any_chain_of_changes_equals_a_plain_dictionary(
    changes: list[tuple[list[int], list[int]]], compact_at: float
) -> None:
    pool = some_vectors(200, seed=3)
    known: dict[int, Floats] = {}
    meanings: Meanings = build(np.zeros(0, np.uint64), np.zeros((0, WIDTH), np.float32))
    was, meaning.COMPACT_AT = meaning.COMPACT_AT, compact_at
    try:
        for step, (written, deleted) in enumerate(changes):
            rows = [pool[(7 * step + i) % 200] for i in range(len(written))]
            for key in deleted:
                known.pop(key, None)
            known |= dict(zip(written, rows, strict=True))
            stacked = np.array(rows, np.float32).reshape(-1, WIDTH)
            meanings = meanings.changed(np.array(written, np.uint64), stacked, deleted)
    finally:
        meaning.COMPACT_AT = was
    found, cosines = meanings.search(pool[0], 50)
    assert sorted(found.tolist()) == sorted(known)
    for key, cosine in zip(found.tolist(), cosines, strict=True):
        assert cosine == pytest.approx(plain_cosines(known[key][None], pool[0])[0], abs=3e-3)
