"""What the agent could not answer: the same questions together, answered here for good, and taken back."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from starlette.responses import HTMLResponse, Response

from shopkeeper.console.inbox import desk, words
from shopkeeper.console.page import show
from shopkeeper.errors import FeedError
from shopkeeper.pages import Visit, redirect, visit_of
from shopkeeper.support.inbox import Suggestion, Taught
from shopkeeper.support.inbox.teaching import MAX_ANSWER, MAX_QUESTION

router = APIRouter(default_response_class=HTMLResponse)

PATH = "/console/inbox/questions"
EXAMPLES = 5  # wordings that are shown
Ids = Annotated[str, Form(max_length=10_000)]
Text = Annotated[str, Form(max_length=10_000)]
LessonId = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.get("/inbox/questions")
def questions_page(request: Request, done: str = "") -> Response:
    """Questions without an answer, and what was taught. done: what was done just now."""
    return _page(visit_of(request), done=done)


@router.post("/inbox/questions/teach")
def teach(
    request: Request,
    ids: Ids = "",
    question: Text = "",
    answer: Text = "",
    language: Annotated[str, Form(max_length=10)] = "en",
) -> Response:
    """Answer questions for good."""
    visit = visit_of(request)
    spoken = language if language in visit.shop.settings.languages else visit.shop.settings.language
    try:
        lesson = visit.shop.teaching.teach(
            _numbers(ids), question=question, answer=answer, by=desk.name_of(request), language=spoken
        )  # fmt: skip
    except FeedError:
        problem = visit.t("Write a question of at most {n} characters and an answer of at most {m}.", n=MAX_QUESTION, m=MAX_ANSWER)  # fmt: skip
        return _page(visit, problem=problem, typed=(ids, question, answer))
    return redirect(f"{PATH}?done=taught-{lesson.id}")


@router.post("/inbox/questions/dismiss")
def dismiss(request: Request, ids: Ids = "") -> Response:
    """These need no answer."""
    request.app.state.shop.teaching.dismiss(_numbers(ids), by=desk.name_of(request))
    return redirect(f"{PATH}?done=dismissed-{'.'.join(map(str, _numbers(ids)))}")


@router.post("/inbox/questions/back")
def bring_back(request: Request, ids: Ids = "") -> Response:
    """These need an answer after all."""
    request.app.state.shop.teaching.bring_back(_numbers(ids.replace(".", ",")))
    return redirect(f"{PATH}?done=back")


@router.post("/inbox/lessons/{lesson_id}/undo")
def undo(request: Request, lesson_id: LessonId) -> Response:
    """Take an answer back."""
    request.app.state.shop.teaching.undo(lesson_id)
    return redirect(f"{PATH}?done=undone")


def _numbers(ids: str) -> list[int]:
    return [int(n) for n in ids.split(",") if n.isascii() and n.isdigit() and len(n) < 19]


def _page(
    visit: Visit, *, done: str = "", problem: str = "", typed: tuple[str, str, str] = ("", "", "")
) -> Response:
    teaching = visit.shop.teaching
    suggestions, taught = teaching.suggestions(), teaching.lessons()
    now = visit.shop.support.clock()
    what, _, which = done.partition("-")
    return show(
        visit, "inbox/questions.html", status=422 if problem else 200, title=visit.t("Questions"),
        answer=_sentence(visit, suggestions, taught), suggestions=suggestions, taught=taught, done=what, which=which,
        problem=problem, typed=typed, examples=EXAMPLES, most_question=MAX_QUESTION, most_answer=MAX_ANSWER,
        languages=visit.shop.settings.languages, ago=lambda at: words.ago(visit, at, now),
    )  # fmt: skip


def _sentence(visit: Visit, suggestions: Sequence[Suggestion], taught: Sequence[Taught]) -> str:
    if not suggestions:
        return visit.t("No question is without an answer.")
    first = suggestions[0]
    if first.asked == 1:
        return visit.counted("1 question has no answer.", "{n} questions have no answer.", len(suggestions))  # fmt: skip
    return visit.t("{n} questions have no answer; the commonest was asked by {m} customers.", n=len(suggestions), m=first.asked)  # fmt: skip
