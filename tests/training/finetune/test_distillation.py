"""A small model learns what a larger one finds likely."""

import json
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from shopkeeper.models.engines.reference import open_engine
from shopkeeper.models.prompting import Kept
from shopkeeper.models.prompting.tasks import SENTIMENT, Written
from shopkeeper.settings import EngineSettings
from shopkeeper.training.finetune.classification import load_classifier
from shopkeeper.training.finetune.distillation import TASK, Refusal, labelled_by, soft_label_loss
from shopkeeper.training.finetune.plan import FinetunePlan
from tests.training.finetune.small import ROWS, base, learn

PLAN = FinetunePlan("distillation", "", "")


def test_the_loss_is_least_where_the_student_says_what_the_teacher_says() -> None:
    likely = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]])

    def loss(logits: torch.Tensor) -> float:
        return float(soft_label_loss(logits, likely, temperature=3.0, soft_share=1.0))

    assert loss(likely.log()) == pytest.approx(0.0, abs=1e-6)
    assert loss(likely.log() + 5.0) == pytest.approx(0.0, abs=1e-6)
    assert loss(torch.zeros(2, 3)) > 0.1


def test_without_soft_labels_it_is_the_cross_entropy_of_the_likeliest() -> None:
    likely, logits = torch.tensor([[0.6, 0.4], [0.2, 0.8]]), torch.tensor([[1.0, 0.0], [0.5, 0.2]])
    found = soft_label_loss(logits, likely, temperature=2.0, soft_share=0.0)
    assert torch.isclose(found, F.cross_entropy(logits, torch.tensor([0, 1])))


def test_a_teacher_labels_with_likelihoods_and_is_asked_once(tmp_path: Path) -> None:
    path = base(tmp_path / "teacher")
    settings = EngineSettings(kind="transformers", model=str(path), context_tokens=256)
    teacher = open_engine("teacher", settings, cache_folder=tmp_path)
    inputs = [Written(text="red cup"), Written(text="blue hat")]
    kept = Kept(tmp_path / "kept.jsonl")
    rows = [row for row in labelled_by(teacher, SENTIMENT, inputs, kept=kept) if not isinstance(row, Refusal)]  # fmt: skip
    teacher.close()
    again = list(labelled_by(teacher, SENTIMENT, inputs, kept=Kept(tmp_path / "kept.jsonl")))
    assert again == rows and [row["text"] for row in rows] == ["red cup", "blue hat"]
    for row in rows:
        assert sum(TASK.checked(row, PLAN)["probabilities"].values()) == pytest.approx(1)


def test_rows_without_likelihoods_are_bad() -> None:
    for row in ({"text": "a"}, {"text": "a", "probabilities": {"x": 0.9, "y": 0.5}}):
        with pytest.raises(ValueError, match="probabilities"):
            TASK.checked(row, PLAN)


def test_a_student_agrees_with_its_teacher(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    lines = [
        {"text": r["input"], "probabilities": {c: 0.85 if c == r["output"] else 0.05 for c in ("red", "blue", "green", "black")}}
        for r in ROWS
    ]  # fmt: skip
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    run, finished = learn(
        tmp_path, "student", task="distillation", base=str(base(tmp_path / "base")), adapter="full",
        epochs=4.0, learning_rate=3e-3,
    )  # fmt: skip
    assert finished.measures["accuracy"] > 0.8
    assert load_classifier(run / "model").labels == ("black", "blue", "green", "red")
