"""A sequential Transformer for recommendation: from the items somebody had to the one that comes next.

Axes: B histories of one length, T items of each, D width, N items, M numbers that describe an item, R negatives.

The layers are those of `transformer.py`, causal. An item's vector is one of its own plus a projection of what is known
of it (its text's meaning), the same at the input and at the output, so that new items have one too. Positions count
from the end, as what was last says most. Batches hold histories of one length: nothing is padding. The loss is the
softmax over all items, or, where they are too many for that, over the item that came and R items drawn for the whole
batch. Sources: Kang & McAuley 2018 (SASRec), Klenitskiy & Vasilev 2023 (that the softmax makes the difference).
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from shopkeeper.models.convert.onnx_file import Graph
from shopkeeper.training.fast import chunked_cross_entropy
from shopkeeper.training.shape import Shape
from shopkeeper.training.transformer import Block, Stack

Ints = npt.NDArray[np.intp]
Table = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Recipe:
    """width, heads, layers, dropout: of the model; longest: items of a history that it sees; events: that a step
    learns from, about; negatives: drawn, 0 for all items; rate: AdamW's, reached after `warmup` steps and let down in
    a line to nothing."""

    width: int = 64
    heads: int = 2
    layers: int = 1
    dropout: float = 0.3
    longest: int = 50
    epochs: int = 20
    events: int = 1800
    negatives: int = 768
    rate: float = 3e-3
    warmup: int = 100
    weight_decay: float = 0.0
    seed: int = 0


ON_A_CARD = Recipe(width=128, dropout=0.5, negatives=0, epochs=30)


def usual() -> Recipe:
    """Over all items where there is a graphics card; what a processor learns in minutes where there is none."""
    return ON_A_CARD if torch.cuda.is_available() else Recipe()


@dataclass(frozen=True, slots=True)
class Progress:
    """After an epoch. loss: mean of its steps, nats an event."""

    epoch: int
    steps: int
    loss: float
    seconds: float


class NextItems(nn.Module):
    """items (B, T) to states (B, T, D), whose products with `vectors()` (N, D) are the scores of what comes next."""

    def __init__(self, count: int, known: Table, recipe: Recipe) -> None:
        super().__init__()
        D = recipe.width
        self.own = nn.Embedding(count, D)
        self.register_buffer("known", torch.from_numpy(known))  # (N, M)
        self.project = nn.Linear(known.shape[1], D, bias=False)
        self.position = nn.Embedding(recipe.longest, D)
        self.dropout = nn.Dropout(recipe.dropout)
        self.stack = Stack(_shape(recipe), recipe.layers, causal=True, crosses=False)
        self.sharpness = nn.Parameter(torch.ones(()))
        nn.init.normal_(self.own.weight, std=0.02)
        nn.init.normal_(self.project.weight, std=0.1)
        nn.init.normal_(self.position.weight, std=0.02)

    def vectors(self, items: Tensor | None = None) -> Tensor:
        """Of these items, or of all."""
        known = cast(Tensor, self.known)
        if items is None:
            return cast(Tensor, self.own.weight + self.project(known))
        return cast(Tensor, self.own(items) + self.project(known[items]))

    def forward(self, items: Tensor, vectors: Tensor | None = None) -> Tensor:
        """(B, T) to (B, T, D). vectors: (N, D) of all items, where they are at hand."""
        T = items.shape[1]
        age = torch.arange(T - 1, -1, -1, device=items.device)
        of = self.vectors(items) if vectors is None else F.embedding(items, vectors)
        x = self.dropout(of * SCALE + self.position(age)[None])
        return cast(Tensor, self.stack(x, torch.arange(T, device=items.device)[None]))


SCALE = 4.0  # of item vectors at the input: about the size that the norms make of them


def _shape(recipe: Recipe) -> Shape:
    return Shape(
        "gpt2", vocabulary=1, width=recipe.width, heads=recipe.heads, feed_forward=2 * recipe.width,
        decoder_layers=recipe.layers, max_tokens=recipe.longest, dropout=recipe.dropout,
    )  # fmt: skip


def train(
    items: Ints,
    start: Ints,
    known: Table,
    recipe: Recipe,
    *,
    device: str | None = None,
    observe: Callable[[Progress], None] = lambda progress: None,
) -> NextItems:
    """A model trained on histories: items (E,) one person after the other, start (P + 1,) where each begins.

    device: where it learns; without a word on a graphics card where there is one. It comes back on the processor.
    """
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    model = NextItems(len(known), np.ascontiguousarray(known, np.float32), recipe).to(device)
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=recipe.rate, weight_decay=recipe.weight_decay, fused=True
    )
    total = recipe.epochs * sum(1 for _ in batches(items, start, recipe, np.random.default_rng(0)))
    step = 0
    for epoch in range(recipe.epochs):
        begun, losses = time.perf_counter(), []
        model.train()
        for batch in batches(items, start, recipe, rng):
            rate = recipe.rate * min((step + 1) / recipe.warmup, 1.0) * (1 - step / total)
            for group in optimiser.param_groups:
                group["lr"] = rate
            loss = loss_of(model, batch.to(device), recipe.negatives)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.detach())
            step += 1
        mean = float(torch.stack(losses).mean()) if losses else math.nan
        observe(Progress(epoch, len(losses), mean, time.perf_counter() - begun))
    return model.cpu().eval()


def batches(items: Ints, start: Ints, recipe: Recipe, rng: np.random.Generator) -> Iterator[Tensor]:
    """(B, T + 1) each: histories of one length, the newest items of longer ones; in random order."""
    lengths = np.minimum(np.diff(start), recipe.longest + 1)
    found = []
    for length in np.unique(lengths[lengths >= 2]):
        people = rng.permutation(np.flatnonzero(lengths == length))
        size = max(8, recipe.events // int(length))
        rows = start[people + 1][:, None] - np.arange(length, 0, -1)
        found += [items[rows[at : at + size]] for at in range(0, len(rows), size)]
    for place in rng.permutation(len(found)):
        yield torch.from_numpy(found[place].astype(np.int64))


def loss_of(model: NextItems, batch: Tensor, negatives: int) -> Tensor:
    """The mean over all places of the surprise at the item that came; over all items where `negatives` is 0."""
    return sampled_loss(model, batch, negatives) if negatives else full_loss(model, batch)


def full_loss(model: NextItems, batch: Tensor) -> Tensor:
    """Of the softmax over all items, a part of the scores at a time."""
    vectors = model.vectors()
    state = model(batch[:, :-1], vectors).flatten(0, 1)
    came = batch[:, 1:].reshape(-1)
    return chunked_cross_entropy(state, vectors * model.sharpness, came, vocabulary=len(vectors))


def sampled_loss(model: NextItems, batch: Tensor, negatives: int) -> Tensor:
    """Mean over all places: minus the logarithm of the chance of the item that came, among it and the drawn ones.

    The drawn stand for all others: their scores are raised by log((N - 1) / R), so that the loss is that of the full
    softmax in expectation of its sum. A drawn item that is the one that came does not count twice.
    """
    came = batch[:, 1:].reshape(-1)  # (B·T,)
    state = model(batch[:, :-1]).flatten(0, 1)  # (B·T, D)
    count = model.own.num_embeddings
    drawn = torch.randint(count, (negatives,), device=batch.device)
    right = (state * model.vectors(came)).sum(-1, keepdim=True) * model.sharpness
    wrong = state @ model.vectors(drawn).T * model.sharpness
    wrong = wrong + math.log(max(count - 1, 1) / negatives)
    again = came[:, None] == drawn[None]
    scores = torch.cat([right, wrong.masked_fill(again, -math.inf)], 1)
    return F.cross_entropy(scores, torch.zeros_like(came))


def onnx_graph(model: NextItems) -> Graph:
    """`items` (B, T), histories of one length and no longer than the positions, to `state` (B, D) after the last."""
    graph = Graph("next_items")
    items = graph.input("items", "int64", ["B", "T"])
    for name, value in (("zero", [0]), ("one", [1]), ("two", [2])):
        graph.constant(name, np.array(value, np.int64))
    states = graph.add("Gather", _constant(graph, "vectors", model.vectors() * SCALE), items)
    states = graph.add("Add", states, _ages(graph, items, model))
    for number, block in enumerate(model.stack.blocks):
        states = _block(graph, f"l{number}", states, cast(Block, block))
    states = _norm(graph, "end", states, cast(nn.LayerNorm, model.stack.norm))
    newest = graph.add("Gather", states, graph.constant("newest", np.array(-1, np.int64)), axis=1)
    graph.output(newest, "state", "float32", ["B", model.own.embedding_dim])
    return graph


def _ages(graph: Graph, items: str, model: NextItems) -> str:
    """(T, D) of the positions, which count from the end: the last T rows of the table upside down."""
    table = _constant(graph, "ages", model.position.weight.flip(0))
    length = graph.add("Slice", graph.add("Shape", items), "one", "two")
    first = graph.add("Sub", _constant_int(graph, "rows", len(model.position.weight)), length)
    return graph.add("Slice", table, first, "rows", "zero")


def _block(graph: Graph, name: str, states: str, block: Block) -> str:
    normed = _norm(graph, f"{name}.an", states, cast(nn.LayerNorm, block.attention_norm))
    part = block.attention
    query, key, value = (
        _linear(graph, f"{name}.{which}", normed, linear)
        for which, linear in (("q", part.query), ("k", part.key), ("v", part.value))
    )
    seen = graph.add(
        "MultiHeadAttention", query, key, value,
        domain="com.microsoft", num_heads=part.heads, unidirectional=1,
    )  # fmt: skip
    states = graph.add("Add", states, _linear(graph, f"{name}.o", seen, part.output))
    normed = _norm(graph, f"{name}.fn", states, cast(nn.LayerNorm, block.feed_forward_norm))
    inner = _linear(graph, f"{name}.up", normed, block.feed_forward.up)
    inner = graph.add("Gelu", inner, approximate="tanh")
    return graph.add("Add", states, _linear(graph, f"{name}.down", inner, block.feed_forward.down))


def _norm(graph: Graph, name: str, states: str, norm: nn.LayerNorm) -> str:
    weight = _constant(graph, f"{name}.w", norm.weight)
    bias = _constant(graph, f"{name}.b", norm.bias)
    return graph.add("LayerNormalization", states, weight, bias, axis=-1, epsilon=norm.eps)


def _linear(graph: Graph, name: str, states: str, linear: nn.Linear) -> str:
    product = graph.add("MatMul", states, _constant(graph, f"{name}.w", linear.weight.T))
    return graph.add("Add", product, _constant(graph, f"{name}.b", linear.bias))


def _constant(graph: Graph, name: str, value: Tensor) -> str:
    return graph.constant(name, np.ascontiguousarray(value.detach().numpy(), np.float32))


def _constant_int(graph: Graph, name: str, value: int) -> str:
    return graph.constant(name, np.array([value], np.int64))
