"""BERT in NumPy, as the paper has it: the plain twin that converted encoders are held against.

Axes: M tokens of all texts one after the other, T tokens of one, D width, H heads, S size of a head.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def sentence_vectors(
    lengths: Sequence[int],
    words: Floats,
    weights: Mapping[str, Floats],
    *,
    layers: int,
    heads: int,
    epsilon: float,
) -> Floats:
    """The mean of the last states of each text, of length 1. (texts, D)

    lengths: T of each text. words: the vectors of their tokens, (M, D).
    """

    def norm(x: Floats, name: str) -> Floats:
        centred = x - x.mean(axis=1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=1, keepdims=True) + epsilon)
        normed: Floats = centred / spread * weights[f"{name}.w"] + weights[f"{name}.b"]
        return normed

    def linear(x: Floats, name: str) -> Floats:
        return x @ weights[f"{name}.w"].T + weights[f"{name}.b"]

    ends = np.cumsum(lengths)[:-1]
    places = np.concatenate([np.arange(length) for length in lengths])
    width = words.shape[1]
    x = words + weights["emb.pos"].reshape(-1, width)[places]
    x = norm(x + weights["emb.type"].reshape(-1, width)[0], "emb.ln")
    for layer in range(layers):
        name = f"l{layer}"
        parts = (np.split(linear(x, f"{name}.{part}"), ends) for part in "qkv")
        mixed = np.concatenate([_attend(q, k, v, heads) for q, k, v in zip(*parts, strict=True)])
        x = norm(x + linear(mixed, f"{name}.ao"), f"{name}.aln")
        inner = _gelu(linear(x, f"{name}.fi"))
        x = norm(x + linear(inner, f"{name}.fo"), f"{name}.oln")
    means = np.array([states.mean(axis=0) for states in np.split(x, ends)])
    vectors: Floats = means / np.linalg.norm(means, axis=1, keepdims=True)
    return vectors


def _attend(query: Floats, key: Floats, value: Floats, heads: int) -> Floats:
    """What the tokens of one text take from each other. (T, D)"""
    query, key, value = (x.reshape(len(x), heads, -1).swapaxes(0, 1) for x in (query, key, value))
    near = query @ key.swapaxes(1, 2) / math.sqrt(query.shape[2])  # (H, T, T), of (H, T, S)
    near = np.exp(near - near.max(axis=2, keepdims=True))
    mixed: Floats = near / near.sum(axis=2, keepdims=True) @ value
    return mixed.swapaxes(0, 1).reshape(mixed.shape[1], -1)


def _gelu(x: NDArray[Any]) -> Floats:
    """Source: Abramowitz & Stegun 7.1.26, whose error function is off by less than 1.5e-7."""
    z: NDArray[Any] = np.abs(x) / math.sqrt(2)
    k: NDArray[Any] = 1 / (1 + 0.3275911 * z)
    powers = 1.421413741 + k * (-1.453152027 + k * 1.061405429)
    powers = 0.254829592 + k * (-0.284496736 + k * powers)
    values: Floats = x / 2 * (1 + np.sign(x) * (1 - k * powers * np.exp(-(z**2))))
    return values
