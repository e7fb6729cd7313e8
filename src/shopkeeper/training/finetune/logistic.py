"""Logistic regression with a ridge, on dense vectors or on sparse counts: the last step where examples are few.

Axes: N rows, D features, L labels.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def fit_logistic(
    features: Tensor, targets: Tensor, labels: int, *, strength: float = 1.0, steps: int = 200
) -> tuple[Tensor, Tensor]:
    """Weights (L, D) and biases (L,) that minimise sum of cross-entropies + |weights|² / (2·strength).

    features: (N, D), dense or sparse; targets: (N,). The problem is convex; L-BFGS goes to its bottom, or `steps` near
    it. strength is the C of scikit-learn, whose solution this is.
    """
    D, N = features.shape[1], len(targets)
    weights = torch.zeros(D, labels, requires_grad=True)
    biases = torch.zeros(labels, requires_grad=True)
    optimiser = torch.optim.LBFGS(
        [weights, biases], lr=1.0, max_iter=steps, history_size=8, tolerance_change=1e-9,
        tolerance_grad=1e-6, line_search_fn="strong_wolfe",
    )  # fmt: skip

    def loss() -> Tensor:
        optimiser.zero_grad()
        value = F.cross_entropy(features @ weights + biases, targets)
        value = value + weights.square().sum() / (2 * strength * N)
        value.backward()
        return value

    optimiser.step(loss)
    return weights.detach().T.contiguous(), biases.detach()
