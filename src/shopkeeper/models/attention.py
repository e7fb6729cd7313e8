"""Attention as its formula says it, in NumPy, and what a model's attention over a text was.

Axis letters: `L` layers, `H` heads, `Q` tokens that look, `K` tokens that are looked at, `D` width of a head. Models
are run by `engines.reference`, which fills `Explanation`; nothing here needs them.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Part = Literal["decoder", "encoder", "cross"]


def attention_weights(
    queries: Floats,
    keys: Floats,
    *,
    mask: NDArray[np.bool_] | None = None,
    bias: Floats | None = None,
    scale: float | None = None,
) -> Floats:
    """softmax(QKᵀ/√D): how much each query takes from each key. (…, Q, D) and (…, K, D) give (…, Q, K).

    mask: (…, Q, K), True where a query may look; a row without any True is all 0. bias is added before the softmax (T5's
    relative positions). scale replaces 1/√D (T5: 1). Each other row sums to 1.
    Source: Vaswani et al. 2017, equation 1.
    """
    scale = keys.shape[-1] ** -0.5 if scale is None else scale
    logits = queries @ np.swapaxes(keys, -1, -2) * scale
    if bias is not None:
        logits = logits + bias
    allowed = np.ones(logits.shape, bool) if mask is None else np.broadcast_to(mask, logits.shape)
    highest = np.max(logits, axis=-1, keepdims=True, where=allowed, initial=-np.inf)
    raised = np.where(allowed, np.exp(logits - np.where(np.isfinite(highest), highest, 0)), 0)
    total = raised.sum(axis=-1, keepdims=True)
    weights: Floats = np.divide(raised, total, out=np.zeros_like(raised), where=total > 0)
    return weights


def causal_mask(tokens: int) -> NDArray[np.bool_]:
    """(T, T): each token may look at itself and at those before it."""
    return np.tri(tokens, dtype=bool)


def rollout(weights: Floats) -> Floats:
    """From which tokens of the text each token's vector is made after each layer: (L, H, T, T) gives (L, T, T).

    The heads' mean, half of it replaced by the token itself for the residual connection, multiplied from the first
    layer up; every row sums to 1. Source: Abnar & Zuidema 2020, section 3.
    """
    tokens = weights.shape[-1]
    if weights.shape[-2] != tokens:
        raise ValueError(f"rollout is of tokens over themselves, not {weights.shape[-2:]}")
    mixed = 0.5 * weights.mean(axis=1) + 0.5 * np.eye(tokens)  # (L, T, T)
    mixed /= mixed.sum(axis=-1, keepdims=True)
    seen: Floats = np.empty_like(mixed)
    reached = np.eye(tokens)
    for layer, mix in enumerate(mixed):
        reached = mix @ reached
        seen[layer] = reached
    return seen


@dataclass(frozen=True, slots=True)
class AttentionMap:
    """The weights of one part of a model: (L, H, Q, K), float32. queries and keys: the tokens as they read."""

    part: Part
    weights: NDArray[np.float32]
    queries: tuple[str, ...]
    keys: tuple[str, ...]

    @property
    def layers(self) -> int:
        return int(self.weights.shape[0])

    @property
    def heads(self) -> int:
        return int(self.weights.shape[1])

    @property
    def rolls_out(self) -> bool:
        """True if it is a text over itself, so that `rollout` says where its vectors come from."""
        return self.part != "cross"

    def one(self, layer: int, head: int | None) -> Floats:
        """(Q, K) of a layer, counted from 1, and a head; the mean over heads for None. Raises ValueError."""
        if not 1 <= layer <= self.layers:
            raise ValueError(f"layer {layer} is not one of 1 to {self.layers}")
        of_layer: Floats = self.weights[layer - 1]
        if head is None:
            mean: Floats = of_layer.mean(axis=0)
            return mean
        if not 1 <= head <= self.heads:
            raise ValueError(f"head {head} is not one of 1 to {self.heads}")
        one: Floats = of_layer[head - 1]
        return one

    def rolled_out(self, layer: int) -> Floats:
        """(T, T): `rollout` up to this layer, counted from 1."""
        self.one(layer, None)
        seen: Floats = rollout(self.weights)[layer - 1]
        return seen


@dataclass(frozen=True, slots=True)
class Guess:
    """A token that could stand at a place, and how likely it is, from 0 to 1."""

    token: str
    token_id: int
    probability: float


@dataclass(frozen=True, slots=True)
class Guesses:
    """The likeliest tokens at a place, the best first. after: the token before it, or the mask that it fills."""

    after: str
    guesses: tuple[Guess, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a model did with a text: its attention, and what it takes to come next or under each mask."""

    model: str
    text: str
    maps: tuple[AttentionMap, ...]
    guesses: tuple[Guesses, ...]

    def part(self, part: Part) -> AttentionMap:
        """The weights of this part. Raises ValueError if the model has none."""
        for each in self.maps:
            if each.part == part:
                return each
        has = ", ".join(each.part for each in self.maps)
        raise ValueError(f"{self.model} has no {part} attention, but {has}")
