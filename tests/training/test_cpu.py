"""What is faster on a CPU gives what torch gives."""

import resource
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
    above = torch.randn(ours.shape, generator=torch.Generator().manual_seed(1))
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


def test_gelu_is_that_of_torch_far_out_too() -> None:
    x = torch.linspace(-40, 40, 4001).requires_grad_()
    assert same(cpu.gelu_tanh(x), F.gelu(x, approximate="tanh"), x)


def test_long_rows_and_shared_keys_go_torchs_way() -> None:
    short = torch.zeros(2, 4, 256, 8)
    assert cpu.attends_fast(short, short)
    assert not cpu.attends_fast(short, short[:, :2])
    long = torch.zeros(1, 1, 1, 1).expand(4, 12, 2048, 64)
    assert not cpu.attends_fast(long, long)
    with torch.no_grad():
        assert not cpu.attends_fast(short, short)


@pytest.mark.skipif(sys.platform != "linux", reason="the allocator that is told is glibc's")
def test_memory_that_is_kept_is_not_asked_for_again() -> None:
    def faults() -> int:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        torch.ones(20 << 20)  # 80 MB, 20,480 pages
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

    with cpu.memory_kept():
        faults()
        assert faults() < 2000
    assert faults() > 10_000
