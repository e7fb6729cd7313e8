"""Magnitude pruning: the smallest weights of the linear maps become 0.

    pruned, found = prune(model, share=0.5, per="layer")

Zeros are still numbers: the file is as large and the model as slow as before. What is saved is what a packer makes of
them, and what hardware for sparse matrices would; `narrowing` makes matrices smaller. Source: Han et al. 2015, without
the training that follows there.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from shopkeeper.training.transformer import Transformer

Per = Literal["model", "layer"]


@dataclass(frozen=True, slots=True)
class Sparsity:
    """Weights of linear maps and how many of them are 0, in all and in the map that has the most and the fewest."""

    weights: int
    zeros: int
    least: float
    most: float

    @property
    def share(self) -> float:
        """Of zeros among the weights."""
        return self.zeros / self.weights


def prune(model: Transformer, *, share: float, per: Per = "layer") -> tuple[Transformer, Sparsity]:
    """A copy in which this share of the weights is 0: the smallest of each map, or of all maps together.

    Tables of words and places, norms and biases stay, and so does the head where it is no table. Raises ValueError if
    the share is not in [0, 1).
    """
    if not 0 <= share < 1:
        raise ValueError(f"a share of {share} cannot be pruned: 0 or more, and less than 1")
    made = copy.deepcopy(model)
    weights = list(linear_weights(made))
    with torch.no_grad():
        if per == "layer":
            for weight in weights:
                _drop(weight, _threshold([weight], share))
        else:
            threshold = _threshold(weights, share)
            for weight in weights:
                _drop(weight, threshold)
    return made, sparsity(made)


def sparsity(model: Transformer) -> Sparsity:
    """How many weights of the linear maps are 0."""
    counts = [(w.numel(), int((w == 0).sum())) for w in linear_weights(model)]
    shares = [zeros / total for total, zeros in counts]
    return Sparsity(
        sum(total for total, _ in counts), sum(zeros for _, zeros in counts), min(shares), max(shares)
    )  # fmt: skip


def linear_weights(model: Transformer) -> Iterator[Tensor]:
    """The matrices of the linear maps inside the layers."""
    for stack in (model.encoder, model.decoder):
        for module in stack.modules() if stack is not None else ():
            if isinstance(module, nn.Linear):
                yield module.weight


def _threshold(weights: list[Tensor], share: float) -> float:
    """The size below which a weight is among the smallest of all of these."""
    sizes = torch.cat([weight.abs().flatten() for weight in weights])
    place = int(share * sizes.numel())
    return float(sizes.kthvalue(place).values) if place else -1.0


def _drop(weight: Tensor, threshold: float) -> None:
    weight[weight.abs() <= threshold] = 0
