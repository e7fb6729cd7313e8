"""The Transformer against its formulas, written once more in NumPy."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shopkeeper.training.shape import Shape
from shopkeeper.training.transformer import (
    MultiHeadAttention,
    Sight,
    Transformer,
    attention,
    attention_weights,
    rotate,
    sinusoids,
)
from tests.training.families import SMALL

Array = NDArray[np.float64]


def by_the_formula(q: Array, k: Array, v: Array, allowed: Array, scale: float) -> Array:
    """softmax(QKᵀ·scale)V, one head at a time and one query at a time."""
    out = np.zeros((*q.shape[:3], v.shape[-1]))
    for b, h, t in np.ndindex(*q.shape[:3]):
        scores = k[b, h] @ q[b, h, t] * scale
        weights = np.where(allowed[t], np.exp(scores - scores.max()), 0)
        out[b, h, t] = weights / weights.sum() @ v[b, h]
    return out


@given(st.integers(1, 9), st.integers(1, 3), st.booleans(), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_attention_is_the_formula(T: int, groups: int, causal: bool, seed: int) -> None:
    random = np.random.default_rng(seed)
    q = random.normal(size=(2, 2 * groups, T, 4))
    k, v = random.normal(size=(2, 2, groups, T, 4))
    allowed = np.tril(np.ones((T, T))) if causal else np.ones((T, T))
    wanted = by_the_formula(q, k.repeat(2, axis=1), v.repeat(2, axis=1), allowed, 0.5)
    q_, k_, v_ = (torch.from_numpy(x) for x in (q, k, v))
    found = attention(q_, k_, v_, Sight(causal=causal), scale=0.5)
    assert np.allclose(found.numpy(), wanted, atol=1e-9)
    weights = attention_weights(q_, k_, Sight(causal=causal), scale=0.5)
    assert torch.allclose(weights.sum(-1), torch.ones(()).double())
    again = weights @ v_.repeat_interleave(2, dim=1)
    assert np.allclose(again.numpy(), wanted, atol=1e-9)


def test_sinusoids_are_those_of_section_3_5() -> None:
    table = sinusoids(7, 6)
    for t in range(7):
        for i in range(3):
            angle = t / 10_000 ** (2 * i / 6)
            assert table[t, 2 * i] == pytest.approx(math.sin(angle), abs=1e-6)
            assert table[t, 2 * i + 1] == pytest.approx(math.cos(angle), abs=1e-6)


def test_rotary_scores_depend_on_distance_alone() -> None:
    torch.manual_seed(0)
    q, k = torch.randn(2, 1, 1, 1, 8).expand(2, 1, 1, 6, 8)
    near, far = torch.arange(6)[None], torch.arange(6)[None] + 100
    scores = [rotate(q, p, 1e4) @ rotate(k, p, 1e4).transpose(-2, -1) for p in (near, far)]
    assert torch.allclose(scores[0], scores[1], atol=1e-3)


@pytest.mark.parametrize("name", ["gpt2", "llama", "t5"])
def test_a_decoder_never_sees_what_comes_later(name: str) -> None:
    torch.manual_seed(0)
    model = Transformer(SMALL[name]()).eval()
    tokens = torch.randint(0, 101, (1, 20))
    changed = tokens.clone()
    changed[0, 12:] = (changed[0, 12:] + 1) % 101
    source = torch.randint(0, 101, (1, 9)) if name == "t5" else None
    with torch.no_grad():
        a, b = model(tokens, source), model(changed, source)
    assert torch.allclose(a[:, :12], b[:, :12], atol=1e-6)
    assert not torch.allclose(a[:, 12:], b[:, 12:], atol=1e-3)


def test_an_encoder_sees_both_ways() -> None:
    torch.manual_seed(0)
    model = Transformer(SMALL["bert"]()).eval()
    tokens = torch.randint(0, 101, (1, 20))
    changed = tokens.clone()
    changed[0, 19] = (changed[0, 19] + 1) % 101
    with torch.no_grad():
        assert not torch.allclose(model(tokens)[:, 0], model(changed)[:, 0], atol=1e-4)


def test_a_sinusoidal_transformer_of_2017_runs() -> None:
    shape = Shape(
        "t5", 50, 16, 2, 32, encoder_layers=1, decoder_layers=1, positions="sinusoidal", norm_first=False,
        activation="relu",
    )  # fmt: skip
    logits = Transformer(shape)(
        torch.zeros(2, 5, dtype=torch.long), torch.zeros(2, 7, dtype=torch.long)
    )
    assert logits.shape == (2, 5, 50)


def test_heads_that_share_keys_equal_heads_with_copies_of_them() -> None:
    torch.manual_seed(0)
    shared = MultiHeadAttention(SMALL["llama"]())
    full = MultiHeadAttention(
        SMALL["llama"]().__class__(**SMALL["llama"]().to_dict() | {"key_value_heads": 4})
    )
    state = shared.state_dict()
    for name in ("key", "value"):
        weight = state[f"{name}.weight"].unflatten(0, (2, 8))
        state[f"{name}.weight"] = weight.repeat_interleave(2, dim=0).flatten(0, 1)
    full.load_state_dict(state)
    x, positions = torch.randn(2, 7, 32), torch.arange(7)[None]
    sight = Sight(causal=True)
    assert torch.allclose(
        shared(x, sight, positions=positions), full(x, sight, positions=positions), atol=1e-5
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"heads": 5}, "not a multiple"),
        ({"key_value_heads": 3}, "share"),
        ({"decoder_layers": 0}, "needs layers"),
    ],
)
def test_an_impossible_shape_says_why(change: dict[str, int], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Shape(**SMALL["gpt2"]().to_dict() | change)
