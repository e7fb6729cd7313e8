"""What a GPU does faster by a kernel of our own: cross-entropy and its gradient in one walk over the logits.

Compilers join the steps of a softmax into two or three walks, each of which fetches all logits from memory. Here one
program has one token: its row of logits is fetched once, is still in the cache when it is read again, and is
overwritten by the gradient. Source: the fused cross-entropy of Liger (Hsu et al. 2024).
"""

import importlib.util

import torch
from torch import Tensor

if importlib.util.find_spec("triton"):
    import triton
    import triton.language as tl

    @triton.jit  # type: ignore[untyped-decorator]  # nor does it read names of types
    def _cross_entropy(logits, goals, each, nats, V, width, BLOCK: tl.constexpr):  # type: ignore[no-untyped-def]
        row = tl.program_id(0).to(tl.int64)
        start = logits + row * width
        goal = tl.load(goals + row)
        wanted = tl.load(start + goal).to(tl.float32)  # before anything is overwritten
        share = tl.load(each + row)
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
            change = (tl.exp(x - whole) - tl.where(place == goal, 1.0, 0.0)) * share
            tl.store(start + place, change.to(logits.dtype.element_ty), mask=place < width)

    HERE = True
else:
    HERE = False

# Of logits that a program has in hand at once; the quickest of those tried on an H200.
BLOCK, WARPS = 2048, 4


def cross_entropy_(
    logits: Tensor, goals: Tensor, each: Tensor, vocabulary: int
) -> tuple[Tensor, Tensor]:
    """Cross-entropy (C, 1) of the goals (C, 1), and its gradient times `each` (C, 1) in the memory of the logits.

    logits: (C, padded V) without gaps, of any floating type; what is beyond the vocabulary gets no probability.
    """
    nats = torch.empty(len(logits), 1, dtype=torch.float32, device=logits.device)
    _cross_entropy[(len(logits),)](
        logits, goals, each, nats, vocabulary, logits.shape[1], BLOCK=BLOCK, num_warps=WARPS
    )
    return nats, logits
