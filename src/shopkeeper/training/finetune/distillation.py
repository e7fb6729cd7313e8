"""Distillation: a larger model labels the shop's own text, and a small one learns what it said.

    rows = list(labelled_by(teacher, SENTIMENT, inputs, kept=Kept(path)))

Answers in words are learnt as any others are, by the task `generation`: what the teacher says is the target (sequence
distillation, Kim and Rush 2016). Labels come with how likely the teacher finds each, and are learnt by the task
`distillation`: T² · KL(teacher^(1/T) ‖ student^(1/T)), mixed with the cross-entropy of its likeliest label (Hinton et
al. 2015, section 2). The measures are agreement with the teacher: how right it is, only rows that people labelled say.

Axes: B rows, N rows in all, L labels.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from shopkeeper.errors import ContextTooLong, OutputError
from shopkeeper.models.engines.contract import LanguageModel
from shopkeeper.models.prompting import Choice, Kept, Prior, Task, run
from shopkeeper.training.finetune.classification import Classification, Classifying
from shopkeeper.training.finetune.heads import Headed
from shopkeeper.training.finetune.plan import FinetunePlan
from shopkeeper.training.finetune.rows import collate
from shopkeeper.training.finetune.tasks import Row
from shopkeeper.training.objectives import Batch, Loss
from shopkeeper.training.parallel import World
from shopkeeper.training.words import Words

TEMPERATURE, SOFT_SHARE = 2.0, 0.7  # unless the plan's options say otherwise
SUM_OFF = 0.02  # by so much probabilities of a row may fail to add up to 1


@dataclass(frozen=True, slots=True)
class Refusal:
    """A text that the teacher gave no usable answer to, and why."""

    text: str
    reason: str


def labelled_by(
    teacher: LanguageModel,
    task: Task[Any, Any],
    inputs: Sequence[Any],
    *,
    prior: Prior | None = None,
    kept: Kept | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> Iterator[Row | Refusal]:
    """A row to learn from for each input, or why there is none: no answer of the right form, or one that fails a check.

    For tasks with labels: text, label and probabilities; for others: system, input and output. kept: what came of each
    input, so that labelling that was stopped goes on. Raises what the model raises.
    """
    kept = kept or Kept(None)
    for number, given in enumerate(inputs, 1):
        asked = given.model_dump_json()
        key = json.dumps(["labelled", teacher.model, task.template, task.instruction, asked])
        found = kept.get(key, lambda given=given: _asked(teacher, task, given, prior))  # type: ignore[misc]
        yield Refusal(asked, found["refused"]) if "refused" in found else found
        progress(number)


def _asked(
    teacher: LanguageModel, task: Task[Any, Any], given: Any, prior: Prior | None
) -> dict[str, Any]:
    try:
        result = run(task, teacher, given, prior=prior)
    except (OutputError, ContextTooLong) as error:
        return {"refused": error.message}
    if result.problems:
        return {"refused": "; ".join(result.problems)}
    if isinstance(task.answer, Choice):
        text = str(getattr(given, next(iter(type(given).model_fields))))
        return {"text": text, "label": result.output, "probabilities": dict(result.probabilities)}
    return {
        "system": task.instruction,
        "input": task.question(given),
        "output": task.said(result.output),
    }


def soft_label_loss(
    logits: Tensor, probabilities: Tensor, *, temperature: float, soft_share: float
) -> Tensor:
    """The mean over rows of soft_share · T² · KL(teacher ‖ student) + (1 − soft_share) · cross-entropy. Both (B, L).

    A teacher's probabilities p become softmax(log p / T), as its logits would.
    """
    softened = (probabilities.clamp(min=1e-9).log() / temperature).log_softmax(-1)
    said = (logits / temperature).log_softmax(-1)
    soft = F.kl_div(said, softened, log_target=True, reduction="batchmean") * temperature**2
    hard = F.cross_entropy(logits, probabilities.argmax(-1))
    return soft_share * soft + (1 - soft_share) * hard


@dataclass(frozen=True)
class Distilling:
    """Rows with a teacher's probabilities as work for the Trainer; validation as of a classifier's rows."""

    hard: Classifying
    probabilities: Tensor  # (N, L) of the training rows
    temperature: float
    soft_share: float

    @property
    def tokens_per_row(self) -> int:
        return self.hard.tokens_per_row

    def batch(self, places: range) -> Batch:
        numbers = self.hard.order.rows(places)
        rows = [self.hard.train[i] for i in numbers]
        return collate(rows, self.probabilities[numbers], padding=self.hard.padding)

    def loss(self, model: Headed, batch: Batch) -> Loss:
        value = soft_label_loss(
            model(batch).float(), batch.targets, temperature=self.temperature, soft_share=self.soft_share
        )  # fmt: skip
        return Loss(value, {})

    def evaluate(self, model: Headed, rows: int, world: World) -> Mapping[str, float]:
        """See `Classifying.evaluate`: agreement with the teacher's labels."""
        return self.hard.evaluate(model, rows, world)

    def sample(self, model: Headed) -> str:
        return ""


class Distillation(Classification):
    """A classifier that learns how likely a teacher finds each label, and is measured by the likeliest. A row has `text`
    and the `probabilities` of its labels."""

    def checked(self, row: Row, plan: FinetunePlan) -> Row:
        likely = row.get("probabilities")
        if not isinstance(likely, Mapping) or len(likely) < 2:
            raise ValueError("there are no 'probabilities' of two labels or more")
        values = {str(label): float(value) for label, value in likely.items()}
        if min(values.values()) < 0 or abs(sum(values.values()) - 1) > SUM_OFF:
            raise ValueError(f"the probabilities add up to {sum(values.values()):.3f}, not 1")
        label = max(values, key=values.__getitem__)
        plain = super().checked({"text": row.get("text"), "label": label}, plan)
        return {**plain, "probabilities": values}

    def settled(self, plan: FinetunePlan, train: Sequence[Row]) -> FinetunePlan:
        labels = sorted({label for row in train for label in row["probabilities"]})
        return super().settled(plan, [{"text": "", "label": label} for label in labels])

    def work(
        self,
        module: nn.Module,
        words: Words,
        plan: FinetunePlan,
        *,
        train: Sequence[Row],
        validation: Sequence[Row],
    ) -> Distilling:
        learnt, measured = self.records(train, plan), self.records(validation, plan)
        hard = self.learning(self.made(module, words, plan), learnt, measured, plan)
        labels, options = plan.options["labels"], plan.options
        likely = [[row["probabilities"].get(label, 0.0) for label in labels] for row in train]
        return Distilling(
            hard, torch.tensor(likely), float(options.get("temperature", TEMPERATURE)),
            float(options.get("soft_share", SOFT_SHARE)),
        )  # fmt: skip


TASK = Distillation()
