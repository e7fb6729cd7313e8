"""Cross-encoders learn whether two texts fit, and are Transformers' class with one label."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification

from shopkeeper.training.finetune.crossing import (
    Crossing,
    Scored,
    load_cross_encoder,
    make_cross_encoder,
    measures_of,
)
from shopkeeper.training.finetune.rows import collate
from tests.training.finetune.encoders import small, trained

COLOURS = ("red", "blue", "green")


def toy(n: int, seed: int) -> list[Scored]:
    """A query and an offer fit if they have the same colour."""
    random = np.random.default_rng(seed)
    rows = []
    for _ in range(n):
        a, b = random.choice(COLOURS), random.choice(COLOURS)
        b = a if random.random() < 0.4 else b
        rows.append(Scored(a, f"{b} jug", float(a == b)))
    return rows


def test_a_cross_encoder_learns_and_comes_back(tmp_path: Path) -> None:
    crossing = make_cross_encoder(small(tmp_path))
    work = Crossing.of(crossing, toy(128, 0), toy(64, 1), seed=0, rows_at_once=16)
    report = trained(crossing.headed, work, tmp_path / "run", steps=100)
    assert report.measures["accuracy"] > 0.9 and report.measures["map"] > 0.9
    crossing.save(tmp_path / "saved")
    pairs = [("red", "red jug"), ("red", "blue jug")]
    scores = crossing.scores(pairs)
    assert scores[0] > 0.5 > scores[1]
    assert np.array_equal(load_cross_encoder(tmp_path / "saved").scores(pairs), scores)


def test_saved_cross_encoders_are_those_of_transformers(tmp_path: Path) -> None:
    crossing = make_cross_encoder(small(tmp_path))
    crossing.save(tmp_path / "saved")
    theirs = AutoModelForSequenceClassification.from_pretrained(tmp_path / "saved").eval()
    pairs = [("red", "a red jug"), ("order from berlin", "blue")]
    batch = collate(crossing.reading.pairs(pairs), torch.zeros(2), padding=0)
    assert batch.seen is not None and batch.segments is not None and batch.segments.any()
    with torch.no_grad():
        wanted = theirs(
            batch.tokens, attention_mask=batch.seen.long(), token_type_ids=batch.segments
        ).logits.sigmoid()
    assert crossing.scores(pairs) == pytest.approx(wanted[:, 0].numpy(), abs=1e-5)


def test_the_mean_average_precision_by_hand() -> None:
    rows = [Scored("q", "a", 1), Scored("q", "b", 0), Scored("q", "c", 1), Scored("other", "a", 0)]
    measures = measures_of(torch.tensor([1.0, 2.0, 3.0, 0.5]), rows)
    assert measures["map"] == (1 + 2 / 3) / 2
