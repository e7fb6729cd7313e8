"""Our trainer beside the library's: the same first weights, rows, recipe and seed give the same losses."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils.data import Dataset, SequentialSampler
from transformers import (
    BertForPreTraining,
    GPT2LMHeadModel,
    T5ForConditionalGeneration,
    TrainingArguments,
)
from transformers import Trainer as LibraryTrainer

from shopkeeper.training.initialisation import initialise
from shopkeeper.training.interchange import save
from shopkeeper.training.objectives import CausalLM, MaskedLM, Objective, SpanCorruption
from shopkeeper.training.pretraining import Pretraining
from shopkeeper.training.recipe import Recipe
from shopkeeper.training.shards import Shards, write_shards
from shopkeeper.training.trainer import Trainer
from shopkeeper.training.transformer import Transformer
from tests.training.families import SMALL

V, LENGTH, STEPS, ROWS = 101, 24, 200, 8
OBJECTIVES: Mapping[str, Objective] = {
    "gpt2": CausalLM(LENGTH, 1),
    "bert": MaskedLM(LENGTH, 2, 3, 4, V, np.arange(V) % 2 == 0, frozenset(range(5))),
    "t5": SpanCorruption(LENGTH, V, end=1),
}
THEIRS: Mapping[str, Any] = {
    "gpt2": GPT2LMHeadModel,
    "bert": BertForPreTraining,
    "t5": T5ForConditionalGeneration,
}


class Rows(Dataset[dict[str, Tensor]]):
    """What our trainer learns from, row by row and in its order, by the library's names."""

    def __init__(self, work: Pretraining, family: str) -> None:
        self.work, self.family = work, family

    def __len__(self) -> int:
        return STEPS * ROWS

    def __getitem__(self, place: int) -> dict[str, Tensor]:
        batch = self.work.batch(range(place, place + 1))
        named = {"input_ids": batch.tokens, "labels": batch.targets}
        if self.family == "bert":
            named["token_type_ids"] = _there(batch.segments)
            named["next_sentence_label"] = _there(batch.next_sentence)
        if self.family == "t5":
            named["input_ids"] = _there(batch.source)
        return {name: tensor[0] for name, tensor in named.items()}


def _there(tensor: Tensor | None) -> Tensor:
    assert tensor is not None
    return tensor


class InOrder(LibraryTrainer):  # type: ignore[misc]  # the library is not read by the type checker
    """The library's trainer as it is, but for the order of the rows; GPT-2's labels are shifted already."""

    def _get_train_sampler(self, *_: Any) -> SequentialSampler:
        return SequentialSampler(self.train_dataset)

    def compute_loss(self, model: Any, inputs: Any, *args: Any, **more: Any) -> Any:
        if not isinstance(model, GPT2LMHeadModel):
            return super().compute_loss(model, inputs, *args, **more)
        logits = model(input_ids=inputs["input_ids"]).logits
        return torch.nn.functional.cross_entropy(logits.flatten(0, 1), inputs["labels"].flatten())


@pytest.mark.parametrize("family", ["gpt2", "bert", "t5"])
def test_losses_are_those_of_the_library_over_200_steps(tmp_path: Path, family: str) -> None:
    work = pretraining(tmp_path / "data", family)
    torch.manual_seed(0)
    model = initialise(Transformer(SMALL[family]()))
    save(model, tmp_path / "first")
    recipe = Recipe(
        STEPS, batch_rows=ROWS, micro_rows=ROWS, learning_rate=2e-3, final_share=0.0, report_every=1
    )
    ours = Trainer(model, work, recipe, tmp_path / "ours").fit().losses
    theirs = library_losses(tmp_path, family, work, recipe)
    assert len(ours) == len(theirs) == STEPS
    assert np.abs(np.array([loss for _, loss in ours]) - theirs).max() < 1e-2
    assert np.mean(theirs[-20:]) < np.mean(theirs[:20]) - 0.3


def library_losses(folder: Path, family: str, work: Pretraining, recipe: Recipe) -> list[float]:
    arguments = TrainingArguments(
        output_dir=str(folder / "theirs"), max_steps=STEPS, per_device_train_batch_size=ROWS,
        learning_rate=recipe.learning_rate, lr_scheduler_type="cosine", weight_decay=recipe.weight_decay,
        adam_beta1=recipe.betas[0], adam_beta2=recipe.betas[1], max_grad_norm=recipe.clip, logging_steps=1,
        save_strategy="no", report_to=[], disable_tqdm=True, use_cpu=True, seed=recipe.seed,
    )  # fmt: skip
    model = THEIRS[family].from_pretrained(folder / "first")
    trainer = InOrder(model=model, args=arguments, train_dataset=Rows(work, family))
    trainer.train()
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


def pretraining(folder: Path, family: str) -> Pretraining:
    """Rows in which each token is the last one plus its document's own step."""
    random = np.random.default_rng(0)
    starts, steps = random.integers(0, 50, 400), random.integers(1, 4, 400)
    documents = [
        [int(a + step * i) % 50 + 10 for i in range(30)]
        for a, step in zip(starts, steps, strict=True)
    ]
    write_shards(folder, ((d, 30) for d in documents), vocabulary=V, separator=1)
    objective = OBJECTIVES[family]
    return Pretraining(objective, Shards(folder, length=objective.row_tokens))
