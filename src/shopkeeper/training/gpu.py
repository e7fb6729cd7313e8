"""What a GPU does faster by kernels of our own: cross-entropy with its gradient, GELU with its bias and both gradients.

Compilers join the steps of a softmax into two or three walks, each of which fetches all logits from memory. Here one
program has one token: its row of logits is fetched once, is still in the cache when it is read again, and is
overwritten by the gradient. Source: the fused cross-entropy of Liger (Hsu et al. 2024).

They also walk twice over the gradient of a GELU, once to make it and once to sum it for the bias, and make the GELU
itself again for the layer below; these rows are four times as wide as the model, and memory is what they wait for.
"""

import importlib.util
import math
from typing import Any

import torch
from torch import Tensor

_LINEAR = 2 * math.sqrt(2 / math.pi)
_CUBIC = _LINEAR * 0.044715

if importlib.util.find_spec("triton"):
    import triton
    import triton.language as tl

    @triton.jit  # type: ignore[untyped-decorator]  # nor does it read names of types
    def _cross_entropy(logits, goals, nats, V, width, BLOCK: tl.constexpr):  # type: ignore[no-untyped-def]
        row = tl.program_id(0).to(tl.int64)
        start = logits + row * width
        goal = tl.load(goals + row)
        wanted = tl.load(start + goal).to(tl.float32)  # before anything is overwritten
        top = -float("inf")
        total = 0.0
        for first in range(0, V, BLOCK):
            place = first + tl.arange(0, BLOCK)
            x = tl.load(start + place, mask=place < V, other=-float("inf")).to(tl.float32)
            higher = tl.maximum(top, tl.max(x, 0))
            total = total * tl.exp(top - higher) + tl.sum(tl.exp(x - higher), 0)
            top = higher
        whole = top + tl.log(total)
        tl.store(nats + row, whole - wanted)
        for first in range(0, width, BLOCK):
            place = first + tl.arange(0, BLOCK)
            x = tl.load(start + place, mask=place < V, other=-float("inf")).to(tl.float32)
            change = tl.exp(x - whole) - tl.where(place == goal, 1.0, 0.0)
            tl.store(start + place, change.to(logits.dtype.element_ty), mask=place < width)

    @triton.jit  # type: ignore[untyped-decorator]
    def _gelu(x, bias, out, N, width, LINEAR: tl.constexpr, CUBIC: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr):  # type: ignore[no-untyped-def]  # fmt: skip
        column = tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)[None, :]
        row = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)[:, None]
        inside = (column < width) & (row < N)
        b = tl.load(bias + column, mask=column < width, other=0.0).to(tl.float32)
        h = tl.load(x + row * width + column, mask=inside, other=0.0).to(tl.float32) + b
        value = h * tl.sigmoid(h * (LINEAR + CUBIC * h * h))
        tl.store(out + row * width + column, value.to(out.dtype.element_ty), mask=inside)

    @triton.jit  # type: ignore[untyped-decorator]
    def _gelu_backward(x, bias, above, below, sums, N, width, LINEAR: tl.constexpr, CUBIC: tl.constexpr, TILES: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr):  # type: ignore[no-untyped-def]  # fmt: skip
        column = tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)[None, :]
        b = tl.load(bias + column, mask=column < width, other=0.0).to(tl.float32)
        total = tl.zeros((ROWS, COLUMNS), dtype=tl.float32)
        for tile in range(TILES):
            row = (tl.program_id(0).to(tl.int64) * TILES + tile) * ROWS + tl.arange(0, ROWS)[
                :, None
            ]
            inside = (column < width) & (row < N)
            place = row * width + column
            h = tl.load(x + place, mask=inside, other=0.0).to(tl.float32) + b
            a = tl.load(above + place, mask=inside, other=0.0).to(tl.float32)
            square = h * h
            gate = tl.sigmoid(h * (LINEAR + CUBIC * square))
            change = a * gate * (1.0 + h * (1.0 - gate) * (LINEAR + 3.0 * CUBIC * square))
            total += change
            tl.store(below + place, change.to(below.dtype.element_ty), mask=inside)
        tl.store(sums + tl.program_id(0) * width + column, tl.sum(total, 0)[None, :], mask=column < width)  # fmt: skip

    HERE = True
else:
    HERE = False

# Of logits that a program has in hand at once; the quickest of those tried on an H200.
BLOCK, WARPS = 2048, 4
# Of a GELU: rows and columns that are in hand at once, and how often on the way back, where columns are summed.
ROWS, COLUMNS, TILES = 8, 256, 32


def worthwhile(x: Tensor) -> bool:
    """Whether the kernels of this module are for this tensor: trained, on a GPU."""
    return HERE and x.is_cuda and torch.is_grad_enabled()


def cross_entropy_(logits: Tensor, goals: Tensor, vocabulary: int) -> tuple[Tensor, Tensor]:
    """Cross-entropy of the goals (C, 1), and its gradient, softmax − one-hot, in the memory of the logits.

    logits: (C, padded V) without gaps, of any floating type; what is beyond the vocabulary gets no probability.
    """
    nats = torch.empty(len(logits), 1, dtype=torch.float32, device=logits.device)
    _cross_entropy[(len(logits),)](
        logits, goals, nats, vocabulary, logits.shape[1], BLOCK=BLOCK, num_warps=WARPS
    )
    return nats, logits


@torch.library.custom_op("shopkeeper::biased_gelu", mutates_args=())
def biased_gelu(x: Tensor, bias: Tensor) -> Tensor:
    """GELU of x + bias by the approximation of GPT-2: (…, F) of x (…, F) and bias (F,), with both gradients."""
    x = x.contiguous()
    out = torch.empty_like(x)
    N, width = x.numel() // x.shape[-1], x.shape[-1]
    grid = (_parts(N, ROWS), _parts(width, COLUMNS))
    _gelu[grid](x, bias, out, N, width, LINEAR=_LINEAR, CUBIC=_CUBIC, ROWS=ROWS, COLUMNS=COLUMNS)
    return out


@torch.library.custom_op("shopkeeper::biased_gelu_backward", mutates_args=())
def _biased_gelu_backward(x: Tensor, bias: Tensor, above: Tensor) -> tuple[Tensor, Tensor]:
    x, above = x.contiguous(), above.contiguous()
    N, width = x.numel() // x.shape[-1], x.shape[-1]
    below, groups = torch.empty_like(x), _parts(N, ROWS * TILES)
    sums = torch.empty(groups, width, dtype=torch.float32, device=x.device)
    _gelu_backward[(groups, _parts(width, COLUMNS))](
        x, bias, above, below, sums, N, width,
        LINEAR=_LINEAR, CUBIC=_CUBIC, TILES=TILES, ROWS=ROWS, COLUMNS=COLUMNS,
    )  # fmt: skip
    return below, sums.sum(0).to(bias.dtype)


@biased_gelu.register_fake
def _(x: Tensor, bias: Tensor) -> Tensor:
    return torch.empty_like(x, memory_format=torch.contiguous_format)


@_biased_gelu_backward.register_fake
def _(x: Tensor, bias: Tensor, above: Tensor) -> tuple[Tensor, Tensor]:
    return torch.empty_like(x, memory_format=torch.contiguous_format), torch.empty_like(bias)


def _keep(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
    ctx.save_for_backward(*inputs)


def _backward(ctx: Any, above: Tensor) -> tuple[Tensor, Tensor]:
    below, d_bias = _biased_gelu_backward(*ctx.saved_tensors, above)
    return below, d_bias


biased_gelu.register_autograd(_backward, setup_context=_keep)


def _parts(whole: int, size: int) -> int:
    return -(-whole // size)
