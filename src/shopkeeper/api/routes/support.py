"""Conversations with customer service, as JSON or as streams of events.

Whoever holds the id of a conversation may speak in it: it is long, secret and made here. Who somebody is, they show in
the conversation itself, or the shop's server says so with a token of `shopkeeper support token`. A message that is sent
again under its `key` is heard once, so who does not know whether it arrived sends it again.
"""

import re
import time
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Header, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from shopkeeper.api.chatting import Kept, Transcript, transcript
from shopkeeper.api.problems import problem_of
from shopkeeper.api.views import ShopOf
from shopkeeper.api.watching import Watcher
from shopkeeper.errors import ShopkeeperError
from shopkeeper.face import Shop
from shopkeeper.support import Conversation
from shopkeeper.support.dialogue import Reply
from shopkeeper.support.outcomes import MAX_WORDS, Outcome, Outcomes

AT_THE_STOREFRONT = "/chat/conversations"
EVENTS = "text/event-stream"
STREAM_S = 300.0  # how long a stream of events lasts; then it is asked for again
STILL_S = 15.0  # between two signs of life of a stream in which nothing is said
NO_BUFFER = {"x-accel-buffering": "no", "cache-control": "no-store"}
_SENTENCE = re.compile(r"(?<=[.!?。！？\n])\s*")

chat = APIRouter()
IdPath = Annotated[str, Path(min_length=1, max_length=100, description="of the conversation")]
After = Annotated[
    int, Query(ge=0, le=2**62, description="only what came after the message with this id")
]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Opening(_Shape):
    """A new conversation. token: that the shop has signed the customer in (`shopkeeper support token`)."""

    language: Literal["en", "zh"] = "en"
    token: str = Field("", max_length=2000)


class Opened(BaseModel):
    """The conversation: keep `id`, it is all that is needed to go on. introduction: to be shown before the first word."""

    id: str
    introduction: str


class Said(_Shape):
    """What the customer says. key: made up by whoever sends it, another one for each message. about: the proposal that a
    pressed yes or no belongs to; if it does not wait any more, nothing is heard."""

    text: str = Field(min_length=1, max_length=4000)
    key: str = Field("", max_length=64)
    about: str = Field("", max_length=64)


class HandedOver(BaseModel):
    """A person takes over. why: request, failures, scope, anger, refusals, support."""

    why: str


class Answer(BaseModel):
    """What is said to it: plain text. evidence: what it rests on, as kind:id. proposal_id: what waits for a yes.
    messages: this turn's, as a chat shows them. with_a_person: a person answers, the agent is silent."""

    text: str
    language: str
    turn: int
    evidence: list[str]
    proposal_id: str
    hand_over: HandedOver | None
    with_a_person: bool
    messages: list[Kept]


class Rated(_Shape):
    """What the customer says of the conversation; what is left out stays as it was. rating: from 1, bad, to 5, good."""

    solved: bool | None = None
    rating: int | None = Field(None, ge=1, le=5)
    words: str = Field("", max_length=MAX_WORDS)


class Ended(BaseModel):
    """What became of the conversations in which somebody spoke.

    by_agent: of those that nobody but the agent answered; by_person: of those that a person had. `confirmed` is what
    customers said, `assumed` that they said nothing more: they are not to be added up.
    """

    conversations: int
    by_agent: dict[Outcome, int]
    by_person: dict[Outcome, int]
    ratings: dict[int, int]
    rating: float | None


@chat.post("", response_model=Opened, status_code=201)
def open_conversation(shop: ShopOf, opening: Opening) -> Opened:
    """Open a conversation."""
    talk = shop.agent.open(language=opening.language)
    if opening.token:
        talk.sign_in(opening.token)
    return Opened(id=talk.id, introduction=shop.agent.introduction(opening.language))


@chat.post(
    "/{conversation_id}/messages", response_model=Answer, responses={200: {"content": {EVENTS: {}}}}
)
def say(shop: ShopOf, request: Request, conversation_id: IdPath, said: Said) -> Response:
    """Say something. Who accepts `text/event-stream` gets the answer piece by piece: events `text`, then `end`; or
    `problem`."""
    talk = shop.support.conversation(conversation_id)
    client = request.client.host if request.client else ""
    if EVENTS in request.headers.get("accept", ""):
        events = _answering(shop, talk, said, client)
        return StreamingResponse(events, media_type=EVENTS, headers=NO_BUFFER)
    answer = _answered(shop, talk, said, client)
    return Response(answer.model_dump_json(), media_type="application/json")


@chat.get("/{conversation_id}/messages", response_model=Transcript)
def said_so_far(shop: ShopOf, conversation_id: IdPath, after: After = 0) -> Transcript:
    """What was said so far."""
    return transcript(shop, conversation_id, after=after)


@chat.get(
    "/{conversation_id}/events",
    response_class=StreamingResponse,
    responses={200: {"content": {EVENTS: {}}, "description": "Messages, as they are said"}},
)
async def follow(
    shop: ShopOf,
    request: Request,
    conversation_id: IdPath,
    after: After = 0,
    last_event_id: Annotated[str, Header(max_length=20)] = "",
) -> Response:
    """Every message of the conversation as it is said, whoever says it: events `message`, whose id is that of the
    message. The stream ends after some minutes, or is cut; ask again after the last message that came."""
    if last_event_id.isascii() and last_event_id.isdigit():
        after = max(after, int(last_event_id))
    await run_in_threadpool(shop.support.conversation, conversation_id)
    watcher: Watcher = request.app.state.watcher
    events = _following(shop, watcher, conversation_id, after)
    return StreamingResponse(events, media_type=EVENTS, headers=NO_BUFFER)


@chat.post("/{conversation_id}/feedback", status_code=204)
def rate(shop: ShopOf, conversation_id: IdPath, rated: Rated) -> Response:
    """Say what the conversation was worth."""
    talk = shop.support.conversation(conversation_id)
    talk.rate(solved=rated.solved, rating=rated.rating, words=rated.words)
    return Response(status_code=204)


router = APIRouter(tags=["customer service"])
router.include_router(chat, prefix="/support/conversations")


@router.get("/support/outcomes", response_model=Ended)
def outcomes(shop: ShopOf, days: Annotated[int, Query(ge=1, le=3650)] = 30) -> Ended:
    """What became of the conversations of the last days, and what customers said of them."""
    found: Outcomes = shop.support.outcomes(days)
    return Ended(
        conversations=found.conversations,
        by_agent=dict(found.by_agent),
        by_person=dict(found.by_person),
        ratings=dict(found.ratings),
        rating=found.rating,
    )


def _answered(shop: Shop, talk: Conversation, said: Said, client: str) -> Answer:
    reply = shop.agent.reply(talk, said.text, client=client, key=said.key, about=said.about)
    return _shown(reply, transcript(shop, talk.id, turn=reply.turn))


def _shown(reply: Reply, turn: Transcript) -> Answer:
    return Answer(
        text=reply.text,
        language=reply.language,
        turn=reply.turn,
        evidence=[f"{e.kind}:{e.id}" for e in reply.evidence],
        proposal_id=reply.proposal_id,
        hand_over=HandedOver(why=reply.hand_over.why) if reply.hand_over else None,
        with_a_person=turn.with_a_person,
        messages=turn.messages,
    )


def _answering(shop: Shop, talk: Conversation, said: Said, client: str) -> Iterator[bytes]:
    """A sign that the message arrived, the answer in sentences, then the whole of it."""
    yield b": heard\n\n"
    try:
        answer = _answered(shop, talk, said, client)
    except ShopkeeperError as error:  # the status is sent already
        yield _event("problem", problem_of(error).model_dump_json().encode())
        return
    position = 0
    for match in [*_SENTENCE.finditer(answer.text), None]:
        end = match.end() if match else len(answer.text)
        if end > position:
            yield _event("text", orjson.dumps({"text": answer.text[position:end]}))
            position = end
    yield _event("end", answer.model_dump_json().encode())


async def _following(
    shop: Shop, watcher: Watcher, conversation_id: str, after: int
) -> AsyncIterator[bytes]:
    """Messages as they come; a comment now and then, so that a line that was cut is noticed."""
    ends = time.monotonic() + STREAM_S
    person: bool | None = None
    yield b"retry: 2000\n\n"
    while not watcher.stopped and (left := ends - time.monotonic()) > 0:
        found = await run_in_threadpool(transcript, shop, conversation_id, after=after)
        if found.with_a_person is not person:
            person = found.with_a_person
            yield _event("state", orjson.dumps({"with_a_person": person}))
        for message in found.messages:
            after = message.id
            yield b"id: %d\n" % after + _event("message", message.model_dump_json().encode())
        if not await watcher.wait(conversation_id, after=after, timeout_s=min(STILL_S, left)):
            yield b": still here\n\n"


def _event(name: str, data: bytes) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + data + b"\n\n"
