"""The whole way: a small model is fine-tuned, goes on after a stop, and is opened again."""

import json
from pathlib import Path

import pytest
from safetensors.torch import load_file

from shopkeeper.errors import ArtifactError, Conflict, SettingsError
from shopkeeper.training.checkpoints import latest
from shopkeeper.training.finetune.plan import make_finetune_plan
from shopkeeper.training.finetune.running import (
    evaluate_finetuned,
    finetune,
    next_finetune_plan,
    open_finetuned,
)
from shopkeeper.training.progress import Event
from tests.training.finetune.small import COLOURS, ROWS, learn, stores, translator, write_rows

NEXT = dict(zip(COLOURS, (*COLOURS[1:], COLOURS[0]), strict=True))
OTHERS = [{"input": row["input"], "output": NEXT[row["output"]]} for row in ROWS]


def test_full_fine_tuning_learns_what_the_rows_say(taught: Path) -> None:
    found = open_finetuned(taught / "data" / "runs" / "colours", stores(taught))
    measures = evaluate_finetuned(found, taught / "data" / "runs" / "colours")
    assert measures["exact"] > 0.9 > 3 / len(COLOURS)
    card = json.loads((taught / "data" / "runs" / "colours" / "card.json").read_text())
    assert card["test"] == pytest.approx(measures) and card["rows"]["train"] > card["rows"]["test"]


def test_lora_on_a_run_learns_another_task_and_keeps_little(taught: Path) -> None:
    write_rows(taught / "others.jsonl", OTHERS)
    run, finished = learn(
        taught, "others", base="colours", data=str(taught / "others.jsonl"), rank=8, epochs=8.0,
        learning_rate=1e-2,
    )  # fmt: skip
    assert finished.measures["exact"] > 0.8 > 3 / len(COLOURS)
    last = latest(run)
    assert last is not None
    assert all("lora_" in name for name in load_file(last / "weights.safetensors"))
    merged = stores(taught).open("others")
    assert not any("lora_" in name for name, _ in merged.model.named_parameters())


def test_a_soft_prompt_is_all_that_its_run_keeps(taught: Path) -> None:
    run, finished = learn(
        taught, "prompt", base="colours", adapter="prompt", prompt_tokens=3, epochs=1.0
    )
    last = latest(run)
    assert last is not None
    assert list(load_file(last / "weights.safetensors")) == ["embedding.soft_prompt"]
    assert finished.measures["exact"] > 0.5


def test_an_encoder_decoder_is_fine_tuned_too(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.jsonl")
    _, finished = learn(
        tmp_path, "t5", base=str(translator(tmp_path / "t5")), adapter="full", epochs=8.0, learning_rate=5e-3,
    )  # fmt: skip
    assert finished.measures["exact"] > 0.5


def test_a_run_that_was_stopped_goes_on_to_the_same_end(taught: Path) -> None:
    chosen = {
        "task": "generation", "base": "colours", "data": str(taught / "rows.jsonl"), "length": 48, "steps": 6, "checkpoint_every": 2,
    }  # fmt: skip
    runs = taught / "data" / "runs"
    whole = finetune(make_finetune_plan(chosen), runs / "whole", stores(taught))
    asked = iter([False, False, True])
    first = finetune(
        make_finetune_plan(chosen), runs / "halves", stores(taught), should_stop=lambda: next(asked)
    )
    assert first.report.stopped and not first.measures
    rest = finetune(next_finetune_plan(runs / "halves", {}), runs / "halves", stores(taught))
    assert rest.measures == whole.measures
    with pytest.raises(Conflict, match="began with rank 16; it cannot go on with 4"):
        next_finetune_plan(runs / "halves", {"rank": 4})


def test_the_five_steps_are_told(taught: Path) -> None:
    told: list[Event] = []
    plan = make_finetune_plan(
        {"task": "generation", "base": "colours", "data": str(taught / "rows.jsonl"), "length": 48, "steps": 1}
    )  # fmt: skip
    finetune(plan, taught / "data" / "runs" / "told", stores(taught), observer=told.append)
    stages = [event.text.partition(",")[0] for event in told if event.kind == "stage"]
    assert list(dict.fromkeys(stages)) == [f"{n} of 5" for n in range(1, 6)]


def test_an_adapter_does_not_go_onto_other_weights(taught: Path, tmp_path: Path) -> None:
    run, _ = learn(taught, "moved", base="colours", steps=1)
    plan = json.loads((run / "finetune.json").read_text())
    (run / "finetune.json").write_text(json.dumps(plan | {"base": str(taught / "base")}))
    with pytest.raises(ArtifactError, match="is not the model that moved was trained on"):
        open_finetuned(run, stores(taught))


def test_choices_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    wrong = {
        "rank": (0, "rank 0"), "targets": (("head",), "targets head"), "task": ("poetry", "task 'poetry'"),
        "epochs": (0.0, "epochs 0.0"), "parallel": ("fsdp", "one process"), "test_share": (1.0, "shares"),
    }  # fmt: skip
    for name, (value, said) in wrong.items():
        given = {"task": "generation", "base": "b", "data": "d", name: value}
        with pytest.raises(SettingsError, match=said):
            make_finetune_plan(given)
    with pytest.raises(SettingsError, match="needs --base and --data"):
        next_finetune_plan(tmp_path, {})
