"""Stretches of texts with labels, such as order numbers and brands: one tag a token, spans by characters.

    tagger = make_tagger(opened, ("order_id", "city"))
    Trainer(tagger.headed, Tagging.of(tagger, train, validation, seed=0, rows_at_once=16), recipe, run).fit()
    tagger.predict(["where is order 3312"])

Axes: N texts, T tokens, K tags.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from shopkeeper.errors import ArtifactError, FeedError
from shopkeeper.measures import counts, found
from shopkeeper.training.fast import IGNORED
from shopkeeper.training.finetune import layout
from shopkeeper.training.finetune.calibration import cross_entropy
from shopkeeper.training.finetune.heads import Headed, batches
from shopkeeper.training.finetune.order import Order
from shopkeeper.training.finetune.plan import FinetunePlan
from shopkeeper.training.finetune.reading import Reading, planned_reading, reading_of
from shopkeeper.training.finetune.rows import TokenRow, collate
from shopkeeper.training.finetune.spans import Offsets, Span, TagSet
from shopkeeper.training.finetune.tasks import HeadTask, Row
from shopkeeper.training.objectives import Batch, Loss, padded
from shopkeeper.training.opening import Opened
from shopkeeper.training.parallel import World
from shopkeeper.training.words import Words


@dataclass(frozen=True, slots=True)
class Tagged:
    """A text and its spans, which do not overlap."""

    text: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class TaggedRow:
    """The same in tokens. What is beyond the model's length has no offsets, and is never found."""

    tokens: TokenRow
    offsets: Offsets
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Tagger:
    """A model with a head of tags."""

    headed: Headed
    reading: Reading
    tags: TagSet

    def predict(self, texts: Sequence[str]) -> list[list[Span]]:
        """The spans of each text, in order."""
        read = list(self.reading.with_offsets(texts))
        rows = [TaggedRow(row, offsets, ()) for row, offsets in read]
        return spans_of(self.headed, rows, self.tags, padding=self.reading.words.padding)

    def measures(self, rows: Sequence[Tagged]) -> dict[str, float]:
        """See `measures_of`."""
        return measures_of(
            self.headed, self.token_rows(rows), self.tags, padding=self.reading.words.padding
        )

    def token_rows(self, rows: Sequence[Tagged]) -> list[TaggedRow]:
        """Rows with the tag of each token; tokens that stand for no text are not scored. Raises FeedError."""
        made = []
        read = self.reading.with_offsets([row.text for row in rows])
        for row, (tokens, offsets) in zip(rows, read, strict=True):
            for span in row.spans:
                if span.label not in self.tags.labels:
                    raise FeedError(
                        f"the label {span.label!r} is none of the tagger's",
                        hint=f"known are {', '.join(self.tags.labels)}",
                    )
            tags = self.tags.tags(row.spans, offsets)
            scored = [t if a < b else IGNORED for t, (a, b) in zip(tags, offsets, strict=True)]
            made.append(TaggedRow(replace(tokens, target=scored), offsets, row.spans))
        return made

    def save(self, folder: Path) -> None:
        """Write it as Transformers' class for token classification. Raises StorageError."""
        labels = list(self.tags.labels)
        layout.save(
            self.headed, self.reading, folder, labels=self.tags.names, task="tagging", spans=labels
        )  # fmt: skip


def make_tagger(
    opened: Opened, labels: Sequence[str], *, max_tokens: int = 256, dropout: float = 0.1
) -> Tagger:
    """A tagger that has learnt nothing yet."""
    tags = TagSet(tuple(labels))
    bias = layout.has_bias(opened.shape, "tokens")
    headed = Headed(opened.model, len(tags.names), pooling="tokens", dropout=dropout, bias=bias)
    return Tagger(headed, reading_of(opened, max_tokens=max_tokens), tags)


def load_tagger(folder: Path) -> Tagger:
    """What `Tagger.save` wrote. Raises ArtifactError."""
    saved = layout.load(folder)
    if saved.about.get("task") != "tagging":
        raise ArtifactError(
            f"{folder} holds a model for {saved.about.get('task')}",
            hint="name a folder of a tagging",
        )
    return Tagger(saved.headed, saved.reading, TagSet(tuple(saved.about["spans"])))


@dataclass(frozen=True)
class Tagging:
    """Texts with spans as work for the Trainer: cross-entropy of each token's tag."""

    train: Sequence[TaggedRow]
    validation: Sequence[TaggedRow]
    order: Order
    padding: int
    tags: TagSet

    @classmethod
    def of(
        cls,
        tagger: Tagger,
        train: Sequence[Tagged],
        validation: Sequence[Tagged],
        *,
        seed: int,
        rows_at_once: int,
    ) -> "Tagging":
        """The work of these rows."""
        learnt, measured = tagger.token_rows(train), tagger.token_rows(validation)
        lengths = [len(row.tokens.ids) for row in learnt]
        order = Order(lengths, seed=seed, rows_at_once=rows_at_once)
        return cls(learnt, measured, order, tagger.reading.words.padding, tagger.tags)

    @property
    def tokens_per_row(self) -> int:
        return self.order.mean_length

    def batch(self, places: range) -> Batch:
        rows = [self.train[i].tokens for i in self.order.rows(places)]
        return collate(rows, tag_targets(rows), padding=self.padding)

    def loss(self, model: Headed, batch: Batch) -> Loss:
        scored = batch.targets != IGNORED
        return Loss(cross_entropy(model(batch).float()[scored], batch.targets[scored]), {})

    def evaluate(self, model: Headed, rows: int, world: World) -> Mapping[str, float]:
        """See `measures_of`, of the first `rows` validation rows."""
        measured = self.validation[:rows]
        return measures_of(model, measured, self.tags, padding=self.padding) if measured else {}

    def sample(self, model: Headed) -> str:
        return ""


def tag_targets(rows: Sequence[TokenRow]) -> Tensor:
    """(B, T) tags, IGNORED where none is scored."""
    return padded([cast(Sequence[int], row.target) for row in rows], IGNORED)


@torch.no_grad()
def spans_of(
    module: Headed, rows: Sequence[TaggedRow], tags: TagSet, *, padding: int
) -> list[list[Span]]:
    """The spans that a model finds in each row."""
    said: list[list[Span]] = [[] for _ in rows]
    for batch, numbers in batches(module, [row.tokens for row in rows], padding=padding):
        likely = module(batch).float().log_softmax(-1).cpu().numpy()  # (B, T, K)
        for i, scores in zip(numbers, likely, strict=True):
            offsets = rows[i].offsets
            inside = [t for t, (a, b) in enumerate(offsets) if a < b]
            said[i] = tags.spans(tags.best(scores[inside]), [offsets[t] for t in inside])
    return said


@torch.no_grad()
def measures_of(
    module: Headed, rows: Sequence[TaggedRow], tags: TagSet, *, padding: int
) -> dict[str, float]:
    """loss a token; precision, recall and f1 of whole spans, micro, right only with both ends and the label (CoNLL)."""
    nats, scored = 0.0, 0
    tokens = [row.tokens for row in rows]
    for batch, numbers in batches(module, tokens, padding=padding):
        logits = module(batch).float().cpu()
        targets = tag_targets([tokens[i] for i in numbers])
        there = targets != IGNORED
        nats += float(cross_entropy(logits[there], targets[there])) * int(there.sum())
        scored += int(there.sum())
    said = spans_of(module, rows, tags, padding=padding)
    figures = found(counts([row.spans for row in rows], said))
    return {
        "loss": nats / max(scored, 1), "precision": figures.precision, "recall": figures.recall, "f1": figures.f1,
    }  # fmt: skip


class TaggingTask(HeadTask[Tagger, Tagged]):
    """See `tasks.FinetuneTask`. A row has `text` and `spans`, each with `start`, `end` (characters) and `label`."""

    def checked(self, row: Row, plan: FinetunePlan) -> Row:
        text, spans = row.get("text"), row.get("spans")
        if not isinstance(text, str) or not text.strip():
            raise ValueError(f"there is no 'text' (the row has {', '.join(map(str, row))})")
        if not isinstance(spans, list):
            raise ValueError("'spans' is no list; write [] where there are none")
        kept = sorted((_span(each, text) for each in spans), key=lambda span: span.start)
        for before, after in pairwise(kept):
            if after.start < before.end:
                raise ValueError(f"spans overlap at character {after.start}")
        plain = [{"start": s.start, "end": s.end, "label": s.label} for s in kept]
        return {"text": text, "spans": plain}

    def identity(self, row: Row) -> str:
        return str(row["text"])

    def settled(self, plan: FinetunePlan, train: Sequence[Row]) -> FinetunePlan:
        labels = sorted({span["label"] for row in train for span in row["spans"]})
        if not labels:
            raise FeedError(
                f"{plan.data}: no training row has a span", hint="a tagger needs some to learn from"
            )
        return replace(plan, options={**plan.options, "labels": labels})

    def module(self, opened: Opened, plan: FinetunePlan) -> nn.Module:
        return make_tagger(opened, plan.options["labels"], max_tokens=plan.length).headed

    def records(self, rows: Sequence[Row], plan: FinetunePlan) -> list[Tagged]:
        """Spans of labels that no training row had are left out."""
        known = set(plan.options["labels"])
        return [_tagged(row, known) for row in rows]

    def made(self, module: nn.Module, words: Words, plan: FinetunePlan) -> Tagger:
        headed = cast(Headed, module)
        tags = TagSet(tuple(plan.options["labels"]))
        return Tagger(headed, planned_reading(words, plan, headed.shape), tags)

    def learning(
        self, made: Tagger, train: list[Tagged], validation: list[Tagged], plan: FinetunePlan
    ) -> Tagging:
        recipe = plan.recipe
        return Tagging.of(made, train, validation, seed=recipe.seed, rows_at_once=recipe.micro_rows)


def _span(each: object, text: str) -> Span:
    if not isinstance(each, Mapping):
        raise ValueError(f"{each!r} is no span")
    start, end, label = each.get("start"), each.get("end"), each.get("label")
    if not isinstance(start, int) or not isinstance(end, int) or not 0 <= start < end <= len(text):
        raise ValueError(f"a span from {start!r} to {end!r} in a text of {len(text)} characters")
    if not isinstance(label, str) or not label:
        raise ValueError("a span has no 'label'")
    return Span(start, end, label)


def _tagged(row: Row, known: set[str]) -> Tagged:
    spans = [Span(s["start"], s["end"], s["label"]) for s in row["spans"] if s["label"] in known]
    return Tagged(row["text"], tuple(spans))


TASK = TaggingTask()
