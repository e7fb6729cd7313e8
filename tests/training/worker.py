"""A training that `torchrun` starts: arguments are the data, the run, the kind, the family and the steps."""

import json
import sys
from pathlib import Path

import torch

from shopkeeper.training.initialisation import initialise
from shopkeeper.training.objectives import CausalLM, SpanCorruption
from shopkeeper.training.parallel import joined
from shopkeeper.training.pretraining import Pretraining
from shopkeeper.training.recipe import Recipe
from shopkeeper.training.shards import Shards
from shopkeeper.training.trainer import Trainer
from shopkeeper.training.transformer import Transformer
from tests.training.families import SMALL


def main(data: str, run: str, kind: str, family: str, steps: str, optimizer: str = "adamw") -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = initialise(Transformer(SMALL[family]()))
    objective = SpanCorruption(16, vocabulary=101, end=1) if family == "t5" else CausalLM(16, 1)
    shards = Shards(Path(data), length=objective.row_tokens)
    recipe = Recipe(
        steps=int(steps), batch_rows=8, micro_rows=2, learning_rate=3e-3, report_every=1, evaluate_every=10,
        parallel=kind, optimizer=optimizer,  # type: ignore[arg-type]
    )  # fmt: skip
    with joined(recipe.parallel) as world:
        work = Pretraining(objective, shards, held_out=shards)
        report = Trainer(model, work, recipe, Path(run), world=world).fit()
        if world.is_first:
            said = {"losses": report.losses, "loss": report.measures["loss"]}
            sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
