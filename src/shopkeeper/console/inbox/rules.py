"""The merchant's rules: read, edited as text, put to the past before they are saved, and gone back to."""

from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from starlette.responses import HTMLResponse, Response

from shopkeeper.console.inbox import desk, words
from shopkeeper.console.page import show
from shopkeeper.errors import FeedError
from shopkeeper.pages import Visit, redirect, visit_of
from shopkeeper.support import Policy
from shopkeeper.support.inbox import Replay
from shopkeeper.support.policy import said

router = APIRouter(default_response_class=HTMLResponse)

PATH = "/console/inbox/rules"
SHOWN = 50  # differences
LONGEST = 200_000  # characters of a policy
Text = Annotated[str, Form(max_length=LONGEST)]
Short = Annotated[str, Form(max_length=100)]
Number = Annotated[int, Path(ge=0, le=2**63 - 1)]


@router.get("/inbox/rules")
def rules_page(request: Request, done: str = "") -> Response:
    """The rules in force, as sentences and as text."""
    return _page(visit_of(request), done=done)


@router.post("/inbox/rules")
def change(request: Request, text: Text = "", do: Short = "", looked: Short = "") -> Response:
    """See what other rules would change; with do=save put them in force, once that was seen. looked: the mark of the text
    of which it was."""
    visit, shop = visit_of(request), request.app.state.shop
    text = text.replace("\r\n", "\n").replace("\0", "")
    try:
        found = shop.inbox.replay(text)
    except FeedError as error:
        return _page(visit, text, problem=error.message, hint=error.hint)
    if do != "save" or looked != _mark(text):
        return _page(visit, text, found=found)
    shop.support.set_policy(text, by=desk.name_of(request))
    return redirect(f"{PATH}?done=saved")


@router.post("/inbox/rules/{number}/use")
def use(request: Request, number: Number) -> Response:
    """Put rules of before in force again."""
    request.app.state.shop.support.use_policy(number, by=desk.name_of(request))
    return redirect(f"{PATH}?done=used")


def _page(
    visit: Visit,
    typed: str = "",
    *,
    found: Replay | None = None,
    problem: str = "",
    hint: str = "",
    done: str = "",
) -> Response:
    support = visit.shop.support
    policy, versions = support.policy(), support.policy_versions()
    now = support.clock()
    return show(
        visit, "inbox/rules.html", status=422 if problem else 200, title=visit.t("Rules"), answer=_sentence(visit, policy, found),
        rules=policy.rules, terms=policy.terms, text=typed or policy.source, mark=_mark(typed), found=found, problem=problem,
        hint=hint, done=done, versions=versions, shown=SHOWN, longest=LONGEST, said=lambda r: said(r.text, visit.language),
        act=lambda kind: visit.t(words.ACTIONS[kind]), ago=lambda at: words.ago(visit, at, now),
        verdict=lambda told: visit.t(words.VERDICTS[told.verdict]),
    )  # fmt: skip


def _mark(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _sentence(visit: Visit, policy: Policy, found: Replay | None) -> str:
    if found is None:
        return visit.t("{n} rules decide what the agent may do, and {m} terms what it answers.", n=len(policy.rules), m=len(policy.terms))  # fmt: skip
    if not found.decisions and not found.questions:
        return visit.t("There are no conversations yet that these rules could be tried on.")
    n = len(found.differences)
    if not n:
        return visit.t("These rules would have changed nothing.")
    return visit.counted("These rules would have changed 1 thing.", "These rules would have changed {n} things.", n)  # fmt: skip
