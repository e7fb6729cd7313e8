"""Rows of tokens with what is to be said of them: padded to batches, those of like length together.

Axes: B rows, T tokens of the longest of them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from shopkeeper.training.objectives import Batch, padded


@dataclass(frozen=True, slots=True)
class TokenRow:
    """Tokens of a text (or of two, told apart by `segments`), and its target as the head wants it."""

    ids: Sequence[int]
    target: object = None
    segments: Sequence[int] | None = None
    states: Tensor | None = None  # (T, D) what layers that do not learn made of the tokens


Targets = Callable[[Sequence[TokenRow]], Tensor]


def collate(rows: Sequence[TokenRow], targets: Tensor, *, padding: int) -> Batch:
    """Rows as one batch, padded at the end."""
    tokens = padded([row.ids for row in rows], padding)
    seen = padded([[1] * len(row.ids) for row in rows], 0).bool()
    segments = None
    if any(row.segments is not None for row in rows):
        segments = padded([row.segments or [0] * len(row.ids) for row in rows], 0)
    made = [row.states for row in rows if row.states is not None]
    states = pad_sequence(made, batch_first=True).float() if len(made) == len(rows) else None
    return Batch(tokens, targets, segments=segments, seen=seen, states=states)


def by_length(rows: Sequence[TokenRow], *, tokens: int = 4096) -> Iterator[list[int]]:
    """Numbers of rows of like length, at most so many tokens together with their padding; every row once."""
    order = sorted(range(len(rows)), key=lambda i: len(rows[i].ids))
    group: list[int] = []
    for i in order:
        if group and (len(group) + 1) * len(rows[i].ids) > tokens:
            yield group
            group = []
        group.append(i)
    if group:
        yield group


def whole_numbers(rows: Sequence[TokenRow]) -> Tensor:
    """Targets (B,) that are numbers of labels."""
    return torch.tensor([row.target for row in rows], dtype=torch.long)


def shares(rows: Sequence[TokenRow]) -> Tensor:
    """Targets (B,) or (B, L) that are numbers between 0 and 1."""
    return torch.tensor([row.target for row in rows], dtype=torch.float32)
