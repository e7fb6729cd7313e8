"""The tasks that models are fine-tuned for, by name, and what every one of them can do. Needs no torch."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast, runtime_checkable

from shopkeeper.errors import SettingsError

if TYPE_CHECKING:
    from torch import nn

    from shopkeeper.training.finetune.plan import FinetunePlan
    from shopkeeper.training.opening import Opened
    from shopkeeper.training.trainer import Work
    from shopkeeper.training.words import Words

Row = Mapping[str, Any]

# Task -> module of this package that has it as `TASK`.
TASKS: Mapping[str, str] = {
    "generation": "generation",
    "classification": "classification",
    "tagging": "tagging",
    "embedding": "embedding",
    "cross-encoding": "crossing",
    "dialogue": "conversing",
    "distillation": "distillation",
}


class FinetuneTask(Protocol):
    """What is learnt, from rows to measures."""

    def checked(self, row: Row, plan: "FinetunePlan") -> Row:
        """The row with the columns that are kept, in their types. Raises ValueError saying what is wrong with it."""
        ...

    def identity(self, row: Row) -> str:
        """The text by which a row is known: rows with the same one are never on two sides of a split."""
        ...

    def settled(self, plan: "FinetunePlan", train: Sequence[Row]) -> "FinetunePlan":
        """The plan with the options that the training rows decide, such as labels: none here. Raises FeedError."""
        return plan

    def module(self, opened: "Opened", plan: "FinetunePlan") -> "nn.Module":
        """What is trained: the model, which has its adapter already, with the task's head on it."""
        ...

    def work(
        self,
        module: "nn.Module",
        words: "Words",
        plan: "FinetunePlan",
        *,
        train: Sequence[Row],
        validation: Sequence[Row],
    ) -> "Work":
        """The rows for the Trainer; `evaluate` measures the validation rows, among it what `recipe.minimise` names."""
        ...

    def measures(
        self, module: "nn.Module", words: "Words", plan: "FinetunePlan", rows: Sequence[Row]
    ) -> Mapping[str, float]:
        """How good it is on rows that it never saw."""
        ...


@runtime_checkable
class Saves(Protocol):
    """A task whose model is more than a Transformer, and is saved by it."""

    def save(
        self,
        module: "nn.Module",
        words: "Words",
        plan: "FinetunePlan",
        folder: Path,
        *,
        validation: Sequence[Row],
    ) -> None:
        """Write the model with its head, ready for use. It has no adapters any more. Raises StorageError."""
        ...


Record = TypeVar("Record")
Measured = TypeVar("Measured", contravariant=True)


class Made(Protocol[Measured]):
    """A model with its head, ready for use."""

    def measures(self, rows: Sequence[Measured]) -> Mapping[str, float]:
        """How good it is on these rows."""
        ...

    def save(self, folder: Path) -> None:
        """Write it. Raises StorageError."""
        ...


Model = TypeVar("Model", bound=Made[Any])


class HeadTask(FinetuneTask, Generic[Model, Record]):
    """A task that puts a head on the model. Such a task says what its rows, its model and its work are; from these
    follows how it is trained, measured and saved."""

    @abstractmethod
    def records(self, rows: Sequence[Row], plan: "FinetunePlan") -> list[Record]:
        """The rows as the task's own records, those left out that this plan's model cannot know."""

    @abstractmethod
    def made(self, module: "nn.Module", words: "Words", plan: "FinetunePlan") -> Model:
        """What the run has made, as it is used."""

    @abstractmethod
    def learning(
        self, made: Model, train: list[Record], validation: list[Record], plan: "FinetunePlan"
    ) -> "Work":
        """The rows for the Trainer."""

    def calibrated(self, made: Model, validation: list[Record]) -> Model:
        """The trained model with what the validation rows decide, such as a temperature: none here."""
        return made

    def work(
        self,
        module: "nn.Module",
        words: "Words",
        plan: "FinetunePlan",
        *,
        train: Sequence[Row],
        validation: Sequence[Row],
    ) -> "Work":
        learnt, measured = self.records(train, plan), self.records(validation, plan)
        return self.learning(self.made(module, words, plan), learnt, measured, plan)

    def measures(
        self, module: "nn.Module", words: "Words", plan: "FinetunePlan", rows: Sequence[Row]
    ) -> Mapping[str, float]:
        return self.made(module, words, plan).measures(self.records(rows, plan))

    def save(
        self,
        module: "nn.Module",
        words: "Words",
        plan: "FinetunePlan",
        folder: Path,
        *,
        validation: Sequence[Row],
    ) -> None:
        """See `Saves`."""
        made = self.made(module, words, plan)
        self.calibrated(made, self.records(validation, plan)).save(folder)


def task_of(name: str) -> FinetuneTask:
    """The task of this name. Raises SettingsError if there is none."""
    if name not in TASKS:
        raise SettingsError(f"no task is called {name!r}", hint=f"there are {', '.join(TASKS)}")
    module = import_module(f"shopkeeper.training.finetune.{TASKS[name]}")
    return cast(FinetuneTask, module.TASK)
