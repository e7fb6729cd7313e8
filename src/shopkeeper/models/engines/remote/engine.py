"""The language model at the other end of an HTTP address."""

import itertools
import logging
import math
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from shopkeeper.errors import EngineOverloaded, SettingsError, Unsupported
from shopkeeper.models.engines.remote import answers, asking, privacy, scoring
from shopkeeper.models.engines.remote.attempts import (
    Breaker,
    Failure,
    Line,
    Places,
    Retries,
    jitter,
)
from shopkeeper.models.engines.remote.collecting import Collected
from shopkeeper.models.engines.remote.connection import (
    Answer,
    BrokenAnswer,
    CutOff,
    Server,
    header_safe,
)
from shopkeeper.models.engines.remote.deadline import Deadline
from shopkeeper.models.engines.remote.dialects import OLLAMA, OPENAI, Introduction, introduction
from shopkeeper.models.engines.remote.estimate import estimate_tokens
from shopkeeper.models.engines.remote.wire import Wire
from shopkeeper.models.records import (
    Ability,
    Embedded,
    Generation,
    Piece,
    Prompt,
    Request,
    Scores,
    Timing,
    Usage,
)
from shopkeeper.settings import EngineSettings
from shopkeeper.text.personal import Vault

log = logging.getLogger(__name__)

EMBED_BATCH = 128
PROBE_S = 2.0  # for finding out what a server can do when somebody asks for it
PROBE_AGAIN_S = 30.0


class RemoteEngine:
    """One model of a server with OpenAI's HTTP API. See `LanguageModel`.

    What the server can do is learned from its list of models at the first request. first_token_ms is that of the whole
    answer where it is not streamed.
    """

    def __init__(
        self,
        name: str,
        settings: EngineSettings,
        *,
        retries: Retries | None = None,
        breaker: Breaker | None = None,
    ) -> None:
        """name: of the engine in the settings. Raises SettingsError."""
        key = settings.api_key.get_secret_value() if settings.api_key else ""
        if not header_safe(key):
            raise SettingsError(
                f"engines.{name}.api_key has a character that cannot be sent",
                hint="set it without line ends and quotes",
            )
        self._name = name
        self._settings = settings
        try:
            self._server = Server(settings.url, key, idle=settings.parallel)
        except ValueError as error:
            raise SettingsError(
                f"engines.{name}.url is no address: {error}",
                hint="such as http://localhost:8000/v1",
            ) from error
        self._wire = Wire(name, settings.model, self._server, patience_s=settings.timeout_s)
        self._places = Places(name, settings.parallel)
        self._breaker = breaker or Breaker(name)
        self._line = Line(
            name, self._places, self._breaker, retries=retries or Retries(), draw=jitter()
        )
        self._lock = threading.Lock()
        self._introduced: Introduction | None = None
        self._abilities: frozenset[Ability] | None = None
        self._ask_abilities_at = -math.inf

    @property
    def model(self) -> str:
        """The server's name for it."""
        return self._settings.model

    @property
    def context_tokens(self) -> int:
        """That of the settings, or less if the server says so."""
        told = self._introduced.context_tokens if self._introduced else 0
        return min(told or self._settings.context_tokens, self._settings.context_tokens)

    @property
    def resting(self) -> bool:
        """True while its server is left alone after failures in a row."""
        return self._breaker.is_open

    @property
    def abilities(self) -> frozenset[Ability]:
        """What the server is known to do. The first look asks it; while it cannot be reached, those of any server."""
        if self._abilities is not None:
            return self._abilities
        with self._lock:
            now = time.monotonic()
            if self._abilities is None and now >= self._ask_abilities_at:
                self._ask_abilities_at = now + PROBE_AGAIN_S
                self._abilities = self._probe(Deadline(PROBE_S))
        return self._abilities or OPENAI.abilities

    def generate(self, request: Request) -> Generation:
        """See `LanguageModel`."""
        deadline = self._deadline(request.timeout_s)
        vault, hidden = self._hidden(request)
        with self._places.taken(deadline):
            generation = self._line.attempt(lambda: self._whole(hidden, deadline), deadline)
        return privacy.restore_generation(generation, request, vault)

    def stream(self, request: Request) -> Iterator[Piece]:
        """See `LanguageModel`. Closing the iterator closes the connection, at which servers stop."""
        deadline = self._deadline(request.timeout_s)
        vault, hidden = self._hidden(request)
        with self._places.taken(deadline):
            answer, events = self._line.attempt(lambda: self._opened(hidden, deadline), deadline)
            try:
                yield from self._pieces(request, Collected(hidden.prompt), events, deadline, vault)
            except Failure as failure:
                self._places.check_open()
                if failure.blame:
                    self._breaker.blame()
                raise failure.error from None
            finally:
                answer.close()

    def score(
        self, prompt: Prompt, continuations: Sequence[str], *, timeout_s: float = 120.0
    ) -> Scores:
        """See `LanguageModel`; Unsupported unless the server is one of those that `scoring` knows."""
        deadline = self._deadline(timeout_s)
        vault = Vault()
        if not self._settings.private:
            prompt = privacy.hide_prompt(prompt, vault)
            continuations = [vault.hide(text) for text in continuations]
        with self._places.taken(deadline):
            scores, usage = self._line.attempt(
                lambda: self._scored(prompt, continuations, deadline), deadline
            )
        total_ms = deadline.spent_s * 1000
        return Scores(tuple(scores), self.model, usage, Timing(total_ms, total_ms))

    def embed(self, texts: Sequence[str], *, timeout_s: float = 120.0) -> Embedded:
        """See `LanguageModel`. A shape of (0, 0) for no texts."""
        deadline = self._deadline(timeout_s)
        vault = Vault()
        sent = list(texts) if self._settings.private else [vault.hide(text) for text in texts]
        batches, prompt_tokens, estimated = [], 0, False
        with self._places.taken(deadline):
            for start in range(0, len(sent), EMBED_BATCH):
                batch = sent[start : start + EMBED_BATCH]
                rows, usage = self._line.attempt(partial(self._embedded, batch, deadline), deadline)
                batches.append(rows)
                estimated = estimated or usage is None
                counted = sum(map(self.count_tokens, batch))
                prompt_tokens += usage.prompt_tokens if usage else counted
        vectors = np.concatenate(batches) if batches else np.zeros((0, 0), dtype=np.float32)
        total_ms = deadline.spent_s * 1000
        usage = Usage(prompt_tokens, estimated=estimated)
        return Embedded(vectors, self.model, usage, Timing(total_ms, total_ms))

    def count_tokens(self, text: str) -> int:
        """An estimate: the tokenizer is at the other end."""
        return estimate_tokens(text)

    def close(self) -> None:
        """Close all connections. What is under way, or waits, ends with EngineUnavailable."""
        self._places.close()
        self._server.close()

    # One attempt of each kind. They raise Failure.

    def _whole(self, hidden: Request, deadline: Deadline) -> Generation:
        body = self._body(hidden, deadline, stream=False)
        with self._wire.blaming(deadline):
            answer = answers.completion(self._wire.post(asking.path_of(hidden), body, deadline))
            self._wire.check(answer)
            if not answer.choices:
                raise BrokenAnswer("it has no choices")
            collected = Collected(hidden.prompt)
            collected.add(answer)
            total_ms = deadline.spent_s * 1000
            return collected.generation(self.model, Timing(total_ms, total_ms), streamed=False)

    def _opened(
        self, hidden: Request, deadline: Deadline
    ) -> tuple[Answer, Iterator[answers.Completion]]:
        """A stream of which something has come."""
        body = self._body(hidden, deadline, stream=True)
        answer = self._wire.open(asking.path_of(hidden), body, deadline, accept="text/event-stream")
        try:
            events = self._wire.events(answer, deadline)
            for event in events:
                if _says_something(event):
                    return answer, itertools.chain([event], events)
            raise self._wire.failure(CutOff(), deadline)
        except BaseException:
            answer.close()
            raise

    def _scored(
        self, prompt: Prompt, continuations: Sequence[str], deadline: Deadline
    ) -> tuple[list[Any], Usage]:
        with self._wire.blaming(deadline):
            dialect = self._introduce(deadline).dialect

            def post(path: str, body: Mapping[str, Any], root: bool) -> bytes:
                return self._wire.post(path, body, deadline, root=root)

            if dialect.scores == "echo":
                return scoring.echoed_scores(post, self.model, prompt, continuations)
            if dialect.scores == "forced":
                return scoring.forced_scores(post, prompt, continuations)
        raise Failure(
            Unsupported(
                f"engine {self._name}: the server does not tell how likely a text is",
                hint="scores come from vLLM, SGLang, llama-server and the engines of this machine",
            )
        )

    def _embedded(self, batch: Sequence[str], deadline: Deadline) -> tuple[Any, Usage | None]:
        body = {"model": self.model, "input": list(batch), "encoding_format": "float"}
        with self._wire.blaming(deadline):
            return answers.vectors(self._wire.post("/embeddings", body, deadline), len(batch))

    # What they are made of.

    def _body(self, hidden: Request, deadline: Deadline, *, stream: bool) -> dict[str, Any]:
        dialect = self._introduce(deadline).dialect
        try:
            body = asking.body_of(
                hidden, name=self._name, model=self.model, dialect=dialect, stream=stream, length_key=self._wire.length_key
            )  # fmt: skip
        except Unsupported as error:
            raise Failure(error) from None
        if not self._wire.stream_usage:
            body.pop("stream_options", None)
        return body

    def _introduce(self, deadline: Deadline) -> Introduction:
        """What the server is; asked once. One that is not recognised is taken for a hosted one."""
        if self._introduced is None:
            try:
                listing = self._wire.get("/models", deadline)
            except Failure as failure:
                if not isinstance(failure.error, Unsupported):
                    raise
                listing = b""
            self._introduced = introduction(listing, self.model) or self._of_no_owner(deadline)
            log.debug("engine=%s server=%s", self._name, self._introduced.dialect.name)
        return self._introduced

    def _of_no_owner(self, deadline: Deadline) -> Introduction:
        """Ollama gives the uploader of a model as its owner; it alone has this address."""
        try:
            self._wire.get("/api/version", deadline.at_most(PROBE_S), root=True)
        except Failure:
            return Introduction(OPENAI, 0)
        return Introduction(OLLAMA, 0)

    def _probe(self, deadline: Deadline) -> frozenset[Ability] | None:
        """What the server can do, or None if it cannot be asked now."""
        try:
            dialect = self._introduce(deadline).dialect
            self._embedded(["a"], deadline)
            return dialect.abilities | {"embed"}
        except Failure as failure:
            refused = failure.status and not isinstance(failure.error, EngineOverloaded)
            return self._introduced.dialect.abilities if self._introduced and refused else None

    def _pieces(
        self, request: Request, collected: Collected, events: Iterator[answers.Completion], deadline: Deadline, vault: Vault
    ) -> Iterator[Piece]:  # fmt: skip
        """Pieces with personal data back in them, and the whole at last."""
        restorer = privacy.restorer_for(request, vault)
        shown: list[str] = []
        first_ms = deadline.spent_s * 1000
        for event in events:
            self._places.check_open()
            if text := restorer.feed(collected.add(event)):
                shown.append(text)
                yield Piece(text)
        if text := restorer.flush():
            shown.append(text)
            yield Piece(text)
        with self._wire.blaming(deadline):
            timing = Timing(first_ms, deadline.spent_s * 1000)
            whole = collected.generation(self.model, timing, streamed=True)
        restored = privacy.restore_generation(whole, request, vault)
        yield Piece("", replace(restored, text="".join(shown)))

    def _deadline(self, timeout_s: float) -> Deadline:
        return Deadline(min(timeout_s, self._settings.timeout_s))

    def _hidden(self, request: Request) -> tuple[Vault, Request]:
        vault = Vault(names=request.personal)
        return vault, request if self._settings.private else privacy.hide_request(request, vault)


def _says_something(event: answers.Completion) -> bool:
    """True unless it only opens the stream."""
    return any(c.said.content or c.said.tool_calls or c.finish_reason for c in event.choices)
