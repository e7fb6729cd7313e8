"""An exported encoder gives the vectors and answers of the model it was made of, without torch."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from shopkeeper.errors import ArtifactError
from shopkeeper.models.embed.folder import Answers, Classifier, open_encoder, read_card
from shopkeeper.training.export.encoder_graph import Head
from shopkeeper.training.export.onnx import save_encoder
from shopkeeper.training.transformer import Transformer
from tests.training.export.made import decoder, small_encoder, words

TEXTS = ["a red cup", "a blue cup and a red cup", "12", "cups, cups, cups"]


def vectors(model: Transformer, texts: list[str]) -> np.ndarray:
    """Means of states, of length 1, one text at a time."""
    rows = []
    with torch.no_grad():
        for text in texts:
            ids = words().encode(text, special=True)
            rows.append(model.encode(torch.tensor([ids]))[0].mean(0).numpy())
    found = np.stack(rows)
    scaled: np.ndarray = found / np.linalg.norm(found, axis=1, keepdims=True)
    return scaled


def test_its_vectors_are_those_of_the_model(tmp_path: Path) -> None:
    model = small_encoder()
    save_encoder(model, words(), tmp_path, name="ours", languages=("en",))
    served = open_encoder(tmp_path)
    assert np.allclose(served.encode(TEXTS, kind="passage"), vectors(model, TEXTS), atol=1e-5)
    assert (served.id, served.dimension, served.languages) == ("ours", 32, frozenset({"en"}))


@pytest.mark.parametrize(("of", "several"), [("mean", False), ("first", False), ("mean", True)])
def test_its_head_answers_as_the_model_would(of: Any, several: bool, tmp_path: Path) -> None:
    model = small_encoder()
    torch.manual_seed(1)
    head = Head(
        "colour", torch.randn(3, 32), torch.randn(3), of, (torch.randn(32, 32), torch.randn(32))
    )
    answers = Answers(of, ("red", "blue", "none"), temperature=2.0, several=several)
    save_encoder(model, words(), tmp_path, name="ours", heads=[(head, answers)])
    served = Classifier(tmp_path, "colour")
    assert head.pooler is not None
    for text, row in zip(TEXTS, served.likelihoods(TEXTS), strict=True):
        with torch.no_grad():
            states = model.encode(torch.tensor([words().encode(text, special=True)]))[0]
            pooled = states.mean(0) if of == "mean" else states[0]
            pooled = torch.tanh(head.pooler[0] @ pooled + head.pooler[1])
            logits = (head.weight @ pooled + head.bias) / 2
        wanted = logits.sigmoid() if several else logits.softmax(-1)
        assert np.allclose(row, wanted.numpy(), atol=1e-5)
    assert set(served.labels_of(TEXTS)) <= {"red", "blue", "none"}


@pytest.mark.parametrize("file", ["model.onnx", "tokenizer.json"])
def test_a_folder_that_was_changed_is_not_opened(file: str, tmp_path: Path) -> None:
    save_encoder(small_encoder(), words(), tmp_path, name="ours")
    body = bytearray((tmp_path / file).read_bytes())
    body[len(body) // 2] ^= 1
    (tmp_path / file).write_bytes(body)
    with pytest.raises(ArtifactError, match=rf"{file} is not the file that encoder\.json names"):
        open_encoder(tmp_path)


def test_a_folder_without_a_card_is_no_encoder(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="is no exported encoder"):
        read_card(tmp_path)


def test_a_head_that_is_not_there_is_named(tmp_path: Path) -> None:
    save_encoder(small_encoder(), words(), tmp_path, name="ours")
    with pytest.raises(ArtifactError, match="has no head 'colour'"):
        Classifier(tmp_path, "colour")


def test_a_decoder_is_no_encoder(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="no encoder that can be written as ONNX"):
        save_encoder(decoder("llama"), words(), tmp_path, name="ours")
