"""One training of the pretraining benchmark, by one trainer, in a process of its own; the last line says how fast.

    python -m benchmarks.pretrain_worker WAY FOLDER STEPS [INTO]

FOLDER holds `first`, the first weights, and `train`, the tokens. WAY: `ours` or `hf`, `+compile` for a compiled step.
Each has a process to itself so that neither finds the other's memory, threads or settings.
"""

import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset
from transformers import GPT2LMHeadModel, TrainerCallback, TrainingArguments
from transformers import Trainer as HFTrainer
from transformers.utils import logging as hf_logging

from shopkeeper.training.interchange import load, save
from shopkeeper.training.objectives import CausalLM
from shopkeeper.training.pretraining import Pretraining
from shopkeeper.training.progress import Event
from shopkeeper.training.recipe import Recipe
from shopkeeper.training.shards import Shards
from shopkeeper.training.trainer import Trainer

LENGTH, BATCH, SEED = 256, 16, 0
NOT_COUNTED = 3  # steps, in which memory is found and what is to be compiled is compiled


def recipe_of(steps: int, *, compiled: bool = False) -> Recipe:
    """What both trainers do."""
    return Recipe(
        steps=steps, batch_rows=BATCH, micro_rows=BATCH, learning_rate=1e-3, warmup_steps=max(2, steps // 20),
        final_share=0.0, betas=(0.9, 0.95), weight_decay=0.1, clip=1.0, report_every=1, compile=compiled, seed=SEED,
    )  # fmt: skip


@dataclass
class Clock:
    """When each step ended, and at which loss."""

    ends: list[float] = field(default_factory=list)

    def tick(self) -> None:
        self.ends.append(time.perf_counter())

    def tokens_per_s(self) -> float:
        counted = self.ends[NOT_COUNTED - 1 :]
        return (len(counted) - 1) * BATCH * LENGTH / (counted[-1] - counted[0])


def ours(folder: Path, steps: int, into: Path | None, *, compiled: bool) -> Clock:
    """By our trainer."""
    clock = Clock()

    def observe(event: Event) -> None:
        if event.kind == "step":
            clock.tick()

    objective = CausalLM(LENGTH, 0)
    rows = Shards(folder / "train", length=objective.row_tokens)
    model = load(folder / "first")
    run = folder / f"run-{time.time_ns()}"
    recipe = recipe_of(steps, compiled=compiled)
    Trainer(model, Pretraining(objective, rows, seed=SEED), recipe, run, observer=observe).fit()
    if into:
        save(model, into)
    return clock


class Rows(Dataset[dict[str, Tensor]]):
    """The rows that our trainer sees, in its order, as the HF Trainer wants them."""

    def __init__(self, folder: Path, count: int) -> None:
        self.shards, self.count = Shards(folder, length=LENGTH + 1), count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, place: int) -> dict[str, Tensor]:
        row = torch.from_numpy(self.shards.row(self.shards.at(place)))
        return {"input_ids": row[:-1], "labels": row[1:]}


class InOrder(HFTrainer):  # type: ignore[misc]  # the library is not read by the type checker
    """The HF Trainer as it is, but for the order of the rows and labels that are shifted already."""

    def _get_train_sampler(self, *_: Any) -> Any:
        return torch.utils.data.SequentialSampler(self.train_dataset)

    def compute_loss(self, model: Any, inputs: Any, **_: Any) -> Any:
        logits = model(input_ids=inputs["input_ids"]).logits
        return torch.nn.functional.cross_entropy(
            logits.float().flatten(0, 1), inputs["labels"].flatten()
        )


class Ticks(TrainerCallback):  # type: ignore[misc]
    """Tells the clock of each step."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.clock.tick()


def hf(folder: Path, steps: int, into: Path | None, *, compiled: bool) -> Clock:
    """By the library's trainer of the library's model, its settings as they are but for the recipe."""
    hf_logging.set_verbosity_error()
    clock, recipe = Clock(), recipe_of(steps)
    model = GPT2LMHeadModel.from_pretrained(folder / "first")
    arguments = TrainingArguments(
        output_dir=str(folder / "hf"), max_steps=steps, per_device_train_batch_size=BATCH,
        learning_rate=recipe.learning_rate, warmup_steps=recipe.warmup_steps, lr_scheduler_type="cosine",
        weight_decay=recipe.weight_decay, adam_beta1=recipe.betas[0], adam_beta2=recipe.betas[1],
        max_grad_norm=recipe.clip, logging_steps=10_000, save_strategy="no", report_to=[], seed=SEED,
        disable_tqdm=True, use_cpu=True, torch_compile=compiled,
    )  # fmt: skip
    rows = Rows(folder / "train", steps * BATCH)
    trainer = InOrder(model=model, args=arguments, train_dataset=rows, callbacks=[Ticks(clock)])
    trainer.train()
    if into:
        model.save_pretrained(into)
    return clock


def main(way: str, folder: str, steps: str, into: str = "") -> None:
    """One training, told on the last line."""
    torch.set_num_threads(2)
    name, _, option = way.partition("+")
    train = {"ours": ours, "hf": hf}[name]
    target = Path(into) if into else None
    clock = train(Path(folder), int(steps), target, compiled=option == "compile")
    print(json.dumps({"tokens_per_s": clock.tokens_per_s()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
