"""An encoder of ours as a network for ONNX Runtime, laid out once for every kind of number.

What is the same for all is here; how a linear map, the attention's maps and the table of words are kept is a `Maps`:
`FloatMaps` below, whole numbers in `compress.int8`. Attention is ONNX Runtime's fused operation, so the file is for
ONNX Runtime. Heads may have been taken out: width of the model and width of attention need not agree.

Axes: B texts, T tokens of a text, D width, H heads, K width of a head, F of the feed-forward layer, V vocabulary.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from shopkeeper.errors import ArtifactError
from shopkeeper.models.convert.onnx_file import FLOAT32, INT32, Graph
from shopkeeper.training.transformer import Block, Transformer

Floats = NDArray[np.float32]
ORT = "com.microsoft"  # the domain of ONNX Runtime's own operations
STATES = "states"
ACTIVATIONS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "relu": ("Relu", {}),
    "gelu": ("Gelu", {}),
    "gelu_tanh": ("FastGelu", {"domain": ORT}),
}


@dataclass(frozen=True, slots=True)
class Map:
    """A linear map, x·W + b: weight (inputs, outputs), bias (outputs,). name: of its tensors in the file."""

    name: str
    weight: Floats
    bias: Floats


class Maps(Protocol):
    """How what multiplies is kept. Each method adds to the graph and gives the name of the value."""

    def table(self, graph: Graph, name: str, rows: Floats, ids: str) -> str:
        """Rows of a table, (V, D) at (B, T): (B, T, D)."""
        ...

    def linear(self, graph: Graph, states: str, map_: Map) -> str:
        """(…, inputs) to (…, outputs)."""
        ...

    def attention(self, graph: Graph, states: str, map_: Map, *, mask: str, heads: int) -> str:
        """Of queries, keys and values that `map_` makes side by side, (D, 3·H·K): (B, T, H·K)."""
        ...

    def activation(self, graph: Graph, states: str, name: str) -> str:
        """The activation of this name of `Shape`."""
        ...


class FloatMaps:
    """Everything in float32."""

    def table(self, graph: Graph, name: str, rows: Floats, ids: str) -> str:
        """See `Maps`."""
        return graph.add("Gather", graph.constant(name, rows), ids)

    def linear(self, graph: Graph, states: str, map_: Map) -> str:
        """See `Maps`."""
        product = graph.add("MatMul", states, graph.constant(f"{map_.name}.weight", map_.weight))
        return graph.add("Add", product, graph.constant(f"{map_.name}.bias", map_.bias))

    def attention(self, graph: Graph, states: str, map_: Map, *, mask: str, heads: int) -> str:
        """See `Maps`."""
        weight = graph.constant(f"{map_.name}.weight", map_.weight)
        bias = graph.constant(f"{map_.name}.bias", map_.bias)
        return graph.add("Attention", states, weight, bias, mask, domain=ORT, num_heads=heads)

    def activation(self, graph: Graph, states: str, name: str) -> str:
        """See `Maps`."""
        return activation(graph, states, name)


def activation(graph: Graph, states: str, name: str) -> str:
    """The activation of this name, as exact as in the model."""
    kind, attributes = ACTIVATIONS[name]
    return graph.add(kind, states, **attributes)


@dataclass(frozen=True)
class Head:
    """What stands on an encoder and answers: logits of a whole text, or of each token.

    map: (labels, D) and (labels,). of: the mean of a text's states, its first state, or every state. pooler: weight and
    bias of BERT's tanh(W·h + b) before it.
    """

    name: str
    weight: Tensor
    bias: Tensor
    of: Literal["mean", "first", "tokens"] = "mean"
    pooler: tuple[Tensor, Tensor] | None = None


def encoder_graph(
    model: Transformer,
    maps: Maps | None = None,
    *,
    heads: tuple[Head, ...] = (),
    pairs: bool = False,
) -> Graph:
    """`input_ids` and `attention_mask`, (B, T), to `states`, (B, T, D), and the logits of each head by its name.

    pairs: with `token_type_ids`, for texts that are read two and two. Raises ArtifactError if it is no encoder of the
    BERT family.
    """
    if model.encoder is None or model.decoder is not None or model.shape.positions != "learned":
        raise ArtifactError(
            f"a {model.shape.family} is no encoder that can be written as ONNX",
            hint="BERT shapes can; decoders go to GGUF",
        )
    maps = maps or FloatMaps()
    graph = Graph("encoder")
    ids = graph.input("input_ids", "int64", ["B", "T"])
    given = graph.input("attention_mask", "int64", ["B", "T"])
    mask = graph.add("Cast", given, to=INT32)
    states = _embedded(graph, model, maps, ids, pairs=pairs)
    blocks = [block for block in model.encoder.blocks if isinstance(block, Block)]
    for number, block in enumerate(blocks):
        states = _block(graph, block, maps, f"layer{number}", states, mask=mask)
    graph.output(states, STATES, "float32", ["B", "T", model.shape.width])
    for head in heads:
        _answer(graph, head, states, given)
    return graph


def maps_of(block: Block, name: str) -> Mapping[str, Map]:
    """The linear maps of a layer: queries, keys and values side by side, the attention's output, up, and down."""
    attention, forward = block.attention, block.feed_forward
    joined = (attention.query, attention.key, attention.value)
    qkv = Map(
        f"{name}.attention",
        np.concatenate([numbers(each.weight).T for each in joined], axis=1),
        np.concatenate([_bias(each) for each in joined]),
    )
    rest = {"output": attention.output, "up": forward.up, "down": forward.down}
    return {"attention": qkv} | {
        key: Map(f"{name}.{key}", np.ascontiguousarray(numbers(each.weight).T), _bias(each))
        for key, each in rest.items()
    }


def numbers(tensor: Tensor) -> Floats:
    """A tensor's numbers in float32."""
    found: Floats = tensor.detach().to(torch.float32).cpu().numpy()
    return found


def _bias(map_: nn.Linear) -> Floats:
    if map_.bias is None:
        return np.zeros(map_.out_features, np.float32)
    return numbers(map_.bias)


def _embedded(graph: Graph, model: Transformer, maps: Maps, ids: str, *, pairs: bool) -> str:
    """Words, places and segments, normed: (B, T, D)."""
    assert model.position is not None
    words = maps.table(
        graph, "words", numbers(model.embedding.weight)[: model.shape.vocabulary], ids
    )
    places = numbers(model.position.weight)
    segments = None if model.segment is None else numbers(model.segment.weight)
    if segments is not None and not pairs:
        places = places + segments[0]
    for name, value in (("zero", 0), ("one", 1), ("two", 2)):
        graph.constant(name, np.array([value], np.int64))
    length = graph.add("Slice", graph.add("Shape", ids), "one", "two")
    states = graph.add(
        "Add", words, graph.add("Slice", graph.constant("places", places), "zero", length)
    )
    if segments is not None and pairs:
        kinds = graph.input("token_type_ids", "int64", ["B", "T"])
        states = graph.add(
            "Add", states, graph.add("Gather", graph.constant("segments", segments), kinds)
        )
    return _norm(graph, model.embedding_norm, states, "norm")


def _block(graph: Graph, block: Block, maps: Maps, name: str, states: str, *, mask: str) -> str:
    found = maps_of(block, name)
    heads = block.attention.heads
    attended = maps.attention(graph, states, found["attention"], mask=mask, heads=heads)
    change = maps.linear(graph, attended, found["output"])
    states = _norm(graph, block.attention_norm, graph.add("Add", change, states), f"{name}.norm1")
    inner = maps.linear(graph, states, found["up"])
    inner = maps.activation(graph, inner, block.feed_forward.activation)
    change = maps.linear(graph, inner, found["down"])
    return _norm(graph, block.feed_forward_norm, graph.add("Add", change, states), f"{name}.norm2")


def _norm(graph: Graph, norm: nn.Module, states: str, name: str) -> str:
    assert isinstance(norm, nn.LayerNorm)
    weight = graph.constant(f"{name}.weight", numbers(norm.weight))
    bias = graph.constant(f"{name}.bias", numbers(norm.bias))
    return graph.add("LayerNormalization", states, weight, bias, axis=-1, epsilon=float(norm.eps))


def _answer(graph: Graph, head: Head, states: str, mask: str) -> None:
    """Logits of a head, of whole texts (B, labels) or of tokens (B, T, labels)."""
    axes: list[str | int] = ["B", len(head.bias)]
    if head.of == "tokens":
        axes.insert(1, "T")
    elif head.of == "first":
        first = graph.constant(f"{head.name}.first", np.array(0, np.int64))
        states = graph.add("Gather", states, first, axis=1)
    else:
        states = _mean(graph, states, mask, head.name)
    if head.pooler is not None:
        states = graph.add("Tanh", _plain(graph, states, f"{head.name}.pooler", *head.pooler))
    graph.output(
        _plain(graph, states, head.name, head.weight, head.bias), head.name, "float32", axes
    )


def _plain(graph: Graph, states: str, name: str, weight: Tensor, bias: Tensor) -> str:
    """x·Wᵀ + b in float32."""
    turned = graph.constant(f"{name}.weight", np.ascontiguousarray(numbers(weight).T))
    return graph.add(
        "Add", graph.add("MatMul", states, turned), graph.constant(f"{name}.bias", numbers(bias))
    )


def _mean(graph: Graph, states: str, mask: str, name: str) -> str:
    """Of the states of a text's own tokens: (B, D)."""
    last = graph.constant(f"{name}.last", np.array([-1], np.int64))
    axis = graph.constant(f"{name}.axis", np.array([1], np.int64))
    weights = graph.add("Unsqueeze", graph.add("Cast", mask, to=FLOAT32), last)  # (B, T, 1)
    total = graph.add("ReduceSum", graph.add("Mul", states, weights), axis, keepdims=0)
    return graph.add("Div", total, graph.add("ReduceSum", weights, axis, keepdims=0))
