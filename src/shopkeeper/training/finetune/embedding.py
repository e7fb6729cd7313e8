"""Sentence vectors that learn what belongs together: from pairs, with hard negatives or without, or from labels.

    encoder = make_encoder(opened)
    work = Pairing.of(encoder, train, validation, seed=0, rows_at_once=64)
    Trainer(encoder.module, work, recipe, run).fit()
    encoder.encode(["blue trainers"])

Micro-batches see their own negatives alone: `micro_rows` should be `batch_rows`. Axes: N texts, A anchors, D width.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import Tensor, nn

from shopkeeper.errors import ArtifactError, FeedError
from shopkeeper.measures import reciprocal_rank
from shopkeeper.training import interchange
from shopkeeper.training.finetune.heads import Pooling, batches, pool, seen_of, states
from shopkeeper.training.finetune.order import Order
from shopkeeper.training.finetune.plan import FinetunePlan
from shopkeeper.training.finetune.reading import Reading, planned_reading, reading_of
from shopkeeper.training.finetune.rows import TokenRow, collate
from shopkeeper.training.finetune.similarity import multiple_negatives
from shopkeeper.training.finetune.tasks import HeadTask, Row
from shopkeeper.training.objectives import Batch, Loss
from shopkeeper.training.opening import Opened
from shopkeeper.training.parallel import World
from shopkeeper.training.shape import Shape
from shopkeeper.training.storage import storing
from shopkeeper.training.transformer import Transformer
from shopkeeper.training.words import Words, load_words


class Pooled(nn.Module):
    """A Transformer that makes one vector of a text, (B, D), not yet of length 1."""

    def __init__(self, model: Transformer, pooling: Pooling) -> None:
        super().__init__()
        self.transformer, self.pooling = model, pooling

    @property
    def shape(self) -> Shape:
        """The Transformer's."""
        return self.transformer.shape

    def forward(self, batch: Batch) -> Tensor:
        return pool(states(self.transformer, batch), seen_of(batch), self.pooling)


@dataclass(frozen=True)
class SentenceEncoder:
    """Texts into vectors of length 1."""

    module: Pooled
    reading: Reading

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(N, D)."""
        rows = self.reading.rows(texts)
        return vectors_of(self.module, rows, padding=self.reading.words.padding).numpy()

    def measures(self, rows: Sequence["Belonging"]) -> dict[str, float]:
        """See `finding`; rows keep as many negatives as the one that has the fewest."""
        pairs = _tokens(self.reading, alike(rows))
        return finding(self.module, pairs, padding=self.reading.words.padding)

    def save(self, folder: Path) -> None:
        """Write it as sentence-transformers does: the model, then a module for pooling and one that makes length 1.

        Raises StorageError.
        """
        D, pooling = self.module.shape.width, self.module.pooling
        modules = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
        files: dict[str, Any] = {
            "modules.json": [
                {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
                for i, (path, kind) in enumerate(modules)
            ],
            "sentence_bert_config.json": {"max_seq_length": self.reading.max_tokens, "do_lower_case": False},
            "config_sentence_transformers.json": {
                "prompts": {"query": self.reading.prefix, "document": self.reading.prefix}, "similarity_fn_name": "cosine",
                "default_prompt_name": "query" if self.reading.prefix else None,
            },
            "1_Pooling/config.json": {
                "word_embedding_dimension": D, "pooling_mode_cls_token": pooling == "first",
                "pooling_mode_mean_tokens": pooling == "mean", "pooling_mode_lasttoken": pooling == "last",
                "pooling_mode_max_tokens": False, "pooling_mode_mean_sqrt_len_tokens": False,
                "pooling_mode_weightedmean_tokens": False, "include_prompt": True,
            },
        }  # fmt: skip
        with storing(folder):
            try:
                interchange.save(self.module.transformer, folder)
            except SafetensorError as error:  # how it says that the disk is full
                raise OSError(str(error)) from error
            for path, _ in modules:
                (folder / path).mkdir(exist_ok=True)
            for name, values in files.items():
                (folder / name).write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
        self.reading.words.save(folder)


def make_encoder(
    opened: Opened, *, pooling: Pooling | None = None, max_tokens: int = 256
) -> SentenceEncoder:
    """Sentence vectors of a model as it is. pooling: by default the mean of an encoder, the last token of a decoder."""
    chosen = pooling or ("last" if opened.model.encoder is None else "mean")
    return SentenceEncoder(Pooled(opened.model, chosen), reading_of(opened, max_tokens=max_tokens))


def load_encoder(folder: Path) -> SentenceEncoder:
    """What `SentenceEncoder.save` wrote, or sentence-transformers with one of these poolings. Raises ArtifactError."""
    try:
        limits, prompts, pooling = (
            json.loads((folder / name).read_text(encoding="utf-8"))
            for name in (
                "sentence_bert_config.json",
                "config_sentence_transformers.json",
                "1_Pooling/config.json",
            )
        )
        chosen = next(way for name, way in _POOLINGS.items() if pooling.get(f"pooling_mode_{name}"))
        most = int(limits["max_seq_length"])
    except (OSError, ValueError, KeyError, StopIteration) as error:
        raise ArtifactError(
            f"{folder} holds no sentence encoder: {error!r}",
            hint="name a folder in the layout of sentence-transformers",
        ) from error
    prefix = str((prompts.get("prompts") or {}).get("query") or "")
    module = Pooled(interchange.load(folder).eval(), chosen)
    return SentenceEncoder(module, Reading(load_words(folder), most, prefix))


_POOLINGS: Mapping[str, Pooling] = {"cls_token": "first", "mean_tokens": "mean", "lasttoken": "last"}  # fmt: skip


@torch.no_grad()
def vectors_of(module: nn.Module, rows: Sequence[TokenRow], *, padding: int) -> Tensor:
    """Vectors of length 1 (N, D) of rows, on the CPU."""
    found: list[Tensor] = [torch.empty(0)] * len(rows)
    for batch, numbers in batches(module, rows, padding=padding):
        made = F.normalize(module(batch).float(), dim=-1).cpu()
        for i, vector in zip(numbers, made, strict=True):
            found[i] = vector
    return torch.stack(found) if rows else torch.empty(0, 0)


@dataclass(frozen=True, slots=True)
class Belonging:
    """A text, one that belongs to it, and texts that look as if they did. All rows of a work have as many negatives."""

    anchor: str
    positive: str
    negatives: tuple[str, ...] = ()


def alike(rows: Sequence[Belonging]) -> list[Belonging]:
    """The rows with as many negatives as the one that has the fewest."""
    most = min((len(row.negatives) for row in rows), default=0)
    return [replace(row, negatives=row.negatives[:most]) for row in rows]


@dataclass(frozen=True)
class Pairing:
    """Pairs as work for the Trainer: each anchor finds its own among all of the batch, see `multiple_negatives`.

    Rows are (anchor, positive, negatives …) in tokens; groups: positives with the same text have the same number.
    """

    train: Sequence[Sequence[TokenRow]]
    validation: Sequence[Sequence[TokenRow]]
    groups: Sequence[int]
    order: Order
    padding: int
    temperature: float = 0.05

    @classmethod
    def of(
        cls,
        encoder: SentenceEncoder,
        train: Sequence[Belonging],
        validation: Sequence[Belonging],
        *,
        seed: int,
        rows_at_once: int,
        temperature: float = 0.05,
    ) -> "Pairing":
        """The work of these pairs. Raises FeedError if they have different numbers of negatives."""
        counts = {len(row.negatives) for row in (*train, *validation)}
        if len(counts) > 1:
            raise FeedError(
                f"rows have from {min(counts)} to {max(counts)} negatives",
                hint="give all rows as many",
            )
        learnt, measured = (_tokens(encoder.reading, rows) for rows in (train, validation))
        numbers: dict[str, int] = {}
        groups = [numbers.setdefault(row.positive, len(numbers)) for row in train]
        lengths = [sum(len(each.ids) for each in row) for row in learnt]
        order = Order(lengths, seed=seed, rows_at_once=rows_at_once)
        return cls(learnt, measured, groups, order, encoder.reading.words.padding, temperature)

    @property
    def tokens_per_row(self) -> int:
        return self.order.mean_length

    def batch(self, places: range) -> Batch:
        """Anchors, then their positives, then negatives; targets are the groups of the anchors."""
        numbers = self.order.rows(places)
        rows = [self.train[i] for i in numbers]
        groups = torch.tensor([self.groups[i] for i in numbers])
        return collate([row for each in zip(*rows, strict=True) for row in each], groups, padding=self.padding)  # fmt: skip

    def loss(self, model: Pooled, batch: Batch) -> Loss:
        A = len(batch.targets)
        made = model(batch).float()
        value = multiple_negatives(made[:A], made[A:], batch.targets, temperature=self.temperature)
        return Loss(value, {})

    def evaluate(self, model: Pooled, rows: int, world: World) -> Mapping[str, float]:
        """See `finding`, of the first `rows` validation rows."""
        measured = self.validation[:rows]
        return finding(model, measured, padding=self.padding, temperature=self.temperature)

    def sample(self, model: Pooled) -> str:
        return ""


def finding(
    module: Pooled, rows: Sequence[Sequence[TokenRow]], *, padding: int, temperature: float = 0.05
) -> dict[str, float]:
    """How well anchors find their own among the positives of all rows and all negatives: loss, recall@1 and mrr."""
    if not rows:
        return {}
    flat = vectors_of(module, [row for each in zip(*rows, strict=True) for row in each], padding=padding)  # fmt: skip
    A = len(rows)
    anchors, candidates = flat[:A], flat[A:]
    texts = [tuple(row[1].ids) for row in rows]
    numbers = {text: i for i, text in enumerate(dict.fromkeys(texts))}
    groups = torch.tensor([numbers[text] for text in texts])
    loss = multiple_negatives(anchors, candidates, groups, temperature=temperature)
    order = (anchors @ candidates.T).argsort(dim=1, descending=True, stable=True).tolist()
    same = [{j for j in range(A) if groups[j] == groups[i]} for i in range(A)]
    ranks = [reciprocal_rank(found, own) for found, own in zip(order, same, strict=True)]
    first = sum(rank == 1 for rank in ranks) / A
    return {"loss": float(loss), "recall@1": first, "mrr": float(np.mean(ranks))}


def _tokens(reading: Reading, rows: Sequence[Belonging]) -> list[list[TokenRow]]:
    texts = [text for row in rows for text in (row.anchor, row.positive, *row.negatives)]
    made = reading.rows(texts)
    width = len(made) // len(rows) if rows else 1
    return [made[i : i + width] for i in range(0, len(made), width)]


class Embedding(HeadTask[SentenceEncoder, Belonging]):
    """See `tasks.FinetuneTask`. A row has `anchor`, `positive` and may have the list `negatives`."""

    def checked(self, row: Row, plan: FinetunePlan) -> Row:
        for name in ("anchor", "positive"):
            if not isinstance(row.get(name), str) or not row[name].strip():
                raise ValueError(f"there is no {name!r} (the row has {', '.join(map(str, row))})")
        negatives = row.get("negatives") or []
        if not isinstance(negatives, list) or not all(isinstance(each, str) for each in negatives):
            raise ValueError("'negatives' is not a list of texts")
        return {"anchor": row["anchor"], "positive": row["positive"], "negatives": negatives}

    def identity(self, row: Row) -> str:
        return str(row["anchor"])

    def module(self, opened: Opened, plan: FinetunePlan) -> nn.Module:
        return make_encoder(opened, max_tokens=plan.length).module

    def records(self, rows: Sequence[Row], plan: FinetunePlan) -> list[Belonging]:
        return [Belonging(row["anchor"], row["positive"], tuple(row["negatives"])) for row in rows]

    def made(self, module: nn.Module, words: Words, plan: FinetunePlan) -> SentenceEncoder:
        pooled = cast(Pooled, module)
        return SentenceEncoder(pooled, planned_reading(words, plan, pooled.shape))

    def learning(
        self, made: SentenceEncoder, train: list[Belonging], validation: list[Belonging], plan: FinetunePlan
    ) -> Pairing:  # fmt: skip
        recipe, every = plan.recipe, alike([*train, *validation])
        return Pairing.of(
            made, every[: len(train)], every[len(train) :], seed=recipe.seed, rows_at_once=recipe.micro_rows
        )  # fmt: skip


TASK = Embedding()
