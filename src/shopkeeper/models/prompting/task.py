"""A task: a problem stated as text that a language model completes.

It names the type of the input, the template that asks, what the answer is (one label of a choice, a record, a line of text),
the checks an answer has to pass, and how good one is beside the one that was expected. `inference.py` runs it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast

from pydantic import BaseModel

from shopkeeper.errors import OutputError
from shopkeeper.models.prompting.quoting import one_line, quoted
from shopkeeper.models.prompting.template import load_template
from shopkeeper.models.records import Prompt, Usage
from shopkeeper.models.structured import Choice, Form

Input = TypeVar("Input", bound=BaseModel)
Output = TypeVar("Output")
Pairs = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Record(Generic[Input]):
    """The answer is JSON of the pydantic type that suits this input, given as a form of it."""

    form_for: Callable[[Input], Form[Any]]


@dataclass(frozen=True, slots=True)
class Text:
    """The answer is a line of text."""

    max_new_tokens: int = 128


@dataclass(frozen=True, slots=True)
class Example(Generic[Input, Output]):
    """A question with its right answer."""

    given: Input
    output: Output


@dataclass(frozen=True, slots=True)
class Result(Generic[Output]):
    """What a model answered. problems: what the task's checks found wrong with it, a sentence each."""

    output: Output
    problems: tuple[str, ...]
    model: str
    prompt: str  # version of the template
    usage: Usage
    total_ms: float
    probabilities: Mapping[str, float] = field(default_factory=dict)  # of each label

    def checked(self) -> Output:
        """The answer, if it passed all checks. Raises OutputError saying what is wrong with it."""
        if self.problems:
            raise OutputError(
                f"{self.prompt} by {self.model}: {'; '.join(self.problems)}",
                hint="answer without a model, or ask a larger one",
            )
        return self.output


def _nothing(given: Any, output: Any, /) -> Sequence[str]:
    return ()


def _equal(expected: Any, output: Any, /) -> float:
    return float(bool(expected == output))


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(Generic[Input, Output]):
    """A problem, its prompt and its checks.

    values: the shop's own words for the template's instruction. check: what is wrong with an answer. grade: how good
    one is, in [0, 1], beside the expected one. pairs: its facts, where tasks are measured by F1 over them. expected: an
    output made of what a file of rows says, for answers that are records.
    """

    name: str
    template: str
    input_type: type[Input]
    answer: Choice | Record[Input] | Text
    values: Mapping[str, str] = field(default_factory=dict)
    check: Callable[[Input, Output], Sequence[str]] = _nothing
    grade: Callable[[Output, Output], float] = _equal
    pairs: Callable[[Output], Pairs] | None = None
    expected: Callable[[Any, Input], Output] | None = None

    @property
    def instruction(self) -> str:
        """What the model is told to do: the same for every input."""
        return load_template(self.template).instructed(self.values)

    def question(self, given: Input) -> str:
        """This input, quoted, in the form in which the template asks."""
        data = {name: getattr(given, name) for name in type(given).model_fields}
        return load_template(self.template).asked(data)

    def said(self, output: Output) -> str:
        """An answer as an example shows it."""
        if isinstance(self.answer, Choice):
            return self.answer.words[str(output)]
        return quoted(output) if isinstance(self.answer, Record) else one_line(str(output))

    def prompt(
        self, given: Input, examples: Sequence[Example[Input, Output]] = (), *, chat: bool
    ) -> Prompt:
        """What a model is asked: messages, or for models that have no chat template, a text."""
        template = load_template(self.template)
        shown = [(self.question(one.given), self.said(one.output)) for one in examples]
        make = template.messages if chat else template.text
        return make(self.instruction, shown, self.question(given))

    def read_expected(self, written: Any, given: Input) -> Output:
        """A right answer out of a file of rows. Raises ValueError saying what is wrong with it."""
        if self.expected is not None:
            return self.expected(written, given)
        answer = str(written)
        if isinstance(self.answer, Choice) and answer not in self.answer.words:
            labels = ", ".join(self.answer.words)
            raise ValueError(f"the output {answer!r} is none of the labels {labels}")
        return cast(Output, answer)
