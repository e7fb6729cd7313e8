"""A model's answer as events of a stream: pieces of text, then its figures, or what went wrong. JSON, never HTML."""

import json
from dataclasses import dataclass
from typing import Any

from shopkeeper.errors import ShopkeeperError
from shopkeeper.models.records import Generation, Piece
from shopkeeper.models.speed import ENOUGH, writing_rate
from shopkeeper.pages import Visit, formats


def figures(visit: Visit, answer: Generation) -> str:
    """Tokens, rate and time to the first token, in words."""
    parts = [visit.counted("1 token written", "{n} tokens written", answer.usage.completion_tokens)]
    rate = writing_rate(answer)
    if rate is not None and answer.usage.completion_tokens >= ENOUGH:
        parts.append(visit.t("{n} a second", n=formats.tenths(rate, visit.language)))
    first = formats.number(round(answer.timing.first_token_ms / 1000, 3), visit.language)
    parts.append(visit.t("the first after {n} s", n=first))
    parts.append(visit.counted("1 token read", "{n} tokens read", answer.usage.prompt_tokens))
    if answer.finish == "length":
        parts.append(visit.t("cut off at the limit"))
    return " · ".join(parts)


def problem(visit: Visit, error: Exception) -> str:
    """What went wrong, in words; the program's own mistakes without their details."""
    if not isinstance(error, ShopkeeperError):
        return visit.t("An unexpected error; the program's log has the details.")
    return f"{error.message} ({error.hint})" if error.hint else error.message


@dataclass(frozen=True, slots=True)
class Events:
    """The events of one answer, told to this visitor."""

    visit: Visit

    def first(self) -> bytes:
        """Nothing: what a stream begins with is its first piece."""
        return b""

    def of(self, piece: Piece) -> bytes:
        """A piece of text; with the last one, the figures."""
        sent = self._event("piece", {"text": piece.text}) if piece.text else b""
        if piece.generation is not None:
            sent += self._event("end", {"figures": figures(self.visit, piece.generation)})
        return sent

    def failed(self, error: Exception) -> bytes:
        """What came is no answer."""
        return self._event("failed", {"problem": problem(self.visit, error)})

    def _event(self, name: str, data: dict[str, Any]) -> bytes:
        return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()
