"""A task run on a model: the prompt is made, the model asked, and its answer parsed and checked.

Labels are scored by their likelihood and read against a prior (what the model says of them whatever it has read);
records are asked for as JSON of their type; texts are generated and end with their line.
"""

from collections.abc import Sequence
from typing import cast

from shopkeeper.models import structured
from shopkeeper.models.engines.contract import LanguageModel
from shopkeeper.models.prompting.quoting import unquoted
from shopkeeper.models.prompting.task import (
    Example,
    Input,
    Output,
    Record,
    Result,
    Task,
    Text,
)
from shopkeeper.models.records import Controls, Prompt, Request, Usage
from shopkeeper.models.structured import Choice, Chosen, Prior, ask, choose, say

TIMEOUT_S = 120.0


def run(
    task: Task[Input, Output],
    model: LanguageModel,
    given: Input,
    *,
    examples: Sequence[Example[Input, Output]] = (),
    prior: Prior | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Result[Output]:
    """What the model answers, parsed, with what the task's checks say of it.

    prior: from `prior_of`, for tasks with labels; without one they are read as they are. A model that cannot score says
    its label by itself. Raises OutputError if the answer has not the form that was asked for, and what the model raises.
    """
    prompt = prompt_for(task, model, given, examples)
    if isinstance(task.answer, Choice):
        return _label(task, model, prompt, prior, timeout_s)
    made = _record if isinstance(task.answer, Record) else _text
    return made(task, model, given, prompt, timeout_s)


def prompt_for(
    task: Task[Input, Output],
    model: LanguageModel,
    given: Input,
    examples: Sequence[Example[Input, Output]] = (),
) -> Prompt:
    """What this model is asked: messages if it has a chat template, else a text to continue."""
    return task.prompt(given, examples, chat="chat" in model.abilities)


def choice_for(task: Task[Input, Output], model: LanguageModel) -> Choice:
    """The task's labels and what this model would go on with: in a text to continue, words follow a space."""
    assert isinstance(task.answer, Choice)
    before = "" if "chat" in model.abilities else " "
    return Choice({label: before + words for label, words in task.answer.words.items()})


def prior_of(
    task: Task[Input, Output],
    model: LanguageModel,
    inputs: Sequence[tuple[Input, Sequence[Example[Input, Output]]]],
    *,
    timeout_s: float = TIMEOUT_S,
) -> Prior:
    """The model's mean answer over these inputs, each with the examples that its prompt shows; 16 or more are good.

    The inputs need no labels but should be like those to come. Raises ValueError if there are none, or no labels.
    """
    if not inputs or not isinstance(task.answer, Choice):
        raise ValueError("a prior needs a task with labels, and inputs to ask about")
    choice = choice_for(task, model)
    asked = (prompt_for(task, model, given, examples) for given, examples in inputs)
    return structured.prior_of([choose(model, one, choice, timeout_s=timeout_s) for one in asked])


def said_by(
    task: Task[Input, Output],
    model: LanguageModel,
    given: Input,
    *,
    examples: Sequence[Example[Input, Output]] = (),
    timeout_s: float = TIMEOUT_S,
) -> Result[Output]:
    """The label that the model says by itself, without scores: what calibration is measured against.

    Raises OutputError if it says none of the labels.
    """
    prompt = prompt_for(task, model, given, examples)
    choice = choice_for(task, model)
    found = say(model, prompt, choice, timeout_s=timeout_s, prompt_version=task.template)
    return _chosen(task, found)


def _label(
    task: Task[Input, Output],
    model: LanguageModel,
    prompt: Prompt,
    prior: Prior | None,
    timeout_s: float,
) -> Result[Output]:
    found = choose(
        model,
        prompt,
        choice_for(task, model),
        prior=prior,
        timeout_s=timeout_s,
        prompt_version=task.template,
    )
    return _chosen(task, found)


def _chosen(task: Task[Input, Output], found: Chosen) -> Result[Output]:
    chances = found.probabilities if found.by == "likelihood" else {}
    return Result(
        cast(Output, found.label),
        (),
        found.model,
        task.template,
        found.usage,
        found.total_ms,
        chances,
    )


def _record(
    task: Task[Input, Output],
    model: LanguageModel,
    given: Input,
    prompt: Prompt,
    timeout_s: float,
) -> Result[Output]:
    assert isinstance(task.answer, Record)
    answer = ask(
        model,
        prompt,
        task.answer.form_for(given),
        timeout_s=timeout_s,
        prompt_version=task.template,
    )
    output = cast(Output, answer.value)
    used = [generation.usage for generation in answer.generations]
    return Result(
        output,
        tuple(task.check(given, output)),
        model.model,
        task.template,
        Usage(
            sum(one.prompt_tokens for one in used),
            sum(one.completion_tokens for one in used),
            sum(one.cached_tokens for one in used),
        ),
        sum(generation.timing.total_ms for generation in answer.generations),
    )


def _text(
    task: Task[Input, Output],
    model: LanguageModel,
    given: Input,
    prompt: Prompt,
    timeout_s: float,
) -> Result[Output]:
    assert isinstance(task.answer, Text)
    controls = Controls(max_new_tokens=task.answer.max_new_tokens, stop=("\n",))
    made = model.generate(
        Request(prompt, controls, timeout_s=timeout_s, prompt_version=task.template)
    )
    output = cast(Output, unquoted(made.text))
    problems = list(task.check(given, output))
    if made.finish == "length":
        problems.append(f"it was cut off after {task.answer.max_new_tokens} tokens")
    return Result(
        output, tuple(problems), made.model, task.template, made.usage, made.timing.total_ms
    )
