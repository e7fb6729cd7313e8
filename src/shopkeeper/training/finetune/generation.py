"""Fine-tuning for generation: instruction and input in, an answer out; only the answer is scored.

A row has `input` and `output`, and may have `system`, an instruction. With a chat template, where the model has one,
the row is the conversation that the template makes of it; without, a text: instruction, input, a space, the answer.
An encoder-decoder reads the text and says the answer. The answer's last token is the one that ends a text.
`examples` of a row, with `input` and `output` each, come before what it asks, so that the model learns to go by examples
and is given the nearest ones afterwards; in plain text their answers are scored too, so nothing of them is read in vain.
Source: Min et al. 2022 (MetaICL).
With `shop_task` rows are inputs and outputs of a task of `models.prompting`, and are put as it puts them.

Axes: B rows, T tokens.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from pydantic import ValidationError
from torch import nn

from shopkeeper.errors import FeedError
from shopkeeper.models.engines.llama.template import ChatTemplate
from shopkeeper.models.prompting import Example, Task
from shopkeeper.models.prompting.tasks import task_named as shop_task
from shopkeeper.models.records import Message
from shopkeeper.training.fast import IGNORED
from shopkeeper.training.finetune.decoding import answers
from shopkeeper.training.finetune.order import Order
from shopkeeper.training.finetune.plan import FinetunePlan
from shopkeeper.training.finetune.tasks import FinetuneTask, Row
from shopkeeper.training.objectives import Batch, Loss, Sequences, padded, token_loss
from shopkeeper.training.opening import Opened
from shopkeeper.training.parallel import World
from shopkeeper.training.transformer import Transformer
from shopkeeper.training.words import Words

RENDER_S = 30.0  # for the template of one row, on a busy machine
MOST_NEW_TOKENS = 256


@dataclass(frozen=True, slots=True)
class Pair:
    """A row in tokens: what is read, and what is to be said, its end with it. earlier: answers to examples, as spans of
    what is read."""

    prompt: tuple[int, ...]
    answer: tuple[int, ...]
    earlier: tuple[slice, ...] = ()

    def __len__(self) -> int:
        return len(self.prompt) + len(self.answer)

    def targets(self) -> list[int]:
        """For each token but the last the next one, where that is scored."""
        found = [IGNORED] * len(self.prompt)
        for span in self.earlier:
            found[span] = self.prompt[span]
        return [*found[1:], *self.answer]


class Asking:
    """How rows are put to one model: the same in training, in measuring and afterwards."""

    def __init__(self, words: Words, shape_has_encoder: bool, *, chat: bool, prefix: Sequence[int] = ()) -> None:  # fmt: skip
        self.words, self.reads = words, shape_has_encoder
        self.prefix = tuple(prefix)
        self._template = ChatTemplate(words) if chat and words.chat_template else None
        self.end = _end(words)

    def pair(self, row: Row) -> Pair:
        """A row in tokens."""
        prompt, earlier = self._asked(row)
        return Pair(prompt, self._answer(row), earlier)

    def prompt(self, row: Row) -> tuple[int, ...]:
        """The tokens of what is asked."""
        return self._asked(row)[0]

    def _asked(self, row: Row) -> tuple[tuple[int, ...], tuple[slice, ...]]:
        """What is asked, and where answers to examples are in it."""
        examples = row.get("examples") or ()
        if not examples or self._template is not None or self.reads:
            return self._alone(row), ()
        ids, earlier = list(self.prefix), []
        first = {"system": row.get("system"), **examples[0]}
        for example in (first, *examples[1:]):
            ids += self._alone(example)[len(self.prefix) :]
            answer = self._answer(example)
            earlier.append(slice(len(ids), len(ids) + len(answer)))
            ids += answer
        ids += self._alone({"input": row["input"]})[len(self.prefix) :]
        return tuple(ids), tuple(earlier)

    def _alone(self, row: Row) -> tuple[int, ...]:
        """What is asked, as one text or conversation."""
        system, asked = str(row.get("system") or ""), str(row["input"])
        examples = row.get("examples") or ()
        if self._template is not None:
            turns: list[Message] = []
            for each in examples:
                turns += [Message("user", each["input"]), Message("assistant", each["output"])]
            messages = [*([Message("system", system)] if system else []), *turns, Message("user", asked)]  # fmt: skip
            parts = self._template.render(messages, (), deadline=time.monotonic() + RENDER_S)
            ids = [i for part in parts for i in self.words.encode(part.text, plain=part.plain)]
            return (*self.prefix, *ids)
        asked = "\n\n".join([*(f"{each['input']} {each['output']}" for each in examples), asked])
        text = f"{system}\n\n{asked}" if system else asked
        if self.reads:
            return (*self.prefix, *self.words.encode(text), self.end)
        return (*self.prefix, *self.words.encode(text, special=True))

    def _answer(self, row: Row) -> tuple[int, ...]:
        said = str(row["output"])
        text = said if self._template is not None or self.reads else f" {said}"
        return (*self.words.encode(text, plain=True), self.end)

    def close(self) -> None:
        """End the template's process."""
        if self._template is not None:
            self._template.close()


def _end(words: Words) -> int:
    found = words.id("eos")
    if found is None:
        raise FeedError(
            "the model's tokenizer has no token that ends a text",
            hint="encoders do not answer: choose another task for this model",
        )
    return found


@dataclass(frozen=True)
class Generating:
    """Rows in tokens, as work for the Trainer. Rows longer than `length` are left out, never cut."""

    train: Sequence[Pair]
    validation: Sequence[Pair]
    order: Order
    sequences: Sequences | None  # of an encoder-decoder
    padding: int
    words: Words
    shown: tuple[int, ...] = ()  # a prompt of validation, answered now and then
    rows_at_once: int = 16

    @property
    def tokens_per_row(self) -> int:
        return self.order.mean_length

    def batch(self, places: range) -> Batch:
        return self.batch_of([self.train[i] for i in self.order.rows(places)])

    def batch_of(self, rows: Sequence[Pair]) -> Batch:
        """Tokens (B, T) and the targets that are scored: the answers."""
        if self.sequences is not None:
            return self.sequences.batch_of_pairs([(r.prompt[:-1], r.answer[:-1]) for r in rows])
        tokens = [[*r.prompt, *r.answer[:-1]] for r in rows]
        targets = padded([r.targets() for r in rows], IGNORED)
        return Batch(padded(tokens, self.padding), targets)

    def loss(self, model: Transformer, batch: Batch) -> Loss:
        if self.sequences is not None:
            return self.sequences.loss(model, batch)
        return Loss(token_loss(model, model.decode(batch.tokens), batch.targets, few=True), {})

    def evaluate(self, model: Transformer, rows: int, world: World) -> Mapping[str, float]:
        """loss: nats a token of the answers, over the first `rows` validation rows."""
        return {"loss": self.mean_loss(model, self.validation[:rows], world)}

    def mean_loss(self, model: Transformer, rows: Sequence[Pair], world: World) -> float:
        """Nats a scored token."""
        nats, scored = 0.0, 0
        order = sorted(rows, key=len)
        for start in range(0, len(order), self.rows_at_once):
            batch = self.batch_of(order[start : start + self.rows_at_once]).to(world.device)
            nats += float(self.loss(model, batch).value) * batch.scored
            scored += batch.scored
        return nats / max(scored, 1)

    def sample(self, model: Transformer) -> str:
        if not self.shown:
            return ""
        ends = frozenset([self.validation[0].answer[-1]])
        [said] = answers(model, [self.shown], max_new_tokens=48, ends=ends)
        asked = self.words.decode(i for i in self.shown if i < self.words.vocabulary)
        return f"{asked[-80:]} ⟶ {self.words.decode(said)}"


class Generation(FinetuneTask):
    """See `tasks.FinetuneTask`."""

    def checked(self, row: Row, plan: FinetunePlan) -> Row:
        missing = [name for name in ("input", "output") if row.get(name) in (None, "")]
        if missing:
            raise ValueError(f"there is no {missing[0]!r} (the row has {', '.join(map(str, row))})")
        if plan.shop_task:
            return _of_shop_task(shop_task(plan.shop_task), row)
        kept = {name: row[name] for name in ("system", "input", "output") if row.get(name)}
        kept = {name: _text(value) for name, value in kept.items()}
        return kept | ({"examples": _examples(row["examples"])} if row.get("examples") else {})

    def identity(self, row: Row) -> str:
        return str(row["input"])

    def module(self, opened: Opened, plan: FinetunePlan) -> nn.Module:
        if opened.model.decoder is None:
            raise FeedError(
                f"{plan.base} is an encoder and does not answer",
                hint="fine-tune it for classification, tagging, embedding or cross-encoding",
            )
        return opened.model

    def work(
        self,
        module: nn.Module,
        words: Words,
        plan: FinetunePlan,
        *,
        train: Sequence[Row],
        validation: Sequence[Row],
    ) -> Generating:
        model = cast(Transformer, module)
        asking = asking_of(model, words, plan)
        learnt, measured = (fitting(asking, rows, plan.length) for rows in (train, validation))
        asking.close()
        if not (learnt and measured):
            raise FeedError(
                f"no row fits into {plan.length} tokens", hint="a larger --length, or shorter rows"
            )
        order = Order(
            [len(pair) for pair in learnt],
            seed=plan.recipe.seed,
            rows_at_once=plan.recipe.micro_rows,
        )
        reads = model.encoder is not None
        sequences = (
            Sequences(model.shape.padding_id, asking.end, words.padding, plan.length, plan.length)
            if reads
            else None
        )
        return Generating(
            learnt, measured, order, sequences, words.padding, words, shown=measured[0].prompt
        )

    def measures(
        self, module: nn.Module, words: Words, plan: FinetunePlan, rows: Sequence[Row]
    ) -> Mapping[str, float]:
        """loss: nats a token of the right answers. exact: share of rows answered word for word. Of a shop's task also
        `grade`, by its own measure, and where it has facts their `f1`."""
        model = cast(Transformer, module)
        work = self.work(module, words, plan, train=rows, validation=rows)
        world = World(device=model.embedding.weight.device)
        said = self.answers(module, words, plan, rows)
        exact = [text.strip() == str(row["output"]).strip() for text, row in zip(said, rows, strict=True)]  # fmt: skip
        found = {
            "loss": work.mean_loss(model, work.validation, world),
            "exact": sum(exact) / len(exact),
        }
        return found | (graded(shop_task(plan.shop_task), rows, said) if plan.shop_task else {})

    def answers(
        self, module: nn.Module, words: Words, plan: FinetunePlan, rows: Sequence[Row]
    ) -> list[str]:
        """What the model answers to each row; nothing to one that is too long for its context."""
        model = cast(Transformer, module)
        asking = asking_of(model, words, plan)
        longest = max(len(words.encode(str(row["output"]))) for row in rows) if rows else 0
        most = min(MOST_NEW_TOKENS, max(16, 2 * longest))
        prompts = [asking.prompt(row) for row in rows]
        asking.close()
        fit = [p if len(p) < model.shape.max_tokens else () for p in prompts]
        said = answers(model, fit, max_new_tokens=most, ends=frozenset([asking.end]))
        return [words.decode(ids) for ids in said]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _examples(given: Any) -> list[dict[str, str]]:
    """The examples of a row. Raises ValueError."""
    sides = ("input", "output")
    if not isinstance(given, list) or not all(
        isinstance(each, Mapping) and all(each.get(side) for side in sides) for each in given
    ):
        raise ValueError("'examples' are a list of objects with an 'input' and an 'output' each")
    return [{side: _text(each[side]) for side in sides} for each in given]


def asking_of(model: Transformer, words: Words, plan: FinetunePlan) -> Asking:
    """How this plan's rows are put to this model; a soft prompt comes first."""
    prefix = getattr(model.embedding, "prefix", ())
    return Asking(words, model.encoder is not None, chat=plan.chat, prefix=prefix)


def fitting(asking: Asking, rows: Sequence[Row], length: int) -> list[Pair]:
    """The rows in tokens, without those that are too long."""
    pairs = [asking.pair(row) for row in rows]
    return [pair for pair in pairs if len(pair) <= length]


def _of_shop_task(task: Task[Any, Any], row: Row) -> Row:
    """A row of a task of `models.prompting`, put as the task puts it, with what it was made of."""
    given = row["input"]
    first = next(iter(task.input_type.model_fields))
    try:
        asked = task.input_type.model_validate(
            given if isinstance(given, Mapping) else {first: given}
        )
        example = Example(asked, task.read_expected(row["output"], asked))
    except ValidationError as error:
        raise ValueError(f"no input of {task.name}: {error}") from error
    return {
        "system": task.instruction, "input": task.question(asked), "output": task.said(example.output),
        "given": asked.model_dump(mode="json"), "expected": row["output"],
    }  # fmt: skip


def graded(task: Task[Any, Any], rows: Sequence[Row], said: Sequence[str]) -> dict[str, float]:
    """Answers by the task's own measure; what has not the task's form counts as wrong."""
    grades: list[float] = []
    right = given = wanted = 0
    for row, text in zip(rows, said, strict=True):
        asked = task.input_type.model_validate(row["given"])
        expected = task.read_expected(row["expected"], asked)
        found = parsed(task, asked, text)
        grades.append(0.0 if found is None else task.grade(expected, found))
        if task.pairs is not None:
            facts = frozenset() if found is None else task.pairs(found)
            right += len(facts & task.pairs(expected))
            given, wanted = given + len(facts), wanted + len(task.pairs(expected))
    measures = {"grade": sum(grades) / max(len(grades), 1)}
    if task.pairs is not None:
        measures["f1"] = 2 * right / max(given + wanted, 1)
    return measures


def parsed(task: Task[Any, Any], asked: Any, text: str) -> Any | None:
    """The answer as the task's output; None if it has not its form."""
    words = getattr(task.answer, "words", None)
    if words is not None:  # a label by the words that say it
        return next((label for label, said in words.items() if said == text.strip()), None)
    try:
        return task.read_expected(json.loads(text) if task.expected else text.strip(), asked)
    except ValueError:
        return None


TASK = Generation()
