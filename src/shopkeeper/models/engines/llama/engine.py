"""`LlamaEngine`: one GGUF model in this process, behind the contract of language models."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import numpy as np

from shopkeeper.errors import (
    ContextTooLong,
    EngineError,
    EngineTimeout,
    EngineUnavailable,
    Unsupported,
)
from shopkeeper.models.engines.llama.grammar import KnownGrammars
from shopkeeper.models.engines.llama.model_file import ModelFile, check_adapter, read_model
from shopkeeper.models.engines.llama.native import NativeServer, Shape, spare_waiting
from shopkeeper.models.engines.llama.payload import body_of, check_supported, scales
from shopkeeper.models.engines.llama.places import Places
from shopkeeper.models.engines.llama.scoring import score_continuations
from shopkeeper.models.engines.llama.template import ChatTemplate, Part
from shopkeeper.models.engines.llama.threads import thread_count
from shopkeeper.models.engines.llama.tool_calls import held_from, parse_calls
from shopkeeper.models.engines.llama.trial import try_out
from shopkeeper.models.records import (
    Ability,
    Embedded,
    Finish,
    Generation,
    Message,
    Piece,
    Prompt,
    Request,
    Score,
    Scores,
    Timing,
    Tool,
    ToolCall,
    Usage,
)
from shopkeeper.settings import EngineSettings

PAUSE_S = 30.0  # after a model could not be loaded
DEFAULT_BUDGET_S = 120.0


class LlamaEngine:
    """A GGUF file run by llama.cpp. Up to `settings.parallel` requests are decoded together, others wait in turn."""

    def __init__(
        self, file: ModelFile, *, name: str, settings: EngineSettings, tried: bool
    ) -> None:
        """Use `open`."""
        self._tried = tried
        self._file = file
        self._name = name
        self._settings = settings
        self._template = ChatTemplate(file)
        self._adapters = list(settings.adapters)
        self._grammars = KnownGrammars()
        self._places = Places(name, settings.parallel)
        self._lock = threading.Lock()
        self._native: Future[NativeServer] | None = None
        self._again_at = 0.0  # when a model that could not be loaded is tried once more
        self._closed = False

    @classmethod
    def open(cls, path: Path, *, name: str, settings: EngineSettings, tried: bool = False) -> Self:
        """The model of this file, checked but not loaded. Raises ArtifactError if it or an adapter is damaged.

        tried: its hash is one that the shipped lock file names. Any other is first run in a process of its own.
        """
        file = read_model(path)
        for adapter in settings.adapters.values():
            check_adapter(adapter)
        return cls(file, name=name, settings=settings, tried=tried)

    @property
    def model(self) -> str:
        return self._name

    @property
    def abilities(self) -> frozenset[Ability]:
        if self._file.pools:
            return frozenset({"embed"})
        able: set[Ability] = {"generate", "score", "json_schema", "grammar", "logit_bias"}
        if self._file.chat_template:
            able.add("chat")
        if self._template.knows_tools:
            able.add("tools")
        if self._adapters:
            able.add("adapters")
        return frozenset(able)

    @property
    def context_tokens(self) -> int:
        asked, trained = self._settings.context_tokens, self._file.context_tokens
        return min(asked, trained) if trained else asked

    def generate(self, request: Request) -> Generation:
        """Continue the text or answer the messages of this request."""
        check_supported(request, self.abilities)
        with self._turn(request.timeout_s) as turn:
            body = self._body(request, turn)
            sent = time.monotonic()
            said = turn.complete(body)
            first = sent - turn.begun + said["timings"]["prompt_ms"] / 1000
            return self._generation(request, said, said["content"], said["tokens"], turn, first)

    def stream(self, request: Request) -> Iterator[Piece]:
        """The same, in pieces as they come; closing the iterator stops the model."""
        check_supported(request, self.abilities)
        with self._turn(request.timeout_s) as turn:
            body = self._body(request, turn)
            text, shown, first = "", 0, 0.0
            tokens: list[int] = []
            last: dict[str, Any] = {}
            for event in turn.server.stream("/completion", body, deadline=turn.deadline):
                first = first or time.monotonic() - turn.begun
                text += event["content"]
                tokens += event["tokens"]
                last = event
                until = held_from(text) if request.tools else len(text)
                if until > shown:
                    yield Piece(text[shown:until])
                    shown = until
            if not last.get("stop"):
                raise EngineUnavailable(f"{self._name} broke off while it answered")
            made = self._generation(request, last, text, tokens, turn, first)
            if len(made.text) > shown:
                yield Piece(made.text[shown:])
            yield Piece("", made)

    def score(
        self, prompt: Prompt, continuations: Sequence[str], *, timeout_s: float = DEFAULT_BUDGET_S
    ) -> Scores:
        """How likely each continuation is right after the prompt (for messages: as the answer's beginning)."""
        self._need("score")
        with self._turn(timeout_s) as turn:
            before = self._prompt_tokens(prompt, (), turn)
            cut = [self._tokens(Part(one), turn) if one else [] for one in continuations]
            self._check_room(len(before), max(map(len, cut), default=0))
            cached: list[int] = []

            def complete(asked: Mapping[str, Any]) -> dict[str, Any]:
                fixed = {
                    "temperature": 0,
                    "samplers": ["temperature"],
                    "cache_prompt": True,
                }
                said = turn.complete({**asked, **fixed})
                cached.append(said["timings"]["cache_n"])
                return said

            found = score_continuations(before, cut, complete)
            scores = tuple(
                Score(value, len(tokens)) for value, tokens in zip(found, cut, strict=True)
            )
            usage = Usage(len(before), sum(map(len, cut)), cached[0] if cached else 0)
            return Scores(scores, self._name, usage, turn.timing())

    def embed(self, texts: Sequence[str], *, timeout_s: float = DEFAULT_BUDGET_S) -> Embedded:
        """One vector a text, whatever else is in the batch."""
        self._need("embed")
        with self._turn(timeout_s) as turn:
            vectors, read = [], 0
            for text in texts:  # one by one: in a batch together the last digits differ
                tokens = self._tokens(Part(text), turn, begin=True)
                self._check_room(len(tokens), 0)
                asked = {"input": tokens, "encoding_format": "float"}
                said = turn.server.ask("/v1/embeddings", asked, deadline=turn.deadline)
                vectors.append(said["data"][0]["embedding"])
                read += len(tokens)
            made = np.asarray(vectors, dtype=np.float32).reshape(len(texts), -1)
            lengths = np.linalg.norm(made, axis=1, keepdims=True)
            made /= np.maximum(lengths, np.finfo(np.float32).tiny)
            return Embedded(made, self._name, Usage(read), turn.timing())

    def count_tokens(self, text: str) -> int:
        """Tokens of a text, without those that a template adds."""
        deadline = time.monotonic() + self._settings.timeout_s
        server = self._loaded(deadline)
        return len(_tokenized(server, Part(text), begin=False, deadline=deadline))

    def close(self) -> None:
        """Free the model; what is under way ends with EngineUnavailable."""
        self._places.close()
        with self._lock:
            self._closed = True
            loading, self._native = self._native, None
        if loading is not None and loading.exception() is None:
            loading.result().close()
        self._template.close()

    def _need(self, ability: Ability) -> None:
        if ability not in self.abilities:
            raise Unsupported(f"{self._name} cannot {ability}")

    @contextmanager
    def _turn(self, timeout_s: float) -> Iterator["_Turn"]:
        """A place among those that are worked on, with the loaded model."""
        begun = time.monotonic()
        deadline = begun + timeout_s
        with self._places.place(deadline):
            plain = {"lora": scales("", self._adapters)}
            yield _Turn(self._loaded(deadline), plain, begun, deadline)

    def _loaded(self, deadline: float) -> NativeServer:
        """The loaded model. Who asks first loads it, in the background so that budgets are kept."""
        with self._lock:
            if self._closed:
                raise EngineUnavailable(f"{self._name} was closed")
            failed = self._native is not None and self._native.done() and self._native.exception()
            if self._native is None or (failed and time.monotonic() > self._again_at):
                self._native = Future()
                threading.Thread(target=self._load, args=(self._native,), daemon=True).start()
            native = self._native
        try:
            return native.result(max(0.0, deadline - time.monotonic()))
        except FutureTimeout:
            raise EngineTimeout(f"{self._name} was not loaded within the time budget") from None

    def _load(self, made: Future[NativeServer]) -> None:
        settings = self._settings
        try:
            if settings.adapters or not self._tried:
                adapters = settings.adapters.values()
                try_out(self._file.path, vectors=self._file.pools, adapters=adapters)
            spare_waiting()
            shape = Shape(
                self.context_tokens,
                settings.parallel,
                thread_count(settings.threads),
                self._file.pools,
            )
            made.set_result(NativeServer(self._file.path, shape, settings.adapters))
        except EngineError as error:
            self._again_at = time.monotonic() + PAUSE_S
            made.set_exception(error)

    def _body(self, request: Request, turn: "_Turn") -> dict[str, Any]:
        tools = () if request.tool_choice == "none" else request.tools
        tokens = self._prompt_tokens(request.prompt, tools, turn)
        self._check_room(len(tokens), request.controls.max_new_tokens)
        body = body_of(request, tokens, self._adapters)
        if "grammar" in body:
            self._grammars.check(body["grammar"], turn.complete)
        return body

    def _check_room(self, prompt: int, answer: int) -> None:
        if prompt + answer > self.context_tokens:
            raise ContextTooLong(
                f"{prompt} tokens of prompt and {answer} of answer do not fit into the {self.context_tokens} "
                f"of {self._name}",
                hint="shorten the prompt, ask for fewer new tokens, or raise context_tokens of this engine",
            )

    def _prompt_tokens(self, prompt: Prompt, tools: Sequence[Tool], turn: "_Turn") -> list[int]:
        tokens: list[int] = []
        for place, part in enumerate(self._parts(prompt, tools, turn.deadline)):
            begin = place == 0 and not (self._file.bos and part.text.startswith(self._file.bos))
            tokens += self._tokens(part, turn, begin=begin)
        if not tokens:
            raise Unsupported(f"{self._name} cannot begin from nothing", hint="give it a prompt")
        return tokens

    def _parts(self, prompt: Prompt, tools: Sequence[Tool], deadline: float) -> Sequence[Part]:
        if isinstance(prompt, str):
            return (Part(prompt),)
        self._need("chat")
        messages: Sequence[Message] = prompt
        return self._template.render(messages, tools, deadline=deadline)

    def _tokens(self, part: Part, turn: "_Turn", *, begin: bool = False) -> list[int]:
        return _tokenized(turn.server, part, begin=begin, deadline=turn.deadline)

    def _generation(
        self,
        request: Request,
        said: dict[str, Any],
        text: str,
        tokens: list[int],
        turn: "_Turn",
        first: float,
    ) -> Generation:
        finish: Finish = "length" if said["stop_type"] == "limit" else "stop"
        calls: tuple[ToolCall, ...] = ()
        if request.tools and request.tool_choice != "none":
            text, calls = parse_calls(text, request.tools)
        usage = Usage(
            said["tokens_evaluated"], said["tokens_predicted"], said["timings"]["cache_n"]
        )
        return Generation(
            text, "tool_calls" if calls else finish, self._name, usage, turn.timing(first),
            tool_calls=calls, token_ids=tuple(tokens),
        )  # fmt: skip


class _Turn:
    """One request's place: the model, and the time it has."""

    def __init__(
        self, server: NativeServer, plain: Mapping[str, Any], begun: float, deadline: float
    ) -> None:
        self.server = server
        self._plain = plain
        self.begun = begun
        self.deadline = deadline

    def complete(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to one request, without an adapter unless it names one."""
        return self.server.ask("/completion", {**self._plain, **body}, deadline=self.deadline)

    def timing(self, first_s: float | None = None) -> Timing:
        total = time.monotonic() - self.begun
        first = total if first_s is None else min(first_s, total)
        return Timing(round(first * 1000, 3), round(total * 1000, 3))


def _tokenized(server: NativeServer, part: Part, *, begin: bool, deadline: float) -> list[int]:
    asked = {"content": part.text, "add_special": begin, "parse_special": not part.plain}
    tokens: list[int] = server.ask("/tokenize", asked, deadline=deadline)["tokens"]
    return tokens
