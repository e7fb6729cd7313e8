"""A route: several engines in an order, which look like one language model.

They are asked in turn until one answers. With others behind it an engine has its share of the time that is left, so
that one that stalls leaves time for the next. In a stream its first piece must come within that share; then it may go
on to the end of the time, and the others are not asked any more. What cannot be asked is passed over: it lacks an
ability, its budget is spent, it does not open.
"""

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import chain
from typing import TypeVar

from shopkeeper.errors import EngineTimeout, EngineUnavailable, ModelError
from shopkeeper.models.engines.contract import LanguageModel
from shopkeeper.models.records import (
    Ability,
    Embedded,
    Generation,
    Grammar,
    JsonSchema,
    Piece,
    Prompt,
    Request,
    Scores,
    Usage,
)
from shopkeeper.models.routing.asking import Asking, Attempt, House, Named, no_engine
from shopkeeper.shop.model_calls import Operation

Told = TypeVar("Told")
Answer = TypeVar("Answer", Generation, Scores, Embedded)


class Route:
    """A `LanguageModel` over engines. named: asked for them anew at each request, so that a new one comes into use."""

    def __init__(self, purpose: str, named: Callable[[], Sequence[Named]], house: House) -> None:
        self.purpose = purpose
        self._named = named
        self._house = house

    @property
    def model(self) -> str:
        """The first engine's model."""
        return self._of_each(lambda engine: engine.model)[0]

    @property
    def abilities(self) -> frozenset[Ability]:
        """What one engine of it or another can do."""
        return frozenset().union(*self._of_each(lambda engine: engine.abilities))

    @property
    def context_tokens(self) -> int:
        """The longest context among them; 0 if one is not known."""
        contexts = self._of_each(lambda engine: engine.context_tokens)
        return max(contexts) if all(contexts) else 0

    def generate(self, request: Request) -> Generation:
        """See `LanguageModel.generate`. Raises BudgetExceeded too, here and below."""
        asking = self._asking("generate", needs(request), request.timeout_s, request.prompt_version)
        return self._answer(
            asking, lambda a: a.engine.generate(replace(request, timeout_s=a.share_s))
        )

    def score(
        self, prompt: Prompt, continuations: Sequence[str], *, timeout_s: float = 120.0
    ) -> Scores:
        """See `LanguageModel.score`."""
        asking = self._asking("score", frozenset({"score"}), timeout_s)
        return self._answer(
            asking, lambda a: a.engine.score(prompt, continuations, timeout_s=a.share_s)
        )

    def embed(self, texts: Sequence[str], *, timeout_s: float = 120.0) -> Embedded:
        """See `LanguageModel.embed`."""
        asking = self._asking("embed", frozenset({"embed"}), timeout_s)
        return self._answer(asking, lambda a: a.engine.embed(texts, timeout_s=a.share_s))

    def stream(self, request: Request) -> Generator[Piece]:
        """See `LanguageModel.stream`. Only before the first piece another engine is asked."""
        asking = self._asking("stream", needs(request), request.timeout_s, request.prompt_version)
        with closing(asking.attempts(self._named())) as attempts:
            for attempt in attempts:
                try:
                    pieces = attempt.engine.stream(replace(request, timeout_s=attempt.left_s))
                    first = _first(pieces, attempt.share_s if attempt.behind else None)
                except ModelError as error:
                    attempt.failed(error)
                    continue
                yield from _noted(attempt, request, first, pieces)
                return

    def count_tokens(self, text: str) -> int:
        """As the first engine counts them."""
        return self._of_each(lambda engine: engine.count_tokens(text))[0]

    def close(self) -> None:
        """Nothing: the engines are shared with other routes."""

    def _asking(
        self, operation: Operation, wanted: frozenset[Ability], timeout_s: float, version: str = ""
    ) -> Asking:
        return Asking(self._house, self.purpose, operation, wanted, timeout_s, version)

    def _answer(self, asking: Asking, ask: Callable[[Attempt], Answer]) -> Answer:
        with closing(asking.attempts(self._named())) as attempts:
            for attempt in attempts:
                try:
                    answer = ask(attempt)
                except ModelError as error:
                    attempt.failed(error)
                    continue
                attempt.note("ok", answer.usage, answer.timing)
                return answer
        raise AssertionError("attempts end with an error")

    def _of_each(self, ask: Callable[[LanguageModel], Told]) -> list[Told]:
        """What the engines that can be opened say. Raises EngineUnavailable if none can."""
        told, why = [], []
        for named in self._named():
            try:
                told.append(ask(self._house.engines.look(named.name, named.settings)))
            except ModelError as error:
                why.append(error)
        if not told:
            raise why[-1] if why else no_engine(self.purpose)
        return told


def needs(request: Request) -> frozenset[Ability]:
    """The abilities that an engine must have for this request."""
    wanted: dict[Ability, bool] = {
        "generate": isinstance(request.prompt, str),
        "chat": not isinstance(request.prompt, str),
        "json_schema": isinstance(request.constraint, JsonSchema),
        "grammar": isinstance(request.constraint, Grammar),
        "tools": bool(request.tools) and request.tool_choice != "none",
        "adapters": bool(request.adapter),
        "beams": request.controls.beams > 1,
        "logit_bias": bool(request.controls.logit_bias),
    }
    return frozenset(ability for ability, is_wanted in wanted.items() if is_wanted)


def _noted(
    attempt: Attempt, request: Request, first: Piece, pieces: Iterator[Piece]
) -> Iterator[Piece]:
    """A stream that has begun, to its end, whichever way it ends; then it is recorded."""
    count, whole = 0, None
    try:
        for piece in chain((first,), pieces):
            count += 1
            whole = piece.generation
            if whole is not None:
                attempt.note("ok", whole.usage, whole.timing)
            yield piece
        if whole is None:
            raise EngineUnavailable(f"{attempt.engine.model}: the stream ended without an end")
    except ModelError as error:
        attempt.failed(error, _estimated(attempt, request, count))
        raise
    except (GeneratorExit, KeyboardInterrupt):
        _close(pieces)  # the model stops before anything is counted
        if whole is None:
            attempt.note("stopped", _estimated(attempt, request, count))
        raise
    finally:
        _close(pieces)


def _estimated(attempt: Attempt, request: Request, pieces: int) -> Usage:
    """What a stream without its end has used: about a token a piece."""
    prompt = request.prompt
    text = prompt if isinstance(prompt, str) else "\n".join(m.content for m in prompt)
    try:
        return Usage(attempt.engine.count_tokens(text), pieces, estimated=True)
    except ModelError:
        return Usage(0, pieces, estimated=True)


def _first(pieces: Iterator[Piece], within_s: float | None) -> Piece:
    """The first piece of a stream. within_s: after so long it is given up, however long the engine may take itself."""
    if within_s is None:
        return _next(pieces)
    begun = _Begun()
    threading.Thread(target=begun.wait_for, args=(pieces,), daemon=True).start()
    return begun.within(within_s)


def _next(pieces: Iterator[Piece]) -> Piece:
    for piece in pieces:
        return piece
    raise EngineUnavailable("the stream ended before it began")


def _close(pieces: Iterator[Piece]) -> None:
    if isinstance(pieces, Generator):
        pieces.close()


class _Begun:
    """The first piece of a stream, waited for by one thread on behalf of another that does not wait for ever."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._settled = threading.Event()
        self._given_up = False
        self._piece: Piece | None = None
        self._error: Exception | None = None

    def wait_for(self, pieces: Iterator[Piece]) -> None:
        """Get the first piece; if meanwhile nobody wants it any more, stop the engine."""
        try:
            self._piece = _next(pieces)
        except Exception as error:  # raised where it is waited for
            self._error = error
        with self._lock:
            self._settled.set()
            if not self._given_up:
                return
        _close(pieces)

    def within(self, seconds: float) -> Piece:
        """The piece, or the error that came instead. Raises EngineTimeout."""
        self._settled.wait(seconds)
        with self._lock:
            self._given_up = not self._settled.is_set()
        if self._given_up:
            raise EngineTimeout(f"no word of an answer within {seconds:.1f} s")
        if self._error is not None:
            raise self._error
        assert self._piece is not None
        return self._piece
