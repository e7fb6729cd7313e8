"""What is faster on a CPU gives what torch gives."""

import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from shopkeeper.training import cpu


def same(ours: Tensor, theirs: Tensor, *inputs: Tensor) -> bool:
    """Values and the gradients of each of the inputs."""
    above = torch.randn(ours.shape, generator=torch.Generator().manual_seed(1)).to(ours.dtype)
    found = torch.autograd.grad(ours, inputs, above)
    wanted = torch.autograd.grad(theirs, inputs, above)
    pairs = zip((ours, *found), (theirs, *wanted), strict=True)
    return all(torch.allclose(a, b, atol=2e-5, rtol=1e-4) for a, b in pairs)


@given(st.integers(1, 3), st.integers(1, 150), st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_causal_attention_is_that_of_torch(heads: int, tokens: int, seed: int) -> None:
    random = torch.Generator().manual_seed(seed)
    q, k, v = (
        torch.randn(2, heads, tokens, 8, generator=random).requires_grad_() for _ in range(3)
    )
    ours = cpu.causal_attention(q, k, v, scale=0.3)
    theirs = F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=0.3)
    assert same(ours, theirs, q, k, v)


@pytest.mark.parametrize("biased", [True, False])
def test_feed_forward_is_that_of_torch_far_out_too(*, biased: bool) -> None:
    """More rows than are worked on at once, and numbers at which a careless GELU overflows."""
    random = torch.Generator().manual_seed(0)
    x, up, down = (
        torch.randn(size, generator=random, dtype=torch.float64) * scale
        for size, scale in (((3, 7000 // 3, 8), 10.0), ((1024, 8), 1.0), ((8, 1024), 0.1))
    )
    biases = [torch.randn(n, generator=random).double() if biased else None for n in (1024, 8)]
    leaves = [t.requires_grad_() for t in (x, up, down, *biases) if t is not None]
    ours = cpu.feed_forward(x, up, biases[0], down, biases[1])
    inner = F.gelu(F.linear(x, up, biases[0]), approximate="tanh")
    theirs = F.linear(inner, down, biases[1])
    assert same(ours, theirs, *leaves)


def test_long_rows_and_shared_keys_go_torchs_way() -> None:
    short = torch.zeros(2, 4, 256, 8)
    assert cpu.attends_fast(short, short)
    assert not cpu.attends_fast(short, short[:, :2])
    long = torch.zeros(1, 1, 1, 1).expand(4, 12, 2048, 64)
    assert not cpu.attends_fast(long, long)
    with torch.no_grad():
        assert not cpu.attends_fast(short, short)


# In a program of its own: where blocks come from hangs on all that the allocator had given out before.
FAULTS = """
import ctypes, resource
import torch
from shopkeeper.training.cpu import memory_kept

ctypes.CDLL(None).prctl(41, 1, 0, 0, 0)  # no huge pages: one fault would bring 512 pages

def step():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    activations = [torch.ones(1 << 20) for layer in range(20)]  # 80 MB, 20,480 pages
    del activations
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

with memory_kept():
    first, *_, last = [step() for _ in range(5)]
print(first, last, step())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the allocator that is told is glibc's")
def test_memory_that_is_kept_is_not_asked_for_again() -> None:
    done = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    first, kept, afterwards = map(int, done.stdout.split())
    assert kept < 5000 < 15_000 < min(first, afterwards)
