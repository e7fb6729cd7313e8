"""People who only look: what needs nobody's records is answered without asking who they are, and products are shown."""

import pytest

from shopkeeper.support import Conversation
from shopkeeper.support.dialogue import Agent, Answered, Evidence
from shopkeeper.support.dialogue.asking import is_general
from tests.support.conftest import Desk
from tests.support.dialogue.conftest import Talk, find

PRICE = Answered("Mug: price 9.00 USD.", (Evidence("product", "mug"),))


def knows(
    conversation: Conversation, question: str, language: str, before: str = ""
) -> Answered | None:
    return PRICE if "cost" in question else None


@pytest.fixture
def visitor(desk: Desk) -> Talk:
    agent = Agent(desk.support, find, knows)
    return Talk(agent, agent.open(), desk)


def test_a_price_is_told_to_who_has_not_said_who_they_are(visitor: Talk) -> None:
    assert visitor.say("What does the mug cost?").text == PRICE.text


def test_what_one_has_ordered_takes_proof(visitor: Talk) -> None:
    assert "who you are" in visitor.say("What did my mug cost?").text


def test_what_is_looked_for_is_shown_with_its_price(visitor: Talk) -> None:
    reply = visitor.say("I am looking for a lamp under 50 dollars, please")
    assert "Desk lamp: 45.00 USD" in reply.text and "mug" not in reply.text.casefold()
    assert reply.evidence == (Evidence("product", "lamp"),)
    assert visitor.say("有没有 lamp").evidence == (Evidence("product", "lamp"),)


def test_a_question_that_nothing_answers_is_no_address(visitor: Talk) -> None:
    reply = visitor.say("Do you ship to Canada?")
    assert "who you are" not in reply.text and "person" in reply.text


@pytest.mark.parametrize("text", ["Where is my order?", "What about the lamp I bought?", "我的订单在哪里？", "a lamp"])  # fmt: skip
def test_what_is_not_a_question_about_the_shop(text: str) -> None:
    assert not is_general(text, [], None)


@pytest.mark.parametrize("text", ["我的订单在哪里？", "我的订单 W1002 在哪里？"])
def test_in_chinese_too_it_is_told_where_an_order_is(ada: Talk, text: str) -> None:
    assert "1Z#W1002" in ada.say(text).text


@pytest.mark.parametrize(
    "text", ["Hi, what does the mug cost?", "Can I return a mug that cost $5?"]
)
def test_the_question_behind_a_greeting_and_a_rule_are_answered_to_anyone(
    visitor: Talk, text: str
) -> None:
    assert PRICE.text in visitor.say(text).text


def test_a_question_behind_a_greeting_that_nothing_answers_is_left_to_a_person(
    visitor: Talk,
) -> None:
    assert "person" in visitor.say("Hello! Do you plant trees?").text


def test_what_is_asked_often_and_not_on_record_is_left_to_a_person_without_asking_who_writes(
    visitor: Talk,
) -> None:
    reply = visitor.say("I need an invoice for my order")
    assert "person" in reply.text and "who you are" not in reply.text


def test_who_asks_back_at_a_question_is_asked_again(ada: Talk) -> None:
    assert "by mistake" in ada.say("cancel order W1001").text
    assert "by mistake" in ada.say("is that ok?").text
