"""The loop: it learns, it can be killed and goes on, it stops when the loss is no number."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from shopkeeper.errors import ArtifactError, ModelError, StorageError
from shopkeeper.training import checkpoints
from shopkeeper.training.fast import unigram_entropy
from shopkeeper.training.initialisation import initialise
from shopkeeper.training.objectives import Batch, CausalLM, Loss
from shopkeeper.training.pretraining import Pretraining
from shopkeeper.training.progress import Event
from shopkeeper.training.recipe import Recipe
from shopkeeper.training.shards import Shards, write_shards
from shopkeeper.training.trainer import Report, Trainer
from shopkeeper.training.transformer import Transformer
from tests.training.families import SMALL


def pretraining(folder: Path) -> Pretraining:
    """Rows in which each token is the last one plus its document's own step."""
    if not (folder / "shards.json").exists():
        random = np.random.default_rng(0)
        documents = []
        for _ in range(300):
            start, step = random.integers(0, 50), random.integers(1, 4)
            documents.append([int(start + step * i) % 50 + 10 for i in range(30)])
        write_shards(folder, ((d, 30) for d in documents), vocabulary=101, separator=1)
    objective = CausalLM(16, 1)
    shards = Shards(folder, length=objective.row_tokens)
    return Pretraining(objective, shards, held_out=shards)


def train(data: Path, run: Path, *, seed: int = 0, **recipe: object) -> Report:
    torch.manual_seed(seed)
    model = initialise(Transformer(SMALL["gpt2"](dropout=0.1)))
    values: dict[str, object] = {
        "steps": 20,
        "batch_rows": 8,
        "micro_rows": 8,
        "learning_rate": 3e-3,
        "report_every": 1,
    }
    return Trainer(model, pretraining(data), Recipe(**values | recipe), run).fit()  # type: ignore[arg-type]


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_a_model_learns_more_than_how_often_tokens_are(tmp_path: Path, optimizer: str) -> None:
    report = train(
        tmp_path / "data",
        tmp_path / "run",
        steps=150,
        batch_rows=16,
        micro_rows=16,
        optimizer=optimizer,
    )
    tokens = torch.from_numpy(np.array(pretraining(tmp_path / "data").train.tokens, dtype=np.int64))
    assert report.measures["loss"] < 0.6 * unigram_entropy(torch.bincount(tokens))
    assert report.losses[0][1] == pytest.approx(np.log(101), abs=0.2)


def test_accumulated_micro_batches_are_one_batch(tmp_path: Path) -> None:
    whole = train(tmp_path / "data", tmp_path / "a", clip=0, seed=1)
    cut = train(tmp_path / "data", tmp_path / "b", clip=0, seed=1, micro_rows=8)
    assert whole.losses == cut.losses
    model = SMALL["gpt2"]()
    torch.manual_seed(0)
    first = initialise(Transformer(model))
    second = Transformer(model)
    second.load_state_dict(first.state_dict())
    work = pretraining(tmp_path / "data")
    reports = [
        Trainer(
            m,
            work,
            Recipe(steps=5, batch_rows=8, micro_rows=rows, report_every=1),
            tmp_path / str(rows),
        ).fit()
        for m, rows in ((first, 8), (second, 3))
    ]
    assert np.allclose(
        [x for _, x in reports[0].losses], [x for _, x in reports[1].losses], atol=1e-5
    )


def test_a_run_that_is_gone_on_with_has_the_identical_losses(tmp_path: Path) -> None:
    whole = train(tmp_path / "data", tmp_path / "whole", steps=12)
    stops = iter([False] * 5 + [True])
    torch.manual_seed(0)
    model = initialise(Transformer(SMALL["gpt2"](dropout=0.1)))
    recipe = Recipe(steps=12, batch_rows=8, micro_rows=8, learning_rate=3e-3, report_every=1)
    first = Trainer(
        model,
        pretraining(tmp_path / "data"),
        recipe,
        tmp_path / "cut",
        should_stop=lambda: next(stops),
    ).fit()
    assert first.stopped and first.steps == 6
    second = train(tmp_path / "data", tmp_path / "cut", steps=12)
    assert first.losses + second.losses == whole.losses


KILLED = """
import sys; from pathlib import Path
from tests.training.test_trainer import train
train(Path(sys.argv[1]), Path(sys.argv[2]), steps=100_000, checkpoint_every=3)
"""


def test_a_killed_run_goes_on_from_a_whole_checkpoint(tmp_path: Path) -> None:
    pretraining(tmp_path / "data")
    run = tmp_path / "run"
    program = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path / "data"), str(run)],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    while len(checkpoints.checkpoints(run)) < 2 or "00000003" in str(checkpoints.latest(run)):
        assert program.poll() is None
        time.sleep(0.05)
    program.send_signal(signal.SIGKILL)
    program.wait()
    folder = checkpoints.latest(run)
    assert folder is not None
    state, _, _ = checkpoints.load(folder)
    assert state.step % 3 == 0 and state.step >= 6
    report = train(tmp_path / "data", run, steps=state.step + 2)
    assert report.losses[0][0] == state.step + 1


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_good_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="the loss became") as caught:
        train(tmp_path / "data", tmp_path / "run", learning_rate=9.0, clip=0, steps=400, checkpoint_every=1,
              optimizer="muon", matrix_rate=1e30)  # fmt: skip
    assert "learning rate" in caught.value.hint
    kept = checkpoints.latest(tmp_path / "run")
    if kept is not None:
        assert all(torch.isfinite(w).all() for w in checkpoints.load(kept)[1].values())


def test_a_checkpoint_of_another_shape_is_refused(tmp_path: Path) -> None:
    train(tmp_path / "data", tmp_path / "run", steps=2)
    work = pretraining(tmp_path / "data")
    other = Transformer(SMALL["llama"]())
    with pytest.raises(ArtifactError, match="another shape"):
        Trainer(other, work, Recipe(steps=3, batch_rows=8), tmp_path / "run").fit()


def test_the_best_checkpoint_is_kept_beside_the_last(tmp_path: Path) -> None:
    report = train(
        tmp_path / "data", tmp_path / "run", steps=20, checkpoint_every=2, evaluate_every=2, keep=1
    )
    assert report.best is not None and report.best.is_dir()
    assert len(checkpoints.checkpoints(tmp_path / "run")) <= 2


def test_progress_is_told_with_speed_and_time_left(tmp_path: Path) -> None:
    heard: list[Event] = []
    torch.manual_seed(0)
    work = pretraining(tmp_path / "data")
    recipe = Recipe(steps=4, batch_rows=8, report_every=2)
    Trainer(
        initialise(Transformer(SMALL["gpt2"]())),
        work,
        recipe,
        tmp_path / "run",
        observer=heard.append,
    ).fit()
    assert [e.kind for e in heard] == ["started", "step", "step", "evaluated", "saved", "ended"]
    assert heard[1].values["tokens_per_s"] > 0 and heard[2].values["eta_s"] == 0
    assert heard[3].values["bits_per_byte"] > 0


class Cliff(Pretraining):
    """Its loss is a number, and the slope of it is none: the square root at zero."""

    def loss(self, model: Transformer, batch: Batch) -> Loss:
        found = super().loss(model, batch)
        at_zero = (model.head_weight * 0).sqrt().sum()
        return Loss(found.value + at_zero, found.parts)


def test_a_gradient_that_is_no_number_never_reaches_a_checkpoint(tmp_path: Path) -> None:
    train(tmp_path / "data", tmp_path / "run", steps=2)
    work = pretraining(tmp_path / "data")
    torch.manual_seed(0)
    trainer = Trainer(
        initialise(Transformer(SMALL["gpt2"](dropout=0.1))), Cliff(work.objective, work.train),
        Recipe(steps=4, batch_rows=8, checkpoint_every=1, report_every=100), tmp_path / "run",
    )  # fmt: skip
    with pytest.raises(ModelError, match="norm of the gradient became nan by step 3") as caught:
        trainer.fit()
    assert "step-00000002" in caught.value.message
    assert [path.name for path in checkpoints.checkpoints(tmp_path / "run")] == ["step-00000002"]


def test_a_full_disk_leaves_the_earlier_checkpoint_whole(tmp_path: Path) -> None:
    train(tmp_path / "data", tmp_path / "run", steps=2)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))  # less than the weights take
    try:
        with pytest.raises(StorageError, match="cannot be written") as caught:
            train(tmp_path / "data", tmp_path / "run", steps=4)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "free some space" in caught.value.hint
    assert [path.name for path in (tmp_path / "run").iterdir() if path.is_dir()] == [
        "step-00000002"
    ]
    assert train(tmp_path / "data", tmp_path / "run", steps=3).losses[0][0] == 3


def test_a_checkpoint_that_was_cut_short_is_named(tmp_path: Path) -> None:
    train(tmp_path / "data", tmp_path / "run", steps=2)
    weights = tmp_path / "run" / "step-00000002" / "weights.safetensors"
    os.truncate(weights, weights.stat().st_size - 10)
    with pytest.raises(ArtifactError, match="step-00000002: the checkpoint cannot be read"):
        train(tmp_path / "data", tmp_path / "run", steps=3)
