"""Trainings by two processes, one after another: arguments are the data, the folder of the runs, and their names.

A name is KIND-FAMILY-STEPS; the first process writes what each said to NAME.json in the folder. `train` does
one of them in the process that calls it; the kind is then none.
"""

import json
import os
import signal
import socket
import sys
from dataclasses import replace
from pathlib import Path

import torch

from shopkeeper.training.initialisation import initialise
from shopkeeper.training.objectives import CausalLM, SpanCorruption
from shopkeeper.training.parallel import World, joined, leave
from shopkeeper.training.pretraining import Pretraining
from shopkeeper.training.recipe import Recipe
from shopkeeper.training.shards import Shards
from shopkeeper.training.trainer import Trainer
from shopkeeper.training.transformer import Transformer
from tests.training.families import SMALL


def main(data: str, folder: str, *names: str) -> None:
    torch.set_num_threads(1)
    with joined("fsdp") as world:  # processes join once; what they share serves all kinds
        for name in names:
            kind = name.partition("-")[0]
            as_kind = replace(world, kind=kind)  # type: ignore[arg-type]
            train(Path(data), Path(folder) / name, as_kind)


def train(data: Path, run: Path, world: World) -> None:
    """The training of this name. A run that is there is gone on with."""
    kind, family, steps = run.name.split("-")
    torch.manual_seed(0)
    model = initialise(Transformer(SMALL[family]()))
    objective = SpanCorruption(16, vocabulary=101, end=1) if family == "t5" else CausalLM(16, 1)
    shards = Shards(data, length=objective.row_tokens)
    recipe = Recipe(
        steps=int(steps), batch_rows=8, micro_rows=2, learning_rate=3e-3, report_every=1, evaluate_every=4,
        parallel=kind,  # type: ignore[arg-type]
    )  # fmt: skip
    work = Pretraining(objective, shards, held_out=shards)
    report = Trainer(model, work, recipe, run, world=world).fit()
    if world.is_first:
        said = {"losses": report.losses, "loss": report.measures["loss"]}
        run.with_suffix(".json").write_text(json.dumps(said), encoding="utf-8")


def part(processes: int) -> None:
    """Go on as so many processes, each told what `torchrun` would tell it; what was imported is imported once for all.

    The process that was there before ends when they have ended.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    told = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(processes)}
    running = set()
    for rank in range(processes):
        if not (pid := os.fork()):
            os.environ |= told | {"RANK": str(rank), "LOCAL_RANK": str(rank)}
            return
        running.add(pid)
    failed = False
    while running:
        ended, status = os.wait()
        running.discard(ended)
        if status and not failed:  # the others would wait for it
            failed = True
            for pid in running:
                os.kill(pid, signal.SIGKILL)
    sys.exit(failed)


if __name__ == "__main__":
    part(2)
    main(*sys.argv[1:])
    leave(0)
