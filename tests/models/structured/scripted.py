"""A language model that says what it is told to: a stand-in for the world outside."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from shopkeeper.models.records import (
    Ability,
    Embedded,
    Finish,
    Generation,
    Piece,
    Prompt,
    Request,
    Score,
    Scores,
    Timing,
    Usage,
)


@dataclass
class Scripted:
    """Answers with the texts in turn, the last one for ever, and keeps the requests."""

    texts: Sequence[str]
    abilities: frozenset[Ability] = frozenset({"generate", "chat"})
    finish: Finish = "stop"
    context_tokens: int = 0
    delay_s: float = 0.0
    likelihoods: dict[tuple[str, str], float] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    model: str = "scripted"

    def generate(self, request: Request) -> Generation:
        text = self.texts[min(len(self.asked), len(self.texts) - 1)]
        self.asked.append(request)
        time.sleep(self.delay_s)
        return Generation(text, self.finish, self.model, Usage(10, len(text)), Timing(1, 1))

    def stream(self, request: Request) -> Iterator[Piece]:
        yield Piece("", self.generate(request))

    def score(
        self, prompt: Prompt, continuations: Sequence[str], *, timeout_s: float = 120.0
    ) -> Scores:
        text = prompt if isinstance(prompt, str) else prompt[-1].content
        found = [Score(self.likelihoods[text, c], len(c.split()) or 1) for c in continuations]
        return Scores(tuple(found), self.model, Usage(10), Timing(1, 1))

    def embed(self, texts: Sequence[str], *, timeout_s: float = 120.0) -> Embedded:
        raise NotImplementedError

    def count_tokens(self, text: str) -> int:
        return len(text)

    def close(self) -> None: ...
