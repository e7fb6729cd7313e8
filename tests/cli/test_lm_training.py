"""`shopkeeper lm corpus|tokenizer|pretrain|evaluate|runs`: the way in the terminal, and what is said when it goes wrong."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
import torch

from shopkeeper.cli.lm_training import HELP
from shopkeeper.face import Shop
from shopkeeper.training.checkpoints import checkpoints
from shopkeeper.training.recipe import Recipe
from shopkeeper.training.runs import folder_of, recorded
from tests.cli.conftest import Run
from tests.training.shop_texts import write_text

TINY = (
    "--size", "tiny", "--width", "32", "--layers", "1", "--heads", "2", "--feed-forward", "64", "--vocabulary", "400",
    "--length", "16", "--batch-rows", "4", "--evaluate-rows", "4",
)  # fmt: skip


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


@pytest.fixture
def corpus(opened: Shop, shop: Run, tmp_path: Path) -> Path:
    """A corpus of a small text, made by the command."""
    text = write_text(tmp_path / "text.txt", 300)
    done = shop("lm", "corpus", text, "--resemblance", "0", "--held-out-share", "0.1")
    assert done.code == 0, done.err
    return opened.settings.data_folder / "corpora" / "default"


def test_the_way_from_text_to_a_measured_model(corpus: Path, opened: Shop, shop: Run) -> None:
    made = shop("lm", "tokenizer", "--vocabulary", "400")
    assert "400 pieces" in made.out and "bytes a token" in made.out
    done = shop("lm", "pretrain", "first", *TINY, "--steps", "6", "--report-every", "2")
    assert done.code == 0, done.err
    assert "step 6 of 6: loss" in done.err and "held-out text: loss" in done.err
    assert "done after 6 steps" in done.err and "⟶" in done.err
    assert "6 of 6" in shop("lm", "runs", "list").out
    shown = shop("lm", "runs", "show", "first").out
    assert "pretrain, done" in shown and "bits per byte" in shown and '"vocabulary": 400' in shown
    measured = json.loads(shop("lm", "evaluate", "first", "--json").out)
    assert 0 < measured["loss"] < 7 and measured["unigram_entropy"] > 0
    on = shop("lm", "pretrain", "first", "--steps", "8")
    assert "going on after step 6" in on.err and "done after 8 steps" in on.err
    other = shop("lm", "pretrain", "first", "--width", "64")
    assert other.code == 1 and "began with width 32; it cannot go on with 64" in other.err
    assert shop("lm", "runs", "stop", "first").out == "first does not run\n"
    assert shop("lm", "runs", "remove", "first").code == 0
    assert not (opened.settings.data_folder / "runs" / "first").exists()
    assert "no training has the name 'first'" in shop("lm", "runs", "show", "first").err


def test_a_corpus_comes_from_the_shop_where_no_file_is_named(opened: Shop, shop: Run) -> None:
    done = shop("lm", "corpus")
    assert done.code == 1 and "the corpus is empty: there was no document" in done.err


def test_what_was_left_out_is_said(opened: Shop, shop: Run, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("short\n\nA sentence that is long enough to stay, from anna@example.org.\n" * 1)
    done = shop("lm", "corpus", text, "--held-out-share", "0")
    assert "left out: 1 too short" in done.out and "personal data replaced: 1" in done.out


def test_ctrl_c_stops_with_a_checkpoint_and_the_same_command_goes_on(
    corpus: Path, opened: Shop, shop: Run
) -> None:
    folder = opened.settings.data_folder
    command = ["--data-folder", str(folder), "lm", "pretrain", "long", *TINY, "--report-every", "1"]
    start = [sys.executable, "-c", "from shopkeeper.cli.main import main; main()"]
    with subprocess.Popen(
        [*start, *command, "--steps", "100000"], stderr=subprocess.PIPE, text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    ) as program:  # fmt: skip
        assert program.stderr is not None
        assert any(line.startswith("step 3 of") for line in program.stderr)
        program.send_signal(signal.SIGINT)
        assert "stopped after step" in program.stderr.read()
    assert program.returncode == 0
    assert "stopped" in shop("lm", "runs", "list").out
    steps = int(checkpoints(folder / "runs" / "long")[-1].name.removeprefix("step-"))
    on = shop("lm", "pretrain", "long", "--steps", str(steps + 1))
    assert f"going on after step {steps}" in on.err and on.code == 0


def test_many_processes_train_by_one_command(corpus: Path, shop: Run) -> None:
    ready = shop("lm", "pretrain", "both", *TINY, "--steps", "3", "--parallel", "ddp", "--processes", "2", "--prepare-only")  # fmt: skip
    assert ready.code == 0 and "torch.distributed.run --standalone --nproc-per-node 2" in ready.out
    done = shop("lm", "pretrain", "both", "--processes", "2")
    assert done.code == 0, done.err
    assert "step 3, held-out text" in done.err
    assert "done" in shop("lm", "runs", "list").out


def test_a_run_that_is_being_trained_is_left_alone(corpus: Path, opened: Shop, shop: Run) -> None:
    folder = folder_of(opened.settings.data_folder, "first")
    with recorded(folder, name="first", kind="pretrain", settings={}, steps=1):
        assert "the run 'first' is being trained" in failing(shop)
        done = shop("lm", "runs", "remove", "first")
        assert done.code == 1 and "is being trained" in done.err


def failing(shop: Run, *arguments: str) -> str:
    done = shop("lm", "pretrain", "first", *TINY, "--steps", "4", *arguments)
    assert done.code == 1 and "Traceback" not in done.err
    assert "hint:" in done.err
    return done.err


def test_an_empty_corpus_is_told(opened: Shop, shop: Run, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("\n\n")
    done = shop("lm", "corpus", tmp_path / "text.txt")
    assert (
        done.code == 1 and "the corpus is empty" in done.err and "more or longer texts" in done.err
    )
    assert "holds no finished corpus" in failing(shop)


def test_a_corpus_of_one_token_is_too_little(opened: Shop, shop: Run, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("word\n")
    assert shop("lm", "corpus", tmp_path / "text.txt", "--min-characters", "1", "--held-out-share", "0").code == 0  # fmt: skip
    assert "less than one row of 17" in failing(shop)
    assert "failed" in shop("lm", "runs", "list").out
    write_text(tmp_path / "text.txt", 300)
    assert shop("lm", "corpus", tmp_path / "text.txt", "--resemblance", "0").code == 0
    assert shop("lm", "pretrain", "first", *TINY, "--steps", "1").code == 0  # it had not begun
    assert shop("lm", "corpus", tmp_path / "text.txt").code == 0
    assert "is not the one that the run began with" in failing(shop)


def test_shards_that_were_cut_short_are_told(corpus: Path, shop: Run) -> None:
    assert shop("lm", "pretrain", "before", *TINY, "--steps", "1").code == 0
    (path,) = corpus.glob("shards/*/train/tokens.bin")
    os.truncate(path, path.stat().st_size - 10)
    assert "was cut short" in failing(shop)


def test_a_checkpoint_of_another_shape_is_told(corpus: Path, opened: Shop, shop: Run) -> None:
    assert shop("lm", "pretrain", "other", *TINY, "--width", "64", "--steps", "1").code == 0
    runs = opened.settings.data_folder / "runs"
    shutil.copytree(runs / "other" / "step-00000001", runs / "first" / "step-00000001")
    assert "a checkpoint of a model of another shape" in failing(shop)


def test_a_loss_that_is_no_number_stops_and_says_why(corpus: Path, shop: Run) -> None:
    wild = ("--optimizer", "muon", "--matrix-rate", "1e30", "--learning-rate", "9", "--clip", "0", "--warmup-steps", "0")  # fmt: skip
    said = failing(shop, *wild, "--report-every", "1", "--checkpoint-every", "1")
    assert "the loss became" in said and "a smaller learning rate" in said
    assert "the loss became" in shop("lm", "runs", "show", "first").out


def test_a_full_disk_is_told(corpus: Path, shop: Run) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    assert shop("lm", "pretrain", "before", *TINY, "--steps", "1").code == 0  # tokens are made
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, before[1]))  # less than the weights take
        assert "cannot be written" in failing(shop)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--size", "huge"), "no gpt2 is of the size 'huge'"),
        (("--family", "bert", "--objective", "causal"), "a bert learns masked, not causal"),
        (("--heads", "5"), "width 32 is not a multiple of 5 heads"),
        (("--clip", "-1"), "a recipe out of range: clip=-1"),
        (("--corpus", "none"), "holds no finished corpus"),
        (("--tokenizer", "nowhere"), "holds no tokenizer"),
    ],
)
def test_choices_that_do_not_fit_are_told(
    folder: Path, run: Run, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    (folder / "corpora" / "default").mkdir(parents=True)
    (folder / "corpora" / "default" / "corpus.json").write_text(
        '{"documents": {"train": 1}, "characters": {}, "languages": {}, "left_out": {}, "personal": 0, "cleaning": {}}'
    )
    assert said in failing(lambda *a: run("--data-folder", folder, *a), *arguments)


def test_without_the_extra_the_command_names_it(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # as if it were not installed
    said = failing(lambda *a: run("--data-folder", folder, *a))
    assert "pretraining needs torch" in said and 'pip install "shopkeeper[train]"' in said


def test_every_choice_of_a_recipe_is_an_option() -> None:
    assert list(HELP) == [field.name for field in fields(Recipe)]
