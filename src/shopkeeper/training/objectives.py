"""What a model is trained to do, exactly: which tokens it sees, which it must say, and which of them are scored.

An objective turns rows of a corpus into a `Batch` and a batch into a loss. Everything random about a row comes from
the seed and the row's place in the order, so a batch is the same on one process or on many, today or resumed.

Axes: B rows, T tokens, S tokens of a source.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol, Self

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from shopkeeper.training.fast import (
    IGNORED,
    chunked_cross_entropy,
    document_positions,
    document_sight,
)
from shopkeeper.training.shards import Ids, Shards, documents_of
from shopkeeper.training.transformer import Transformer

Random = np.random.Generator


@dataclass(frozen=True)
class Batch:
    """Rows ready for the model. targets: (B, T), IGNORED where nothing is scored; the rest where an objective has it."""

    tokens: Tensor
    targets: Tensor
    documents: Tensor | None = None  # (B, T) numbers; different ones do not see each other
    segments: Tensor | None = None  # (B, T)
    next_sentence: Tensor | None = None  # (B,) 0 it follows, 1 it is from elsewhere
    source: Tensor | None = None  # (B, S) for the encoder
    source_seen: Tensor | None = None  # (B, S) False at padding
    prefix: Tensor | None = None  # (B,) tokens at the start that see each other both ways
    seen: Tensor | None = None  # (B, T) False at padding
    states: Tensor | None = None  # (B, T, D) what layers that do not learn made of the tokens
    scored: int = (
        -1
    )  # tokens that the loss is the mean of; -1: counted now, while the targets are on the host

    def __post_init__(self) -> None:
        if self.scored < 0:
            object.__setattr__(self, "scored", int((self.targets != IGNORED).sum()))

    def to(self, device: torch.device) -> Self:
        """The same on another device, without waiting for it if the memory is pinned."""
        return self._each(lambda tensor: tensor.to(device, non_blocking=True), scored=self.scored)

    def pinned(self) -> Self:
        """The same in memory that a GPU reads by itself."""
        return self._each(lambda tensor: tensor.pin_memory(), scored=self.scored)

    def __getitem__(self, rows: slice) -> Self:
        """Some of the rows."""
        return self._each(lambda tensor: tensor[rows], scored=-1)

    def _each(self, change: Callable[[Tensor], Tensor], *, scored: int) -> Self:
        there = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "scored"}
        made: dict[str, Any] = {k: v if v is None else change(v) for k, v in there.items()}
        return type(self)(**made, scored=scored)


@dataclass(frozen=True)
class Loss:
    """value: what is minimised; parts: what it consists of, by name, for showing. All means over scored tokens."""

    value: Tensor
    parts: Mapping[str, Tensor]


def randoms(places: range, seed: int) -> list[Random]:
    """A generator for each row, the same whichever process asks and whatever was asked before."""
    return [np.random.default_rng([seed, place]) for place in places]


class Objective(Protocol):
    """What every objective can do."""

    @property
    def row_tokens(self) -> int:
        """Tokens of the corpus that one row takes."""
        ...

    def batch(self, shards: Shards, places: range, *, seed: int) -> Batch:
        """The rows at these places of the shards' order; shards of rows of `row_tokens`."""
        ...

    def loss(self, model: Transformer, batch: Batch) -> Loss:
        """How far the model is from what was asked."""
        ...


@dataclass(frozen=True, slots=True)
class CausalLM:
    """Say the next token. Source: Radford et al. 2018, equation (1).

    separator: the token that begins a document. isolated: documents of a row do not see each other, and positions
    begin anew with each; the price is a mask in every attention.
    """

    length: int
    separator: int
    isolated: bool = False

    @property
    def row_tokens(self) -> int:
        return self.length + 1

    def batch(self, shards: Shards, places: range, *, seed: int) -> Batch:
        rows = shards.batch(places)
        tokens = rows[:, :-1]
        documents = _tensor(documents_of(tokens, self.separator)) if self.isolated else None
        return Batch(_tensor(tokens), _tensor(rows[:, 1:]), documents=documents)

    def loss(self, model: Transformer, batch: Batch) -> Loss:
        return _one(token_loss(model, _decoded(model, batch), batch.targets))


@dataclass(frozen=True, slots=True)
class PrefixLM:
    """Say what follows a prefix of random length whose tokens see each other both ways. Source: Raffel 2020, 3.2.1."""

    length: int
    separator: int

    @property
    def row_tokens(self) -> int:
        return self.length + 1

    def batch(self, shards: Shards, places: range, *, seed: int) -> Batch:
        rows = shards.batch(places)
        prefix = np.array([r.integers(1, self.length) for r in randoms(places, seed)])
        targets = rows[:, 1:].copy()
        targets[np.arange(self.length) < prefix[:, None] - 1] = IGNORED
        return Batch(_tensor(rows[:, :-1]), _tensor(targets), prefix=_tensor(prefix))

    def loss(self, model: Transformer, batch: Batch) -> Loss:
        return _one(token_loss(model, _decoded(model, batch), batch.targets))


@dataclass(frozen=True, slots=True)
class MaskedLM:
    """Say the tokens that are hidden, and whether the second stretch of text follows the first.

    Of the words, 15 % are chosen, whole (all tokens of a word or none), until the share of tokens is reached; of the
    chosen tokens 80 % become the mask, 10 % a random token, 10 % stay; all chosen are scored, nothing else. A row is
    [begin] first [between] second [between]; for half of the rows the second stretch is that of a row drawn from the
    whole corpus. A stretch may go over the end of a document. Source: Devlin et al. 2019, 3.1 and appendix A; whole
    words: its release of 2019-05-31.

    word_begins: (V,) True for tokens that begin a word. special: ids that are never chosen nor drawn.
    """

    length: int
    begin: int
    between: int
    mask: int
    vocabulary: int
    word_begins: NDArray[np.bool_]
    special: frozenset[int]
    share: float = 0.15
    next_sentence: bool = True

    @property
    def row_tokens(self) -> int:
        return self.length - 3 if self.next_sentence else self.length

    def batch(self, shards: Shards, places: range, *, seed: int) -> Batch:
        rows, generators = shards.batch(places), randoms(places, seed)
        made = [self._row(row, r, shards) for row, r in zip(rows, generators, strict=True)]
        tokens, targets, segments, strangers = (np.stack(each) for each in zip(*made, strict=True))
        return Batch(
            _tensor(tokens), _tensor(targets), segments=_tensor(segments),
            next_sentence=_tensor(strangers) if self.next_sentence else None,
        )  # fmt: skip

    def _row(self, row: Ids, random: Random, shards: Shards) -> tuple[Ids, Ids, Ids, Ids]:
        if not self.next_sentence:
            tokens, targets = self.hide(row, random)
            return tokens, targets, np.zeros_like(tokens), np.array(0)
        room = self.length - 3
        cut = int(random.integers(room // 4, room - room // 4 + 1))
        stranger = int(random.random() < 0.5)
        second = shards.row(int(random.integers(shards.rows))) if stranger else row
        seen = np.concatenate(
            [[self.begin], row[:cut], [self.between], second[cut:], [self.between]]
        )
        segments = (np.arange(self.length) >= cut + 2).astype(np.int64)
        tokens, targets = self.hide(seen, random)
        return tokens, targets, segments, np.array(stranger)

    def hide(self, row: Ids, random: Random) -> tuple[Ids, Ids]:
        """The row with chosen words hidden, and the targets."""
        ordinary = ~np.isin(row, list(self.special))
        word = np.cumsum(self.word_begins[row] | ~ordinary | _after_special(ordinary))
        chosen = _whole_words(word, ordinary, random, share=self.share)
        targets = np.where(chosen, row, IGNORED)
        dice = random.random(len(row))
        drawn = random.integers(0, self.vocabulary, len(row))
        drawn = np.where(np.isin(drawn, list(self.special)), row, drawn)
        tokens = np.where(chosen & (dice < 0.8), self.mask, row)
        return np.where(chosen & (dice >= 0.9), drawn, tokens), targets

    def loss(self, model: Transformer, batch: Batch) -> Loss:
        hidden = model.encode(batch.tokens, segments=batch.segments)
        words = token_loss(model, hidden, batch.targets, few=True)
        if batch.next_sentence is None:
            return _one(words)
        follows = F.cross_entropy(model.next_sentence_logits(hidden).float(), batch.next_sentence)
        return Loss(words + follows, {"masked": words.detach(), "next": follows.detach()})


def _after_special(ordinary: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.concatenate([[True], ~ordinary[:-1]])


def _whole_words(
    word: NDArray[Any], ordinary: NDArray[np.bool_], random: Random, *, share: float
) -> NDArray[np.bool_]:
    """Words drawn until their tokens are this share of the ordinary ones: the last that would go over is left out."""
    room = max(1, round(share * int(ordinary.sum())))
    sizes = np.bincount(word[ordinary], minlength=int(word[-1]) + 1)
    order = random.permutation(np.unique(word[ordinary]))
    fits = np.cumsum(sizes[order]) <= room
    drawn = order[fits] if fits.any() else order[:1]
    return np.isin(word, drawn) & ordinary


@dataclass(frozen=True, slots=True)
class SpanCorruption:
    """Say the stretches that were cut out; each is replaced by a sentinel of its own. Source: Raffel et al. 2020, 3.1.4.

    A row of `length` source tokens comes from as many tokens of text as fill it exactly: noise 15 %, spans of 3 on
    average. Sentinels are the last ids of the vocabulary, downwards; the target is every sentinel with what it stands
    for, then `end`; the decoder begins with `start`.
    """

    length: int
    vocabulary: int
    end: int
    start: int = 0
    noise: float = 0.15
    mean_span: float = 3.0

    @property
    def row_tokens(self) -> int:
        """The most text whose source still fits into `length`."""
        text = self.length
        while self._source_tokens(text + 1) <= self.length:
            text += 1
        return text

    @property
    def target_tokens(self) -> int:
        """T, the same for every row."""
        noise, spans = self._counts(self.row_tokens)
        return noise + spans + 1

    def _counts(self, text: int) -> tuple[int, int]:
        noise = min(max(round(text * self.noise), 1), text - 1)
        spans = max(round(noise / self.mean_span), 1)
        return noise, min(spans, text - noise)

    def _source_tokens(self, text: int) -> int:
        noise, spans = self._counts(text)
        return text - noise + spans + 1

    def batch(self, shards: Shards, places: range, *, seed: int) -> Batch:
        rows, generators = shards.batch(places), randoms(places, seed)
        made = [self.corrupt(row, r) for row, r in zip(rows, generators, strict=True)]
        source, target = (np.stack(each) for each in zip(*made, strict=True))
        tokens = np.concatenate([np.full((len(rows), 1), self.start), target[:, :-1]], axis=1)
        return Batch(_tensor(tokens), _tensor(target), source=_tensor(source))

    def corrupt(self, row: Ids, random: Random) -> tuple[Ids, Ids]:
        """Source and target of one stretch of text."""
        noise, spans = self._counts(len(row))
        lost, kept = _parts(noise, spans, random), _parts(len(row) - noise, spans, random)
        source: list[int] = []
        target: list[int] = []
        place = 0
        for number in range(spans):
            sentinel = self.vocabulary - 1 - number
            source += [*row[place : place + kept[number]], sentinel]
            place += kept[number]
            target += [sentinel, *row[place : place + lost[number]]]
            place += lost[number]
        return np.array([*source, self.end]), np.array([*target, self.end])

    def loss(self, model: Transformer, batch: Batch) -> Loss:
        return _one(token_loss(model, _translated(model, batch), batch.targets))


def _parts(total: int, count: int, random: Random) -> list[int]:
    """`total` as a sum of `count` numbers of at least 1, all such sums equally likely."""
    cuts = np.sort(random.choice(total - 1, count - 1, replace=False)) + 1
    return [int(n) for n in np.diff([0, *cuts, total])]


@dataclass(frozen=True, slots=True)
class Sequences:
    """Say one sequence after another: pairs of source and target, padded. Not for rows of a corpus but for pairs."""

    start: int
    end: int
    padding: int
    max_source: int
    max_target: int

    def batch_of_pairs(self, pairs: Sequence[tuple[Sequence[int], Sequence[int]]]) -> Batch:
        """The batch of these pairs of ids; what is longer than the limits is cut off, the end token is added."""
        sources = [[*source[: self.max_source - 1], self.end] for source, _ in pairs]
        targets = [[*target[: self.max_target - 1], self.end] for _, target in pairs]
        source, target = padded(sources, self.padding), padded(targets, IGNORED)
        tokens = torch.cat([torch.full((len(pairs), 1), self.start), target[:, :-1]], dim=1)
        tokens = tokens.masked_fill(tokens == IGNORED, self.padding)
        seen = padded([[1] * len(each) for each in sources], 0).bool()
        return Batch(tokens, target, source=source, source_seen=seen)

    def loss(self, model: Transformer, batch: Batch) -> Loss:
        """Mean over the target's tokens, the end token among them."""
        return _one(token_loss(model, _translated(model, batch), batch.targets))


def padded(rows: Sequence[Sequence[int]], filler: int) -> Tensor:
    """(B, longest) of rows of different lengths."""
    longest = max(len(row) for row in rows)
    return torch.tensor([[*row, *[filler] * (longest - len(row))] for row in rows])


def token_loss(model: Transformer, hidden: Tensor, targets: Tensor, *, few: bool = False) -> Tensor:
    """Mean cross-entropy of the scored tokens, in nats, without ever holding all logits.

    few: most tokens are not scored, so they are left out of the products; a GPU is waited for to know which.
    """
    flat = targets.flatten()
    states = hidden.flatten(0, 1)
    if few:
        scored = flat != IGNORED
        states, flat = states[scored], flat[scored]
    return chunked_cross_entropy(
        model.before_head(states), model.head_weight, flat, bias=model.head_bias,
        vocabulary=model.shape.vocabulary,
    )  # fmt: skip


def _decoded(model: Transformer, batch: Batch) -> Tensor:
    if batch.prefix is not None:
        T = batch.tokens.shape[1]
        index = torch.arange(T, device=batch.tokens.device)
        inside = index[None, None, :] < batch.prefix[:, None, None]  # (B, 1, T)
        allowed = (inside | (index[None, :] <= index[:, None])[None])[:, None]  # (B, 1, T, T)
        return model.decode(batch.tokens, allowed=allowed, causal=False)
    if batch.documents is None:
        return model.decode(batch.tokens)
    return model.decode(
        batch.tokens, allowed=document_sight(batch.documents), positions=document_positions(batch.documents)
    )  # fmt: skip


def _translated(model: Transformer, batch: Batch) -> Tensor:
    assert batch.source is not None
    seen = None if batch.source_seen is None else batch.source_seen[:, None, None, :]
    memory = model.encode(batch.source, allowed=seen)
    return model.decode(batch.tokens, memory, memory_allowed=seen)


def _one(value: Tensor) -> Loss:
    return Loss(value, {})


def _tensor(array: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.int64))
