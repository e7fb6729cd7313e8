"""Sentence encoders learn what belongs together and are saved as sentence-transformers saves them."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from shopkeeper.errors import FeedError
from shopkeeper.training.finetune.embedding import (
    Belonging,
    Pairing,
    finding,
    load_encoder,
    make_encoder,
)
from tests.training.finetune.encoders import TEXT, small, trained

PAIRS = {"red": "ruby", "blue": "azure", "green": "emerald", "white": "ivory", "black": "ebony", "grey": "ash"}  # fmt: skip


def toy(n: int, seed: int, *, negatives: bool = False) -> list[Belonging]:
    """A colour and its other name belong together, whatever stands around them."""
    random = np.random.default_rng(seed)
    rows = []
    for _ in range(n):
        a, b = random.choice(list(PAIRS), 2, replace=False)
        other = (f"jug {PAIRS[b]}",) if negatives else ()
        rows.append(Belonging(f"a {a} {random.choice(['jug', 'cup'])}", f"jug {PAIRS[a]}", other))
    return rows


@pytest.mark.parametrize("negatives", [False, True])
def test_an_encoder_learns_what_belongs_together(tmp_path: Path, negatives: bool) -> None:
    encoder = make_encoder(small(tmp_path))
    held_out = [
        Belonging(f"a {a} cup", f"jug {b}", ("jug ochre",) * negatives) for a, b in PAIRS.items()
    ]
    work = Pairing.of(encoder, toy(96, 0, negatives=negatives), held_out, seed=0, rows_at_once=16)
    before = work.evaluate(encoder.module, 100, None)  # type: ignore[arg-type]
    report = trained(encoder.module, work, tmp_path / "run", steps=70)
    assert report.measures["recall@1"] > 0.8 and report.measures["loss"] < before["loss"] / 2


@pytest.mark.parametrize("family", ["bert", "llama"])
def test_saved_encoders_come_back_and_are_of_length_one(tmp_path: Path, family: str) -> None:
    encoder = make_encoder(small(tmp_path, family))
    encoder.save(tmp_path / "saved")
    vectors = encoder.encode(TEXT)
    assert np.array_equal(load_encoder(tmp_path / "saved").encode(TEXT), vectors)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(3), abs=1e-5)


def test_the_folder_is_read_by_transformers_and_names_its_modules(tmp_path: Path) -> None:
    encoder = make_encoder(small(tmp_path))
    encoder.save(tmp_path / "saved")
    modules = json.loads((tmp_path / "saved" / "modules.json").read_text())
    assert [each["path"] for each in modules] == ["", "1_Pooling", "2_Normalize"]
    model = AutoModel.from_pretrained(tmp_path / "saved").eval()
    tokens = AutoTokenizer.from_pretrained(tmp_path / "saved")(TEXT[0], return_tensors="pt")
    with torch.no_grad():
        states = model(tokens["input_ids"]).last_hidden_state.mean(1)
    wanted = torch.nn.functional.normalize(states, dim=-1)[0].numpy()
    assert encoder.encode([TEXT[0]])[0] == pytest.approx(wanted, abs=1e-5)


def test_finding_counts_a_repeated_positive_as_found(tmp_path: Path) -> None:
    encoder = make_encoder(small(tmp_path))
    rows = [Belonging("red cup", "red cup"), Belonging("red cup ", "red cup")]
    work = Pairing.of(encoder, rows, rows, seed=0, rows_at_once=2)
    assert finding(encoder.module, work.validation, padding=0)["recall@1"] == 1


def test_rows_with_different_numbers_of_negatives_are_refused(tmp_path: Path) -> None:
    encoder = make_encoder(small(tmp_path))
    with pytest.raises(FeedError, match="from 0 to 1 negatives"):
        Pairing.of(
            encoder, [Belonging("a", "b"), Belonging("a", "b", ("c",))], [], seed=0, rows_at_once=2
        )
