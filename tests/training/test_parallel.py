"""Many processes learn what one would."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from shopkeeper.training import checkpoints
from shopkeeper.training.parallel import World
from tests.training.test_trainer import pretraining
from tests.training.worker import train

RUNS = ("ddp-gpt2", "fsdp-gpt2", "tensor-gpt2", "fsdp-t5", "tensor-t5", "tensor-llama")
STEPS = 4  # a gradient that is wrong changes the second loss


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    pretraining(folder)
    return folder


@pytest.fixture(scope="module")
def together(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All runs on two processes, one after another: starting the processes costs more than training."""
    folder = tmp_path_factory.mktemp("together")
    names = [f"{run}-{STEPS}" for run in RUNS]
    done = subprocess.run(
        [sys.executable, "-m", "tests.training.worker", str(data), str(folder), *names],
        capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.fixture(scope="module")
def alone(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same trainings on this process alone."""
    folder = tmp_path_factory.mktemp("alone")
    for family in ("gpt2", "t5", "llama"):
        train(data, folder / f"none-{family}-{STEPS}", World())
    return folder


def said(folder: Path, name: str) -> Any:
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("run", RUNS)
def test_two_processes_have_the_losses_of_one(together: Path, alone: Path, run: str) -> None:
    family = run.partition("-")[2]
    found, wanted = said(together, f"{run}-{STEPS}"), said(alone, f"none-{family}-{STEPS}")
    ours, theirs = (np.array([loss for _, loss in each["losses"]]) for each in (found, wanted))
    assert len(ours) == STEPS and np.abs(ours - theirs).max() < 1e-5
    assert found["loss"] == pytest.approx(wanted["loss"], abs=1e-5)


@pytest.mark.parametrize("kind", ["fsdp", "tensor"])
def test_a_run_on_two_processes_is_gone_on_with_by_one(
    data: Path, tmp_path: Path, together: Path, alone: Path, kind: str
) -> None:
    last = f"step-{STEPS:08d}"
    run = together / f"{kind}-gpt2-{STEPS}"
    _, weights, _ = checkpoints.load(run / last)
    _, theirs, _ = checkpoints.load(alone / f"none-gpt2-{STEPS}" / last)
    assert all(torch.allclose(weights[name], theirs[name], atol=1e-4) for name in theirs)
    following = tmp_path / f"none-gpt2-{STEPS + 1}"
    shutil.copytree(run, following)
    train(data, following, World())
    assert [step for step, _ in said(tmp_path, following.name)["losses"]] == [STEPS + 1]
