"""Texts as rows of tokens for a head: cut to the model's length, between its maker's tokens, or joined in pairs."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from tokenizers import Encoding, Tokenizer

from shopkeeper.errors import SettingsError
from shopkeeper.training.finetune.plan import FinetunePlan
from shopkeeper.training.finetune.rows import TokenRow
from shopkeeper.training.finetune.spans import Offsets
from shopkeeper.training.opening import Opened
from shopkeeper.training.shape import Shape
from shopkeeper.training.words import Words

CHARACTERS_PER_TOKEN = (
    16  # a text is cut here before it is tokenised, so that a long one costs no more
)


@dataclass(frozen=True)
class Reading:
    """How a model reads texts. prefix: what its maker wants before each (E5: `query: `)."""

    words: Words
    max_tokens: int = 256
    prefix: str = ""

    def row(self, text: str, target: object = None) -> TokenRow:
        """One text."""
        return self.rows([text], [target])[0]

    def rows(self, texts: Sequence[str], targets: Sequence[object] | None = None) -> list[TokenRow]:
        """Each text with its target."""
        found = self._tokenizer.encode_batch([self.prefix + self._cut(text) for text in texts])
        said = targets if targets is not None else [None] * len(found)
        return [TokenRow(self._ids(each), goal) for each, goal in zip(found, said, strict=True)]

    def pairs(
        self, pairs: Sequence[tuple[str, str]], targets: Sequence[object] | None = None
    ) -> list[TokenRow]:
        """Two texts joined as the model's maker joins them; the longer is cut until both fit."""
        inputs = [(self._cut(first), self._cut(second)) for first, second in pairs]
        found = self._tokenizer.encode_batch(inputs)
        said = targets if targets is not None else [None] * len(found)
        return [
            TokenRow(self._ids(each), goal, segments=each.type_ids or [0])
            for each, goal in zip(found, said, strict=True)
        ]

    def with_offsets(self, texts: Sequence[str]) -> Iterator[tuple[TokenRow, Offsets]]:
        """Each text, and the characters of each of its tokens; blanks at a token's ends are not counted to it."""
        for text, found in zip(texts, self._tokenizer.encode_batch(list(texts)), strict=True):
            offsets = [_trimmed(text, a, b) for a, b in found.offsets] or [(0, 0)]
            yield TokenRow(self._ids(found)), offsets

    def to_dict(self) -> dict[str, Any]:
        """As plain values, without the tokenizer, which is saved as a file of its own."""
        return {name: value for name, value in asdict(self).items() if name != "words"}

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        made = Tokenizer.from_str(self.words.tokenizer.to_str())
        made.no_padding()
        made.enable_truncation(self.max_tokens, strategy="longest_first")
        return made

    def _ids(self, encoding: Encoding) -> list[int]:
        """A text without a single token is one token of padding, so that there is something to look at."""
        return list(encoding.ids) or [self.words.padding]

    def _cut(self, text: str) -> str:
        return text[: CHARACTERS_PER_TOKEN * self.max_tokens]


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    part = text[start:end]
    inner = part.strip()
    if not inner:
        return start, start
    left = len(part) - len(part.lstrip())
    return start + left, start + left + len(inner)


PREFIXES = {"e5-small": "query: "}  # for texts that are compared or told apart; see its model card


def reading_of(opened: Opened, *, max_tokens: int = 256) -> Reading:
    """How this model reads texts, by its maker's rules, as far as its positions go."""
    most = min(max_tokens, opened.shape.max_tokens)
    return Reading(opened.words, most, PREFIXES.get(opened.origin.name, ""))


def planned_reading(words: Words, plan: FinetunePlan, shape: Shape) -> Reading:
    """How the model of a plan reads texts. Raises SettingsError for a soft prompt, which no head knows of."""
    if plan.adapter == "prompt":
        raise SettingsError(
            f"{plan.task} cannot be learnt by a soft prompt", hint="take --adapter lora or full"
        )
    return Reading(words, min(plan.length, shape.max_tokens), PREFIXES.get(plan.base, ""))
