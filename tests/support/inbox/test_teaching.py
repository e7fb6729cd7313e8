"""Questions that nothing answered, grouped, answered by people, quoted by the agent, and taken back."""

import pytest

from shopkeeper.errors import FeedError
from shopkeeper.shop import pages
from shopkeeper.support import Answers
from shopkeeper.support.answers.alike import groups
from shopkeeper.support.dialogue import Agent, Answered
from shopkeeper.support.dialogue.records import Evidence
from shopkeeper.support.inbox import Inbox, Teaching
from tests.support.conftest import Desk
from tests.support.dialogue.conftest import find

ASKED = ("Do you gift-wrap parcels?", "Can you gift wrap my parcel?", "能不能帮我包装成礼物？")


@pytest.fixture
def answers(desk: Desk) -> Answers:
    return Answers(desk.support, find)


@pytest.fixture
def teaching(desk: Desk, answers: Answers) -> Teaching:
    return Teaching(desk.support, answers)


@pytest.fixture
def agent(desk: Desk, answers: Answers) -> Agent:
    def know(talk: object, question: str, language: str, before: str = "") -> Answered | None:
        found = answers.answer(question, language=language)
        evidence = tuple(Evidence(*e.split(":", 1)) for e in found.evidence)
        return Answered(found.text, evidence) if found.known else None

    return Agent(desk.support, find, know)


def ask(agent: Agent, *texts: str) -> str:
    """Ask each in a conversation of its own; the id of the last."""
    for text in texts:
        talk = agent.open()
        agent.reply(talk, text)
    return talk.id


def test_questions_that_ask_for_the_same_are_one_suggestion_in_either_language(
    agent: Agent, teaching: Teaching
) -> None:
    ask(agent, "Can I pay with bitcoin?", *ASKED)
    first, second = teaching.suggestions()
    assert (first.asked, second.asked) == (3, 1)
    assert {q.text for q in first.questions} == set(ASKED) and second.wording.endswith("bitcoin?")


def test_another_kind_of_answer_is_another_question() -> None:
    asked = ["How much is gift wrapping?", "Do you gift-wrap?", "How long does gift wrapping take?"]
    assert groups(asked, None) == [[0], [1], [2]]


def test_an_approved_answer_is_quoted_until_it_is_taken_back(
    agent: Agent, teaching: Teaching, answers: Answers, desk: Desk
) -> None:
    ask(agent, *ASKED)
    (suggestion,) = teaching.suggestions()
    lesson = teaching.teach(
        suggestion.ids, question="Do you wrap gifts?", answer="Yes, for 3 dollars.", by="Mia"
    )
    assert teaching.suggestions() == []
    said = answers.answer("Is it possible to have a parcel gift-wrapped?")
    assert "Yes, for 3 dollars." in said.text and said.evidence == (f"page:{lesson.page_id}",)
    (taught,) = teaching.lessons()
    assert taught.answered == 3 and taught.answer == "Yes, for 3 dollars."
    teaching.undo(lesson.id)
    assert not answers.answer("Do you gift-wrap parcels?").known
    assert teaching.suggestions() == [suggestion] and teaching.lessons() == []
    with desk.database.connection() as conn:
        assert pages.count(conn) == 0


def test_a_question_that_names_more_than_was_answered_is_left_to_a_person(
    agent: Agent, teaching: Teaching, answers: Answers
) -> None:
    ask(agent, *ASKED)
    teaching.teach(
        teaching.suggestions()[0].ids, question="Gift wrapping?", answer="Yes.", by="Mia"
    )
    assert not answers.answer("Do you gift-wrap parcels by drone?").known
    assert not answers.answer("How much does gift wrapping cost?").known


def test_what_somebody_answered_in_the_conversation_is_suggested_as_the_answer(
    desk: Desk, agent: Agent, teaching: Teaching
) -> None:
    talk = ask(agent, "Do you gift-wrap parcels?")
    Inbox(desk.support, lambda: agent).say(talk, "Mia", "We do, for 3 dollars.")
    assert teaching.suggestions()[0].said == (("Mia", "We do, for 3 dollars."),)


def test_what_needs_no_answer_goes_and_can_come_back(agent: Agent, teaching: Teaching) -> None:
    ask(agent, "Can I pay with bitcoin?")
    (suggestion,) = teaching.suggestions()
    teaching.dismiss(suggestion.ids, by="Mia")
    assert teaching.suggestions() == []
    teaching.bring_back(suggestion.ids)
    assert teaching.suggestions() == [suggestion]


def test_personal_data_is_not_kept_with_a_question(agent: Agent, teaching: Teaching) -> None:
    ask(agent, "My phone is +1 415 555 0132. Can I pay with bitcoin?")
    assert "0132" not in teaching.suggestions()[0].wording


@pytest.mark.parametrize(("question", "answer"), [("", "Yes."), ("Really?", " "), ("a" * 201, "x")])
def test_an_answer_without_words_is_not_taught(
    teaching: Teaching, question: str, answer: str
) -> None:
    with pytest.raises(FeedError, match="characters"):
        teaching.teach((), question=question, answer=answer, by="Mia")
