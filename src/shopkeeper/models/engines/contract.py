"""What a language model is to those who use it: an engine with one model, or a route over several, look the same."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from shopkeeper.models.records import Ability, Embedded, Generation, Piece, Prompt, Request, Scores


class LanguageModel(Protocol):
    """One language model in use. Safe to share between threads; weights are read at the first use.

    Every method raises, besides what it says itself: Unsupported if the model cannot do what is asked; ContextTooLong
    if prompt and answer do not fit; EngineTimeout once the time budget is spent; EngineOverloaded or EngineUnavailable if it
    turns away, cannot be reached or has failed. Nothing else, and never after the budget: callers fall back on these.
    """

    @property
    def model(self) -> str:
        """What the model is called in settings, records and answers."""
        ...

    @property
    def abilities(self) -> frozenset[Ability]:
        """What it can do."""
        ...

    @property
    def context_tokens(self) -> int:
        """Most tokens of prompt and answer together; 0 if it is not known."""
        ...

    def generate(self, request: Request) -> Generation:
        """Continue the text or answer the messages of this request."""
        ...

    def stream(self, request: Request) -> Iterator[Piece]:
        """The same, in pieces as they come; closing the iterator stops the model.

        The texts of the pieces joined are the text of the generation that the last piece carries. An error may come
        after pieces; then what came is not an answer.
        """
        ...

    def score(
        self, prompt: Prompt, continuations: Sequence[str], *, timeout_s: float = 120.0
    ) -> Scores:
        """How likely each continuation is right after the prompt (for messages: as the answer's beginning).

        A continuation is cut into tokens by itself, so that the prompt's tokens are the same for all; an empty one
        scores 0 with no tokens.
        """
        ...

    def embed(self, texts: Sequence[str], *, timeout_s: float = 120.0) -> Embedded:
        """One vector a text, whatever else is in the batch."""
        ...

    def count_tokens(self, text: str) -> int:
        """Tokens of a text, without those that a template adds; an estimate where the tokenizer is elsewhere."""
        ...

    def close(self) -> None:
        """Free the model; what is under way ends with EngineUnavailable."""
        ...
