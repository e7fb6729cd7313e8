"""The gateway's doors. A secret key opens them, as it does everything that a publishable key may not do."""

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from shopkeeper.api.gateway import asking
from shopkeeper.api.gateway.answering import Events, Kind, whole
from shopkeeper.api.gateway.choosing import Chosen, choose, names, unknown
from shopkeeper.api.gateway.embedding import Embedders, embed
from shopkeeper.api.gateway.failing import openai_error
from shopkeeper.api.gateway.shapes import (
    ChatAnswer,
    ChatRequest,
    CompletionAnswer,
    CompletionRequest,
    EmbeddingAnswer,
    EmbeddingRequest,
    Generating,
    ModelCard,
    ModelCards,
)
from shopkeeper.api.gateway.streams import MEDIA_TYPE, EventStream, Feed
from shopkeeper.api.problems import RateLimited, log_if_unexpected, problem_of
from shopkeeper.api.views import JSON, ShopOf
from shopkeeper.face import Shop
from shopkeeper.models.records import Request as ModelRequest

router = APIRouter(tags=["language models"])

AT_ONCE = 64  # requests under way; models work on fewer, and the rest of the shop is to stay quick
BUSY_S = 1.0
STREAMED: dict[int | str, dict[str, Any]] = {
    200: {"description": "The answer; with `stream`, events", "content": {MEDIA_TYPE: {}}}
}
Result = TypeVar("Result")


class Desk:
    """What the gateway of one application keeps: embedders, and how many requests are under way."""

    def __init__(self, shop: Shop) -> None:
        assert shop.models is not None  # made here, before threads ask for it
        self.embedders = Embedders(shop.settings.cache_folder)
        self.created = int(time.time())
        self._places = threading.BoundedSemaphore(AT_ONCE)
        self._limiter: CapacityLimiter | None = None

    def enter(self) -> Callable[[], None]:
        """Take a place; what is returned gives it back. Raises RateLimited if there is none."""
        if not self._places.acquire(blocking=False):
            raise RateLimited(BUSY_S)
        return self._places.release

    async def work(self, ask: Callable[[], Result]) -> Result:
        """Do it in a thread that is none of those that answer everything else."""
        leave = self.enter()
        if self._limiter is None:
            self._limiter = CapacityLimiter(AT_ONCE)
        try:
            return await to_thread.run_sync(ask, limiter=self._limiter)
        finally:
            leave()


async def _desk_of(request: Request) -> Desk:
    desk: Desk = request.app.state.gateway
    return desk


DeskOf = Annotated[Desk, Depends(_desk_of)]


@router.post("/chat/completions", response_model=ChatAnswer, responses=STREAMED)
async def chat_completions(
    shop: ShopOf, desk: DeskOf, request: Request, body: ChatRequest
) -> Response:
    """The model's answer to messages; as server-sent events while it writes, if `stream` is set."""
    return await _answer("chat", request, shop, desk, body, partial(asking.chat, body))


@router.post("/completions", response_model=CompletionAnswer, responses=STREAMED)
async def completions(
    shop: ShopOf, desk: DeskOf, request: Request, body: CompletionRequest
) -> Response:
    """The model's continuation of a text."""
    return await _answer("text", request, shop, desk, body, partial(asking.completion, body))


@router.post("/embeddings", response_model=EmbeddingAnswer)
async def embeddings(shop: ShopOf, desk: DeskOf, body: EmbeddingRequest) -> Response:
    """A vector of each text."""
    return Response(await desk.work(partial(embed, body, shop, desk.embedders)), media_type=JSON)


@router.get("/models")
def list_models(shop: ShopOf, desk: DeskOf) -> ModelCards:
    """Every name that `model` may have now."""
    return ModelCards(data=_cards(shop, desk))


@router.get("/models/{model:path}")
def get_model(
    shop: ShopOf, desk: DeskOf, model: Annotated[str, Path(min_length=1, max_length=200)]
) -> ModelCard:
    """One of these names."""
    for card in _cards(shop, desk):
        if card.id == model:
            return card
    raise unknown(model)


def _cards(shop: Shop, desk: Desk) -> list[ModelCard]:
    found = dict(names(shop.models, shop.settings))
    found |= {name: "embedder" for name in desk.embedders.names() if name not in found}
    return [
        ModelCard(id=name, created=desk.created, owned_by=owner) for name, owner in found.items()
    ]


async def _answer(
    kind: Kind,
    request: Request,
    shop: Shop,
    desk: Desk,
    body: Generating,
    make: Callable[..., ModelRequest],
) -> Response:
    chosen = choose(body.model, shop.models, shop.settings)
    if body.stream:
        return await _stream(kind, request, desk, body, chosen, make)
    answer = await desk.work(lambda: chosen.model.generate(_asked(chosen, make)))
    return Response(whole(kind, body.model, answer), media_type=JSON)


def _asked(chosen: Chosen, make: Callable[..., ModelRequest]) -> ModelRequest:
    return make(adapter=chosen.adapter, context_tokens=chosen.model.context_tokens)


async def _stream(
    kind: Kind,
    request: Request,
    desk: Desk,
    body: Generating,
    chosen: Chosen,
    make: Callable[..., ModelRequest],
) -> Response:
    asked = await to_thread.run_sync(_asked, chosen, make)  # it may open an engine
    feed = Feed(chosen.model.stream(asked), on_end=desk.enter())
    begun = await feed.take()
    if isinstance(begun[0], Exception):
        raise begun[0]  # before anything was sent, so it gets its own status
    with_usage = body.stream_options is not None and bool(body.stream_options.include_usage)
    events = Events(kind, body.model, with_usage=with_usage)

    def failure(error: Exception) -> bytes:
        request_id = request.state.request_id
        log_if_unexpected(error, request_id)
        return events.failed(openai_error(problem_of(error, request_id=request_id)))

    return EventStream(feed, begun, events, failure)
