"""Fast paths: a loss that never holds all logits, and documents packed into one row without seeing each other.

Axes: B batch, T tokens, N = B·T, D width, V vocabulary, C tokens of a chunk.
"""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from shopkeeper.training import gpu

IGNORED = -100  # target of a token that is not scored
LOGITS_ON_CPU = 1 << 23  # of a chunk: 32 MB in float32; products of less are slower
LOGITS_ON_GPU = 1 << 31  # of a chunk: 4 GB in bfloat16


class _ChunkedCrossEntropy(torch.autograd.Function):
    """Loss and both gradients in one walk over the tokens, C at a time: (C, V) logits are the most that is held.

    The gradient of a token's cross-entropy with respect to its logits is softmax − one-hot, so it can be multiplied on
    into hidden states and weights at once, and the logits be forgotten.
    """

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor, vocabulary: int, chunk: int
    ) -> Tensor:  # fmt: skip
        narrow = _matrix_type(hidden)
        states, table = hidden.to(narrow), weight.to(narrow)
        counts = (targets != IGNORED).float()[:, None]  # (N, 1)
        goals = targets.clamp(min=0)[:, None]  # (N, 1)
        scored = counts.sum().clamp(min=1)
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        d_hidden = torch.empty_like(hidden)
        # A frozen head, as under adapters, has no gradient to pay for.
        learnt = ctx.needs_input_grad[1]
        size = weight.shape if learnt else (0,)
        d_weight = torch.zeros(size, dtype=torch.float32, device=weight.device)
        d_bias = None if bias is None else torch.zeros(len(bias), device=weight.device)
        for start in range(0, len(hidden), chunk):
            part = slice(start, start + chunk)
            logits = F.linear(states[part], table)  # (C, padded V)
            if bias is not None:
                logits = logits.float() + bias.float()
            walk = gpu.cross_entropy_ if hidden.is_cuda and gpu.HERE else _in_place
            nats, gradient = walk(logits, goals[part], vocabulary)
            each = counts[part] / scored  # by which the narrow side of each product is multiplied
            total += (nats * counts[part]).sum()
            if d_bias is not None:
                d_bias += (gradient.t() @ each.to(gradient.dtype)).squeeze(1)
            small = gradient.to(narrow)
            d_hidden[part] = (small @ table) * each
            if learnt:
                share = (states[part] * each).to(narrow)
                if narrow == d_weight.dtype:
                    d_weight.addmm_(small.t(), share)
                else:
                    d_weight += small.t() @ share
        ctx.save_for_backward(d_hidden, d_weight, *([] if d_bias is None else [d_bias]))
        ctx.dtype = weight.dtype
        return total / scored

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, above: Tensor) -> tuple[Tensor | None, ...]:
        d_hidden, d_weight, *d_bias = ctx.saved_tensors
        more = (d_bias[0] * above).to(ctx.dtype) if d_bias else None
        rows = (d_weight * above).to(ctx.dtype) if ctx.needs_input_grad[1] else None
        return d_hidden * above.to(d_hidden.dtype), rows, more, None, None, None


def _in_place(logits: Tensor, goals: Tensor, vocabulary: int) -> tuple[Tensor, Tensor]:
    """Cross-entropy of the goals (C, 1), and its gradient, softmax − one-hot, in the memory of the logits."""
    logits = logits.float()
    logits[:, vocabulary:] = -math.inf  # the padding, which stays for the products' sake
    top, wanted = logits.amax(-1, keepdim=True), logits.gather(1, goals)
    torch.softmax(logits, -1, out=logits)  # row by row: what is written was read
    nats = top - logits.amax(-1, keepdim=True).log() - wanted  # the largest is e^top / Σ
    return nats, logits.scatter_add_(1, goals, logits.new_full((), -1).expand_as(goals))


def _matrix_type(x: Tensor) -> torch.dtype:
    """The type in which matrices are multiplied: that of autocast, where there is one."""
    kind = x.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else x.dtype


def chunked_cross_entropy(
    hidden: Tensor, weight: Tensor, targets: Tensor, *, bias: Tensor | None = None, vocabulary: int, chunk: int = 0
) -> Tensor:  # fmt: skip
    """Mean cross-entropy of `softmax(hidden·weightᵀ + bias)` over the targets that are not IGNORED; 0 if all are.

    hidden: (N, D), weight: (padded V, D), targets: (N,) ids below `vocabulary`. Equal to `torch`'s own over all
    logits, in memory of (chunk, V) and not (N, V) in float32; chunk: 0 for what suits the device. Source: the fused
    kernels of Liger (Hsu et al. 2024) do the same in Triton.
    """
    logits = LOGITS_ON_CPU if hidden.device.type == "cpu" else LOGITS_ON_GPU
    args = (hidden, weight, bias, targets, vocabulary, chunk or max(1, logits // len(weight)))
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
