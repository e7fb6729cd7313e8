"""What the agent could not answer, and what people teach it: suggestions, lessons, and taking them back.

    for suggestion in shop.teaching.suggestions():
        lesson = shop.teaching.teach(
            suggestion.ids, question=suggestion.wording, answer="Yes, for $3 a parcel.", by="Mia"
        )

A lesson is a page of questions and answers; the agent quotes it as it quotes any other.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from shopkeeper.errors import FeedError
from shopkeeper.shop import pages
from shopkeeper.shop.bulk import Connection
from shopkeeper.shop.records import Page, PageId, PageKind
from shopkeeper.support import lessons, questions
from shopkeeper.support.answers import Answers
from shopkeeper.support.answers.alike import groups
from shopkeeper.support.lessons import Lesson
from shopkeeper.support.questions import Question
from shopkeeper.support.service import Support

LOOKED_AT = 500  # questions, the newest
MAX_QUESTION, MAX_ANSWER = 200, 2000  # characters
WORDINGS = 20  # of a lesson that are kept
SLUG = 60  # characters


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Questions that ask for the same. wording: the one that stands for them. asked: by how many customers. said: what
    people answered in those conversations, as (name, text)."""

    questions: tuple[Question, ...]
    wording: str
    asked: int
    said: tuple[tuple[str, str], ...]

    @property
    def ids(self) -> tuple[int, ...]:
        """Of the questions."""
        return tuple(q.id for q in self.questions)

    @property
    def language(self) -> str:
        """The language in which most of them are."""
        spoken = [q.language for q in self.questions]
        return max(spoken, key=spoken.count)


@dataclass(frozen=True, slots=True)
class Taught:
    """A lesson with its page. answer: what the page says now, None if somebody deleted it. answered: of its wordings,
    those that the agent answers with it now."""

    lesson: Lesson
    answer: str | None
    slug: str
    answered: int


class Teaching:
    """Questions without answers, and the answers that people write."""

    def __init__(self, support: Support, answers: Answers) -> None:
        self._support = support
        self._answers = answers

    def suggestions(self, *, limit: int = 50) -> list[Suggestion]:
        """Questions that nobody has answered yet, those that ask for the same together; the commonest first."""
        with self._support.database.connection() as conn:
            open_ = questions.unanswered(conn, limit=LOOKED_AT)
            found = groups([q.text for q in open_], self._answers.embedder)
            said = _said_after(conn, open_)
        made = [_suggestion([open_[i] for i in group], said) for group in found]
        return sorted(made, key=lambda s: -s.asked)[:limit]

    def teach(
        self, ids: Collection[int], *, question: str, answer: str, by: str, language: str = "en"
    ) -> Lesson:
        """Answer questions for good: the answer becomes a page, which the agent quotes at once. Raises FeedError.

        ids: of the questions that it answers; none for one that nobody has asked yet.
        """
        title, body = " ".join(question.split()), answer.replace("\0", "").strip()
        _check(title, body)
        now = self._support.clock()
        with self._support.database.connection() as conn:
            wordings = questions.texts(conn, ids)[:WORDINGS]
            lesson = lessons.add(
                conn, title, language=language, wordings=wordings, by=by, now=now
            )  # fmt: skip
            questions.answer(conn, ids, lesson.id)
            slug = f"{_slug(title)}-{lesson.id}".strip("-")
            page = Page(PageId(lesson.page_id), PageKind.FAQ, slug, title, body, language, now)
            pages.upsert(conn, [page])
        self._answers.look_anew()
        return lesson

    def undo(self, lesson_id: int) -> None:
        """Take a lesson back: its page goes, its questions are open again. Raises NotFound."""
        with self._support.database.connection() as conn:
            lesson = lessons.get(conn, lesson_id)
            pages.delete(conn, [lesson.page_id])
            lessons.undo(conn, lesson_id, self._support.clock())
        self._answers.look_anew()

    def dismiss(self, ids: Collection[int], *, by: str) -> None:
        """These need no answer."""
        with self._support.database.connection() as conn:
            questions.dismiss(conn, ids, by=by, now=self._support.clock())

    def bring_back(self, ids: Collection[int]) -> None:
        """These need an answer after all."""
        with self._support.database.connection() as conn:
            questions.bring_back(conn, ids)

    def lessons(self, *, limit: int = 50) -> list[Taught]:
        """The lessons that hold, the newest first, each tried on the wordings it was taught for."""
        with self._support.database.connection() as conn:
            held = [one for one in lessons.listing(conn) if one.undone_at is None][:limit]
            found = pages.get_many(conn, [one.page_id for one in held])
        return [self._tried(one, found.get(PageId(one.page_id))) for one in held]

    def _tried(self, lesson: Lesson, page: Page | None) -> Taught:
        if page is None:
            return Taught(lesson, None, "", 0)
        told = (self._answers.answer(w, language=lesson.language) for w in lesson.wordings)
        answered = sum(f"page:{page.id}" in a.evidence for a in told)
        return Taught(lesson, page.body, page.slug, answered)


def _suggestion(asked: Sequence[Question], said: dict[int, tuple[str, str]]) -> Suggestion:
    middle = sorted(asked, key=lambda q: len(q.text))[len(asked) // 2]
    answers = dict.fromkeys(said[q.id] for q in asked if q.id in said)
    return Suggestion(
        tuple(asked), middle.text, len({q.conversation_id for q in asked}), tuple(answers)
    )  # fmt: skip


def _said_after(conn: Connection, asked: Sequence[Question]) -> dict[int, tuple[str, str]]:
    """Question -> what somebody of the shop said next in its conversation, where it can have been said to nothing else."""
    rows = conn.execute(
        "select distinct on (q.id) q.id, m.author, m.text from support_questions q join support_messages m "
        "on m.conversation_id = q.conversation_id and m.who = 'staff' and m.turn >= q.turn "
        "where q.id = any(%s) and not exists (select from support_questions o where o.id <> q.id "
        "and o.conversation_id = q.conversation_id and o.turn <= m.turn) order by q.id, m.id",
        [[q.id for q in asked]],
    )
    return {id_: (author, text) for id_, author, text in rows}


def _check(title: str, body: str) -> None:
    if not title or len(title) > MAX_QUESTION or not title.isprintable():
        raise FeedError(
            f"a question has 1 to {MAX_QUESTION} characters, this one has {len(title)}",
            hint="write it as customers would ask it",
        )
    if not body or len(body) > MAX_ANSWER:
        raise FeedError(
            f"an answer has 1 to {MAX_ANSWER} characters, this one has {len(body)}",
            hint="write it as the page is to say it",
        )


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.casefold())[:SLUG].strip("-")
