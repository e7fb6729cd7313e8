"""How weights change: AdamW for all of them, or Muon for the matrices inside the layers and AdamW for the rest."""

from collections.abc import Iterator

import torch
from torch import nn
from torch.optim import AdamW, Muon, Optimizer

from shopkeeper.training.recipe import Recipe


def optimisers(model: nn.Module, recipe: Recipe) -> list[Optimizer]:
    """One or two optimisers over all weights that are to be trained; weight decay only on matrices.

    Source: Loshchilov and Hutter 2019 (AdamW); Jordan et al. 2024 (Muon: the update made orthogonal).
    """
    inside, tables, vectors = _sorted(model)
    muon = recipe.optimizer == "muon"
    matrices = tables if muon else inside + tables
    groups = [
        {"params": matrices, "weight_decay": recipe.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    first = AdamW(
        [group for group in groups if group["params"]], lr=recipe.learning_rate, betas=recipe.betas,
        eps=recipe.epsilon, fused=_fusable(model),
    )  # fmt: skip
    if not (muon and inside):
        return [first]
    second = Muon(inside, lr=recipe.matrix_rate, weight_decay=recipe.weight_decay, momentum=0.95)
    return [first, second]


def set_rate(found: list[Optimizer], recipe: Recipe, step: int) -> float:
    """Give the optimisers the learning rates of this step. Returns that of AdamW."""
    share = recipe.rate_at(step)
    for optimiser in found:
        peak = recipe.matrix_rate if isinstance(optimiser, Muon) else recipe.learning_rate
        for group in optimiser.param_groups:
            group["lr"] = peak * share
    return recipe.learning_rate * share


def _sorted(
    model: nn.Module,
) -> tuple[list[nn.Parameter], list[nn.Parameter], list[nn.Parameter]]:
    """Matrices inside the layers, other matrices (embeddings, heads), and all that has one axis."""
    inside: list[nn.Parameter] = []
    tables: list[nn.Parameter] = []
    vectors: list[nn.Parameter] = []
    for name, parameter in _trained(model):
        if parameter.ndim < 2:
            vectors.append(parameter)
        elif ".blocks." in name and parameter.ndim == 2:
            inside.append(parameter)
        else:
            tables.append(parameter)
    return inside, tables, vectors


def _trained(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    return ((name, p) for name, p in model.named_parameters() if p.requires_grad)


def _fusable(model: nn.Module) -> bool:
    """One kernel for all of a group: on GPUs, and on CPUs for plain tensors."""
    return all(type(p.data) is torch.Tensor for _, p in _trained(model))
