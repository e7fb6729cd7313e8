"""Fast paths: a loss that never holds all logits, and documents packed into one row without seeing each other.

Axes: B batch, T tokens, N = B·T, D width, V vocabulary, C tokens of a chunk.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

IGNORED = -100  # target of a token that is not scored


class _ChunkedCrossEntropy(torch.autograd.Function):
    """Loss and both gradients in one walk over the tokens, C at a time: (C, V) logits are the most that is held.

    The gradient of the mean cross-entropy with respect to logits is (softmax − one-hot) / scored tokens, so it can be
    multiplied on into hidden states and weights at once, and the logits be forgotten.
    """

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor, vocabulary: int, chunk: int
    ) -> Tensor:  # fmt: skip
        used = weight[:vocabulary]
        scored = (targets != IGNORED).sum().clamp(min=1)
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        d_hidden = torch.empty_like(hidden)
        d_weight = torch.zeros(used.shape, dtype=torch.float32, device=weight.device)
        d_bias = None if bias is None else torch.zeros(vocabulary, device=weight.device)
        for start in range(0, len(hidden), chunk):
            rows, goals = hidden[start : start + chunk], targets[start : start + chunk]
            logits = F.linear(rows, used, None if bias is None else bias[:vocabulary]).float()
            log_likelihood = logits.log_softmax(-1)  # (C, V)
            total += F.nll_loss(log_likelihood, goals, ignore_index=IGNORED, reduction="sum")
            gradient = log_likelihood.exp_()
            counts = goals != IGNORED
            gradient[counts, goals[counts]] -= 1
            gradient *= counts[:, None] / scored
            narrow = gradient.to(rows.dtype)
            d_hidden[start : start + chunk] = narrow @ used
            d_weight += narrow.t() @ rows
            if d_bias is not None:
                d_bias += gradient.sum(0)
        ctx.save_for_backward(d_hidden, d_weight, *([] if d_bias is None else [d_bias]))
        ctx.padding, ctx.dtype = weight.shape[0] - vocabulary, weight.dtype
        return total / scored

    @staticmethod
    def backward(ctx: Any, *above: Tensor) -> tuple[Tensor | None, ...]:
        d_hidden, d_weight, *d_bias = ctx.saved_tensors
        factor = above[0]
        rows = F.pad(d_weight * factor, (0, 0, 0, ctx.padding)).to(ctx.dtype)
        more = F.pad(d_bias[0] * factor, (0, ctx.padding)).to(ctx.dtype) if d_bias else None
        return d_hidden * factor.to(d_hidden.dtype), rows, more, None, None, None


def chunked_cross_entropy(
    hidden: Tensor, weight: Tensor, targets: Tensor, *, bias: Tensor | None = None, vocabulary: int, chunk: int = 4096
) -> Tensor:  # fmt: skip
    """Mean cross-entropy of `softmax(hidden·weightᵀ + bias)` over the targets that are not IGNORED; 0 if all are.

    hidden: (N, D), weight: (padded V, D), targets: (N,) ids below `vocabulary`. Equal to `torch`'s own over all
    logits, in memory of (chunk, V) and not (N, V) in float32. Source: the fused kernels of Liger (Hsu et al. 2024) do
    the same in Triton.
    """
    args = (hidden, weight, bias, targets, vocabulary, chunk)
    return _ChunkedCrossEntropy.apply(*args)  # type: ignore[no-untyped-call,no-any-return]


def document_sight(documents: Tensor) -> Tensor:
    """(B, 1, T, T), True where two tokens of a packed row are of the same document. documents: (B, T) numbers."""
    return (documents[:, None, :, None] == documents[:, None, None, :]).contiguous()


def document_positions(documents: Tensor) -> Tensor:
    """Positions that begin anew with each document of a row: (B, T) of (B, T)."""
    T = documents.shape[1]
    index = torch.arange(T, device=documents.device).expand_as(documents)
    begins = F.pad(documents[:, 1:] != documents[:, :-1], (1, 0), value=True)
    return index - torch.where(begins, index, 0).cummax(dim=1).values


def unigram_entropy(counts: Tensor) -> float:
    """Nats a token of a model that knows only how often each token is: what any training has to beat by far."""
    shares = counts[counts > 0].double() / counts.sum()
    return float(-(shares * shares.log()).sum())


__all__ = [
    "IGNORED",
    "chunked_cross_entropy",
    "document_positions",
    "document_sight",
    "unigram_entropy",
]
