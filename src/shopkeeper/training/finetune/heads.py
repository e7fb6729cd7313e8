"""A Transformer with a head: one linear map on what it makes of a text, or of each token of it.

    mean    the mean of the tokens' states, as sentence encoders read
    first   the first token's, through BERT's pooler: tanh(W·h + b)
    last    the last token's, which in a decoder has seen the whole text
    tokens  each token's own

Axes: B texts, T tokens, D width, L outputs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal, cast

import torch
from torch import Tensor, nn

from shopkeeper.training.finetune.rows import TokenRow, by_length, collate
from shopkeeper.training.objectives import Batch
from shopkeeper.training.shape import Shape
from shopkeeper.training.transformer import Sight, Stack, Transformer

Pooling = Literal["mean", "first", "last", "tokens"]


class Headed(nn.Module):
    """Outputs (B, L), or (B, T, L) with the pooling `tokens`, of a batch of texts."""

    def __init__(
        self, model: Transformer, outputs: int, *, pooling: Pooling, dropout: float = 0.1, bias: bool = True
    ) -> None:  # fmt: skip
        super().__init__()
        D = model.shape.width
        self.transformer, self.pooling = model, pooling
        self.pooler = nn.Linear(D, D) if pooling == "first" else None
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(D, outputs, bias=bias)
        for map_ in (self.pooler, self.head):
            if map_ is not None:
                nn.init.normal_(map_.weight, std=0.02)
                if map_.bias is not None:
                    nn.init.zeros_(map_.bias)
        if self.pooler is not None and model.pooler is not None:
            self.pooler.load_state_dict(model.pooler.state_dict())
        self.eval()  # dropout is off until it is trained

    @property
    def shape(self) -> Shape:
        """The Transformer's."""
        return self.transformer.shape

    def vectors(self, batch: Batch) -> Tensor:
        """What the head reads: (B, D) or (B, T, D)."""
        pooled = pool(states(self.transformer, batch), seen_of(batch), self.pooling)
        return pooled if self.pooler is None else torch.tanh(self.pooler(pooled))

    def forward(self, batch: Batch) -> Tensor:
        return cast(Tensor, self.head(self.dropout(self.vectors(batch))))


def seen_of(batch: Batch) -> Tensor:
    """(B, T), False at padding."""
    if batch.seen is None:
        return torch.ones_like(batch.tokens, dtype=torch.bool)
    return batch.seen


def states(model: Transformer, batch: Batch) -> Tensor:
    """The last layer's states (B, T, D): of the encoder if there is one, else of the decoder.

    If the batch brings what the lower layers made of it, only those above them run: as many as have gradients.
    """
    stack = _stack(model)
    start = 0
    if batch.states is None:
        x, positions = model.embed(batch.tokens, segments=batch.segments)
    else:
        x, start = batch.states, frozen_layers(model)
        positions = torch.arange(x.shape[1], device=x.device)[None]
    x = _through(stack, x, positions, seen_of(batch), range(start, len(stack.blocks)))
    return cast(Tensor, stack.norm(x))


def pool(states: Tensor, seen: Tensor, pooling: Pooling) -> Tensor:
    """One vector a text (B, D) of its tokens' states (B, T, D); `tokens` leaves them as they are."""
    match pooling:
        case "mean":
            weights = seen.to(states.dtype)[..., None]
            return (states * weights).sum(1) / weights.sum(1).clamp(min=1)
        case "first":
            return states[:, 0]
        case "last":
            last = seen.sum(1).clamp(min=1) - 1
            return states[torch.arange(len(states), device=states.device), last]
        case "tokens":
            return states


def freeze(model: Transformer, layers: int) -> None:
    """Let the embeddings and the lowest `layers` of a tower learn nothing."""
    model.requires_grad_(False)
    stack = _stack(model)
    for block in list(stack.blocks)[layers:]:
        block.requires_grad_()
    stack.norm.requires_grad_()


def frozen_layers(model: Transformer) -> int:
    """How many of the lowest layers learn nothing."""
    blocks = _stack(model).blocks
    learning = (any(p.requires_grad for p in block.parameters()) for block in blocks)
    return next((i for i, learns in enumerate(learning) if learns), len(blocks))


@torch.no_grad()
def with_states(model: Transformer, rows: Sequence[TokenRow], *, padding: int) -> list[TokenRow]:
    """The rows with what the frozen layers make of them, so that these run once and not in each epoch (float16)."""
    found = list(rows)
    stack, layers = _stack(model), range(frozen_layers(model))
    for batch, numbers in batches(model, rows, padding=padding):
        x, positions = model.embed(batch.tokens, segments=batch.segments)
        x = _through(stack, x, positions, seen_of(batch), layers).half().cpu()
        for i, made in zip(numbers, x, strict=True):
            found[i] = replace(rows[i], states=made[: len(rows[i].ids)].clone())
    return found


def batches(
    module: nn.Module, rows: Sequence[TokenRow], *, padding: int
) -> Iterator[tuple[Batch, list[int]]]:
    """The rows in batches of like length with their numbers, on the module's device; the module is set to evaluation."""
    device = next(module.parameters()).device
    module.eval()
    for numbers in by_length(rows):
        nothing = torch.zeros(len(numbers))
        yield collate([rows[i] for i in numbers], nothing, padding=padding).to(device), numbers


@torch.no_grad()
def outputs(module: Headed, rows: Sequence[TokenRow], *, padding: int) -> Tensor:
    """What the head says of each row, (N, L), on the CPU."""
    found = torch.zeros(len(rows), module.head.out_features)
    for batch, numbers in batches(module, rows, padding=padding):
        found[numbers] = module(batch).float().cpu()
    return found


@torch.no_grad()
def vectors(module: Headed, rows: Sequence[TokenRow], *, padding: int) -> Tensor:
    """What the head reads of each row, (N, D), on the CPU."""
    found = torch.zeros(len(rows), module.shape.width)
    for batch, numbers in batches(module, rows, padding=padding):
        found[numbers] = module.vectors(batch).float().cpu()
    return found


def _stack(model: Transformer) -> Stack:
    stack = model.encoder or model.decoder
    assert stack is not None
    return stack


def _through(stack: Stack, x: Tensor, positions: Tensor, seen: Tensor, layers: range) -> Tensor:
    """Padding stands at the end, so a causal stack never looks at it."""
    bias = None if stack.relative is None else stack.relative(x.shape[1], x.shape[1])
    allowed = None if stack.causal else seen[:, None, None, :]
    sight = Sight(stack.causal, allowed, bias)
    for layer in layers:
        x = stack.blocks[layer](x, sight, positions)
    return x
