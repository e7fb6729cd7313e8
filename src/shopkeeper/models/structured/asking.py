"""Ask a language model for an instance of a type: one question, at most one more to mend the answer."""

import json
import time
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from shopkeeper.errors import ContextTooLong, OutputError
from shopkeeper.models.engines.contract import LanguageModel
from shopkeeper.models.records import (
    Controls,
    Generation,
    Grammar,
    JsonSchema,
    Message,
    Prompt,
    Request,
)
from shopkeeper.models.structured.form import Form, Unfilled

T = TypeVar("T")

MOST_WITHOUT_CONTEXT = 4096  # new tokens, where an engine does not tell how many fit
TEMPLATE_TOKENS = (
    64  # what a chat template may put around the messages, a system message of its own included
)
MESSAGE_TOKENS = 8
SHOWN = 1000  # characters of a wrong answer that the model sees again

INSTRUCTION = (
    "Answer with one JSON value and nothing else: no explanation, no code fence. "
    "It must be valid by this JSON schema:\n{schema}"
)
MEND = (
    "That answer cannot be used. The complaint, as a JSON string: {complaint}\n"
    "Answer again, whole, with the JSON value alone."
)


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """An instance, and how it came about.

    generations: one, or two if the first had to be repaired. constrained: the engine kept to the form while decoding; else
    the schema stood in the prompt.
    """

    value: T
    generations: tuple[Generation, ...]
    repaired: bool
    constrained: bool


def ask(
    model: LanguageModel,
    prompt: Prompt,
    type: type[T] | Form[T],
    *,
    controls: Controls | None = None,
    timeout_s: float = 120.0,
    prompt_version: str = "",
) -> Answer[T]:
    """A valid instance of `type`, which is a pydantic type or a Form made of one beforehand.

    A prompt that is a text is asked as a message where the model can chat. controls.max_new_tokens does not count: room is
    made for the longest answer that the type allows, or as much as the context leaves. timeout_s is for all of it.

    Raises OutputError if what the model wrote is no instance, and was none when it was told why; its text is in the
    error's `text`. Raises ContextTooLong if not even a short answer fits beside the prompt, and what the model raises.
    TypeError if the type cannot be bounded.
    """
    form: Form[T] = type if isinstance(type, Form) else Form(type)
    asking = _Asking(
        model, form, controls or Controls(), time.monotonic() + timeout_s, prompt_version
    )
    question = asking.question(prompt)
    first = asking.generate(question, mending=False)
    try:
        return Answer(asking.read(first), (first,), False, asking.constrained)
    except Unfilled as error:
        wrong = error
    if asking.seconds_left() <= 0:
        raise asking.failed(wrong, first, "no time was left to repair it")
    second = asking.generate(asking.mend(question, first, wrong), mending=True)
    try:
        return Answer(asking.read(second), (first, second), True, asking.constrained)
    except Unfilled as error:
        raise asking.failed(error, second, f"before the repair: {wrong}") from None


class _Asking(Generic[T]):
    """One call of `ask`: whom, for what, until when."""

    def __init__(
        self, model: LanguageModel, form: Form[T], controls: Controls, until: float, version: str
    ) -> None:
        self._model, self._form, self._controls = model, form, controls
        self._until, self._version = until, version
        self._constraint = _constraint(model, form)
        self.constrained = self._constraint is not None

    def seconds_left(self) -> float:
        """Of the time budget."""
        return self._until - time.monotonic()

    def question(self, prompt: Prompt) -> Prompt:
        """The prompt, with the schema in words where nothing else keeps the model to it."""
        if isinstance(prompt, str) and "chat" in self._model.abilities:
            prompt = (Message("user", prompt),)
        if self.constrained:
            return prompt
        schema = json.dumps(self._form.schema, ensure_ascii=False)
        return _added(prompt, INSTRUCTION.format(schema=schema))

    def mend(self, question: Prompt, first: Generation, wrong: Unfilled) -> Prompt:
        """The question, the answer and what is wrong with it: data, quoted."""
        complaint = json.dumps(wrong.told[:SHOWN], ensure_ascii=False)
        shown = first.text[:SHOWN] + ("…" if len(first.text) > SHOWN else "")
        if isinstance(question, str):
            return f"{question}\n{shown}\n\n{MEND.format(complaint=complaint)}\n"
        told = Message("user", MEND.format(complaint=complaint))
        return (*question, Message("assistant", shown or "…"), told)

    def generate(self, prompt: Prompt, *, mending: bool) -> Generation:
        """What the model answers, kept to the form as well as its engine can."""
        seed = self._controls.seed
        if mending and seed is not None:
            seed += 1
        controls = replace(self._controls, max_new_tokens=self._room(prompt), seed=seed)
        request = Request(
            prompt,
            controls,
            self._constraint,
            timeout_s=max(self.seconds_left(), 0.001),
            prompt_version=self._version,
        )
        return self._model.generate(request)

    def read(self, generation: Generation) -> T:
        """The instance in a generation. Raises Unfilled."""
        if generation.finish == "length":
            raise Unfilled(f"cut off after {generation.usage.completion_tokens} tokens")
        return self._form.read(generation.text)

    def failed(self, wrong: Unfilled, last: Generation, more: str) -> OutputError:
        """The error for the caller, who finds the text in it."""
        error = OutputError(
            f"{last.model} wrote no valid {self._form.name}: {wrong} ({more})",
            hint="try a larger model, a simpler type, or say in the prompt what each member is",
        )
        error.text = last.text
        return error

    def _room(self, prompt: Prompt) -> int:
        """New tokens to allow: enough for every answer, or what the context leaves."""
        most, context = self._form.most_tokens, self._model.context_tokens
        if not context:
            return min(most, MOST_WITHOUT_CONTEXT)
        texts = [prompt] if isinstance(prompt, str) else [message.content for message in prompt]
        used = TEMPLATE_TOKENS + sum(MESSAGE_TOKENS + self._model.count_tokens(t) for t in texts)
        if context - used < self._form.fewest_tokens:
            raise ContextTooLong(
                f"the prompt takes about {used} of {context} tokens, which leaves no room for {self._form.name}",
                hint="shorten the prompt, or use a model with a larger context",
            )
        return min(most, context - used)


def _constraint(model: LanguageModel, form: Form[T]) -> JsonSchema | Grammar | None:
    """What a model can keep to. A route may end at one engine or another, so the schema carries the grammar along."""
    if "json_schema" in model.abilities:
        return JsonSchema(form.schema, gbnf=form.grammar)
    return Grammar(form.grammar) if "grammar" in model.abilities else None


def _added(prompt: Prompt, more: str) -> Prompt:
    """The prompt with another paragraph at its end."""
    if isinstance(prompt, str):
        return f"{prompt}\n\n{more}\n"
    if prompt and prompt[-1].role == "user":
        return (*prompt[:-1], replace(prompt[-1], content=f"{prompt[-1].content}\n\n{more}"))
    return (*prompt, Message("user", more))
