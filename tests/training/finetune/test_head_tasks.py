"""Tasks with heads go the whole way by a plan: prepared, trained, measured on rows never seen, written, loaded."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shopkeeper.errors import SettingsError
from shopkeeper.training import interchange
from shopkeeper.training.finetune.classification import load_classifier
from shopkeeper.training.finetune.crossing import load_cross_encoder
from shopkeeper.training.finetune.dialogue import load_dialogue
from shopkeeper.training.finetune.embedding import load_encoder
from shopkeeper.training.finetune.plan import make_finetune_plan
from shopkeeper.training.finetune.running import Finished, finetune
from shopkeeper.training.finetune.tagging import load_tagger
from shopkeeper.training.finetune.tasks import TASKS, task_of
from tests.training.finetune.encoders import small
from tests.training.finetune.small import stores
from tests.training.finetune.test_classification import toy

LABELLED = [{"text": row.text, "label": row.labels[0]} for row in toy(90, 0)]
TAGGED = [
    {"text": f"order {n}", "spans": [{"start": 6, "end": 9, "label": "order"}]}
    for n in range(100, 160)
]
PAIRED = [{"anchor": f"jug {n}", "positive": f"the jug {n}"} for n in range(60)]
CROSSED = [{"first": f"jug {n}", "second": "the jug", "score": n % 2} for n in range(60)]
SPOKEN = [{"context": [f"is jug {n} blue?"], "response": "yes", "safe": 1, "sensible": n % 2} for n in range(60)]  # fmt: skip


def learn(
    folder: Path,
    task: str,
    rows: Sequence[Mapping[str, Any]],
    family: str = "bert",
    **given: object,
) -> tuple[Path, Finished]:
    """A fine-tuning of a small model on these rows. Returns its run, and how it ended."""
    opened = small(folder, family)
    base = folder / "base"
    interchange.save(opened.model, base)
    opened.words.save(base)
    text = "".join(f"{json.dumps(row)}\n" for row in rows)
    (folder / "rows.jsonl").write_text(text, encoding="utf-8")
    chosen = {
        "task": task, "base": str(base), "data": str(folder / "rows.jsonl"), "length": 48,
        "validation_share": 0.2, "test_share": 0.2, "learning_rate": 5e-3, "epochs": 1.0, **given,
    }  # fmt: skip
    run = folder / "data" / "runs" / "head"
    return run, finetune(make_finetune_plan(chosen), run, stores(folder))


@pytest.mark.parametrize("adapter", ["full", "lora"])
def test_a_classifier_is_made_by_a_plan(tmp_path: Path, adapter: str) -> None:
    run, finished = learn(
        tmp_path, "classification", LABELLED, adapter=adapter, epochs=10.0, learning_rate=1e-2
    )
    assert finished.measures["accuracy"] > 0.9 and finished.measures["unknown_labels"] == 0
    classifier = load_classifier(run / "model")
    assert classifier.labels == ("colour", "place") and classifier.sharpness != 1
    assert (run / "adapter").is_dir() == (adapter == "lora")
    said = [found.labels[0] for found in classifier.predict([row["text"] for row in LABELLED])]
    assert np.mean([a == row["label"] for a, row in zip(said, LABELLED, strict=True)]) > 0.9


def test_every_other_head_is_made_by_a_plan(tmp_path: Path) -> None:
    run, finished = learn(tmp_path / "tag", "tagging", TAGGED, adapter="full", epochs=6.0)
    assert finished.measures["f1"] > 0.9 and load_tagger(run / "model").predict(["order 777"])[0]
    run, finished = learn(tmp_path / "pair", "embedding", PAIRED)
    assert "recall@1" in finished.measures and load_encoder(run / "model").encode(["x"]).shape == (1, 32)  # fmt: skip
    run, finished = learn(tmp_path / "cross", "cross-encoding", CROSSED)
    assert "map" in finished.measures and load_cross_encoder(run / "model").scores([("a", "b")]).shape == (1,)  # fmt: skip
    run, finished = learn(tmp_path / "say", "dialogue", SPOKEN, family="llama")
    assert finished.measures["safe_accuracy"] > 0.5
    assert load_dialogue(run / "model").ratings(["is it blue?"], ["yes"])


@pytest.mark.parametrize(
    ("task", "row", "wrong"),
    [
        ("classification", {"label": "a"}, "no 'text'"),
        ("classification", {"text": "x"}, "no 'label'"),
        ("classification", {"text": "x", "labels": "a"}, "not a list"),
        ("tagging", {"text": "x", "spans": [{"start": 0, "end": 9, "label": "a"}]}, "from 0 to 9"),
        ("tagging", {"text": "xyz", "spans": [{"start": 0, "end": 2, "label": "a"}, {"start": 1, "end": 3, "label": "a"}]}, "overlap"),
        ("embedding", {"anchor": "x"}, "no 'positive'"),
        ("cross-encoding", {"first": "a", "second": "b", "score": "much"}, "not a number"),
        ("cross-encoding", {"first": "a", "second": "b", "score": 2}, "from 0 to 1"),
        ("dialogue", {"context": "hello", "response": "x"}, "not a list"),
        ("dialogue", {"context": ["hello"], "response": "x", "safe": 3}, "safe 3"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_used_says_why(task: str, row: dict[str, Any], wrong: str) -> None:
    plan = make_finetune_plan({"task": task, "base": "b", "data": "d"})
    with pytest.raises(ValueError, match=wrong):
        task_of(task).checked(row, plan)


def test_soft_prompts_are_not_for_heads(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be learnt by a soft prompt"):
        learn(tmp_path, "classification", LABELLED, adapter="prompt", family="llama")


@pytest.mark.parametrize("name", TASKS)
def test_every_task_of_the_list_can_be_opened(name: str) -> None:
    assert task_of(name).identity(
        {"input": "x", "text": "x", "anchor": "x", "first": "x", "context": ["x"]}
    )
