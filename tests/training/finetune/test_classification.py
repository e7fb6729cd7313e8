"""Classifiers learn, are saved in Transformers' layout, come back equal, and say how sure they are."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification

from shopkeeper.errors import ArtifactError, FeedError
from shopkeeper.training.finetune.classification import (
    Classifying,
    Labelled,
    TextClassifier,
    load_classifier,
    make_classifier,
)
from shopkeeper.training.finetune.heads import Pooling, freeze, frozen_layers, states, with_states
from shopkeeper.training.finetune.rows import collate
from tests.training.finetune.encoders import TEXT, small, trained

COLOURS, PLACES = ("red", "blue", "green", "white"), ("berlin", "madrid", "oslo", "rome")


def toy(n: int, seed: int) -> list[Labelled]:
    """Texts that are about a colour or about a place."""
    random = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        words = COLOURS if i % 2 else PLACES
        text = f"order {random.integers(1000)} {random.choice(words)} please"
        rows.append(Labelled(text, ("colour" if i % 2 else "place",)))
    return rows


def fitted(folder: Path, family: str, pooling: Pooling | None = None) -> TextClassifier:
    classifier = make_classifier(small(folder, family), ("colour", "place"), pooling=pooling)
    work = Classifying.of(classifier, toy(96, 0), toy(32, 1), seed=0, rows_at_once=16)
    report = trained(classifier.headed, work, folder / "run", steps=30)
    assert report.measures["accuracy"] > 0.9
    return classifier


def test_an_encoder_learns_to_tell_texts_apart_and_comes_back(tmp_path: Path) -> None:
    classifier = fitted(tmp_path, "bert").calibrated(toy(32, 2))
    assert classifier.measures(toy(40, 3))["accuracy"] > 0.9
    [said] = classifier.predict(["blue please"])
    assert said.labels == ("colour",) and sum(said.probabilities.values()) == pytest.approx(1)
    classifier.save(tmp_path / "saved")
    again = load_classifier(tmp_path / "saved")
    assert np.array_equal(again.probabilities(TEXT), classifier.probabilities(TEXT))
    assert again.sharpness == classifier.sharpness != 1


@pytest.mark.parametrize(
    ("family", "pooling"),
    [("bert", "first"), ("gpt2", "last"), ("llama", "last"), ("qwen2", "last")],
)
def test_saved_classifiers_are_those_of_transformers(
    tmp_path: Path, family: str, pooling: Pooling
) -> None:
    classifier = make_classifier(small(tmp_path, family), ("a", "b", "c"), pooling=pooling)
    classifier.save(tmp_path / "saved")
    theirs, about = AutoModelForSequenceClassification.from_pretrained(
        tmp_path / "saved", output_loading_info=True
    )
    assert not about["missing_keys"] and not about["unexpected_keys"]
    assert theirs.config.id2label == {0: "a", 1: "b", 2: "c"}
    rows = classifier.reading.rows(TEXT)
    batch = collate(rows, torch.zeros(len(rows)), padding=theirs.config.pad_token_id)
    assert batch.seen is not None
    with torch.no_grad():
        wanted = theirs.eval()(batch.tokens, attention_mask=batch.seen.long()).logits
    assert torch.allclose(classifier.logits(TEXT), wanted, atol=1e-5)
    assert torch.equal(load_classifier(tmp_path / "saved").logits(TEXT), classifier.logits(TEXT))


def test_a_decoder_learns_by_its_last_token(tmp_path: Path) -> None:
    assert fitted(tmp_path, "llama").headed.pooling == "last"


def test_a_text_may_have_several_labels(tmp_path: Path) -> None:
    words = {"red": "colour", "berlin": "place"}
    texts = ["red", "berlin", "red berlin", "order"]
    rows = [Labelled(t, tuple(words[w] for w in t.split() if w in words)) for t in texts] * 8
    classifier = make_classifier(small(tmp_path), ("colour", "place"), several=True)
    work = Classifying.of(classifier, rows, rows, seed=0, rows_at_once=16)
    report = trained(classifier.headed, work, tmp_path / "run", steps=40)
    assert report.measures["accuracy"] > 0.9
    said = [set(found.labels) for found in classifier.calibrated(rows).predict(texts)]
    assert said == [{"colour"}, {"place"}, {"colour", "place"}, set()]


@pytest.mark.parametrize("family", ["bert", "llama"])
def test_a_batch_says_what_its_texts_say_one_by_one(tmp_path: Path, family: str) -> None:
    classifier = make_classifier(small(tmp_path, family), ("a", "b"))
    alone = torch.cat([classifier.logits([text]) for text in TEXT])
    assert torch.allclose(classifier.logits(TEXT), alone, atol=1e-5)


def test_frozen_layers_need_to_run_but_once(tmp_path: Path) -> None:
    classifier = make_classifier(small(tmp_path), ("a", "b"))
    model = classifier.headed.transformer
    freeze(model, 1)
    assert frozen_layers(model) == 1
    rows = classifier.reading.rows(TEXT)
    kept = with_states(model, rows, padding=0)
    nothing = torch.zeros(len(rows))
    with torch.no_grad():
        whole = states(model, collate(rows, nothing, padding=0))
        upper = states(model, collate(kept, nothing, padding=0))
    there = collate(rows, nothing, padding=0).seen
    assert torch.allclose(whole[there], upper[there], atol=1e-2)


def test_wrong_labels_and_folders_are_told(tmp_path: Path) -> None:
    classifier = make_classifier(small(tmp_path), ("a", "b"))
    with pytest.raises(FeedError, match="label 'c' is none"):
        classifier.token_rows([Labelled("x", ("c",))])
    with pytest.raises(FeedError, match="has 2 labels, not one"):
        classifier.token_rows([Labelled("x", ("a", "b"))])
    with pytest.raises(ArtifactError, match="cannot be read"):
        load_classifier(tmp_path / "nowhere")


def test_a_blank_text_has_probabilities_too(tmp_path: Path) -> None:
    for family in ("bert", "gpt2"):
        classifier = make_classifier(small(tmp_path, family), ("a", "b"))
        assert np.isfinite(classifier.probabilities(["", "red"])).all()
