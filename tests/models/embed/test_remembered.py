"""Recent queries are encoded once; passages and what is no longer remembered anew."""

from collections.abc import Sequence

import numpy as np
import pytest

from shopkeeper.models.embed import Kind, RememberedQueries, Vectors


class Counting:
    """An embedder of one number, the text's length, that counts what it encodes."""

    id, digest, dimension, languages = "counting", "1", 1, frozenset({"en"})

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str], *, kind: Kind) -> Vectors:
        self.encoded += texts
        return np.array([[len(text)] for text in texts], np.float32).reshape(-1, 1)


def test_a_query_is_encoded_once() -> None:
    inner = Counting()
    embedder = RememberedQueries(inner)
    embedder.encode(["mug"], kind="query")
    rows = embedder.encode(["mug", "kettle", "mug"], kind="query")
    assert rows.tolist() == [[3], [6], [3]]
    assert inner.encoded == ["mug", "kettle"]


def test_passages_are_not_remembered() -> None:
    inner = Counting()
    embedder = RememberedQueries(inner)
    embedder.encode(["mug"], kind="passage")
    embedder.encode(["mug"], kind="passage")
    assert inner.encoded == ["mug", "mug"]


def test_the_least_recent_is_forgotten_first() -> None:
    inner = Counting()
    embedder = RememberedQueries(inner, size=2)
    for text in ("a", "bb", "a", "ccc", "a", "bb"):
        embedder.encode([text], kind="query")
    assert inner.encoded == ["a", "bb", "ccc", "bb"]


def test_more_queries_at_once_than_are_remembered_all_get_their_row() -> None:
    rows = RememberedQueries(Counting(), size=1).encode(["a", "bb", "ccc"], kind="query")
    assert rows.tolist() == [[1], [2], [3]]


def test_no_queries_give_no_rows() -> None:
    assert RememberedQueries(Counting()).encode([], kind="query").shape == (0, 1)


def test_a_size_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="size is 0"):
        RememberedQueries(Counting(), size=0)
