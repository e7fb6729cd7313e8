"""Dialogue in LaMDA's way: a generator, and heads that rate what it would say, on the same weights.

It is fine-tuned on dialogues to say the response, and at the same time to rate responses: sensible (fits what was said),
specific (to this conversation), interesting, and safe. Of many sampled candidates the unsafe ones are left out, and the
others ranked by 3·sensible + specific + interesting. Source: Thoppilan et al. 2022, sections 3, 5 and 6; there ratings
are written out as tokens after the response, here four linear heads read them at the response's end, all in one pass.

    dialogue = make_dialogue(opened)
    Trainer(dialogue.module, Conversing.of(dialogue, train, validation, seed=0, rows_at_once=8), recipe, run).fit()
    dialogue.reply(["do you have it in blue?"], seed=0)

Axes: B rows, T tokens, D width, R ratings.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from shopkeeper.errors import ArtifactError, FeedError, Refused
from shopkeeper.training import interchange
from shopkeeper.training.fast import IGNORED
from shopkeeper.training.finetune.calibration import fit_weights
from shopkeeper.training.finetune.decoding import Memory
from shopkeeper.training.finetune.order import Order
from shopkeeper.training.finetune.plan import FinetunePlan
from shopkeeper.training.finetune.reading import planned_reading
from shopkeeper.training.finetune.tasks import FinetuneTask, Row
from shopkeeper.training.objectives import Batch, Loss, padded, token_loss
from shopkeeper.training.opening import Opened
from shopkeeper.training.parallel import World
from shopkeeper.training.shape import Shape
from shopkeeper.training.storage import storing
from shopkeeper.training.transformer import Transformer
from shopkeeper.training.words import Words, load_words

RATINGS = ("sensible", "specific", "interesting", "safe")
RANKED_BY = {"sensible": 3.0, "specific": 1.0, "interesting": 1.0}
SAFE = 0.8  # a candidate less likely to be safe is left out
SPEAKERS = ("Customer", "Shop")
INSIDE, FILE, TENSORS = "dialogue", "dialogue.json", "ratings.safetensors"


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was said in turn, the customer last; a response; and what people said of it, from 0 to 1, where they did.

    A response with a rating below a half is rated, and not imitated.
    """

    context: tuple[str, ...]
    response: str
    ratings: Mapping[str, float]

    def __post_init__(self) -> None:
        for name, value in self.ratings.items():
            if name not in RATINGS or not 0 <= value <= 1:
                raise ValueError(f"the rating {name} {value} is none of {', '.join(RATINGS)}, from 0 to 1")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Candidate:
    """A response that could be given, how likely each rating is, and by what it is ranked."""

    text: str
    ratings: Mapping[str, float]

    @property
    def score(self) -> float:
        """From 0 to 5."""
        return sum(weight * self.ratings[name] for name, weight in RANKED_BY.items())


@dataclass(frozen=True, slots=True)
class Said:
    """An exchange in tokens; the response ends with the token that ends a text. ratings: (R,), NaN where nobody said."""

    prompt: tuple[int, ...]
    response: tuple[int, ...]
    ratings: tuple[float, ...]
    imitated: bool = True


@dataclass(frozen=True)
class RatedBatch(Batch):
    """Exchanges; ends: (B,) place of each response's last token; ratings: (B, R). Counted by rows: responses that are
    only rated have no tokens to say."""

    ends: Tensor | None = None
    ratings: Tensor | None = None


class Rated(nn.Module):
    """A decoder, and a linear head a rating."""

    def __init__(self, transformer: Transformer) -> None:
        super().__init__()
        self.transformer = transformer
        self.head = nn.Linear(transformer.shape.width, len(RATINGS))
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    @property
    def shape(self) -> Shape:
        """The Transformer's."""
        return self.transformer.shape

    def forward(self, batch: RatedBatch) -> tuple[Tensor, Tensor]:
        """Hidden states (B, T, D), and ratings as logits (B, R)."""
        assert batch.ends is not None
        hidden = self.transformer.decode(batch.tokens)
        rows = torch.arange(len(hidden), device=hidden.device)
        return hidden, self.head(hidden[rows, batch.ends])


@dataclass(frozen=True)
class DialogueModel:
    """A generator that rates itself. sharpness: of each rating, 1 / temperature."""

    module: Rated
    words: Words
    max_tokens: int = 256
    sharpness: tuple[float, ...] = (1.0,) * len(RATINGS)

    def said(self, exchange: Exchange) -> Said:
        """The exchange in tokens; the oldest of a long conversation is forgotten first."""
        response = (*self.words.encode(f" {exchange.response.strip()}"), self._end)
        room = self.max_tokens - len(response)
        if room < 8:
            raise FeedError(
                f"a response of {len(response)} tokens does not fit into {self.max_tokens}",
                hint="more max_tokens, or leave it out",
            )
        ratings = tuple(float(exchange.ratings.get(name, "nan")) for name in RATINGS)
        imitated = all(value >= 0.5 for value in exchange.ratings.values())
        return Said(self.prompt(exchange.context, room), response, ratings, imitated)

    def prompt(self, context: Sequence[str], room: int | None = None) -> tuple[int, ...]:
        """What was said, line by line, up to where the shop speaks next."""
        first = len(context) % 2  # the customer speaks last
        lines = [
            f"{SPEAKERS[(i + first + 1) % 2]}: {text.strip()}" for i, text in enumerate(context)
        ]
        ids = self.words.encode("\n".join([*lines, f"{SPEAKERS[1]}:"]))
        return tuple(ids[-(room or self.max_tokens) :])

    def ratings(
        self, context: Sequence[str], responses: Sequence[str]
    ) -> list[Mapping[str, float]]:
        """How likely it is that each response is sensible, specific, interesting and safe."""
        rows = [self.said(Exchange(tuple(context), text, {})) for text in responses]
        sharp = torch.tensor(self.sharpness)
        likely = (rating_logits(self.module, rows, padding=self.words.padding) * sharp).sigmoid()
        return [dict(zip(RATINGS, row, strict=True)) for row in likely.tolist()]

    def ranked(
        self, context: Sequence[str], responses: Sequence[str], *, safe: float = SAFE
    ) -> list[Candidate]:
        """The responses that are safe enough, the best first; none twice."""
        texts = list(dict.fromkeys(text.strip() for text in responses if text.strip()))
        rated = self.ratings(context, texts) if texts else []
        candidates = [Candidate(text, found) for text, found in zip(texts, rated, strict=True)]
        kept = [each for each in candidates if each.ratings["safe"] >= safe]
        return sorted(kept, key=lambda each: -each.score)

    def reply(
        self,
        context: Sequence[str],
        *,
        seed: int,
        candidates: int = 16,
        safe: float = SAFE,
        max_new_tokens: int = 64,
    ) -> Candidate:
        """The best of so many sampled responses. Raises Refused if none of them is safe enough."""
        texts = self.sampled(context, count=candidates, seed=seed, max_new_tokens=max_new_tokens)
        found = self.ranked(context, texts, safe=safe)
        if not found:
            raise Refused(
                f"none of {candidates} responses is likely enough to be safe ({safe})",
                hint="hand the conversation to a person, or sample more",
            )
        return found[0]

    @torch.no_grad()
    def sampled(
        self,
        context: Sequence[str],
        *,
        count: int,
        seed: int,
        top_k: int = 40,
        temperature: float = 1.0,
        max_new_tokens: int = 64,
    ) -> list[str]:
        """Responses drawn token by token from the `top_k` likeliest."""
        self.module.eval()
        model = self.module.transformer
        device = model.embedding.weight.device
        random = torch.Generator(device).manual_seed(seed)
        prompt = self.prompt(context, self.max_tokens - max_new_tokens)
        tokens = torch.tensor([prompt] * count, device=device)
        seen = torch.ones_like(tokens, dtype=torch.bool)
        memory = Memory(model)
        said: list[list[int]] = [[] for _ in range(count)]
        ended = [False] * count
        for _ in range(max_new_tokens):
            scores = memory.step(tokens, seen) / temperature
            best, numbers = scores.topk(min(top_k, scores.shape[-1]))
            drawn = torch.multinomial(best.softmax(-1), 1, generator=random)
            tokens = numbers.gather(1, drawn)
            seen = torch.cat([seen, torch.ones_like(tokens, dtype=torch.bool)], dim=1)
            for row, token in enumerate(tokens[:, 0].tolist()):
                ended[row] = ended[row] or token == self._end
                if not ended[row]:
                    said[row].append(token)
            if all(ended):
                break
        return [self.words.decode(ids).strip() for ids in said]

    def calibrated(self, validation: Sequence[Exchange]) -> "DialogueModel":
        """The same with a temperature a rating that makes these people's ratings likeliest."""
        rows = [self.said(each) for each in validation]
        logits = rating_logits(self.module, rows, padding=self.words.padding)
        wanted = torch.tensor([row.ratings for row in rows])
        found = []
        for i, before in enumerate(self.sharpness):
            told = ~wanted[:, i].isnan()
            one = slice(i, i + 1)
            weight = fit_weights(logits[None, told, one], wanted[told, one]) if told.any() else [before]  # fmt: skip
            found.append(float(weight[0]) or before)
        return replace(self, sharpness=tuple(found))

    def save(self, folder: Path) -> None:
        """Write the generator in Transformers' layout, which serves by itself, and the heads. Raises StorageError."""
        with storing(folder):
            try:
                interchange.save(self.module.transformer, folder)
                (folder / INSIDE).mkdir(exist_ok=True)
                tensors = {n: t.detach().contiguous() for n, t in self.module.head.state_dict().items()}  # fmt: skip
                save_file(tensors, folder / INSIDE / TENSORS)
            except SafetensorError as error:  # how it says that the disk is full
                raise OSError(str(error)) from error
            about = {"ratings": RATINGS, "max_tokens": self.max_tokens, "sharpness": self.sharpness}
            (folder / INSIDE / FILE).write_text(json.dumps(about) + "\n", encoding="utf-8")
        self.words.save(folder)

    @property
    def _end(self) -> int:
        found = self.words.id("eos")
        if found is None:
            raise FeedError("the model's tokenizer has no token that ends a text", hint="take a decoder")  # fmt: skip
        return found


def make_dialogue(opened: Opened, *, max_tokens: int = 256) -> DialogueModel:
    """A generator with heads that have learnt nothing yet. Raises FeedError if the model is no decoder."""
    if opened.model.decoder is None or opened.model.encoder is not None:
        raise FeedError(
            f"{opened.origin.name} is not a decoder alone", hint="take a GPT or a Llama"
        )
    most = min(max_tokens, opened.shape.max_tokens)
    return DialogueModel(Rated(opened.model), opened.words, most)


def load_dialogue(folder: Path) -> DialogueModel:
    """What `DialogueModel.save` wrote. Raises ArtifactError."""
    try:
        about = json.loads((folder / INSIDE / FILE).read_text(encoding="utf-8"))
        module = Rated(interchange.load(folder))
        module.head.load_state_dict(load_file(folder / INSIDE / TENSORS))
        most, sharpness = int(about["max_tokens"]), tuple(about["sharpness"])
    except (OSError, ValueError, KeyError, SafetensorError, RuntimeError) as error:
        raise ArtifactError(
            f"{folder} holds no dialogue model: {error}", hint="save it again"
        ) from error
    return DialogueModel(module.eval(), load_words(folder), most, sharpness)


@dataclass(frozen=True)
class Conversing:
    """Exchanges as work for the Trainer: nats a token of the responses worth imitating, and of each rating."""

    train: Sequence[Said]
    validation: Sequence[Said]
    order: Order
    padding: int
    rating_weight: float = 1.0

    @classmethod
    def of(
        cls,
        dialogue: DialogueModel,
        train: Sequence[Exchange],
        validation: Sequence[Exchange],
        *,
        seed: int,
        rows_at_once: int,
    ) -> "Conversing":
        """The work of these exchanges."""
        learnt, measured = ([dialogue.said(each) for each in rows] for rows in (train, validation))
        lengths = [len(row.prompt) + len(row.response) for row in learnt]
        order = Order(lengths, seed=seed, rows_at_once=rows_at_once)
        return cls(learnt, measured, order, dialogue.words.padding)

    @property
    def tokens_per_row(self) -> int:
        return self.order.mean_length

    def batch(self, places: range) -> Batch:
        return rated_batch([self.train[i] for i in self.order.rows(places)], padding=self.padding)

    def loss(self, model: Rated, batch: Batch) -> Loss:
        assert isinstance(batch, RatedBatch) and batch.ratings is not None
        hidden, logits = model(batch)
        says = token_loss(model.transformer, hidden, batch.targets, few=True)
        rates = rating_loss(logits.float(), batch.ratings)
        parts = {"says": says.detach(), "rates": rates.detach()}
        return Loss(says + self.rating_weight * rates, parts)

    def evaluate(self, model: Rated, rows: int, world: World) -> Mapping[str, float]:
        """loss; says: nats a token; rates: nats a rating; and the accuracy of each rating that validation rows have."""
        measured = self.validation[:rows]
        if not measured:
            return {}
        totals = {"loss": 0.0, "says": 0.0, "rates": 0.0}
        for start in range(0, len(measured), 16):
            batch = rated_batch(measured[start : start + 16], padding=self.padding)
            loss = self.loss(model, batch.to(world.device))
            for name, value in {"loss": loss.value, **loss.parts}.items():
                totals[name] += float(value) * batch.scored / len(measured)
        logits = rating_logits(model, measured, padding=self.padding)
        wanted = torch.tensor([row.ratings for row in measured])
        for i, name in enumerate(RATINGS):
            told = ~wanted[:, i].isnan()
            if told.any():
                right = (logits[told, i] > 0) == (wanted[told, i] > 0.5)
                totals[f"{name}_accuracy"] = float(right.float().mean())
        return totals

    def sample(self, model: Rated) -> str:
        return ""


def rated_batch(rows: Sequence[Said], *, padding: int) -> RatedBatch:
    """Exchanges padded at the end; what is said after the last token of a response is never scored."""
    tokens = [[*row.prompt, *row.response] for row in rows]
    targets = [
        [IGNORED] * (len(row.prompt) - 1)
        + (list(row.response) if row.imitated else [IGNORED] * len(row.response))
        + [IGNORED]
        for row in rows
    ]
    ends = torch.tensor([len(each) - 1 for each in tokens])
    ratings = torch.tensor([row.ratings for row in rows])
    return RatedBatch(
        padded(tokens, padding),
        padded(targets, IGNORED),
        ends=ends,
        ratings=ratings,
        scored=len(rows),
    )


def rating_loss(logits: Tensor, ratings: Tensor) -> Tensor:
    """Mean binary cross-entropy of the ratings (B, R) that are no NaN; 0 if all are."""
    told = ~ratings.isnan()
    if not bool(told.any()):
        return logits.sum() * 0
    return F.binary_cross_entropy_with_logits(logits[told], ratings[told])


@torch.no_grad()
def rating_logits(module: Rated, rows: Sequence[Said], *, padding: int) -> Tensor:
    """(N, R), on the CPU."""
    module.eval()
    device = module.head.weight.device
    found = []
    for start in range(0, len(rows), 16):
        batch = rated_batch(rows[start : start + 16], padding=padding).to(device)
        found.append(cast(Tensor, module(batch)[1]).float().cpu())
    return torch.cat(found)


class Dialogue(FinetuneTask):
    """See `tasks.FinetuneTask`. A row has `context`, the list of what was said, the customer last, and `response`; it may
    have `sensible`, `specific`, `interesting` and `safe`, from 0 to 1."""

    def checked(self, row: Row, plan: FinetunePlan) -> Row:
        context, response = row.get("context"), row.get("response")
        if (
            not isinstance(context, list)
            or not context
            or not all(isinstance(t, str) for t in context)
        ):
            raise ValueError("'context' is not a list of what was said")
        if not isinstance(response, str) or not response.strip():
            raise ValueError(f"there is no 'response' (the row has {', '.join(map(str, row))})")
        ratings = {name: float(row[name]) for name in RATINGS if row.get(name) is not None}
        Exchange(tuple(context), response, ratings)  # says what is out of range
        return {"context": context, "response": response, **ratings}

    def identity(self, row: Row) -> str:
        """What was said before, so that all responses to it are on one side."""
        return "\n".join(row["context"])

    def module(self, opened: Opened, plan: FinetunePlan) -> nn.Module:
        return make_dialogue(opened, max_tokens=plan.length).module

    def work(
        self,
        module: nn.Module,
        words: Words,
        plan: FinetunePlan,
        *,
        train: Sequence[Row],
        validation: Sequence[Row],
    ) -> Conversing:
        learnt, measured = ([_exchange(row) for row in rows] for rows in (train, validation))
        return Conversing.of(
            self.dialogue(module, words, plan), learnt, measured,
            seed=plan.recipe.seed, rows_at_once=plan.recipe.micro_rows,
        )  # fmt: skip

    def measures(
        self, module: nn.Module, words: Words, plan: FinetunePlan, rows: Sequence[Row]
    ) -> Mapping[str, float]:
        """See `Conversing.evaluate`."""
        work = self.work(module, words, plan, train=rows, validation=rows)
        device = next(module.parameters()).device
        return work.evaluate(cast(Rated, module), len(rows), World(device=device))

    def save(
        self,
        module: nn.Module,
        words: Words,
        plan: FinetunePlan,
        folder: Path,
        *,
        validation: Sequence[Row],
    ) -> None:
        """Calibrated by the validation rows."""
        made = self.dialogue(module, words, plan)
        made.calibrated([_exchange(row) for row in validation]).save(folder)

    def dialogue(self, module: nn.Module, words: Words, plan: FinetunePlan) -> DialogueModel:
        """What the run has made, not calibrated."""
        rated = cast(Rated, module)
        return DialogueModel(rated, words, planned_reading(words, plan, rated.shape).max_tokens)


def _exchange(row: Row) -> Exchange:
    ratings = {name: row[name] for name in RATINGS if name in row}
    return Exchange(tuple(row["context"]), row["response"], ratings)


TASK = Dialogue()
