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
        unseen = torch.full((BLOCK, BLOCK), -math.inf).triu(1)
        for start in range(0, T, BLOCK):
            end = min(start + BLOCK, T)
            scores = torch.bmm(q[:, start:end], k[:, :end].transpose(1, 2))  # (N, block, end)
            scores[:, :, start:] += unseen[: end - start, : end - start]
            weights = scores.softmax(-1)
            torch.bmm(weights, v[:, :end], out=seen[:, start:end])
            kept.append(weights)
        ctx.save_for_backward(q, k, v, *kept)
        ctx.scale = scale
        return seen

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, above: Tensor) -> tuple[Tensor | None, ...]:
        q, k, v, *kept = ctx.saved_tensors
        d_q, d_k, d_v = torch.empty_like(q), None, None
        # From the last block, which looks at all keys. What each adds is made by itself: sums into a part of the keys
        # would be made head by head.
        for number in reversed(range(len(kept))):
            start, weights = number * BLOCK, kept[number]
            end = start + weights.shape[1]
            d_v = _added(d_v, torch.bmm(weights.transpose(1, 2), above[:, start:end]))
            d_weights = torch.bmm(above[:, start:end], v[:, :end].transpose(1, 2))
            d_scores = torch._softmax_backward_data(d_weights, weights, -1, weights.dtype)
            torch.bmm(d_scores, k[:, :end], out=d_q[:, start:end])
            d_k = _added(d_k, torch.bmm(d_scores.transpose(1, 2), q[:, start:end]))
        return d_q.mul_(ctx.scale), d_k, d_v, None


def _added(whole: Tensor | None, part: Tensor) -> Tensor:
    """What is of all keys, which comes first, and on it what is of the first of them."""
    if whole is None:
        return part
    whole[:, : part.shape[1]] += part
    return whole


def causal_attention(q: Tensor, k: Tensor, v: Tensor, *, scale: float) -> Tensor:
    """softmax(q·kᵀ·scale)·v where no token looks ahead: (B, H, T, K) of three of that shape."""
    flat = (x.flatten(0, 1).contiguous() for x in (q, k, v))
    seen: Tensor = _CausalAttention.apply(*flat, scale)  # type: ignore[no-untyped-call]
    return seen.view(q.shape)


_LINEAR = 2 * math.sqrt(2 / math.pi)
_CUBIC = _LINEAR * 0.044715


def _gelu_tanh_(x: Tensor, value: Tensor, slope: Tensor, gate: Tensor) -> None:
    """Writes x·(1 + tanh u)/2 into value and its derivative into slope; x and gate are used up.

    (1 + tanh u)/2 is σ(2u), which is three times as fast, and the slope is made from the same σ.
    """
    torch.mul(x, x, out=slope)
    torch.mul(slope, _CUBIC, out=gate).add_(_LINEAR).mul_(x).sigmoid_()
    torch.mul(x, gate, out=value)
    slope.mul_(3 * _CUBIC).add_(_LINEAR)  # d(2u)/dx
    torch.addcmul(value, value, gate, value=-1, out=x)
    torch.addcmul(gate, slope, x, out=slope)


class _FeedForward(torch.autograd.Function):
    """Up, GELU and down, some rows at a time, so that what is between the products never leaves the cache.

    Memory is what a CPU waits for here: whole, the rows between are read and written a dozen times.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, up: Tensor, up_bias: Tensor | None, down: Tensor, down_bias: Tensor | None
    ) -> Tensor:  # fmt: skip
        N, F = len(x), len(up)
        rows = _rows_at_once(F)
        value, slope = x.new_empty(N, F), x.new_empty(N, F)
        inner, gate = x.new_empty(rows, F), x.new_empty(rows, F)
        out = x.new_empty(N, len(down))
        for start in range(0, N, rows):
            part = slice(start, min(start + rows, N))
            size = part.stop - start
            _linear(x[part], up, up_bias, out=inner[:size])
            _gelu_tanh_(inner[:size], value[part], slope[part], gate[:size])
            _linear(value[part], down, down_bias, out=out[part])
        ctx.save_for_backward(x, up, down, value, slope)
        ctx.biased = up_bias is not None, down_bias is not None
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, above: Tensor) -> tuple[Tensor | None, ...]:
        x, up, down, value, slope = ctx.saved_tensors
        above = above.contiguous()
        rows = _rows_at_once(len(up))
        d_x, d_up, d_up_bias = torch.empty_like(x), torch.zeros_like(up), up.new_zeros(len(up))
        d_inner = x.new_empty(rows, len(up))
        for start in range(0, len(x), rows):
            part = slice(start, min(start + rows, len(x)))
            here = torch.mm(above[part], down, out=d_inner[: part.stop - start])
            here.mul_(slope[part])
            d_up_bias += here.sum(0)
            d_up.addmm_(here.t(), x[part])
            torch.mm(here, up, out=d_x[part])
        up_biased, down_biased = ctx.biased
        return (
            d_x, d_up, d_up_bias if up_biased else None, above.t() @ value, above.sum(0) if down_biased else None,
        )  # fmt: skip


def _rows_at_once(width: int) -> int:
    """Of that many numbers each: 4 MB in all."""
    return max(BLOCK, (1 << 20) // width)


def _linear(x: Tensor, weight: Tensor, bias: Tensor | None, *, out: Tensor) -> Tensor:
    return torch.mm(x, weight.t(), out=out) if bias is None else torch.addmm(bias, x, weight.t(), out=out)  # fmt: skip


def feed_forward(
    x: Tensor, up: Tensor, up_bias: Tensor | None, down: Tensor, down_bias: Tensor | None
) -> Tensor:
    """gelu(x·upᵀ + up_bias)·downᵀ + down_bias with the GELU of GPT-2: (…, D) of (…, D), up (F, D), down (D, F)."""
    flat = x.reshape(-1, x.shape[-1])
    out: Tensor = _FeedForward.apply(flat, up, up_bias, down, down_bias)  # type: ignore[no-untyped-call]
    return out.view(*x.shape[:-1], len(down))


_TRIM, _TOP_PAD, _MMAP_FROM, _MMAP_MOST = -1, -2, -3, -4  # of mallopt(3), from <malloc.h>
_KEEP = {_MMAP_MOST: 0, _TRIM: -1, _TOP_PAD: 64 << 20}
# Where glibc itself ends up once large blocks have come and gone; it stops moving them when it was told anything.
_AFTER = {_MMAP_MOST: 65_536, _TRIM: 64 << 20, _TOP_PAD: 128 << 10, _MMAP_FROM: 32 << 20}


@contextmanager
def memory_kept() -> Iterator[None]:
    """Inside, memory that was let go of stays with the process, to be used again by the next step.

    Else each step gets its activations from the kernel anew, page by page, each page filled with zeros: a tenth of the
    time. The second or third step is the first that gets by on what is there. Does nothing where the C library is not
    glibc; and off the main thread, where glibc's heaps are of 64 MB, larger blocks come from the kernel each time.
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
