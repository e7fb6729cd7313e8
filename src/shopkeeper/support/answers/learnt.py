"""Answers that people approved, for questions that are asked as customers asked for them before.

A question is answered by a lesson only if everything it names was named in the lesson's own wordings, and most of what one
of them names is in it: "gift-wrapped by Friday" is not answered by what was said to "do you wrap gifts".
"""

from collections.abc import Collection
from functools import lru_cache

from shopkeeper.errors import NotFound
from shopkeeper.shop import pages
from shopkeeper.shop.bulk import Connection
from shopkeeper.support import lessons
from shopkeeper.support.answers.alike import SAME, Essence, essence, likeness
from shopkeeper.support.answers.records import Answer, AnswerKind, Citation, Source, SourceKind
from shopkeeper.support.answers.saying import say
from shopkeeper.support.answers.statements import statements
from shopkeeper.support.lessons import Lesson

MAX_QUOTED = 420  # characters of the page

_essence = lru_cache(5000)(essence)


def learnt(
    conn: Connection, question: str, language: str, *, hosts: Collection[str] = ()
) -> Answer | None:
    """The answer that a person approved for such a question, word for word; None if there is none."""
    asked = essence(question)
    if not asked.parts:
        return None
    fitting = [(score, lesson) for lesson in lessons.taught(conn) if (score := _fit(asked, lesson))]
    for score, lesson in sorted(fitting, key=lambda f: (f[1].language != language, -f[0])):
        found = _answer(conn, lesson, language, score, hosts)
        if found is not None:
            return found
    return None


def _fit(asked: Essence, lesson: Lesson) -> float:
    """How well a lesson fits, 0 if it does not."""
    known = [_essence(w) for w in (lesson.question, *lesson.wordings)]
    named = frozenset(part for each in known for part in each.parts)
    if not asked.parts.keys() <= named:
        return 0.0
    best = max(likeness(asked, each) for each in known)
    return best if best >= SAME else 0.0


def _answer(
    conn: Connection, lesson: Lesson, language: str, score: float, hosts: Collection[str]
) -> Answer | None:
    try:
        page = pages.get(conn, lesson.page_id)
    except NotFound:  # somebody deleted it
        return None
    said = statements(page, hosts=hosts)
    while len(said) > 1 and sum(len(s.text) for s in said) > MAX_QUOTED:
        said.pop()
    if not said:
        return None
    source = Source(SourceKind.PAGE, page.id, said[0].title, f"/pages/{page.slug}")
    frame = "quoted" if page.language == language else "foreign"
    quote = ("" if page.language == "zh" else " ").join(s.text for s in said)
    return Answer(
        say(frame, language, title=source.title, quote=quote), AnswerKind.QUOTED, language,
        tuple(Citation(s.text, source) for s in said), round(score, 3),
    )  # fmt: skip
