"""`shopkeeper lm finetune|prompt-tune|distill|few-shot`: a model learns rows from the terminal, and the run is recorded."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from shopkeeper.face import Shop
from shopkeeper.training import interchange
from tests.cli.conftest import Run
from tests.training.finetune.encoders import small
from tests.training.finetune.small import ROWS, base, write_rows
from tests.training.finetune.test_classification import toy


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def opened(folder: Path) -> Iterator[Shop]:
    """The shop, held open, so that its database is not started anew by each command."""
    with Shop.open(folder) as shop:
        yield shop


def test_a_model_learns_rows_and_its_run_is_recorded(
    opened: Shop, shop: Run, tmp_path: Path
) -> None:
    rows, model = write_rows(tmp_path / "rows.jsonl"), base(tmp_path / "base")
    rows.write_text(rows.read_text() + "not JSON\n")
    given = ("--base", str(model), "--data", str(rows), "--length", "48", "--batch-rows", "32")
    done = shop("lm", "finetune", "colours", *given, "--steps", "4", "--rank", "2")
    assert done.code == 0, done.err
    for step in ("1 of 5, prepared: ", "2 of 5", "3 of 5, train: 4 steps", "4 of 5", "5 of 5, deployed"):  # fmt: skip
        assert step in done.err
    assert ", 1 bad" in done.err and "exact" in done.out
    assert "finetune, done, step 4 of 4" in shop("lm", "runs", "show", "colours").out
    measured = json.loads(shop("lm", "evaluate", "colours", "--json").out)
    assert set(measured) == {"loss", "exact"}
    other = shop("lm", "finetune", "colours", "--rank", "4")
    assert other.code == 1 and "began with rank 2; it cannot go on with 4" in other.err
    soft = shop("lm", "prompt-tune", "soft", *given, "--steps", "1", "--tokens", "3", "--words", "a red cup")  # fmt: skip
    assert soft.code == 0 and "192 of" in soft.err


def test_a_classifier_is_made_from_a_few_texts_and_measured_on_others(
    opened: Shop, shop: Run, tmp_path: Path
) -> None:
    encoder = small(tmp_path)
    interchange.save(encoder.model, tmp_path / "base")
    encoder.words.save(tmp_path / "base")
    rows = [{"text": row.text, "label": row.labels[0]} for row in toy(80, 0)]
    (tmp_path / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    given = ("--base", tmp_path / "base", "--data", tmp_path / "rows.jsonl")
    done = shop("lm", "few-shot", "intents", *given, "--epochs", "8", "--learning-rate", "1e-3")
    assert done.code == 0, done.err
    assert "weights in the pool: encoder" in done.err and "encoder accuracy" in done.out
    run = opened.settings.data_folder / "runs" / "intents"
    card = json.loads((run / "card.json").read_text())
    assert card["way"]["names"] == {"colour": "colour", "place": "place"}
    assert card["test"]["accuracy"] > 0.8 and card["rows"]["test"] > 5
    measured = json.loads(shop("lm", "evaluate", "intents", "--json").out)
    assert measured["accuracy"] == card["test"]["accuracy"]
    assert "few-shot, done" in shop("lm", "runs", "show", "intents").out
    again = shop("lm", "few-shot", "intents", *given)
    assert again.code == 1 and "is made already" in again.err


def test_what_is_wrong_is_said(opened: Shop, shop: Run, tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows.jsonl")
    said = {
        ("finetune", "a"): "needs --base and --data",
        ("finetune", "a", "--base", "x", "--data", str(rows), "--task", "poetry"): "task 'poetry' is none of",
        ("finetune", "a", "--base", "nonesuch", "--data", str(rows)): "no model is called 'nonesuch'",
        ("finetune", "a", "--option", "pooling"): "is not NAME=VALUE",
        ("prompt-tune", "b", "--base", "x", "--data", str(tmp_path / "no.csv")): "no.csv is not there",
        ("distill", "c", "--texts", str(rows)): "distillation needs a task",
        ("few-shot", "d", "--data", str(rows)): "there is no 'text'",
        ("few-shot", "d", "--data", str(rows), "--parts", "1"): "1 parts cannot judge each other",
    }  # fmt: skip
    for command, message in said.items():
        done = shop("lm", *command)
        assert done.code == 1 and message in done.err, done.err


def test_a_larger_model_labels_and_a_small_one_learns(
    opened: Shop, shop: Run, tmp_path: Path
) -> None:
    texts, teacher = write_rows(tmp_path / "texts.jsonl", ROWS[::3]), base(tmp_path / "teacher")
    done = shop(
        "lm", "distill", "moods", "--texts", str(texts), "--shop-task", "sentiment", "--teacher", str(teacher),
        "--base", str(teacher), "--steps", "2", "--length", "48",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert f"labelled {len(ROWS[::3])} of {len(ROWS[::3])} texts" in done.err
    assert "accuracy" in done.out
    run = opened.settings.data_folder / "runs" / "moods"
    assert json.loads((run / "finetune.json").read_text())["options"]["labels"] == ["negative", "positive"]  # fmt: skip
