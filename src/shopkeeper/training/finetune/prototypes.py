"""Sentence vectors tuned by labels: each text is drawn to its label's prototype and away from all others.

With few texts a label this says more in a step than pairs do, and it needs no head: prototypes begin as the means of
their texts' vectors, so that training begins where nearest centroids are. Axes: B texts, L labels, D width.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from shopkeeper.training.finetune.embedding import Pooled, vectors_of
from shopkeeper.training.finetune.order import Order
from shopkeeper.training.finetune.rows import TokenRow, collate, whole_numbers
from shopkeeper.training.finetune.similarity import to_prototypes
from shopkeeper.training.objectives import Batch, Loss
from shopkeeper.training.parallel import World
from shopkeeper.training.shape import Shape

FASTER = 20.0  # prototypes move so many times as fast as the encoder: they are few numbers, and begin rough


class Prototyped(nn.Module):
    """An encoder and one vector a label, (L, D)."""

    def __init__(self, pooled: Pooled, prototypes: Tensor) -> None:
        super().__init__()
        self.pooled = pooled
        self.start: Tensor
        self.register_buffer("start", prototypes)
        self.moved = nn.Parameter(torch.zeros_like(prototypes))

    @property
    def shape(self) -> Shape:
        """The Transformer's."""
        return self.pooled.shape

    @property
    def prototypes(self) -> Tensor:
        """(L, D)."""
        return self.start + FASTER * self.moved

    def forward(self, batch: Batch) -> Tensor:
        """Vectors of texts, (B, D)."""
        return self.pooled(batch)  # type: ignore[no-any-return]


def prototyped(
    pooled: Pooled, rows: Sequence[TokenRow], labels: int, *, padding: int
) -> Prototyped:
    """The encoder with prototypes that are the means of these rows' vectors; of a label without rows, zero."""
    vectors = vectors_of(pooled, rows, padding=padding)
    targets = whole_numbers(rows)
    sums = torch.zeros(labels, vectors.shape[1]).index_add(0, targets, vectors)
    return Prototyped(pooled, F.normalize(sums, dim=-1))


@dataclass(frozen=True)
class Prototyping:
    """Labelled rows as work for the Trainer. Targets are numbers of labels. Nothing is measured while it runs."""

    train: Sequence[TokenRow]
    order: Order
    padding: int
    temperature: float = 0.05

    @classmethod
    def of(
        cls, rows: Sequence[TokenRow], *, padding: int, seed: int, rows_at_once: int
    ) -> "Prototyping":
        """The work of these rows."""
        order = Order([len(row.ids) for row in rows], seed=seed, rows_at_once=rows_at_once)
        return cls(rows, order, padding)

    @property
    def tokens_per_row(self) -> int:
        return self.order.mean_length

    def batch(self, places: range) -> Batch:
        rows = [self.train[i] for i in self.order.rows(places)]
        return collate(rows, whole_numbers(rows), padding=self.padding)

    def loss(self, model: Prototyped, batch: Batch) -> Loss:
        vectors = model(batch).float()
        value = to_prototypes(
            vectors, model.prototypes, batch.targets, temperature=self.temperature
        )
        return Loss(value, {})

    def evaluate(self, model: Prototyped, rows: int, world: World) -> Mapping[str, float]:
        return {}

    def sample(self, model: Prototyped) -> str:
        return ""
