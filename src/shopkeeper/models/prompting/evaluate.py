"""How good a model is at a task, on rows with right answers: a figure with its interval, tokens, time and cost.

Each row is asked once; what came back is kept in a file, if one is named, so that a run that was stopped goes on. For
tasks with labels the prior is taken from rows that are not measured, and the labels that the model says by itself,
greedily, are measured beside those that it finds likeliest.
"""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, cast

import numpy as np
from numpy.typing import NDArray

from shopkeeper.errors import ContextTooLong, OutputError
from shopkeeper.measures import accuracy, bootstrap, found, macro_f1, wilson
from shopkeeper.models.engines.contract import LanguageModel
from shopkeeper.models.prompting.inference import prior_of, run, said_by
from shopkeeper.models.prompting.shots import Pool
from shopkeeper.models.prompting.task import Example, Input, Output, Task
from shopkeeper.models.structured import Choice, Prior

PRIOR_ROWS = 16  # inputs from which a prior is taken, unless told otherwise
Progress = Callable[[int, int], None]  # rows done, rows in all


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one row. grade: in [0, 1]. said: the label that the model says by itself.

    output: a label, or what a person reads; None if the model gave no answer of the right form. right, given,
    expected: numbers of facts, where a task is measured by them.
    """

    grade: float
    output: str | None
    said: str | None
    wanted: str
    facts: tuple[int, int, int]
    problems: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    total_ms: float


@dataclass(frozen=True, slots=True)
class Report:
    """A model's figure for a task with so many examples shown. low, high: it is between, with 95 % confidence."""

    task: str
    model: str
    shots: int
    rows: int
    measure: str  # accuracy, F1 or mean grade
    figure: float
    low: float
    high: float
    macro_f1: float | None
    greedy: float | None
    failed: int  # answers that had not the right form
    faulty: int  # answers that the task's checks found wrong
    prompt_tokens: int
    completion_tokens: int
    seconds: float


class Kept:
    """Outcomes in a file of JSON lines, by what they depend on: task, model, prompt, row, seed."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known: dict[str, Any] = {}
        if path is not None and path.exists():
            for line in path.read_text(encoding="utf-8").split("\n"):
                try:
                    one = json.loads(line)
                except ValueError:
                    continue  # the last line of a run that was killed
                self._known[one["key"]] = one["value"]

    def has(self, key: str) -> bool:
        """True if something is kept under the key."""
        return key in self._known

    def get(self, key: str, make: Callable[[], Any]) -> Any:
        """What is kept under the key, or what `make` gives, kept from now on. JSON values."""
        if key not in self._known:
            self._known[key] = make()
            if self._path is not None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                with self._path.open("a", encoding="utf-8") as file:
                    line = {"key": key, "value": self._known[key]}
                    file.write(json.dumps(line, ensure_ascii=False) + "\n")
        return self._known[key]


def evaluate(
    task: Task[Input, Output],
    rows: Sequence[Example[Input, Output]],
    model: LanguageModel,
    *,
    pool: Pool[Input, Output],
    shots: int = 0,
    unlabelled: Sequence[Input] = (),
    budget_tokens: int | None = None,
    greedy: bool = True,
    kept: Kept | None = None,
    progress: Progress = lambda done, of: None,
) -> Report:
    """The model's figure on these rows, each asked with up to `shots` examples of the pool.

    unlabelled: inputs to take a prior from, not those that are measured; none leaves the labels as they are.
    budget_tokens: most tokens of a prompt. greedy: whether to ask for the greedy label too. An answer of the wrong
    form counts as wrong, as does a prompt that does not fit; other errors of the model end the run.
    """
    cell = _Cell(task, model, pool, shots, budget_tokens, kept or Kept(None), greedy)
    prior = cell.prior(unlabelled)
    outcomes = []
    for place, row in enumerate(rows):
        outcomes.append(cell.outcome(row, prior))
        progress(place + 1, len(rows))
    return _report(task, model.model, shots, outcomes, seed=pool.seed)


@dataclass(frozen=True, slots=True)
class _Cell(Generic[Input, Output]):
    """One figure in the making."""

    task: Task[Input, Output]
    model: LanguageModel
    pool: Pool[Input, Output]
    shots: int
    budget_tokens: int | None
    kept: Kept
    greedy: bool

    def prior(self, inputs: Sequence[Input]) -> Prior | None:
        """From these inputs, each with its examples."""
        scores = isinstance(self.task.answer, Choice) and "score" in self.model.abilities
        if not scores or not inputs:
            return None
        asked = [(given, self._examples(given)) for given in inputs]
        key = self._key("prior", *(self._prompt(given, shown) for given, shown in asked))
        made = self.kept.get(key, lambda: dict(prior_of(self.task, self.model, asked)))
        return cast(dict[str, float], made)

    def outcome(self, row: Example[Input, Output], prior: Prior | None) -> Outcome:
        """What came of a row."""
        shown = self._examples(row.given)
        key = self._key(
            "row", self._prompt(row.given, shown), self.task.said(row.output), repr(prior)
        )
        made = self.kept.get(key, lambda: asdict(self._ask(row, shown, prior)))
        return Outcome(**{**made, "facts": tuple(made["facts"])})

    def _ask(
        self,
        row: Example[Input, Output],
        shown: Sequence[Example[Input, Output]],
        prior: Prior | None,
    ) -> Outcome:
        wanted = self.task.pairs(row.output) if self.task.pairs else frozenset()
        begun = time.perf_counter()
        try:
            result = run(self.task, self.model, row.given, examples=shown, prior=prior)
        except (OutputError, ContextTooLong):
            spent = 1000 * (time.perf_counter() - begun)
            expected = self.task.said(row.output)
            facts = (0, 0, len(wanted))
            return Outcome(0.0, None, None, expected, facts, 0, 0, 0, 0, spent)
        given = self.task.pairs(result.output) if self.task.pairs else frozenset()
        return Outcome(
            self.task.grade(row.output, result.output),
            self.task.said(result.output),
            self._said(row.given, shown),
            self.task.said(row.output),
            (len(wanted & given), len(given), len(wanted)),
            len(result.problems),
            result.usage.prompt_tokens,
            result.usage.completion_tokens,
            result.usage.cached_tokens,
            result.total_ms,
        )

    def _said(self, given: Input, shown: Sequence[Example[Input, Output]]) -> str | None:
        if not self.greedy or not isinstance(self.task.answer, Choice):
            return None
        try:
            result = said_by(self.task, self.model, given, examples=shown)
        except OutputError:
            return ""
        return self.task.said(result.output)

    def _examples(self, given: Input) -> tuple[Example[Input, Output], ...]:
        return self.pool.choose(
            given,
            shots=self.shots,
            budget_tokens=self.budget_tokens,
            count_tokens=self.model.count_tokens,
        )

    def _prompt(self, given: Input, shown: Sequence[Example[Input, Output]]) -> str:
        return str(self.task.prompt(given, shown, chat="chat" in self.model.abilities))

    def _key(self, kind: str, *parts: str) -> str:
        about = [kind, self.task.name, self.model.model, str(self.greedy), *parts]
        return hashlib.sha256(json.dumps(about).encode()).hexdigest()[:24]


def _report(
    task: Task[Any, Any], model: str, shots: int, outcomes: Sequence[Outcome], *, seed: int
) -> Report:
    measure, figure, (low, high) = _figure(task, outcomes, seed)
    wanted = [one.wanted for one in outcomes]
    labels = isinstance(task.answer, Choice)
    said = [one.said for one in outcomes if one.said is not None]
    return Report(
        task=task.name,
        model=model,
        shots=shots,
        rows=len(outcomes),
        measure=measure,
        figure=figure,
        low=low,
        high=high,
        macro_f1=macro_f1(wanted, [one.output for one in outcomes]) if labels else None,
        greedy=accuracy(wanted, [one.said for one in outcomes]) if said else None,
        failed=sum(one.output is None for one in outcomes),
        faulty=sum(one.problems > 0 for one in outcomes),
        prompt_tokens=sum(one.prompt_tokens for one in outcomes),
        completion_tokens=sum(one.completion_tokens for one in outcomes),
        seconds=sum(one.total_ms for one in outcomes) / 1000,
    )


def _figure(
    task: Task[Any, Any], outcomes: Sequence[Outcome], seed: int
) -> tuple[str, float, tuple[float, float]]:
    """The measure's name, its value and its interval: Wilson's for shares, else by bootstrap over rows."""
    n = len(outcomes)
    if task.pairs is not None:
        table: NDArray[np.int64] = np.array([one.facts for one in outcomes]).reshape(-1, 3)
        interval = bootstrap(lambda rows: found(table[rows]).f1, n, seed=seed)
        return "F1", found(table).f1, interval
    grades = np.array([one.grade for one in outcomes])
    mean = float(grades.mean()) if n else 0.0
    if isinstance(task.answer, Choice):
        return "accuracy", mean, wilson(mean, n)
    return "grade", mean, bootstrap(lambda rows: float(grades[rows].mean()), n, seed=seed)
