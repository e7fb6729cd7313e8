"""A prompt on two models side by side: streamed while they write, or, without scripts, as a page that waits for both."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Annotated, Self

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, Response

from shopkeeper.api.gateway.streams import EventStream, Feed
from shopkeeper.api.problems import log_if_unexpected
from shopkeeper.console.models.events import Events, figures, problem
from shopkeeper.console.page import show
from shopkeeper.errors import ShopkeeperError, UnknownModel
from shopkeeper.models.records import Controls, Message, Piece, Prompt
from shopkeeper.models.records import Request as ModelRequest
from shopkeeper.pages import Visit, visit_of

router = APIRouter(default_response_class=HTMLResponse)

PURPOSE = "try"
TIMEOUT_S = 120.0
LONGEST = 8000  # characters of a prompt
MOST_TOKENS, TOKENS = 1024, 128
HOTTEST = 2.0

Text = Annotated[str, Form(max_length=LONGEST)]
Short = Annotated[str, Form(max_length=200)]


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is asked of one model, as a form says it; nonsense in numbers counts as the default."""

    prompt: str
    tokens: int = TOKENS
    temperature: float = 0.0

    @classmethod
    def of(cls, prompt: str, tokens: str, temperature: str) -> Self:
        """Out of the fields of a form."""
        return cls(prompt.strip(), _tokens(tokens), _temperature(temperature))

    def pieces(self, visit: Visit, name: str) -> Generator[Piece]:
        """The answer of the model of this name, as it comes. Raises what asking it raises."""
        models = visit.shop.models
        if name not in models.names():
            raise UnknownModel(f"there is no language model {name!r}")
        model = models.engine(name, purpose=PURPOSE)
        chat = "chat" in model.abilities
        prompt: Prompt = (Message("user", self.prompt),) if chat else self.prompt
        controls = Controls(max_new_tokens=self.tokens, temperature=self.temperature)
        yield from model.stream(ModelRequest(prompt, controls, timeout_s=TIMEOUT_S))


@dataclass(frozen=True, slots=True)
class Answer:
    """What one model wrote. problem: why it did not; figures: what it took, in words."""

    model: str
    text: str = ""
    figures: str = ""
    problem: str = ""


@router.get("/models/try")
def try_page(request: Request, first: str = "", second: str = "") -> Response:
    """The form."""
    visit = visit_of(request)
    return _page(visit, Attempt(""), _chosen(visit, first, second), {})


@router.post("/models/try")
def try_and_wait(
    request: Request,
    prompt: Text = "",
    first: Short = "",
    second: Short = "",
    tokens: Short = "",
    temperature: Short = "",
) -> Response:
    """Both answers, one model after the other, for browsers without scripts."""
    visit = visit_of(request)
    attempt = Attempt.of(prompt, tokens, temperature)
    chosen = _chosen(visit, first, second)
    sides = dict(zip(("first", "second"), chosen, strict=True))
    answers = {
        side: _answer(visit, attempt, name)
        for side, name in sides.items()
        if name and attempt.prompt
    }
    return _page(visit, attempt, chosen, answers)


@router.post("/models/try/stream")
async def stream(
    request: Request,
    prompt: Text = "",
    model: Short = "",
    tokens: Short = "",
    temperature: Short = "",
) -> Response:
    """One model's answer as events while it writes; it stops when the browser leaves."""
    visit = visit_of(request)
    attempt = Attempt.of(prompt, tokens, temperature)
    feed = Feed(attempt.pieces(visit, model), on_end=request.app.state.gateway.enter())
    events = Events(visit)

    def failure(error: Exception) -> bytes:
        log_if_unexpected(error, request.state.request_id)
        return events.failed(error)

    response = EventStream(feed, await feed.take(), events, failure)
    response.headers["cache-control"] = "no-store"
    return response


def _answer(visit: Visit, attempt: Attempt, name: str) -> Answer:
    text = ""
    try:
        for piece in attempt.pieces(visit, name):
            text += piece.text
            if piece.generation is not None:
                return Answer(name, text, figures(visit, piece.generation))
    except ShopkeeperError as error:
        return Answer(name, text, problem=problem(visit, error))
    return Answer(name, text)


def _page(
    visit: Visit, attempt: Attempt, chosen: tuple[str, str], answers: dict[str, Answer]
) -> Response:
    names = visit.shop.models.names()
    said = visit.t("Ask two models the same, and see what each writes and how quickly.")
    return show(
        visit, "models/try.html", title=visit.t("Models"), answer=said, names=names, attempt=attempt, chosen=chosen,
        answers=answers, longest=LONGEST, most_tokens=MOST_TOKENS, hottest=HOTTEST,
    )  # fmt: skip


def _chosen(visit: Visit, first: str, second: str) -> tuple[str, str]:
    """The models of both sides: those asked for, else the first two there are; the second may be none."""
    names = visit.shop.models.names()
    left = first if first in names else next(iter(names), "")
    others = [name for name in names if name != left]
    if second == "-":
        return left, ""
    return left, second if second in names else next(iter(others), "")


def _tokens(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else TOKENS
    return min(max(1, number), MOST_TOKENS)


def _temperature(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return min(max(0.0, value), HOTTEST) if value == value else 0.0
