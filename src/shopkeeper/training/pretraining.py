"""Pretraining as work for the trainer: an objective over shards, with bits per byte on text that is never trained on."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from shopkeeper.training.objectives import Batch, CausalLM, Loss, Objective
from shopkeeper.training.parallel import World
from shopkeeper.training.shards import Shards
from shopkeeper.training.transformer import Transformer


@dataclass(frozen=True)
class Pretraining:
    """Rows of `train` in their order; evaluation on the first rows of `held_out`, the same every time."""

    objective: Objective
    train: Shards
    held_out: Shards | None = None
    seed: int = 0
    evaluation_rows_at_once: int = 16
    sampler: Callable[[Transformer], str] | None = None

    @property
    def tokens_per_row(self) -> int:
        return self.objective.row_tokens

    def batch(self, places: range) -> Batch:
        return self.objective.batch(self.train, places, seed=self.seed)

    def loss(self, model: Transformer, batch: Batch) -> Loss:
        return self.objective.loss(model, batch)

    def sample(self, model: Transformer) -> str:
        return self.sampler(model) if self.sampler else ""

    def evaluate(self, model: Transformer, rows: int, world: World) -> Mapping[str, float]:
        """loss: nats a scored token, and what it consists of; of a causal model also what it takes to say a byte of the
        text, tokenizer and all. perplexity: of the tokens alone.
        """
        if self.held_out is None:
            return {}
        measures = self._means(model, min(rows, self.held_out.rows), world)
        loss = measures["loss"]
        measures["perplexity"] = math.exp(min(measures.get("masked", loss), 700))
        if isinstance(self.objective, CausalLM):
            head = self.held_out.head
            tokens_a_byte = head.tokens / max(head.text_bytes, 1)
            measures["bits_per_byte"] = loss / math.log(2) * tokens_a_byte
        return measures

    def _means(self, model: Transformer, rows: int, world: World) -> dict[str, float]:
        """Loss and its parts. Every process evaluates all rows: sums over processes would round differently."""
        assert self.held_out is not None
        nats: dict[str, float] = {}
        scored = 0
        for start in range(0, rows, self.evaluation_rows_at_once):
            places = range(start, min(start + self.evaluation_rows_at_once, rows))
            batch = self.objective.batch(self.held_out, places, seed=self.seed + 1)
            batch = batch.to(world.device)
            with torch.no_grad():
                loss = self.objective.loss(model, batch)
            for name, value in {"loss": loss.value, **loss.parts}.items():
                nats[name] = nats.get(name, 0.0) + float(value) * batch.scored
            scored += batch.scored
        return {name: total / max(scored, 1) for name, total in nats.items()}
