"""Many processes learn what one would."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from shopkeeper.training import checkpoints
from tests.training.test_trainer import pretraining

pytestmark = pytest.mark.xdist_group("parallel")  # each starts two processes


def trained(data: Path, run: Path, kind: str, family: str, steps: int, *more: str) -> Any:
    start = [sys.executable, "-m"]
    if kind != "none":
        start += ["torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"]
    args = ["tests.training.worker", str(data), str(run), kind, family, str(steps), *more]
    done = subprocess.run(
        start + args, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    pretraining(folder)
    return folder


@pytest.fixture(scope="module")
def alone(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    run = tmp_path_factory.mktemp("alone")
    return {f: trained(data, run / f, "none", f, 20) for f in ("gpt2", "t5", "llama")}


@pytest.mark.parametrize(
    ("kind", "family"),
    [
        ("ddp", "gpt2"),
        ("fsdp", "gpt2"),
        ("tensor", "gpt2"),
        ("fsdp", "t5"),
        ("tensor", "t5"),
        ("tensor", "llama"),
    ],
)
def test_two_processes_have_the_losses_of_one(
    data: Path, tmp_path: Path, alone: dict[str, Any], kind: str, family: str
) -> None:
    found = trained(data, tmp_path, kind, family, 20)
    ours, theirs = (np.array([x for _, x in r["losses"]]) for r in (found, alone[family]))
    assert np.abs(ours - theirs).max() < 1e-5
    assert found["loss"] == pytest.approx(alone[family]["loss"], abs=1e-5)


@pytest.mark.parametrize("kind", ["fsdp", "tensor"])
def test_a_run_on_two_processes_is_gone_on_with_by_one(
    data: Path, tmp_path: Path, alone: dict[str, Any], kind: str
) -> None:
    run = tmp_path / "run"
    wanted = trained(data, tmp_path / "alone", "none", "gpt2", 8)
    trained(data, run, kind, "gpt2", 8)
    state, weights, _ = checkpoints.load(run / "step-00000008")
    other, theirs, _ = checkpoints.load(tmp_path / "alone" / "step-00000008")
    assert state.step == other.step and wanted["loss"] == pytest.approx(
        state.measures["loss"], abs=1e-5
    )
    assert all(torch.allclose(weights[name], theirs[name], atol=1e-4) for name in theirs)
    last = trained(data, run, "none", "gpt2", 9)
    assert [step for step, _ in last["losses"]] == [9]
