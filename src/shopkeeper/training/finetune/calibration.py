"""Probabilities that mean what they say: scores divided by a temperature that unseen rows have chosen.

Of several models at once the same is a log-linear pool, each model with a weight of its own, 0 where it does not help.
Axes: S models, N rows, L labels.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

_PULL = 0.01  # towards weights that add up to 1, so that rows which are all told apart choose no infinite weight
_LARGEST = 50.0


def fit_weights(logits: Tensor, targets: Tensor) -> Tensor:
    """Weights (S,), at least 0, that make softmax(sum of weight · logits) likeliest for rows that were not trained on.

    logits: (S, N, L); targets: (N,) labels, or (N, L) of 0 and 1 where a row may have several (sigmoid then). For one
    model the weight is 1 / temperature. The problem is convex. Source: Guo et al. 2017 (temperature); Hinton 2002.
    """
    found = logits.detach().double()
    S, N = len(found), max(found.shape[1], 1)
    weights = torch.full((S,), 1.0 / S, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS(
        [weights], lr=1.0, max_iter=200, tolerance_change=1e-10, line_search_fn="strong_wolfe"
    )
    kept = torch.ones(S, dtype=torch.bool)

    def loss() -> Tensor:
        optimiser.zero_grad()
        used = torch.where(kept, weights, 0.0)
        value = cross_entropy(torch.einsum("s,snl->nl", used, found), targets)
        value = value + _PULL / N * (used.sum() - 1).square()
        value.backward()
        return value

    for _ in range(S):  # a weight below 0 is one too many: leave the worst out and ask again
        optimiser.step(loss)
        worst = int(torch.where(kept, weights, torch.inf).argmin())
        if weights[worst] >= 0:
            break
        kept[worst] = False
    return torch.where(kept, weights, 0.0).detach().clamp(0, _LARGEST).float()


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean nats a row: of one label (N,), or of each label for itself (N, L), added up."""
    if targets.ndim == 1:
        return F.cross_entropy(logits, targets)
    each = F.binary_cross_entropy_with_logits(logits, targets.to(logits), reduction="none")
    return each.sum(1).mean()


def calibration_error(probabilities: Tensor, right: Tensor, *, bins: int = 10) -> float:
    """Mean distance between how sure and how often right, over bins of like sureness (ECE, Naeini et al. 2015).

    probabilities: (N,) of what was chosen; right: (N,) whether it was. 0 if there are no rows.
    """
    places = (probabilities * bins).long().clamp(0, bins - 1)
    total = torch.zeros(bins, dtype=torch.float64)
    gaps = total.index_add(0, places, (probabilities - right.to(probabilities)).double())
    return float(gaps.abs().sum() / max(len(probabilities), 1))
