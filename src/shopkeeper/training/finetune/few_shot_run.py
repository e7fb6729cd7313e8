"""A few-shot classifier as a run: rows read, checked and split by content, learnt, measured on the test part, kept.

    prepared = prepare_few_shot(plan, FewShot(), run)
    measures = make_few_shot(prepared, run, stores)
    load_few_shot(run / "model").predict(["where is my parcel"])

RUN/rows/  model/  card.json. Rows are those of the task `classification`, one label each. No validation part: what there
is to choose is chosen by parts of the training rows (`few_shot`). A run that was stopped begins anew: it takes minutes.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from shopkeeper.errors import Conflict
from shopkeeper.training.finetune.classification import TASK, Labelled, measures_of
from shopkeeper.training.finetune.data import Split, keep_split, kept_split, split_rows
from shopkeeper.training.finetune.few_shot import (
    FOLDER,
    FewShot,
    FewShotClassifier,
    fit_few_shot,
    load_few_shot,
    spelled,
    steps_of,
)
from shopkeeper.training.finetune.plan import FinetunePlan
from shopkeeper.training.finetune.running import CARD, MODEL, Stores
from shopkeeper.training.progress import Event, Observer, silent
from shopkeeper.training.storage import storing


@dataclass(frozen=True)
class Prepared:
    """Rows ready to learn from, and how. plan: names the base and the labels."""

    plan: FinetunePlan
    way: FewShot
    split: Split

    @property
    def train(self) -> list[Labelled]:
        """What is learnt from."""
        return TASK.records(self.split.train, self.plan)

    @property
    def steps(self) -> int:
        """Of all trainings together."""
        return steps_of(self.way, self.train)


def prepare_few_shot(
    plan: FinetunePlan, way: FewShot, run: Path, *, named: bool = True
) -> Prepared:
    """Read the plan's files and keep the rows of each side in the run's folder.

    named: each label's name, spelled out, is one more text of it. Raises FeedError for rows that cannot be used,
    Conflict if the run is made already, StorageError.
    """
    if is_few_shot(run):
        raise Conflict(f"the run {run.name!r} is made already", hint="choose another name")
    split = split_rows(plan, TASK, needed=("train", "test"))
    plan = TASK.settled(plan, split.train)
    keep_split(run, split)
    return Prepared(
        plan, replace(way, names=spelled(plan.options["labels"])) if named else way, split
    )


def make_few_shot(
    prepared: Prepared, run: Path, stores: Stores, *, observer: Observer = silent
) -> Mapping[str, float]:
    """Learn, measure on the test part, and keep the classifier with a card. Returns the measures. Raises StorageError."""
    plan, split = prepared.plan, prepared.split
    opened = stores.open(plan.base)
    _say(observer, f"tuning {plan.base} on {split}")
    made = fit_few_shot(opened, prepared.train, prepared.way, run, observer=observer)
    _say(observer, f"weights in the pool: encoder {made.pool[0]:.2f}, n-grams {made.pool[1]:.2f}")
    test = TASK.records(split.test, plan)
    found = measures(made, test) | {"unknown_labels": float(len(split.test) - len(test))}
    made.save(run / MODEL)
    card = {
        "task": "few-shot", "base": plan.base, "base_sha256": opened.origin.sha256, "data": Path(plan.data).name,
        "data_sha256": split.sha256, "rows": {"train": len(split.train), "test": len(split.test)},
        "way": asdict(prepared.way), "pool": made.pool, "test": found,
    }  # fmt: skip
    with storing(run):
        (run / CARD).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    return found


def is_few_shot(run: Path) -> bool:
    """True if such a classifier was made in this folder."""
    return (run / MODEL / FOLDER).is_dir()


def measures(classifier: FewShotClassifier, rows: Sequence[Labelled]) -> dict[str, float]:
    """Those of a classifier (see `classification.measures_of`), and the accuracy of the encoder alone."""
    texts = [row.text for row in rows]
    targets = torch.tensor([classifier.labels.index(row.labels[0]) for row in rows])
    alone = (classifier.encoder_scores(texts).argmax(1) == targets).float().mean()
    found = measures_of(classifier.scores(texts), targets, several=False)
    return found | {"encoder_accuracy": float(alone)}


def evaluate_few_shot(run: Path, *, rows: int = 0) -> Mapping[str, float]:
    """Measures on the run's test part; rows: the first so many, 0 for all. Raises ArtifactError."""
    made, test = load_few_shot(run / MODEL), kept_split(run).test
    known = [Labelled(row["text"], (row["label"],)) for row in test if row["label"] in made.labels]
    return measures(made, known[: rows or len(known)])


def _say(observer: Observer, text: str) -> None:
    observer(Event("stage", 0, 0, {}, text))
