"""A corpus on disk: whole or an error, in an order that a seed decides."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.errors import ArtifactError
from shopkeeper.training.shards import (
    Shards,
    documents_of,
    iterate_documents,
    permuted,
    write_shards,
)


@given(st.integers(1, 700), st.integers(0, 1 << 40))
@settings(max_examples=60, deadline=None)
def test_an_order_has_every_row_once(size: int, key: int) -> None:
    assert sorted(permuted(i, size, key=key) for i in range(size)) == list(range(size))


def test_two_passes_have_different_orders_and_two_seeds_too(tmp_path: Path) -> None:
    write_shards(tmp_path, [([5] * 999, 1)], vocabulary=10, separator=0)
    shards = Shards(tmp_path, length=10)
    first, second = ([shards.at(p) for p in range(s, s + 100)] for s in (0, 100))
    assert sorted(first) == sorted(second) == list(range(100))
    assert first != second
    assert first != [Shards(tmp_path, length=10, seed=1).at(p) for p in range(100)]


@given(st.lists(st.lists(st.integers(1, 69_999), max_size=20), min_size=1, max_size=20))
@settings(max_examples=30, deadline=None)
def test_documents_come_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, documents: list[list[int]]
) -> None:
    folder = tmp_path_factory.mktemp("shards")
    head = write_shards(folder, ((d, 3) for d in documents), vocabulary=70_000, separator=0)
    shards = Shards(folder, length=1)
    shards.verify()
    assert [d.tolist() for d in iterate_documents(shards)] == documents
    assert (head.documents, head.text_bytes) == (len(documents), 3 * len(documents))


def test_an_empty_corpus_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="corpus is empty"):
        write_shards(tmp_path, [], vocabulary=10, separator=0)
    with pytest.raises(ArtifactError, match="not finished"):
        Shards(tmp_path, length=1)


def test_less_than_one_row_says_how_much_there_is(tmp_path: Path) -> None:
    write_shards(tmp_path, [([], 0)], vocabulary=10, separator=0)
    with pytest.raises(ArtifactError, match="1 tokens: less than one row of 8"):
        Shards(tmp_path, length=8)


def test_shards_cut_short_or_damaged_are_refused(tmp_path: Path) -> None:
    write_shards(tmp_path, [(list(range(1, 9)), 8)], vocabulary=10, separator=0)
    file = tmp_path / "tokens.bin"
    whole = file.read_bytes()
    file.write_bytes(whole[:-2])
    with pytest.raises(ArtifactError, match="cut short: 16 bytes, not 18"):
        Shards(tmp_path, length=2)
    file.write_bytes(whole[:-2] + b"\x05\x00")
    with pytest.raises(ArtifactError, match="damaged"):
        Shards(tmp_path, length=2).verify()


def test_an_id_outside_the_vocabulary_leaves_no_shards(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="vocabulary of 10"):
        write_shards(tmp_path, [([3, 10], 1)], vocabulary=10, separator=0)
    with pytest.raises(ArtifactError):
        Shards(tmp_path, length=1)


def test_documents_are_told_apart_by_their_separators() -> None:
    rows = np.array([[5, 0, 6, 6, 0, 7]])
    assert documents_of(rows, 0).tolist() == [[0, 1, 1, 1, 2, 2]]
