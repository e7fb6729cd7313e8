"""What it means that two texts are alike, as losses: vectors of the same are drawn together, of others pushed apart.

All by cosines divided by a temperature. Axes: A anchors, C candidates, B texts, L labels, D width.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def multiple_negatives(
    anchors: Tensor, candidates: Tensor, groups: Tensor, *, temperature: float = 0.05
) -> Tensor:
    """Mean −log of the share that each anchor's own candidate has of exp(cosine / temperature) over all of the batch.

    anchors: (A, D). candidates: (C, D); the first A are the anchors' own, what follows are hard negatives of any.
    groups: (A,) numbers; candidates of anchors with the same number are the same, and do not count against each other.
    Source: Henderson et al. 2017, section 4.4; van den Oord et al. 2018 (InfoNCE).
    """
    A = len(anchors)
    scores = F.normalize(anchors, dim=-1) @ F.normalize(candidates, dim=-1).T / temperature
    same = groups[:, None] == groups[None, :]
    same.fill_diagonal_(False)
    hidden = F.pad(same, (0, len(candidates) - A))  # (A, C)
    targets = torch.arange(A, device=anchors.device)
    return F.cross_entropy(scores.masked_fill(hidden, -torch.inf), targets)


def supervised_contrastive(vectors: Tensor, labels: Tensor, *, temperature: float = 0.1) -> Tensor:
    """Mean over texts of the mean −log share of each other text with its label among all other texts of the batch.

    vectors: (B, D), labels: (B,). Texts whose label stands alone are left out; 0 if all do.
    Source: Khosla et al. 2020, equation (2).
    """
    unit = F.normalize(vectors, dim=-1)
    itself = torch.eye(len(unit), dtype=torch.bool, device=unit.device)
    shares = (unit @ unit.T / temperature).masked_fill(itself, -torch.inf).log_softmax(1)
    alike = (labels[:, None] == labels[None, :]) & ~itself
    count = alike.sum(1)
    told = count > 0
    if not bool(told.any()):
        return vectors.sum() * 0
    sums = shares.masked_fill(~alike, 0).sum(1)
    return -(sums[told] / count[told]).mean()


def to_prototypes(
    vectors: Tensor, prototypes: Tensor, labels: Tensor, *, temperature: float = 0.05
) -> Tensor:
    """Mean −log share of the own label's prototype among those of all labels.

    vectors: (B, D), prototypes: (L, D), labels: (B,). Every text is held against every label in every step, which with
    few texts of many labels says more than pairs of a batch. Source: Movshovitz-Attias et al. 2017, Zhai and Wu 2019.
    """
    scores = F.normalize(vectors, dim=-1) @ F.normalize(prototypes, dim=-1).T / temperature
    return F.cross_entropy(scores, labels)
