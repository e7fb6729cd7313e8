"""What the agent could not answer, and teaching it answers. For the shop's own servers."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from shopkeeper.api.views import ShopOf
from shopkeeper.support.cases import MAX_NAME
from shopkeeper.support.inbox.teaching import MAX_ANSWER, MAX_QUESTION

router = APIRouter(prefix="/support", tags=["customer service by people"])

Number = Annotated[int, Field(ge=1, le=2**63 - 1)]
LessonId = Annotated[int, Path(ge=1, le=2**63 - 1)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Asked(BaseModel):
    """Questions that ask for the same. asked: by how many customers; wordings: how; ids: to be sent back to answer or
    dismiss them; said: what people answered in those conversations."""

    ids: list[int]
    wording: str
    language: str
    asked: int
    wordings: list[str]
    said: list[str]


class AskedList(BaseModel):
    """The commonest first."""

    items: list[Asked]


class Teach(_Shape):
    """An answer for good. ids: of the questions that it answers. by: who wrote it."""

    ids: list[Number] = Field(default_factory=list, max_length=500)
    question: str = Field(min_length=1, max_length=MAX_QUESTION)
    answer: str = Field(min_length=1, max_length=MAX_ANSWER)
    language: Literal["en", "zh"] = "en"
    by: str = Field(min_length=1, max_length=MAX_NAME)


class Dismiss(_Shape):
    """Questions that need no answer. by: who says so. undo: they need one after all."""

    ids: list[Number] = Field(max_length=500)
    by: str = Field(min_length=1, max_length=MAX_NAME)
    undo: bool = False


class LessonShown(BaseModel):
    """What the agent was taught. answer: what its page says now, null if somebody deleted it. answered: of its wordings,
    those that the agent answers with it now."""

    id: int
    page_id: str
    question: str
    language: str
    wordings: list[str]
    answer: str | None
    answered: int
    made_by: str
    made_at: datetime


class LessonList(BaseModel):
    """The newest first."""

    items: list[LessonShown]


class Made(BaseModel):
    """A lesson and its page."""

    id: int
    page_id: str


@router.get("/questions", response_model=AskedList)
def questions(shop: ShopOf) -> AskedList:
    """Questions that nothing on record answered."""
    found = shop.teaching.suggestions()
    return AskedList(
        items=[
            Asked(
                ids=list(s.ids), wording=s.wording, language=s.language, asked=s.asked,
                wordings=list(dict.fromkeys(q.text for q in s.questions)), said=[text for _, text in s.said],
            )
            for s in found
        ]
    )  # fmt: skip


@router.post("/questions/dismiss", status_code=204)
def dismiss(shop: ShopOf, wanted: Dismiss) -> Response:
    """Put questions aside that need no answer, or bring them back."""
    if wanted.undo:
        shop.teaching.bring_back(wanted.ids)
    else:
        shop.teaching.dismiss(wanted.ids, by=wanted.by)
    return Response(status_code=204)


@router.get("/lessons", response_model=LessonList)
def lessons(shop: ShopOf) -> LessonList:
    """What the agent was taught."""
    return LessonList(
        items=[
            LessonShown(
                id=t.lesson.id, page_id=t.lesson.page_id, question=t.lesson.question, language=t.lesson.language,
                wordings=list(t.lesson.wordings), answer=t.answer, answered=t.answered,
                made_by=t.lesson.made_by, made_at=t.lesson.made_at,
            )
            for t in shop.teaching.lessons()
        ]
    )  # fmt: skip


@router.post("/lessons", response_model=Made, status_code=201)
def teach(shop: ShopOf, wanted: Teach) -> Made:
    """Answer questions for good: the answer becomes a page, which the agent quotes at once."""
    made = shop.teaching.teach(
        wanted.ids, question=wanted.question, answer=wanted.answer, by=wanted.by, language=wanted.language
    )  # fmt: skip
    return Made(id=made.id, page_id=made.page_id)


@router.delete("/lessons/{lesson_id}", status_code=204)
def undo(shop: ShopOf, lesson_id: LessonId) -> Response:
    """Take a lesson back: its page goes, its questions are open again."""
    shop.teaching.undo(lesson_id)
    return Response(status_code=204)
