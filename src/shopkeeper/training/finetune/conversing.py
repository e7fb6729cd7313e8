"""How a dialogue model learns: to say the responses worth imitating, and to rate all of them, in one loss."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from torch import nn

from shopkeeper.training.finetune.dialogue import DialogueModel, Exchange, make_dialogue
from shopkeeper.training.finetune.order import Order
from shopkeeper.training.finetune.plan import FinetunePlan
from shopkeeper.training.finetune.rating import (
    RATINGS,
    Rated,
    RatedBatch,
    Said,
    losses,
    measures_of,
    rated_batch,
)
from shopkeeper.training.finetune.reading import planned_reading
from shopkeeper.training.finetune.tasks import HeadTask, Row
from shopkeeper.training.objectives import Batch, Loss
from shopkeeper.training.opening import Opened
from shopkeeper.training.parallel import World
from shopkeeper.training.words import Words


@dataclass(frozen=True)
class Conversing:
    """Exchanges as work for the Trainer: nats a token of the responses worth imitating, and of each rating."""

    train: Sequence[Said]
    validation: Sequence[Said]
    order: Order
    padding: int
    rating_weight: float = 1.0

    @classmethod
    def of(
        cls,
        dialogue: DialogueModel,
        train: Sequence[Exchange],
        validation: Sequence[Exchange],
        *,
        seed: int,
        rows_at_once: int,
    ) -> "Conversing":
        """The work of these exchanges."""
        learnt, measured = ([dialogue.said(each) for each in rows] for rows in (train, validation))
        lengths = [len(row.prompt) + len(row.response) for row in learnt]
        order = Order(lengths, seed=seed, rows_at_once=rows_at_once)
        return cls(learnt, measured, order, dialogue.words.padding)

    @property
    def tokens_per_row(self) -> int:
        return self.order.mean_length

    def batch(self, places: range) -> Batch:
        return rated_batch([self.train[i] for i in self.order.rows(places)], padding=self.padding)

    def loss(self, model: Rated, batch: Batch) -> Loss:
        assert isinstance(batch, RatedBatch)
        says, rates = losses(model, batch)
        parts = {"says": says.detach(), "rates": rates.detach()}
        return Loss(says + self.rating_weight * rates, parts)

    def evaluate(self, model: Rated, rows: int, world: World) -> Mapping[str, float]:
        """See `rating.measures_of`, of the first `rows` validation rows."""
        measured = self.validation[:rows]
        if not measured:
            return {}
        weight = self.rating_weight
        return measures_of(model, measured, padding=self.padding, rating_weight=weight)

    def sample(self, model: Rated) -> str:
        return ""


class Dialogue(HeadTask[DialogueModel, Exchange]):
    """See `tasks.FinetuneTask`. A row has `context`, the list of what was said, the customer last, and `response`; it may
    have `sensible`, `specific`, `interesting` and `safe`, from 0 to 1."""

    def checked(self, row: Row, plan: FinetunePlan) -> Row:
        context, response = row.get("context"), row.get("response")
        if (
            not isinstance(context, list)
            or not context
            or not all(isinstance(t, str) for t in context)
        ):
            raise ValueError("'context' is not a list of what was said")
        if not isinstance(response, str) or not response.strip():
            raise ValueError(f"there is no 'response' (the row has {', '.join(map(str, row))})")
        ratings = {name: float(row[name]) for name in RATINGS if row.get(name) is not None}
        Exchange(tuple(context), response, ratings)  # says what is out of range
        return {"context": context, "response": response, **ratings}

    def identity(self, row: Row) -> str:
        """What was said before, so that all responses to it are on one side."""
        return "\n".join(row["context"])

    def module(self, opened: Opened, plan: FinetunePlan) -> nn.Module:
        return make_dialogue(opened, max_tokens=plan.length).module

    def records(self, rows: Sequence[Row], plan: FinetunePlan) -> list[Exchange]:
        return [_exchange(row) for row in rows]

    def made(self, module: nn.Module, words: Words, plan: FinetunePlan) -> DialogueModel:
        rated = cast(Rated, module)
        return DialogueModel(rated, words, planned_reading(words, plan, rated.shape).max_tokens)

    def learning(
        self, made: DialogueModel, train: list[Exchange], validation: list[Exchange], plan: FinetunePlan
    ) -> Conversing:  # fmt: skip
        recipe = plan.recipe
        return Conversing.of(
            made, train, validation, seed=recipe.seed, rows_at_once=recipe.micro_rows
        )

    def calibrated(self, made: DialogueModel, validation: list[Exchange]) -> DialogueModel:
        return made.calibrated(validation)


def _exchange(row: Row) -> Exchange:
    ratings = {name: row[name] for name in RATINGS if name in row}
    return Exchange(tuple(row["context"]), row["response"], ratings)


TASK = Dialogue()
