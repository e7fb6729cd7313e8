"""Texts into labels: one of several, or for each label yes or no, with probabilities that mean what they say.

    classifier = make_classifier(opened, ("refund", "delivery"))
    work = Classifying.of(classifier, train, validation, seed=0, rows_at_once=16)
    Trainer(classifier.headed, work, recipe, run).fit()
    classifier = classifier.calibrated(validation)
    classifier.predict(["where is my parcel"])

Axes: N texts, L labels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from shopkeeper.errors import ArtifactError, FeedError
from shopkeeper.measures import accuracy, macro_f1
from shopkeeper.training.finetune import layout
from shopkeeper.training.finetune.calibration import (
    calibration_error,
    cross_entropy,
    fit_weights,
)
from shopkeeper.training.finetune.heads import Headed, Pooling, outputs
from shopkeeper.training.finetune.order import Order
from shopkeeper.training.finetune.plan import FinetunePlan
from shopkeeper.training.finetune.reading import Reading, planned_reading, reading_of
from shopkeeper.training.finetune.rows import TokenRow, collate, shares, whole_numbers
from shopkeeper.training.finetune.tasks import HeadTask, Row
from shopkeeper.training.objectives import Batch, Loss
from shopkeeper.training.opening import Opened
from shopkeeper.training.parallel import World
from shopkeeper.training.words import Words


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text and its label; several, or none, where a classifier says yes or no to each."""

    text: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a classifier says of a text. probabilities: of every label, the likeliest first."""

    labels: tuple[str, ...]
    probabilities: Mapping[str, float]


@dataclass(frozen=True)
class TextClassifier:
    """A model with a head of labels. several: each label for itself. sharpness: 1 / temperature."""

    headed: Headed
    reading: Reading
    labels: tuple[str, ...]
    several: bool = False
    sharpness: float = 1.0

    def logits(self, texts: Sequence[str]) -> Tensor:
        """Scores as the head gives them, (N, L)."""
        return outputs(self.headed, self.reading.rows(texts), padding=self.reading.words.padding)

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(N, L), calibrated if the classifier is."""
        return _probabilities(self.logits(texts) * self.sharpness, self.several).numpy()

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Of each text its label, or all labels that are likelier than not where there may be several."""
        found = []
        for row in self.probabilities(texts):
            order = np.argsort(-row, kind="stable")
            likely = {self.labels[i]: float(row[i]) for i in order}
            said = tuple(label for label, p in likely.items() if p > 0.5)
            found.append(Prediction(said if self.several else (self.labels[order[0]],), likely))
        return found

    def calibrated(self, validation: Sequence[Labelled]) -> "TextClassifier":
        """The same with the temperature that makes these rows likeliest; they must not have been trained on.

        Without rows it stays as it is.
        """
        if not validation:
            return self
        logits = self.logits([row.text for row in validation])
        targets = targets_of(self.token_rows(validation), several=self.several)
        return replace(self, sharpness=float(fit_weights(logits[None], targets)[0]) or 1.0)

    def measures(self, rows: Sequence[Labelled]) -> dict[str, float]:
        """loss, accuracy (all labels of a text right), macro_f1 (of the labels) and calibration_error."""
        logits = self.logits([row.text for row in rows]) * self.sharpness
        return measures_of(
            logits, targets_of(self.token_rows(rows), several=self.several), self.several
        )

    def token_rows(self, rows: Sequence[Labelled]) -> list[TokenRow]:
        """Rows with the numbers of their labels. Raises FeedError for a label that there is not."""
        numbers = {label: i for i, label in enumerate(self.labels)}
        targets: list[object] = []
        for row in rows:
            if unknown := [label for label in row.labels if label not in numbers]:
                raise FeedError(
                    f"the label {unknown[0]!r} is none of the classifier's",
                    hint=f"known are {', '.join(self.labels[:20])}",
                )
            if self.several:
                targets.append([float(label in row.labels) for label in self.labels])
            elif len(row.labels) != 1:
                raise FeedError(
                    f"a text has {len(row.labels)} labels, not one", hint="set several labels"
                )
            else:
                targets.append(numbers[row.labels[0]])
        return self.reading.rows([row.text for row in rows], targets)

    def save(self, folder: Path) -> None:
        """Write it in Transformers' layout, where that has a class for the head. Raises StorageError."""
        more = {"task": "classification", "several": self.several, "sharpness": self.sharpness}
        layout.save(self.headed, self.reading, folder, labels=self.labels, **more)


def make_classifier(
    opened: Opened,
    labels: Sequence[str],
    *,
    several: bool = False,
    pooling: Pooling | None = None,
    max_tokens: int = 256,
    dropout: float = 0.1,
) -> TextClassifier:
    """A classifier that has learnt nothing yet. pooling: by default the mean of an encoder, the last token of a decoder."""
    model = opened.model
    chosen = pooling or ("last" if model.encoder is None else "mean")
    headed = Headed(
        model, len(labels), pooling=chosen, dropout=dropout, bias=layout.has_bias(model.shape, chosen)
    )  # fmt: skip
    return TextClassifier(headed, reading_of(opened, max_tokens=max_tokens), tuple(labels), several)


def load_classifier(folder: Path) -> TextClassifier:
    """What `TextClassifier.save` wrote. Raises ArtifactError."""
    saved = layout.load(folder)
    about = saved.about
    if about.get("task") != "classification":
        raise ArtifactError(
            f"{folder} holds a model for {about.get('task')}",
            hint="name a folder of a classification",
        )
    labels = tuple(about["labels"])
    return TextClassifier(saved.headed, saved.reading, labels, about["several"], about["sharpness"])


@dataclass(frozen=True)
class Classifying:
    """Labelled rows as work for the Trainer: cross-entropy, or of each label for itself where there may be several."""

    train: Sequence[TokenRow]
    validation: Sequence[TokenRow]
    order: Order
    padding: int
    several: bool = False

    @classmethod
    def of(
        cls,
        classifier: TextClassifier,
        train: Sequence[Labelled],
        validation: Sequence[Labelled],
        *,
        seed: int,
        rows_at_once: int,
    ) -> "Classifying":
        """The work of these rows."""
        learnt, measured = classifier.token_rows(train), classifier.token_rows(validation)
        order = Order([len(row.ids) for row in learnt], seed=seed, rows_at_once=rows_at_once)
        padding = classifier.reading.words.padding
        return cls(learnt, measured, order, padding, classifier.several)

    @property
    def tokens_per_row(self) -> int:
        return self.order.mean_length

    def batch(self, places: range) -> Batch:
        rows = [self.train[i] for i in self.order.rows(places)]
        return collate(rows, targets_of(rows, several=self.several), padding=self.padding)

    def loss(self, model: Headed, batch: Batch) -> Loss:
        return Loss(cross_entropy(model(batch).float(), batch.targets), {})

    def evaluate(self, model: Headed, rows: int, world: World) -> Mapping[str, float]:
        """See `TextClassifier.measures`, of the first `rows` validation rows."""
        measured = self.validation[:rows]
        if not measured:
            return {}
        logits = outputs(model, measured, padding=self.padding)
        return measures_of(logits, targets_of(measured, several=self.several), self.several)

    def sample(self, model: Headed) -> str:
        return ""


def targets_of(rows: Sequence[TokenRow], *, several: bool) -> Tensor:
    """(N,) numbers of labels, or (N, L) of 0 and 1."""
    return shares(rows) if several else whole_numbers(rows)


def measures_of(logits: Tensor, targets: Tensor, several: bool) -> dict[str, float]:
    """Measures of scores (N, L)."""
    likely = _probabilities(logits, several)
    found = {"loss": float(cross_entropy(logits, targets))}
    if several:
        said, right = likely > 0.5, targets > 0.5
        f1 = [macro_f1(right[:, i].tolist(), said[:, i].tolist()) for i in range(logits.shape[1])]
        sure = torch.where(said, likely, 1 - likely)
        error = calibration_error(sure.flatten(), (said == right).flatten())
        whole = float((said == right).all(1).float().mean())
        return found | {
            "accuracy": whole, "macro_f1": float(np.mean(f1)), "calibration_error": error,
        }  # fmt: skip
    sure, best = likely.max(1)
    expected, given = targets.tolist(), best.tolist()
    return found | {
        "accuracy": accuracy(expected, given), "macro_f1": macro_f1(expected, given),
        "calibration_error": calibration_error(sure, best == targets),
    }  # fmt: skip


def _probabilities(logits: Tensor, several: bool) -> Tensor:
    return logits.sigmoid() if several else logits.softmax(-1)


class Classification(HeadTask[TextClassifier, Labelled]):
    """See `tasks.FinetuneTask`. A row has `text`, and `label` or, where a text may have several, the list `labels`."""

    def checked(self, row: Row, plan: FinetunePlan) -> Row:
        text = row.get("text")
        if not isinstance(text, str) or not text.strip():
            raise ValueError(f"there is no 'text' (the row has {', '.join(map(str, row))})")
        if "labels" in row:
            labels = row["labels"]
            if not isinstance(labels, list) or not all(isinstance(each, str) for each in labels):
                raise ValueError("'labels' is not a list of texts")
            return {"text": text, "labels": sorted(set(labels))}
        if row.get("label") in (None, ""):
            raise ValueError("there is no 'label', nor 'labels'")
        return {"text": text, "label": str(row["label"])}

    def identity(self, row: Row) -> str:
        return str(row["text"])

    def settled(self, plan: FinetunePlan, train: Sequence[Row]) -> FinetunePlan:
        several = any("labels" in row for row in train)
        labels = sorted({label for row in train for label in _labels(row)})
        if len(labels) < (1 if several else 2):
            raise FeedError(
                f"{plan.data}: the training rows have the label {', '.join(labels) or 'none'} alone",
                hint="a classifier needs rows of at least two labels",
            )
        return replace(plan, options={**plan.options, "labels": labels, "several": several})

    def module(self, opened: Opened, plan: FinetunePlan) -> nn.Module:
        options = plan.options
        made = make_classifier(
            opened, options["labels"], several=options["several"], pooling=options.get("pooling"),
            max_tokens=plan.length,
        )  # fmt: skip
        return made.headed

    def records(self, rows: Sequence[Row], plan: FinetunePlan) -> list[Labelled]:
        """Rows with a label that no training row had are left out."""
        known = set(plan.options["labels"])
        return [_labelled(row) for row in rows if known.issuperset(_labels(row))]

    def made(self, module: nn.Module, words: Words, plan: FinetunePlan) -> TextClassifier:
        headed = cast(Headed, module)
        reading = planned_reading(words, plan, headed.shape)
        labels = tuple(plan.options["labels"])
        return TextClassifier(headed, reading, labels, plan.options["several"])

    def learning(
        self, made: TextClassifier, train: list[Labelled], validation: list[Labelled], plan: FinetunePlan
    ) -> Classifying:  # fmt: skip
        recipe = plan.recipe
        return Classifying.of(
            made, train, validation, seed=recipe.seed, rows_at_once=recipe.micro_rows
        )

    def calibrated(self, made: TextClassifier, validation: list[Labelled]) -> TextClassifier:
        return made.calibrated(validation)

    def measures(
        self, module: nn.Module, words: Words, plan: FinetunePlan, rows: Sequence[Row]
    ) -> Mapping[str, float]:
        """See `TextClassifier.measures`; unknown_labels: rows that were left out of it."""
        unknown = len(rows) - len(self.records(rows, plan))
        return {**super().measures(module, words, plan, rows), "unknown_labels": float(unknown)}


def _labels(row: Row) -> Sequence[str]:
    return row["labels"] if "labels" in row else [row["label"]]


def _labelled(row: Row) -> Labelled:
    return Labelled(row["text"], tuple(_labels(row)))


TASK = Classification()
