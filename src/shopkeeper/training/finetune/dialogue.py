"""Dialogue in LaMDA's way: a generator, and heads that rate what it would say, on the same weights.

It is fine-tuned on dialogues to say the response, and at the same time to rate responses: sensible (fits what was said),
specific (to this conversation), interesting, and safe. Of many sampled candidates the unsafe ones are left out, and the
others ranked by 3·sensible + specific + interesting. Source: Thoppilan et al. 2022, sections 3, 5 and 6; there ratings
are written out as tokens after the response, here four linear heads (`rating`) read them at the response's end, all in
one pass. `conversing` is how it learns.

    dialogue = make_dialogue(opened)
    Trainer(dialogue.module, Conversing.of(dialogue, train, validation, seed=0, rows_at_once=8), recipe, run).fit()
    dialogue.reply(["do you have it in blue?"], seed=0)
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from shopkeeper.errors import ArtifactError, FeedError, Refused
from shopkeeper.training import interchange
from shopkeeper.training.finetune.calibration import fit_weights
from shopkeeper.training.finetune.decoding import drawn
from shopkeeper.training.finetune.rating import RATINGS, Rated, Said, measures_of, rating_logits
from shopkeeper.training.opening import Opened
from shopkeeper.training.storage import storing
from shopkeeper.training.words import Words, load_words

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
        prompt = self.prompt(context, self.max_tokens - max_new_tokens)
        said = drawn(
            self.module.transformer, prompt, count=count, seed=seed, end=self._end, top_k=top_k,
            temperature=temperature, max_new_tokens=max_new_tokens,
        )  # fmt: skip
        return [self.words.decode(ids).strip() for ids in said]

    def measures(self, rows: Sequence[Exchange]) -> dict[str, float]:
        """See `rating.measures_of`."""
        said = [self.said(row) for row in rows]
        return measures_of(self.module, said, padding=self.words.padding)

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
