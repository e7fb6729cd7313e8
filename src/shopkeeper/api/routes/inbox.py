"""Customer service by people: what waits, a conversation whole, answering in the agent's place. For the shop's own servers.

`by` is the name that somebody answers under; customers see it. Whoever takes a conversation first has it; others get
`409 conflict`, which names them.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from time import monotonic
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from shopkeeper.api.chatting import Quote
from shopkeeper.api.views import ShopOf
from shopkeeper.api.watching import Watcher
from shopkeeper.support.cases import MAX_NAME
from shopkeeper.support.inbox import Case, Inbox, Outcome, Reason, Row, View, Whole
from shopkeeper.support.inbox.inbox import MAX_TEXT

router = APIRouter(prefix="/support/inbox", tags=["customer service by people"])

EVENTS = "text/event-stream"
STREAM_S = 300.0  # how long a stream lasts; then it is asked for again
STILL_S = 15.0  # between two signs of life
IdPath = Annotated[str, Path(min_length=1, max_length=100, description="of the conversation")]
Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class By(_Shape):
    """Who does it."""

    by: Name


class Written(By):
    """Something to be said or noted."""

    text: str = Field(min_length=1, max_length=MAX_TEXT)


class Listed(BaseModel):
    """A conversation. reason: why a person answers, null where the agent does. waits_since: since when the customer waits
    for a person. in_hours: it was asked for while somebody was there. who, text, at: what a person said last."""

    conversation_id: str
    name: str
    language: str
    channel: str
    reason: Reason | None
    urgent: bool
    in_hours: bool
    taken_by: str
    waits_since: datetime | None
    who: str
    text: str
    at: datetime


class Listing(BaseModel):
    """Conversations, the most pressing first; and how many wait, and are taken, in all."""

    items: list[Listed]
    waiting: int
    taken: int


class CaseShown(BaseModel):
    """Why and since when a person answers. outcome: null while they do."""

    reason: Reason
    summary: str
    urgent: bool
    in_hours: bool
    asked_at: datetime
    taken_by: str
    taken_at: datetime | None
    ended_by: str
    ended_at: datetime | None
    outcome: Outcome | None


class MessageShown(BaseModel):
    """A message. who: customer, agent or staff; author: the name that staff goes by."""

    id: int
    at: datetime
    turn: int
    who: str
    author: str
    text: str
    evidence: list[str]
    quotes: list[Quote]


class EventShown(BaseModel):
    """A line of the audit. detail: among others what was understood, and the tools that were used."""

    at: datetime
    turn: int
    event: str
    proposal_id: str | None
    action: str
    order_id: str | None
    rule_ids: list[str]
    detail: dict[str, Any]


class NoteShown(BaseModel):
    """What somebody noted for the others."""

    author: str
    text: str
    at: datetime


class ProposalShown(BaseModel):
    """Something that was proposed, and what became of it."""

    id: str
    state: str
    summary: str


class WholeShown(BaseModel):
    """A conversation. case: the open one, null where the agent answers."""

    id: str
    customer_id: str | None
    level: int
    language: str
    channel: str
    case: CaseShown | None
    cases: list[CaseShown]
    messages: list[MessageShown]
    audit: list[EventShown]
    proposals: list[ProposalShown]
    notes: list[NoteShown]


class Drafted(BaseModel):
    """What the agent would answer to `question`; empty where nothing on record does. would: what it would do after the
    customer's yes, which only the agent itself can ask for."""

    text: str
    language: str
    question: str
    evidence: list[str]
    quotes: list[Quote]
    would: str


@router.get("", response_model=Listing)
def listing(
    shop: ShopOf,
    view: View = View.WAITING,
    by: Annotated[str, Query(max_length=MAX_NAME, description="of those taken, only theirs")] = "",
) -> Listing:
    """Conversations of a view."""
    sizes = shop.inbox.sizes()
    rows = [_listed(row) for row in shop.inbox.listing(view, by=by)]
    return Listing(items=rows, waiting=sizes[View.WAITING], taken=sizes[View.TAKEN])


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses={200: {"content": {EVENTS: {}}, "description": "A sign whenever something changed"}},
)
async def events(
    shop: ShopOf, request: Request, last_event_id: Annotated[str, Header(max_length=20)] = ""
) -> Response:
    """An event `changed` whenever something is said, noted or done in any conversation; its id is to be sent along when
    the stream is asked for again."""
    known = last_event_id.isascii() and last_event_id.isdigit()
    after = int(last_event_id) if known else await run_in_threadpool(shop.inbox.version)
    changed = _changes(shop.inbox, request.app.state.inbox_watcher, after)
    headers = {"x-accel-buffering": "no", "cache-control": "no-store"}
    return StreamingResponse(changed, media_type=EVENTS, headers=headers)


@router.get("/{conversation_id}", response_model=WholeShown)
def look(shop: ShopOf, conversation_id: IdPath) -> WholeShown:
    """A conversation whole."""
    return _whole(shop.inbox.look(conversation_id))


@router.post("/{conversation_id}/take", response_model=CaseShown)
def take(shop: ShopOf, conversation_id: IdPath, who: By) -> CaseShown:
    """Answer in the agent's place."""
    return _case(shop.inbox.take(conversation_id, who.by))


@router.post("/{conversation_id}/messages", status_code=204)
def say(shop: ShopOf, conversation_id: IdPath, written: Written) -> Response:
    """Say something to the customer; a conversation that nobody has is taken with it."""
    shop.inbox.say(conversation_id, written.by, written.text)
    return Response(status_code=204)


@router.post("/{conversation_id}/notes", status_code=204)
def note(shop: ShopOf, conversation_id: IdPath, written: Written) -> Response:
    """Note something for the others; the customer never sees it."""
    shop.inbox.note(conversation_id, written.by, written.text)
    return Response(status_code=204)


@router.post("/{conversation_id}/draft", response_model=Drafted)
def draft(shop: ShopOf, conversation_id: IdPath) -> Drafted:
    """What the agent would answer now. Nothing is said or kept."""
    found = shop.inbox.draft(conversation_id)
    return Drafted(
        text=found.text, language=found.language, question=found.question, would=found.would,
        evidence=[f"{e.kind}:{e.id}" for e in found.evidence],
        quotes=[Quote(text=q.text, title=q.source.title, url=q.source.url) for q in found.quotes],
    )  # fmt: skip


@router.post("/{conversation_id}/return", status_code=204)
def give_back(shop: ShopOf, conversation_id: IdPath, who: By) -> Response:
    """Let the agent go on."""
    shop.inbox.give_back(conversation_id, who.by)
    return Response(status_code=204)


@router.post("/{conversation_id}/close", status_code=204)
def close(shop: ShopOf, conversation_id: IdPath, who: By) -> Response:
    """It is solved; the agent answers what the customer writes next."""
    shop.inbox.close(conversation_id, who.by)
    return Response(status_code=204)


async def _changes(inbox: Inbox, watcher: Watcher, after: int) -> AsyncIterator[bytes]:
    ends = monotonic() + STREAM_S
    yield b"retry: 2000\n\n"
    while (left := ends - monotonic()) > 0:
        if await watcher.wait("inbox", after=after, timeout_s=min(STILL_S, left)):
            after = await run_in_threadpool(inbox.version)
            yield b"id: %d\nevent: changed\ndata: {}\n\n" % after
        else:
            yield b": still here\n\n"


def _listed(row: Row) -> Listed:
    return Listed.model_validate(row, from_attributes=True)


def _case(case: Case) -> CaseShown:
    return CaseShown.model_validate(case, from_attributes=True)


def _whole(whole: Whole) -> WholeShown:
    return WholeShown(
        id=whole.id, customer_id=whole.state.customer_id, level=whole.state.level,
        language=whole.state.language, channel=whole.channel,
        case=_case(whole.case) if whole.case else None, cases=[_case(c) for c in whole.cases],
        messages=[
            MessageShown(
                id=m.id, at=m.at, turn=m.turn, who=m.who, author=m.author, text=m.text, evidence=list(m.evidence),
                quotes=[Quote(text=q.text, title=q.source.title, url=q.source.url) for q in m.quotes],
            )
            for m in whole.messages
        ],
        audit=[EventShown.model_validate(e, from_attributes=True) for e in whole.audit],
        proposals=[
            ProposalShown(id=p.id, state=p.state.value, summary=p.shown.summary) for p in whole.proposals
        ],
        notes=[NoteShown.model_validate(n, from_attributes=True) for n in whole.notes],
    )  # fmt: skip
