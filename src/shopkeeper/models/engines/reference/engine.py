"""`ReferenceEngine`: one checkpoint run by Transformers, behind the contract of language models, and explained."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager

import torch

from shopkeeper.errors import (
    ContextTooLong,
    EngineError,
    EngineOverloaded,
    EngineTimeout,
    EngineUnavailable,
    Unsupported,
)
from shopkeeper.models.attention import Explanation, Guesses
from shopkeeper.models.engines.llama.template import ChatTemplate
from shopkeeper.models.engines.llama.threads import thread_count
from shopkeeper.models.engines.reference import decoding, looking, scoring
from shopkeeper.models.engines.reference.card import Card
from shopkeeper.models.engines.reference.checkpoint import Checkpoint
from shopkeeper.models.engines.reference.growing import GrowingText
from shopkeeper.models.engines.reference.turn import Turn
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
    Usage,
)
from shopkeeper.settings import EngineSettings

WAITING_EACH = 16  # requests that may wait for each that is worked on
ANCHOR = 4  # tokens of the prompt that decide how the first new one reads


class ReferenceEngine:
    """A checkpoint in float32 on the CPU. Requests take turns, a token each."""

    def __init__(self, card: Card, *, name: str, settings: EngineSettings) -> None:
        """Use `open_engine`."""
        self.card = card
        self._name = name
        self._settings = settings
        self._template = ChatTemplate(card)
        self._lock = threading.Lock()
        self._model_lock = threading.RLock()
        self._here = 0
        self._loading: Future[Checkpoint] | None = None
        self._closed = False

    @property
    def model(self) -> str:
        return self._name

    @property
    def abilities(self) -> frozenset[Ability]:
        able: set[Ability] = set()
        if self.card.kind != "encoder":
            able |= {"generate", "beams", "logit_bias"}
        if not self.card.only_vectors:
            able.add("score")
        if self.card.kind != "decoder":
            able.add("embed")
        if self.card.kind == "decoder" and self.card.chat_template:
            able.add("chat")
        return frozenset(able)

    @property
    def context_tokens(self) -> int:
        asked, trained = self._settings.context_tokens, self.card.context_tokens
        return min(asked, trained) if trained else asked

    def generate(self, request: Request) -> Generation:
        """Continue the text or answer the messages of this request."""
        for piece in self.stream(request):
            if piece.generation is not None:
                return piece.generation
        raise AssertionError("a stream ends with its generation")

    def stream(self, request: Request) -> Iterator[Piece]:
        """The same, in pieces as they come; closing the iterator stops the model. Beams come in one piece."""
        self._check_supported(request)
        with self._turn(request.timeout_s) as turn:
            ids = self._prompt_ids(turn, request.prompt)
            controls = request.controls
            self._check_room(len(ids), controls.max_new_tokens)
            before = ids[-ANCHOR:] if self.card.kind == "decoder" else ()
            text = GrowingText(turn.checkpoint, before, controls.stop)
            written = decoding.search if controls.beams > 1 else decoding.write
            for token in written(turn, ids, controls):
                if piece := text.add(token):
                    yield Piece(piece)
                if text.stopped:
                    break
            if piece := text.rest():
                yield Piece(piece)
            turn.check()
            full = len(text.ids) == controls.max_new_tokens and not text.stopped
            finish: Finish = "length" if full else "stop"
            usage = Usage(len(ids), len(text.ids))
            yield Piece(
                "",
                Generation(
                    text.text, finish, self._name, usage, turn.timing(), token_ids=tuple(text.ids)
                ),
            )

    def score(
        self, prompt: Prompt, continuations: Sequence[str], *, timeout_s: float = 120.0
    ) -> Scores:
        """How likely each continuation is right after the prompt; for encoders, its pseudo-log-likelihood."""
        self._need("score")
        with self._turn(timeout_s) as turn:
            encoder = self.card.kind == "encoder"
            ids = (
                turn.checkpoint.text_ids(str(prompt)) if encoder else self._prompt_ids(turn, prompt)
            )
            cut = [turn.checkpoint.text_ids(each) for each in continuations]
            self._check_room(len(ids), max(map(len, cut), default=0))
            score = scoring.pseudo_likelihoods if encoder else scoring.continuations
            found = score(turn, ids, cut) if cut else []
            scores = tuple(Score(value, len(each)) for value, each in zip(found, cut, strict=True))
            usage = Usage(len(ids), sum(map(len, cut)))
            return Scores(scores, self._name, usage, turn.timing())

    def embed(self, texts: Sequence[str], *, timeout_s: float = 120.0) -> Embedded:
        """One vector a text: the mean over its tokens of the encoder's last states."""
        self._need("embed")
        with self._turn(timeout_s) as turn:
            cut = [turn.checkpoint.prompt_ids(text) for text in texts]
            self._check_room(max(map(len, cut), default=0), 0)
            made = scoring.vectors(turn, cut)
            return Embedded(made, self._name, Usage(sum(map(len, cut))), turn.timing())

    def count_tokens(self, text: str) -> int:
        """Tokens of a text, without marks of its beginning and end."""
        return len(self.checkpoint.text_ids(text))

    def fill_mask(
        self, text: str, *, top: int = 5, timeout_s: float = 120.0
    ) -> tuple[Guesses, ...]:
        """The likeliest tokens under each mask of the text (BERT writes it [MASK]). Encoders only."""
        if self.card.kind != "encoder" or self.card.only_vectors:
            raise Unsupported(f"{self._name} fills no masks: it is no encoder with a head for them")
        with self._turn(timeout_s) as turn:
            ids = turn.checkpoint.prompt_ids(text)
            self._check_room(len(ids), 0)
            return looking.fill_masks(turn, ids, top=top)

    def explain(
        self,
        text: str,
        *,
        answer: str = "",
        top: int = 10,
        most_tokens: int = 0,
        timeout_s: float = 120.0,
    ) -> Explanation:
        """Its attention over the text and what it expects next. answer: for an encoder-decoder, else it writes one.

        Raises ContextTooLong if the text has more than `most_tokens`, where that is not 0.
        """
        with self._turn(timeout_s) as turn:
            ids = turn.checkpoint.prompt_ids(text)
            written = turn.checkpoint.text_ids(answer) if answer else []
            self._check_room(len(ids), len(written), most=most_tokens)
            found = looking.explained(turn, ids, text, answer=written, top=top)
            return Explanation(self._name, text, found.maps, found.guesses)

    @property
    def checkpoint(self) -> Checkpoint:
        """The model and its tokenizer in memory, for who compares others with it. Raises EngineError."""
        return self._loaded(time.monotonic() + self._settings.timeout_s)

    def close(self) -> None:
        """Free the model; what is under way ends with EngineUnavailable."""
        with self._lock:
            self._closed = True
            self._loading = None
        self._template.close()

    def _need(self, ability: Ability) -> None:
        if ability not in self.abilities:
            raise Unsupported(f"{self._name} cannot {ability}")

    def _check_supported(self, request: Request) -> None:
        controls = request.controls
        self._need("generate")
        lacks = {
            "a JSON schema or a grammar": request.constraint is not None,
            "tools": bool(request.tools) and request.tool_choice != "none",
            "adapters": bool(request.adapter),
            "a temperature with beams": controls.beams > 1 and controls.temperature > 0,
            "chat": not isinstance(request.prompt, str) and "chat" not in self.abilities,
        }
        if lacking := [what for what, asked in lacks.items() if asked]:
            raise Unsupported(f"{self._name} run by Transformers has no {', '.join(lacking)}")

    def _prompt_ids(self, turn: Turn, prompt: Prompt) -> list[int]:
        if isinstance(prompt, str):
            return turn.checkpoint.prompt_ids(prompt)
        self._need("chat")
        deadline = time.monotonic() + turn.left_s
        return turn.checkpoint.chat_ids(self._template.render(prompt, (), deadline=deadline))

    def _check_room(self, prompt: int, answer: int, *, most: int = 0) -> None:
        room = min(self.context_tokens, most or self.context_tokens)
        if prompt + answer > room:
            raise ContextTooLong(
                f"{prompt} tokens of prompt and {answer} of answer do not fit into {room} of {self._name}",
                hint="shorten the prompt or ask for fewer new tokens",
            )

    @contextmanager
    def _turn(self, timeout_s: float) -> Iterator[Turn]:
        """A place in the engine. Raises EngineOverloaded if too many are there, EngineTimeout."""
        begun = time.monotonic()
        most = self._settings.parallel * (1 + WAITING_EACH)
        with self._lock:
            if self._here >= most:
                raise EngineOverloaded(f"{most} requests wait for {self._name} already")
            self._here += 1
        try:
            checkpoint = self._loaded(begun + timeout_s)
            yield Turn(
                checkpoint,
                self._model_lock,
                begun=begun,
                timeout_s=timeout_s,
                is_closed=self._is_closed,
            )
        finally:
            with self._lock:
                self._here -= 1

    def _is_closed(self) -> bool:
        return self._closed

    def _loaded(self, deadline: float) -> Checkpoint:
        """The model in memory. Who asks first loads it, in the background so that budgets are kept."""
        with self._lock:
            if self._closed:
                raise EngineUnavailable(f"{self._name} was closed")
            if self._loading is None:
                self._loading = Future()
                threading.Thread(target=self._load, args=(self._loading,), daemon=True).start()
            loading = self._loading
        try:
            return loading.result(max(0.0, deadline - time.monotonic()))
        except FutureTimeout:
            raise EngineTimeout(f"{self._name} was not loaded within the time budget") from None

    def _load(self, made: Future[Checkpoint]) -> None:
        torch.set_num_threads(thread_count(self._settings.threads))  # of the whole program
        try:
            made.set_result(Checkpoint.load(self.card))
        except EngineError as error:
            with self._lock:
                self._loading = None  # who comes later tries again
            made.set_exception(error)
