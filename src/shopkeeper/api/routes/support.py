"""Conversations with customer service, as JSON or as a stream of events.

Whoever holds the id of a conversation may speak in it: it is long, secret and made here. Who somebody is, they show in
the conversation itself, or the shop's server says so with a token of `shopkeeper support token`.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response, StreamingResponse

from shopkeeper.api.views import ShopOf
from shopkeeper.support.dialogue import Reply
from shopkeeper.support.dialogue.store import messages

router = APIRouter(prefix="/support/conversations", tags=["customer service"])

EVENTS = "text/event-stream"
_SENTENCE = re.compile(r"(?<=[.!?。！？\n])\s*")
IdPath = Annotated[str, Path(min_length=1, max_length=100, description="of the conversation")]


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
    """What the customer says."""

    text: str = Field(min_length=1, max_length=4000)


class HandedOver(BaseModel):
    """A person takes over. why: request, failures, scope, anger, refusals."""

    why: str


class Answer(BaseModel):
    """What is said to it: plain text. evidence: what it rests on, as kind:id. proposal_id: what waits for a yes."""

    text: str
    language: str
    turn: int
    evidence: list[str]
    proposal_id: str
    hand_over: HandedOver | None


class Kept(BaseModel):
    """A message of before. who: customer, agent or staff."""

    at: datetime
    turn: int
    who: str
    text: str
    evidence: list[str]


class Transcript(BaseModel):
    """What was said, in order."""

    messages: list[Kept]


@router.post("", response_model=Opened, status_code=201)
def open_conversation(shop: ShopOf, opening: Opening) -> Opened:
    """Open a conversation."""
    talk = shop.agent.open(language=opening.language)
    if opening.token:
        talk.sign_in(opening.token)
    return Opened(id=talk.id, introduction=shop.agent.introduction(opening.language))


@router.post(
    "/{conversation_id}/messages", response_model=Answer, responses={200: {"content": {EVENTS: {}}}}
)
def say(shop: ShopOf, request: Request, conversation_id: IdPath, said: Said) -> Response:
    """Say something. Who accepts `text/event-stream` gets the answer piece by piece: events `text`, then `end`."""
    talk = shop.support.conversation(conversation_id)
    client = request.client.host if request.client else ""
    reply = shop.agent.reply(talk, said.text, client=client)
    answer = _answer(reply)
    if EVENTS in request.headers.get("accept", ""):
        return StreamingResponse(
            _events(answer), media_type=EVENTS, headers={"x-accel-buffering": "no"}
        )
    return Response(answer.model_dump_json(), media_type="application/json")


@router.get("/{conversation_id}/messages", response_model=Transcript)
def transcript(shop: ShopOf, conversation_id: IdPath) -> Transcript:
    """What was said so far."""
    talk = shop.support.conversation(conversation_id)
    with shop.database.connection() as conn:
        kept = messages(conn, talk.id)
    return Transcript(
        messages=[
            Kept(at=m.at, turn=m.turn, who=m.who, text=m.text, evidence=list(m.evidence))
            for m in kept
        ]
    )


def _answer(reply: Reply) -> Answer:
    return Answer(
        text=reply.text,
        language=reply.language,
        turn=reply.turn,
        evidence=[f"{e.kind}:{e.id}" for e in reply.evidence],
        proposal_id=reply.proposal_id,
        hand_over=HandedOver(why=reply.hand_over.why) if reply.hand_over else None,
    )


def _events(answer: Answer) -> Iterator[bytes]:
    """The text in sentences, then the whole answer."""
    position = 0
    for match in [*_SENTENCE.finditer(answer.text), None]:
        end = match.end() if match else len(answer.text)
        if end > position:
            yield _event("text", orjson.dumps({"text": answer.text[position:end]}))
            position = end
    yield _event("end", answer.model_dump_json().encode())


def _event(name: str, data: bytes) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + data + b"\n\n"
