"""What a training says while it runs, and who listens.

Events are plain values, so that a terminal, a file and the database can each show them in its own way.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from shopkeeper.training.storage import storing

Kind = Literal["stage", "started", "step", "evaluated", "sampled", "saved", "ended"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened after so many steps of so many.

    values: numbers by name: loss, learning_rate, gradient_norm, tokens_per_s, mfu, eta_s, or measures of an
    evaluation. text: a sample, a file's name, why it ended, or what a stage before and after training is and did.
    """

    kind: Kind
    step: int
    steps: int
    values: Mapping[str, float]
    text: str = ""


Observer = Callable[[Event], None]


def silent(event: Event) -> None:
    """Listens and says nothing."""


def together(*observers: Observer) -> Observer:
    """All of them hear everything."""

    def observe(event: Event) -> None:
        for observer in observers:
            observer(event)

    return observe


def to_file(path: Path) -> Observer:
    """Appends each event to a file, one JSON object a line, so that a run can be looked at later and anywhere."""

    def observe(event: Event) -> None:
        with storing(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(event)) + "\n")

    return observe
