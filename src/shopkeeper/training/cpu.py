"""What a CPU does faster than by torch's own kernels, with the same numbers: causal attention, GELU, memory kept.

A CPU multiplies matrices near its peak whoever asks for it; what is left to save lies between the products. GPUs, and
whatever is not trained in float32, take torch's ways.

Axes: B batch, H heads, N = B·H, T tokens, K width of a head.
"""

import ctypes
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

BLOCK = 64  # queries that are worked on at once: their weights stay in the cache
MOST_WEIGHTS = 1 << 26  # attention weights of one layer that are kept for the way back: 256 MB


def worthwhile(x: Tensor) -> bool:
    """Whether the ways of this module are for this tensor: trained in float32, on a CPU, and not compiled."""
    return (
        x.device.type == "cpu" and x.dtype == torch.float32 and torch.is_grad_enabled()
        and not torch.compiler.is_compiling() and not torch.is_autocast_enabled("cpu")
    )  # fmt: skip


def attends_fast(q: Tensor, k: Tensor) -> bool:
    """Whether `causal_attention` is for these: (B, H, T, K), as many heads of keys as of queries, not too long."""
    B, H, T, _ = q.shape
    return worthwhile(q) and q.shape == k.shape and B * H * T * (T + BLOCK) // 2 <= MOST_WEIGHTS


class _CausalAttention(torch.autograd.Function):
    """Attention in blocks of queries, each over the keys up to its end alone: half of the products are never made.

    The weights are kept, where flash attention makes them again on the way back: exponentials are dear on a CPU.
    """

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, scale: float) -> Tensor:
        T = q.shape[1]
        q = q * scale
        seen, kept = torch.empty_like(v), []
        future = torch.ones(BLOCK, BLOCK, dtype=torch.bool).triu(1)
        for start in range(0, T, BLOCK):
            end = min(start + BLOCK, T)
            scores = torch.bmm(q[:, start:end], k[:, :end].transpose(1, 2))  # (N, block, end)
            here = future[: end - start, : end - start]
            scores[:, :, start:].masked_fill_(here, -math.inf)
            weights = scores.softmax(-1)
            torch.bmm(weights, v[:, :end], out=seen[:, start:end])
            kept.append(weights)
        ctx.save_for_backward(q, k, v, seen, *kept)
        ctx.scale = scale
        return seen

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, above: Tensor) -> tuple[Tensor | None, ...]:
        q, k, v, seen, *kept = ctx.saved_tensors
        d_q, d_k, d_v = torch.empty_like(q), torch.zeros_like(k), torch.zeros_like(v)
        drift = (above * seen).sum(
            -1, keepdim=True
        )  # (N, T, 1): Σ of each row's d_weights ∗ weights
        for start, weights in zip(range(0, q.shape[1], BLOCK), kept, strict=True):
            end = start + weights.shape[1]
            d_v[:, :end] += torch.bmm(weights.transpose(1, 2), above[:, start:end])
            d_scores = torch.bmm(above[:, start:end], v[:, :end].transpose(1, 2))
            d_scores.sub_(drift[:, start:end]).mul_(weights)  # the derivative of softmax
            torch.bmm(d_scores, k[:, :end], out=d_q[:, start:end])
            d_k[:, :end] += torch.bmm(d_scores.transpose(1, 2), q[:, start:end])
        return d_q.mul_(ctx.scale), d_k, d_v, None


def causal_attention(q: Tensor, k: Tensor, v: Tensor, *, scale: float) -> Tensor:
    """softmax(q·kᵀ·scale)·v where no token looks ahead: (B, H, T, K) of three of that shape."""
    flat = (x.flatten(0, 1).contiguous() for x in (q, k, v))
    seen: Tensor = _CausalAttention.apply(*flat, scale)  # type: ignore[no-untyped-call]
    return seen.view(q.shape)


_LINEAR = 2 * math.sqrt(2 / math.pi)
_CUBIC = _LINEAR * 0.044715


class _GeluTanh(torch.autograd.Function):
    """x·σ(2u) is x·(1 + tanh u)/2, and σ is three times as fast. The slope is made with the value, from the same σ."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        square = x * x
        gate = (square * _CUBIC).add_(_LINEAR).mul_(x).sigmoid_()
        value = x * gate
        inner = square.mul_(3 * _CUBIC).add_(_LINEAR)  # d(2u)/dx
        slope = inner.mul_(torch.addcmul(value, value, gate, value=-1)).add_(gate)
        ctx.save_for_backward(slope)
        return value

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, above: Tensor) -> Tensor:
        (slope,) = ctx.saved_tensors
        changed: Tensor = above * slope
        return changed


def gelu_tanh(x: Tensor) -> Tensor:
    """x·(1 + tanh u)/2 with u = √(2/π)·(x + 0.044715·x³): the GELU of GPT-2 and T5, elementwise."""
    value: Tensor = _GeluTanh.apply(x)  # type: ignore[no-untyped-call]
    return value


_TRIM, _TOP_PAD, _MMAP_FROM, _MMAP_MOST = -1, -2, -3, -4  # of mallopt(3), from <malloc.h>
_KEEP = {_MMAP_MOST: 0, _TRIM: -1, _TOP_PAD: 64 << 20}
# Where glibc itself ends up once large blocks have come and gone; it stops moving them when it was told anything.
_AFTER = {_MMAP_MOST: 65_536, _TRIM: 64 << 20, _TOP_PAD: 128 << 10, _MMAP_FROM: 32 << 20}


@contextmanager
def memory_kept() -> Iterator[None]:
    """Inside, memory that was let go of stays with the process, to be used again by the next step.

    Else each step gets its activations from the kernel anew, page by page, each page filled with zeros: a tenth of the
    time. Does nothing where the C library is not glibc.
    """
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    if library is None or not hasattr(library, "gnu_get_libc_version"):
        yield
        return
    for name, value in _KEEP.items():
        library.mallopt(name, value)
    try:
        yield
    finally:
        for name, value in _AFTER.items():
            library.mallopt(name, value)
        library.malloc_trim(0)
