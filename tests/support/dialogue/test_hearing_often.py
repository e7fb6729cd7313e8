"""Questions that every shop hears, in a conversation with somebody of whom nothing is known, and with a customer."""

import pytest

from shopkeeper.shop import pages
from shopkeeper.shop.database import Database
from shopkeeper.shop.records import Page, PageId, PageKind
from shopkeeper.support import Answers
from shopkeeper.support.dialogue import Agent, Answered, Evidence
from shopkeeper.support.service import Conversation
from tests.support.conftest import Desk
from tests.support.dialogue.conftest import Talk, find

REFUNDS = "We refund within 5 working days after the parcel is back with us."


@pytest.fixture
def knowing(desk: Desk, database: Database) -> Agent:
    """An agent of a shop with one page of questions."""
    with database.connection() as conn:
        page = Page(PageId("r"), PageKind.FAQ, "refunds", "When do I get my money back?", REFUNDS)
        pages.upsert(conn, [page])
    answers = Answers(desk.support, find)

    def answer(
        talk: Conversation, question: str, language: str, before: str = ""
    ) -> Answered | None:
        found = answers.answer(question, language=language, before=before)
        evidence = (Evidence("page", "r"),)
        return (
            Answered(found.text, evidence, found.quotes, found.common, found.own)
            if found.known
            else None
        )

    return Agent(desk.support, find, answers=answer)


def test_what_is_so_for_everyone_is_said_before_it_is_asked_who_writes(
    knowing: Agent, desk: Desk
) -> None:
    said = Talk(knowing, knowing.open(), desk).say("where is my refund?").text
    assert REFUNDS in said
    assert "who you are" in said


def test_who_asks_of_nothing_of_their_own_is_not_asked_who_they_are(
    knowing: Agent, desk: Desk
) -> None:
    said = Talk(knowing, knowing.open(), desk).say("how many days does a refund take").text
    assert REFUNDS in said
    assert "who you are" not in said


def test_a_customer_is_told_of_their_own_refunds(knowing: Agent, desk: Desk) -> None:
    talk = knowing.open()
    talk.sign_in(desk.support.sign("ada"))
    said = knowing.reply(talk, "where is my refund?").text
    assert "no refund" in said
    assert REFUNDS in said


def test_a_no_to_saying_who_one_is_ends_the_matter(knowing: Agent, desk: Desk) -> None:
    talk = Talk(knowing, knowing.open(), desk)
    talk.say("where is my refund?")
    assert "who you are" not in talk.say("no thanks").text
    assert "who you are" not in talk.say("thanks").text
