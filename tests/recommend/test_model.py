"""A model that was kept is the model that comes back."""

from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from shopkeeper.errors import ArtifactError
from shopkeeper.recommend.model import Model, Neighbours
from shopkeeper.recommend.scoring import Scorer
from shopkeeper.recommend.text import About
from tests.recommend.small_shop import model, scorer, trail


def test_a_model_that_was_kept_scores_as_before(tmp_path: Path) -> None:
    model().save(tmp_path)
    loaded = Model.load(tmp_path)
    rng = np.random.default_rng(0)
    again = Scorer(loaded)
    for way in (trail(rng) for _ in range(20)):
        assert np.array_equal(scorer().score(way).score, again.score(way).score)
    assert loaded.made == model().made and loaded.items.ids == model().items.ids


@pytest.mark.parametrize("name", ["model.json", "popular.npy", "link.near.of.npy"])
def test_a_damaged_model_is_refused_with_the_place(tmp_path: Path, name: str) -> None:
    model().save(tmp_path)
    (tmp_path / name).write_bytes(b"\x80\x04nothing")
    with pytest.raises(ArtifactError, match=tmp_path.name) as caught:
        Model.load(tmp_path)
    assert "recommend train" in caught.value.hint


def test_the_nearest_are_the_strongest_of_each_row() -> None:
    rng = np.random.default_rng(1)
    dense = np.round(rng.normal(size=(9, 9)), 2).astype(np.float32)
    found = Neighbours.nearest(sparse.csr_array(dense), 3)
    for row in range(9):
        best = np.sort(dense[row])[::-1][:3]
        assert np.array_equal(np.sort(found.value[row])[::-1], np.maximum(best, 0))
        there = found.value[row] > 0
        assert np.array_equal(dense[row, found.of[row][there]], found.value[row][there])


def test_words_nobody_used_say_nothing() -> None:
    assert model().words.vector(About("zeppelin")).nnz == 0
    assert np.isclose(model().words.vector(About("red hat")).power(2).sum(), 1)
