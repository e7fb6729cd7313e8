"""A few texts a label: the encoder is tuned, n-grams stand beside it, and what helps gets weight."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from shopkeeper.errors import FeedError
from shopkeeper.training.finetune.classification import Labelled
from shopkeeper.training.finetune.embedding import make_encoder
from shopkeeper.training.finetune.few_shot import FewShot, fit_few_shot, load_few_shot
from shopkeeper.training.finetune.prototypes import prototyped
from tests.training.finetune.encoders import TEXT, small
from tests.training.finetune.test_classification import toy

WAY = FewShot(epochs=20, learning_rate=1e-3, batch_rows=16, max_tokens=32)


def accuracy(scores: torch.Tensor, rows: list[Labelled]) -> float:
    right = torch.tensor([row.labels[0] == "place" for row in rows])
    return float(((scores[:, 1] > scores[:, 0]) == right).float().mean())


def test_tuning_beats_the_encoder_as_it_was_and_comes_back(tmp_path: Path) -> None:
    opened = small(tmp_path)
    before = {name: t.clone() for name, t in opened.model.state_dict().items()}
    rows, test = toy(24, 0), toy(60, 1)
    tuned = fit_few_shot(opened, rows, WAY, tmp_path / "run")
    frozen = fit_few_shot(opened, rows, replace(WAY, epochs=0, parts=0), tmp_path / "run")
    texts = [row.text for row in test]
    assert accuracy(tuned.encoder_scores(texts), test) > accuracy(
        frozen.encoder_scores(texts), test
    )
    assert accuracy(tuned.scores(texts), test) > 0.9
    assert all(torch.equal(t, before[name]) for name, t in opened.model.state_dict().items())
    assert not list((tmp_path / "run").iterdir())
    tuned.save(tmp_path / "saved")
    again = load_few_shot(tmp_path / "saved")
    assert np.array_equal(again.probabilities(TEXT), tuned.probabilities(TEXT))
    assert again.predict(["red"])[0].labels == ("colour",)


def test_n_grams_get_the_weight_where_an_encoder_cannot_know(tmp_path: Path) -> None:
    """An encoder that was told nothing of the labels, beside words that say them."""
    rows = toy(40, 0)
    way = replace(WAY, epochs=0, strength=1e-4)
    assert (found := fit_few_shot(small(tmp_path), rows, way, tmp_path / "run")).pool[1] > 0
    assert accuracy(found.scores([row.text for row in rows]), rows) == 1


def test_names_of_labels_are_texts_of_them(tmp_path: Path) -> None:
    rows = [Labelled("aaa bbb", ("one",)), Labelled("ccc ddd", ("two",))] * 2
    way = replace(WAY, epochs=0, names={"one": "berlin", "two": "shoes"})
    found = fit_few_shot(small(tmp_path), rows, way, tmp_path / "run")
    assert [p.labels for p in found.predict(["berlin", "shoes"])] == [("one",), ("two",)]


def test_prototypes_begin_as_the_means_of_their_texts(tmp_path: Path) -> None:
    encoder = make_encoder(small(tmp_path))
    rows = encoder.reading.rows(TEXT, [0, 0, 1])
    module = prototyped(encoder.module, rows, 3, padding=0)
    vectors = torch.from_numpy(encoder.encode(TEXT))
    mean = torch.nn.functional.normalize(vectors[:2].mean(0), dim=0)
    assert torch.allclose(module.prototypes[0], mean, atol=1e-6)
    assert (
        torch.allclose(module.prototypes[1], vectors[2], atol=1e-6)
        and not module.prototypes[2].any()
    )


def test_what_cannot_be_learnt_is_told(tmp_path: Path) -> None:
    opened = small(tmp_path)
    with pytest.raises(FeedError, match="not two labels"):
        fit_few_shot(opened, [Labelled("x", ("a",))] * 4, WAY, tmp_path)
    with pytest.raises(FeedError, match="not exactly one label"):
        fit_few_shot(opened, [Labelled("x", ("a", "b"))], WAY, tmp_path)
