"""Two texts read together into one score: for the few best of a search, and for pairs that may be the same.

    crossing = make_cross_encoder(opened)
    Trainer(crossing.headed, Crossing.of(crossing, train, validation, seed=0, rows_at_once=16), recipe, run).fit()
    crossing.scores([("blue trainers", "Runner 5, blue")])

Axes: N pairs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from shopkeeper.errors import ArtifactError
from shopkeeper.measures import average_precision
from shopkeeper.training.finetune import layout
from shopkeeper.training.finetune.heads import Headed, Pooling, outputs
from shopkeeper.training.finetune.order import Order
from shopkeeper.training.finetune.plan import FinetunePlan
from shopkeeper.training.finetune.reading import Reading, planned_reading, reading_of
from shopkeeper.training.finetune.rows import TokenRow, collate, shares
from shopkeeper.training.finetune.tasks import HeadTask, Row
from shopkeeper.training.objectives import Batch, Loss
from shopkeeper.training.opening import Opened
from shopkeeper.training.parallel import World
from shopkeeper.training.words import Words


@dataclass(frozen=True, slots=True)
class Scored:
    """Two texts, and how well the second answers the first, from 0 to 1."""

    first: str
    second: str
    score: float


@dataclass(frozen=True)
class CrossEncoder:
    """A model with a head of one score."""

    headed: Headed
    reading: Reading

    def scores(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        """(N,) from 0 to 1."""
        logits = outputs(self.headed, self.reading.pairs(pairs), padding=self.reading.words.padding)
        return logits[:, 0].sigmoid().numpy()

    def token_rows(self, rows: Sequence[Scored]) -> list[TokenRow]:
        """Pairs joined, with their scores."""
        return self.reading.pairs([(r.first, r.second) for r in rows], [r.score for r in rows])

    def measures(self, rows: Sequence[Scored]) -> dict[str, float]:
        """See `measures_of`."""
        logits = outputs(self.headed, self.token_rows(rows), padding=self.reading.words.padding)
        return measures_of(logits[:, 0], rows)

    def save(self, folder: Path) -> None:
        """Write it as Transformers' class with one label, which cross-encoders are. Raises StorageError."""
        layout.save(self.headed, self.reading, folder, task="crossing")


def make_cross_encoder(
    opened: Opened, *, pooling: Pooling | None = None, max_tokens: int = 256, dropout: float = 0.1
) -> CrossEncoder:
    """A cross-encoder that has learnt nothing yet. pooling: by default the first token of an encoder, else the last."""
    chosen = pooling or ("last" if opened.model.encoder is None else "first")
    bias = layout.has_bias(opened.shape, chosen)
    headed = Headed(opened.model, 1, pooling=chosen, dropout=dropout, bias=bias)
    return CrossEncoder(headed, reading_of(opened, max_tokens=max_tokens))


def load_cross_encoder(folder: Path) -> CrossEncoder:
    """What `CrossEncoder.save` wrote. Raises ArtifactError."""
    saved = layout.load(folder)
    if saved.about.get("task") != "crossing":
        raise ArtifactError(
            f"{folder} holds a model for {saved.about.get('task')}",
            hint="name a folder of a cross-encoder",
        )
    return CrossEncoder(saved.headed, saved.reading)


@dataclass(frozen=True)
class Crossing:
    """Scored pairs as work for the Trainer: binary cross-entropy with the score."""

    train: Sequence[TokenRow]
    validation: Sequence[TokenRow]
    measured: Sequence[Scored]
    order: Order
    padding: int

    @classmethod
    def of(
        cls,
        crossing: CrossEncoder,
        train: Sequence[Scored],
        validation: Sequence[Scored],
        *,
        seed: int,
        rows_at_once: int,
    ) -> "Crossing":
        """The work of these pairs."""
        learnt, measured = crossing.token_rows(train), crossing.token_rows(validation)
        order = Order([len(row.ids) for row in learnt], seed=seed, rows_at_once=rows_at_once)
        return cls(learnt, measured, validation, order, crossing.reading.words.padding)

    @property
    def tokens_per_row(self) -> int:
        return self.order.mean_length

    def batch(self, places: range) -> Batch:
        rows = [self.train[i] for i in self.order.rows(places)]
        return collate(rows, shares(rows), padding=self.padding)

    def loss(self, model: Headed, batch: Batch) -> Loss:
        logits = model(batch).float()[:, 0]
        return Loss(F.binary_cross_entropy_with_logits(logits, batch.targets), {})

    def evaluate(self, model: Headed, rows: int, world: World) -> Mapping[str, float]:
        """See `measures_of`, of the first `rows` validation rows."""
        if not self.validation:
            return {}
        logits = outputs(model, self.validation[:rows], padding=self.padding)
        return measures_of(logits[:, 0], self.measured[:rows])

    def sample(self, model: Headed) -> str:
        return ""


def measures_of(logits: Tensor, rows: Sequence[Scored]) -> dict[str, float]:
    """loss; accuracy, a score above 0.5 being a yes; map: mean average precision over first texts that have a yes.

    map ranks only the second texts that stand beside the same first one in these rows.
    """
    wanted = logits.new_tensor([row.score for row in rows])
    right = ((logits > 0) == (wanted > 0.5)).float().mean()
    by_first: dict[str, list[int]] = {}
    for i, row in enumerate(rows):
        by_first.setdefault(row.first, []).append(i)
    precisions = []
    for places in by_first.values():
        yes = {i for i in places if rows[i].score > 0.5}
        if yes:
            ranked = sorted(places, key=lambda i: -float(logits[i]))
            precisions.append(average_precision(ranked, yes))
    loss = F.binary_cross_entropy_with_logits(logits, wanted)
    mean = float(np.mean(precisions)) if precisions else 0.0
    return {"loss": float(loss), "accuracy": float(right), "map": mean}


class CrossEncoding(HeadTask[CrossEncoder, Scored]):
    """See `tasks.FinetuneTask`. A row has `first`, `second` and `score`, from 0 to 1."""

    def checked(self, row: Row, plan: FinetunePlan) -> Row:
        for name in ("first", "second"):
            if not isinstance(row.get(name), str) or not row[name].strip():
                raise ValueError(f"there is no {name!r} (the row has {', '.join(map(str, row))})")
        try:
            score = float(row["score"])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"'score' is {row.get('score')!r}, not a number") from error
        if not 0 <= score <= 1:
            raise ValueError(f"'score' is {score}, not from 0 to 1")
        return {"first": row["first"], "second": row["second"], "score": score}

    def identity(self, row: Row) -> str:
        """The first text, so that all of its pairs are on one side."""
        return str(row["first"])

    def module(self, opened: Opened, plan: FinetunePlan) -> nn.Module:
        return make_cross_encoder(opened, max_tokens=plan.length).headed

    def records(self, rows: Sequence[Row], plan: FinetunePlan) -> list[Scored]:
        return [Scored(row["first"], row["second"], row["score"]) for row in rows]

    def made(self, module: nn.Module, words: Words, plan: FinetunePlan) -> CrossEncoder:
        headed = cast(Headed, module)
        return CrossEncoder(headed, planned_reading(words, plan, headed.shape))

    def learning(
        self, made: CrossEncoder, train: list[Scored], validation: list[Scored], plan: FinetunePlan
    ) -> Crossing:
        recipe = plan.recipe
        return Crossing.of(
            made, train, validation, seed=recipe.seed, rows_at_once=recipe.micro_rows
        )


TASK = CrossEncoding()
