"""Encoders in whole numbers: weights and what goes into them in 8 bits, and the network that multiplies them.

    ranges = calibrate(model, rows)             # what goes into each map, on texts of the kind that will come
    graph = encoder_graph(model, WholeMaps(ranges))

What goes into a map gets one scale, fixed beforehand, so a text's vector does not depend on what else is in the batch,
and nothing has to be measured while serving. A few channels of a BERT are ten times as large as the others, and one
scale for all would leave these few steps: so channels are first evened out, s_j = max|x_j|^½ / max|W_j|^½, x/s·(s·W)
being the same map. Source: Xiao et al. 2023, SmoothQuant, equation (4) with α = ½.

Axes: I inputs of a map, O outputs, V vocabulary, D width.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from shopkeeper.errors import ArtifactError
from shopkeeper.models.convert.onnx_file import FLOAT32, Graph
from shopkeeper.training.export.encoder_graph import ORT, Floats, Map, activation
from shopkeeper.training.transformer import Block, Transformer

PAIR = 128  # see `whole`
LEVELS = 255  # steps of a byte


@dataclass(frozen=True, slots=True)
class Range:
    """Least and most of each channel (I,) that went into a map."""

    least: Floats
    most: Floats


def calibrate(model: Transformer, rows: Iterable[Sequence[int]]) -> Mapping[str, Range]:
    """What goes into each linear map of an encoder while it reads these rows of token ids, by the map's name.

    Raises ArtifactError if there is not one row.
    """
    found: dict[str, Range] = {}
    with _listening(model, found), torch.inference_mode():
        for row in rows:
            if row:
                model.encode(torch.tensor([list(row)]))
    if not found:
        raise ArtifactError(
            "no text to calibrate with", hint="give some of the texts that will be read"
        )
    return found


@contextmanager
def _listening(model: Transformer, found: dict[str, Range]) -> Iterator[None]:
    assert model.encoder is not None
    handles = []
    for number, block in enumerate(model.encoder.blocks):
        assert isinstance(block, Block)
        maps = {
            "attention": block.attention.query, "output": block.attention.output,
            "up": block.feed_forward.up, "down": block.feed_forward.down,
        }  # fmt: skip
        for name, map_ in maps.items():
            handles.append(map_.register_forward_pre_hook(_noting(found, f"layer{number}.{name}")))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _noting(found: dict[str, Range], name: str) -> Callable[[Any, tuple[Tensor, ...]], None]:
    def note(_: Any, inputs: tuple[Tensor, ...]) -> None:
        states = inputs[0].flatten(0, -2)
        least, most = states.amin(0).numpy(), states.amax(0).numpy()
        if name in found:
            least = np.minimum(least, found[name].least)
            most = np.maximum(most, found[name].most)
        found[name] = Range(least, most)

    return note


class WholeMaps:
    """Maps in whole numbers, by what `calibrate` found; see `export.encoder_graph.Maps`."""

    def __init__(
        self,
        ranges: Mapping[str, Range],
        *,
        evened: frozenset[str] = frozenset({"attention", "up"}),
    ) -> None:
        """evened: kinds of maps whose channels are evened out; it costs a multiplication of what goes in."""
        self._ranges = ranges
        self._evened = evened

    def table(self, graph: Graph, name: str, rows: Floats, ids: str) -> str:
        """A scale for each row."""
        scales = np.abs(rows).max(axis=1, keepdims=True) / np.float32(127)
        scales[scales == 0] = 1
        bytes_ = np.round(rows / scales).astype(np.int8)
        found = graph.add(
            "Cast", graph.add("Gather", graph.constant(name, bytes_), ids), to=FLOAT32
        )
        return graph.add(
            "Mul", found, graph.add("Gather", graph.constant(f"{name}.scales", scales), ids)
        )

    def linear(self, graph: Graph, states: str, map_: Map) -> str:
        """x·W + b of bytes, and the result in float32 at once."""
        rounded, scale, zero, weight, scales = self._rounded(graph, states, map_)
        bias = graph.constant(f"{map_.name}.bias", map_.bias)
        return graph.add(
            "MatMulIntegerToFloat", rounded, weight, scale, scales, zero, "", bias, domain=ORT
        )

    def attention(self, graph: Graph, states: str, map_: Map, *, mask: str, heads: int) -> str:
        """Queries, keys and values of bytes; what is done with them is in float32."""
        rounded, scale, zero, weight, scales = self._rounded(graph, states, map_)
        bias = graph.constant(f"{map_.name}.bias", map_.bias)
        zeros = graph.constant(f"{map_.name}.zeros", np.zeros(len(map_.bias), np.int8))
        return graph.add(
            "QAttention", rounded, weight, bias, scale, scales, mask, zero, zeros,
            domain=ORT, num_heads=heads,
        )  # fmt: skip

    def activation(self, graph: Graph, states: str, name: str) -> str:
        """GELU by its approximation, which is faster and errs by less than the bytes that follow."""
        return activation(graph, states, "gelu_tanh" if name == "gelu" else name)

    def _rounded(self, graph: Graph, states: str, map_: Map) -> tuple[str, str, str, str, str]:
        """The states in bytes, their scale and zero, the weights in bytes and their scales."""
        name, range_ = map_.name, self._ranges[map_.name]
        evening = np.ones(len(map_.weight), np.float32)
        if name.rpartition(".")[2] in self._evened:
            evening = evened(range_, map_.weight)
            states = graph.add("Mul", states, graph.constant(f"{name}.evening", 1 / evening))
        scale, zero = step(range_.least / evening, range_.most / evening)
        weight, scales = whole(map_.weight * evening[:, None])
        first = graph.constant(f"{name}.scale", np.array(scale, np.float32))
        second = graph.constant(f"{name}.zero", np.array(zero, np.uint8))
        rounded = graph.add("QuantizeLinear", states, first, second)
        return (
            rounded, first, second,
            graph.constant(f"{name}.weight", weight), graph.constant(f"{name}.scales", scales),
        )  # fmt: skip


def evened(range_: Range, weight: Floats) -> Floats:
    """By what each channel is divided before it is rounded, and its row of weights (I, O) multiplied: (I,)."""
    states = np.maximum(np.abs(range_.least), np.abs(range_.most))
    rows = np.abs(weight).max(axis=1)
    found: Floats = np.sqrt(np.maximum(states, 1e-5) / np.maximum(rows, 1e-5)).astype(np.float32)
    return found


def step(least: Floats, most: Floats) -> tuple[float, int]:
    """The scale of bytes that reach from the least to the most of all channels, and which of them means 0."""
    low, high = min(float(least.min()), 0.0), max(float(most.max()), 0.0)
    scale = max(high - low, 1e-8) / LEVELS
    return scale, round(-low / scale)


def whole(weight: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Weights (I, O) as whole numbers, and the scale of each output (O,).

    Processors without VNNI multiply neighbours of bytes and add the two products in 16 bits, cutting off what is over;
    255 times 128 is not. So the scale is such that no two neighbours together exceed 128.
    """
    rows = np.concatenate([weight, np.zeros((len(weight) % 2, weight.shape[1]), np.float32)])
    pairs = np.abs(rows).reshape(-1, 2, weight.shape[1]).sum(axis=1).max(axis=0)
    scales = np.maximum(pairs / np.float32(PAIR - 1), np.float32(1e-12)).astype(np.float32)
    return np.round(weight / scales).astype(np.int8), scales
