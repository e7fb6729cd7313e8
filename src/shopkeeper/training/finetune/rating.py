"""A decoder that rates what is said: linear heads at a response's end, on the states by which it says the next token.

How exchanges become tokens and batches, what is lost by saying and by rating, and how good both are. People's ratings
are from 0 to 1, and NaN where nobody said.

Axes: B or N rows, T tokens, D width, R ratings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from shopkeeper.training.fast import IGNORED
from shopkeeper.training.objectives import Batch, padded, token_loss
from shopkeeper.training.shape import Shape
from shopkeeper.training.transformer import Transformer

RATINGS = ("sensible", "specific", "interesting", "safe")
ROWS_AT_ONCE = 16  # in measuring


@dataclass(frozen=True, slots=True)
class Said:
    """An exchange in tokens; the response ends with the token that ends a text. ratings: (R,), NaN where nobody said."""

    prompt: tuple[int, ...]
    response: tuple[int, ...]
    ratings: tuple[float, ...]
    imitated: bool = True


@dataclass(frozen=True)
class RatedBatch(Batch):
    """Exchanges; ends: (B,) place of each response's last token; ratings: (B, R). Counted by rows: responses that are
    only rated have no tokens to say."""

    ends: Tensor | None = None
    ratings: Tensor | None = None


class Rated(nn.Module):
    """A decoder, and a linear head a rating."""

    def __init__(self, transformer: Transformer) -> None:
        super().__init__()
        self.transformer = transformer
        self.head = nn.Linear(transformer.shape.width, len(RATINGS))
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    @property
    def shape(self) -> Shape:
        """The Transformer's."""
        return self.transformer.shape

    def forward(self, batch: RatedBatch) -> tuple[Tensor, Tensor]:
        """Hidden states (B, T, D), and ratings as logits (B, R)."""
        assert batch.ends is not None
        hidden = self.transformer.decode(batch.tokens)
        rows = torch.arange(len(hidden), device=hidden.device)
        return hidden, self.head(hidden[rows, batch.ends])


def rated_batch(rows: Sequence[Said], *, padding: int) -> RatedBatch:
    """Exchanges padded at the end; what is said after the last token of a response is never scored."""
    tokens = [[*row.prompt, *row.response] for row in rows]
    targets = [
        [IGNORED] * (len(row.prompt) - 1)
        + (list(row.response) if row.imitated else [IGNORED] * len(row.response))
        + [IGNORED]
        for row in rows
    ]
    ends = torch.tensor([len(each) - 1 for each in tokens])
    ratings = torch.tensor([row.ratings for row in rows])
    return RatedBatch(
        padded(tokens, padding),
        padded(targets, IGNORED),
        ends=ends,
        ratings=ratings,
        scored=len(rows),
    )


def losses(module: Rated, batch: RatedBatch) -> tuple[Tensor, Tensor]:
    """Nats a token of the responses that are imitated, and nats a rating."""
    assert batch.ratings is not None
    hidden, logits = module(batch)
    says = token_loss(module.transformer, hidden, batch.targets, few=True)
    return says, rating_loss(logits.float(), batch.ratings)


def rating_loss(logits: Tensor, ratings: Tensor) -> Tensor:
    """Mean binary cross-entropy of the ratings (B, R) that are no NaN; 0 if all are."""
    told = ~ratings.isnan()
    if not bool(told.any()):
        return logits.sum() * 0
    return F.binary_cross_entropy_with_logits(logits[told], ratings[told])


@torch.no_grad()
def rating_logits(module: Rated, rows: Sequence[Said], *, padding: int) -> Tensor:
    """(N, R), on the CPU."""
    module.eval()
    device = module.head.weight.device
    found = []
    for start in range(0, len(rows), ROWS_AT_ONCE):
        batch = rated_batch(rows[start : start + ROWS_AT_ONCE], padding=padding).to(device)
        found.append(cast(Tensor, module(batch)[1]).float().cpu())
    return torch.cat(found)


@torch.no_grad()
def measures_of(
    module: Rated, rows: Sequence[Said], *, padding: int, rating_weight: float = 1.0
) -> dict[str, float]:
    """loss; says: nats a token; rates: nats a rating; and the accuracy of each rating that these rows have."""
    module.eval()
    says = rates = 0.0
    for start in range(0, len(rows), ROWS_AT_ONCE):
        batch = rated_batch(rows[start : start + ROWS_AT_ONCE], padding=padding)
        both = losses(module, batch.to(module.head.weight.device))
        share = batch.scored / len(rows)
        says, rates = says + share * float(both[0]), rates + share * float(both[1])
    found = {"loss": says + rating_weight * rates, "says": says, "rates": rates}
    logits = rating_logits(module, rows, padding=padding)
    wanted = torch.tensor([row.ratings for row in rows])
    for i, name in enumerate(RATINGS):
        told = ~wanted[:, i].isnan()
        if told.any():
            right = (logits[told, i] > 0) == (wanted[told, i] > 0.5)
            found[f"{name}_accuracy"] = float(right.float().mean())
    return found
