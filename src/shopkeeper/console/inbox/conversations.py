"""The inbox: who waits, a conversation with all that was done in it, taking it, answering, giving it back."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from time import monotonic
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response, StreamingResponse

from shopkeeper.api.watching import Watcher
from shopkeeper.console.inbox import desk, words
from shopkeeper.console.inbox.thread import Ground, grounds, rule, thread
from shopkeeper.console.page import show
from shopkeeper.errors import Conflict, FeedError
from shopkeeper.pages import Visit, redirect, visit_of
from shopkeeper.shop import orders
from shopkeeper.support.inbox import AlreadyTaken, Draft, Inbox, Row, View, Whole
from shopkeeper.support.inbox.inbox import MAX_TEXT

router = APIRouter(default_response_class=HTMLResponse)

PATH = "/console/inbox"
ORDERS = 3  # of the customer that are shown beside
STREAM_S = 300.0  # a stream ends after so long; the browser asks for the next
ANEW_S = 60.0  # times that are shown grow old

Id = Annotated[str, Path(min_length=1, max_length=100)]
Text = Annotated[str, Form(max_length=MAX_TEXT)]
Short = Annotated[str, Form(max_length=200)]


@router.get("/inbox")
def inbox_page(request: Request, view: str = "") -> Response:
    """The conversations of a view."""
    return _page(request, view)


@router.post("/inbox/name")
def rename(request: Request, name: Short = "", back: Short = "") -> Response:
    """Answer under another name at this browser."""
    response = redirect(back if back.startswith(PATH) else PATH)
    if name.strip() and name.isprintable():
        desk.remember(response, request, name)
    return response


@router.get("/inbox/events")
async def events(request: Request, after: int = 0) -> Response:
    """Says whenever something in the inbox changed, so that the page is looked at anew."""
    state = request.app.state
    return StreamingResponse(
        _changes(state.shop.inbox, state.inbox_watcher, after), media_type="text/event-stream",
        headers={"x-accel-buffering": "no", "cache-control": "no-store"},
    )  # fmt: skip


async def _changes(inbox: Inbox, watcher: Watcher, after: int) -> AsyncIterator[bytes]:
    ends = monotonic() + STREAM_S
    yield b"retry: 2000\n\n"
    while (left := ends - monotonic()) > 0:
        await watcher.wait("inbox", after=after, timeout_s=min(ANEW_S, left))
        after = await run_in_threadpool(inbox.version)
        yield b"id: %d\nevent: changed\ndata: {}\n\n" % after


@router.get("/inbox/{conversation_id}")
def conversation_page(request: Request, conversation_id: Id, view: str = "") -> Response:
    """A conversation."""
    return _page(request, view, conversation_id)


@router.post("/inbox/{conversation_id}/take")
def take(request: Request, conversation_id: Id) -> Response:
    """Take it."""
    return _do(request, conversation_id, lambda inbox, by: inbox.take(conversation_id, by))


@router.post("/inbox/{conversation_id}/say")
def say(request: Request, conversation_id: Id, text: Text = "") -> Response:
    """Answer the customer."""
    return _do(request, conversation_id, lambda inbox, by: inbox.say(conversation_id, by, text), typed=text)  # fmt: skip


@router.post("/inbox/{conversation_id}/note")
def note(request: Request, conversation_id: Id, text: Text = "") -> Response:
    """Note something for the others."""
    return _do(request, conversation_id, lambda inbox, by: inbox.note(conversation_id, by, text), typed=text)  # fmt: skip


@router.post("/inbox/{conversation_id}/return")
def give_back(request: Request, conversation_id: Id) -> Response:
    """Let the agent go on."""
    return _do(request, conversation_id, lambda inbox, by: inbox.give_back(conversation_id, by))


@router.post("/inbox/{conversation_id}/close")
def close(request: Request, conversation_id: Id) -> Response:
    """It is solved."""
    return _do(request, conversation_id, lambda inbox, by: inbox.close(conversation_id, by))


@router.post("/inbox/{conversation_id}/draft")
def draft(request: Request, conversation_id: Id, text: Text = "") -> Response:
    """The page with what the agent would answer, to be changed and sent."""
    found = visit_of(request).shop.inbox.draft(conversation_id)
    return _page(request, "", conversation_id, typed=found.text or text, draft=found)


def _do(
    request: Request, conversation_id: str, act: Callable[[Inbox, str], object], *, typed: str = ""
) -> Response:
    """Do something, and show the conversation; what was typed stays if it cannot be done."""
    visit = visit_of(request)
    try:
        act(visit.shop.inbox, desk.name_of(request))
    except AlreadyTaken as error:
        said = visit.t("{name} has this conversation; what you did was not done.", name=error.by)
        return _page(request, "", conversation_id, typed=typed, problem=said, status=409)
    except Conflict:
        said = visit.t("The agent has this conversation already.")
        return _page(request, "", conversation_id, typed=typed, problem=said, status=409)
    except FeedError:
        said = visit.t("Write something, at most {n} characters.", n=MAX_TEXT)
        return _page(request, "", conversation_id, typed=typed, problem=said, status=422)
    return redirect(f"{PATH}/{conversation_id}#last")


def _page(
    request: Request,
    view: str,
    conversation_id: str = "",
    *,
    typed: str = "",
    draft: Draft | None = None,
    problem: str = "",
    status: int = 200,
) -> Response:
    visit, inbox = visit_of(request), request.app.state.shop.inbox
    now, me = inbox.support.clock(), desk.name_of(request)
    version, sizes = inbox.version(), inbox.sizes()
    values = _conversation(visit, conversation_id, draft) if conversation_id else {"whole": None}
    shown = View(view) if view in set(View) else _view_of(values["whole"])
    rows = inbox.listing(shown)
    return show(
        visit, "inbox/inbox.html", status=status, title=visit.t("Inbox"), answer=_sentence(visit, inbox.listing(View.WAITING), sizes, now),
        view=shown, views=list(View), sizes=sizes, rows=rows, me=me, version=version, typed=typed, draft=draft, problem=problem,
        path=f"{PATH}/{conversation_id}" if conversation_id else PATH, longest=MAX_TEXT, ago=lambda at: words.ago(visit, at, now),
        reason=lambda reason: visit.t(words.REASONS[reason]), flow=lambda name: words.flow(visit, name),
        progress=lambda name: words.progress(visit, name), **values,
    )  # fmt: skip


def _view_of(whole: Whole | None) -> View:
    """The list that a conversation stands in."""
    if whole is None:
        return View.WAITING
    if whole.case is not None:
        return View.TAKEN if whole.case.taken_by else View.WAITING
    return View.ENDED if whole.cases else View.AGENT


def _conversation(visit: Visit, conversation_id: str, draft: Draft | None) -> dict[str, Any]:
    shop = visit.shop
    whole, policy = shop.inbox.look(conversation_id), shop.support.policy()
    with shop.database.connection() as conn:
        bought = orders.of_customer(conn, whole.customer.id, limit=ORDERS) if whole.customer else []
    drafted: tuple[Ground, ...] = ()
    if draft is not None:
        drafted = grounds(visit, [f"{e.kind}:{e.id}" for e in draft.evidence], draft.quotes)
        drafted += tuple(rule(visit, policy, e.id) for e in draft.evidence if e.kind == "rule")
    return {
        "whole": whole, "items": thread(visit, whole, policy), "orders": bought, "drafted": drafted,
    }  # fmt: skip


def _sentence(visit: Visit, waiting: list[Row], sizes: dict[View, int], now: datetime) -> str:
    if not waiting:
        taken = sizes[View.TAKEN]
        if taken:
            return visit.counted("Nobody waits; 1 conversation is taken.", "Nobody waits; {n} conversations are taken.", taken)  # fmt: skip
        return visit.t("Nobody waits. The agent answers by itself.")
    longest = words.ago(visit, min(r.waits_since or r.at for r in waiting), now)
    if len(waiting) == 1:
        return visit.t("1 person waits for an answer: {time}.", time=longest)
    return visit.t("{n} people wait for an answer, the longest for {time}.", n=len(waiting), time=longest)  # fmt: skip
