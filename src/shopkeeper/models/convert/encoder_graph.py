"""A BERT encoder as a network for ONNX Runtime, with most multiplications in whole numbers.

Each token's activations are rounded to 8 bits by a scale of their own, so that a text's vector does not depend on what
else is in the batch, as it would with one scale a tensor. Weights have a scale an output. Queries, keys and values are
made in float32: what goes into them has a few very large numbers, and rounding it costs more than all the rest.

Axes: B texts, T tokens of a text, M tokens of the batch, D width, V vocabulary, O outputs and I inputs of a layer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shopkeeper.models.convert.blocks import Blocks
from shopkeeper.models.convert.onnx_file import FLOAT32, INT32, Graph

Floats = NDArray[np.float32]

GELU_LEAST = 0.17  # no value of GELU is below minus this
PAIR = 128  # see `_whole`


@dataclass(frozen=True, slots=True)
class Encoder:
    """A trained encoder. Weights by name: `emb.pos|type`, `emb.ln.w|b`, and of each layer N `lN.q|k|v.w|b` (attention),
    `lN.ao.w|b` (its output), `lN.aln.w|b` (layer norm), `lN.fi|fo.w|b` (in and out of the feed-forward part) and
    `lN.oln.w|b`. Matrices are (O, I), as in PyTorch.
    """

    heads: int
    layers: int
    epsilon: float  # of the layer norms
    words: Blocks | Floats  # (V, D)
    weights: Mapping[str, Floats]

    @property
    def width(self) -> int:
        """D."""
        return len(self.weights["emb.ln.w"])


def encoder_graph(model: Encoder) -> Graph:
    """`input_ids` and `attention_mask`, (B, T), to `states`, (B, T, D)."""
    graph = Graph("encoder")
    ids = graph.input("input_ids", "int64", ["B", "T"])
    mask = graph.input("attention_mask", "int64", ["B", "T"])
    _shared_constants(graph, model.width)
    mask = graph.add("Cast", mask, to=INT32)
    states = graph.add("Add", _words(graph, ids, model.words), _positions(graph, ids, model))
    shape = graph.add("Shape", states)
    states = graph.add("Reshape", _norm(graph, model, states, "emb.ln"), "flat")  # (M, D)
    for layer in range(model.layers):
        states = _layer(graph, model, f"l{layer}", states, mask=mask, shape=shape)
    graph.output(graph.add("Reshape", states, shape), "states", "float32", ["B", "T", model.width])
    return graph


def _shared_constants(graph: Graph, width: int) -> None:
    integers = {"zero": [0], "one": [1], "two": [2], "last": [-1], "flat": [-1, width]}
    for name, values in integers.items():
        graph.constant(name, np.array(values, np.int64))
    floats = {"tiny": 1e-9, "half_step": 1 / 127, "step": 1 / 255, "least": GELU_LEAST}
    for name, value in floats.items():
        graph.constant(name, np.array(value, np.float32))
    graph.constant("signed", np.array(0, np.int8))
    graph.constant("lowest", np.array(0, np.uint8))
    graph.constant("middle", np.array(128, np.uint8))


def _words(graph: Graph, ids: str, table: Blocks | Floats) -> str:
    """The rows of the word table. (B, T, D)"""
    if isinstance(table, Blocks):
        return _rows_of_blocks(graph, ids, table)
    scales = np.abs(table).max(axis=1, keepdims=True) / np.float32(127)
    scales[scales == 0] = 1
    whole = np.round(table / scales).astype(np.int8)
    rows = graph.add("Cast", graph.add("Gather", graph.constant("words", whole), ids), to=FLOAT32)
    return graph.add("Mul", rows, graph.add("Gather", graph.constant("scales", scales), ids))


def _rows_of_blocks(graph: Graph, ids: str, table: Blocks) -> str:
    """The same of a table that stays in 4 bits: only the rows that are asked for are unpacked."""
    count, blocks, pairs = table.halves.shape
    packed = graph.constant("words", table.halves.reshape(count, -1))
    split = graph.constant("blocks", np.array([0, 0, blocks, pairs], np.int64))
    joined = graph.constant("row", np.array([0, 0, blocks * pairs * 2], np.int64))
    rows = graph.add("Reshape", graph.add("Gather", packed, ids), split)
    low = graph.add("BitwiseAnd", rows, graph.constant("low_half", np.array(15, np.uint8)))
    shift = graph.constant("half_byte", np.array(4, np.uint8))
    high = graph.add("BitShift", rows, shift, direction="RIGHT")
    values = graph.add("Cast", graph.add("Concat", low, high, axis=-1), to=FLOAT32)
    values = graph.add("Sub", values, graph.constant("eight", np.array(8, np.float32)))
    scales = graph.add("Gather", graph.constant("scales", table.scales), ids)
    scales = graph.add("Unsqueeze", graph.add("Cast", scales, to=FLOAT32), "last")
    return graph.add("Reshape", graph.add("Mul", values, scales), joined)


def _positions(graph: Graph, ids: str, model: Encoder) -> str:
    """What places and the type of a first sentence add. (T, D)"""
    kind = model.weights["emb.type"].reshape(-1, model.width)[0]
    table = model.weights["emb.pos"].reshape(-1, model.width) + kind
    length = graph.add("Slice", graph.add("Shape", ids), "one", "two")
    return graph.add("Slice", graph.constant("positions", table), "zero", length)


def _layer(graph: Graph, model: Encoder, name: str, states: str, *, mask: str, shape: str) -> str:
    projected = _float_linear(graph, model, [f"{name}.q", f"{name}.k", f"{name}.v"], states)
    parts = graph.split("Split", projected, parts=3, axis=1, num_outputs=3)
    query, key, value = (graph.add("Reshape", part, shape) for part in parts)
    attended = graph.add(
        "MultiHeadAttention", query, key, value, "", mask,
        domain="com.microsoft", num_heads=model.heads,
    )  # fmt: skip
    attended = graph.add("Reshape", attended, "flat")
    out = _linear(graph, model, f"{name}.ao", *_rounded(graph, attended))
    states = _norm(graph, model, graph.add("Add", out, states), f"{name}.aln")
    inner = graph.add("Gelu", _linear(graph, model, f"{name}.fi", *_rounded(graph, states)))
    inner = graph.add("Add", inner, "least")
    out = _linear(graph, model, f"{name}.fo", *_rounded_up(graph, inner), added=GELU_LEAST)
    return _norm(graph, model, graph.add("Add", out, states), f"{name}.oln")


def _norm(graph: Graph, model: Encoder, states: str, name: str) -> str:
    weights = (graph.constant(f"{name}.{part}", model.weights[f"{name}.{part}"]) for part in "wb")
    return graph.add("LayerNormalization", states, *weights, axis=-1, epsilon=model.epsilon)


def _float_linear(graph: Graph, model: Encoder, names: Sequence[str], states: str) -> str:
    """Several layers on the same input, side by side."""
    weights = np.concatenate([model.weights[f"{name}.w"] for name in names]).T
    bias = np.concatenate([model.weights[f"{name}.b"] for name in names])
    product = graph.add("MatMul", states, graph.constant(f"{names[0]}.w", weights))
    return graph.add("Add", product, graph.constant(f"{names[0]}.b", bias))


def _rounded(graph: Graph, states: str) -> tuple[str, str, str]:
    """Bytes whose 128 means 0, the scale of each token (M, 1), and the name of that zero."""
    most = graph.add("ReduceMax", graph.add("Abs", states), "last", keepdims=0)
    return *_bytes(graph, states, most, "half_step", zero=128), "middle"


def _rounded_up(graph: Graph, states: str) -> tuple[str, str, str]:
    """The same for numbers that are not negative: 0 means 0."""
    most = graph.add("ReduceMax", states, "last", keepdims=0)
    return *_bytes(graph, states, most, "step", zero=0), "lowest"


def _bytes(graph: Graph, states: str, most: str, step: str, *, zero: int) -> tuple[str, str]:
    scales = graph.add("Mul", graph.add("Max", most, "tiny"), step)
    zeros = graph.add(
        "ConstantOfShape", graph.add("Shape", scales), value=np.array([zero], np.uint8)
    )
    whole = graph.add("QuantizeLinear", states, scales, zeros, axis=0)
    return whole, graph.add("Unsqueeze", scales, "last")


def _linear(
    graph: Graph,
    model: Encoder,
    name: str,
    states: str,
    scales: str,
    zero: str,
    *,
    added: float = 0,
) -> str:
    """A layer on rounded states. `added` is what was added to them, and is taken off again."""
    whole, weight_scales = _whole(model.weights[f"{name}.w"])
    bias = model.weights[f"{name}.b"] - added * weight_scales.astype(np.float64) * whole.sum(axis=1)
    sums = graph.add(
        "MatMulInteger",
        states,
        graph.constant(f"{name}.w", whole.T.astype(np.int8)),
        zero,
        "signed",
    )
    product = graph.add("Mul", graph.add("Cast", sums, to=FLOAT32), scales)
    product = graph.add("Mul", product, graph.constant(f"{name}.s", weight_scales))
    return graph.add("Add", product, graph.constant(f"{name}.b", bias.astype(np.float32)))


def _whole(weights: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Weights as whole numbers (O, I) and the scale of each output.

    Processors without VNNI multiply neighbours of bytes and add the two products in 16 bits, cutting off what is over.
    255 times 128 is not: so the scale is such that no two neighbours together exceed 128.
    """
    pairs = np.abs(weights).reshape(len(weights), -1, 2).sum(axis=2).max(axis=1)
    scales = np.maximum(pairs / np.float32(PAIR - 1), np.float32(1e-12))
    return np.round(weights / scales[:, None]).astype(np.int64), scales
