"""What became of conversations: what customers confirm is counted, silence is told apart, and so is what people had."""

from datetime import timedelta

import pytest

from shopkeeper.support import Conversation, cases
from shopkeeper.support.cases import Reason
from shopkeeper.support.dialogue import Agent
from shopkeeper.support.outcomes import Outcome
from tests.support.conftest import Desk


@pytest.fixture
def agent(desk: Desk) -> Agent:
    return Agent(desk.support, lambda words: [])


def spoken(desk: Desk, agent: Agent, *said: str) -> Conversation:
    talk = agent.open()
    talk.sign_in(desk.support.sign("ada"))
    for text in said:
        agent.reply(talk, text)
    return talk


def test_silence_is_assumed_only_after_a_day_and_never_confirmed(desk: Desk, agent: Agent) -> None:
    spoken(desk, agent, "Where is order W1002?")
    assert desk.support.outcomes().by_agent == {Outcome.OPEN: 1}
    desk.now += timedelta(days=2)
    found = desk.support.outcomes()
    assert (found.confirmed, found.assumed, found.handed_over) == (0, 1, 0)


def test_who_leaves_while_something_waits_for_them_gave_up(desk: Desk, agent: Agent) -> None:
    spoken(desk, agent, "Cancel order W1004, no longer needed.")
    spoken(desk, agent, "Do you sell time machines?")
    desk.now += timedelta(days=2)
    assert desk.support.outcomes().by_agent == {Outcome.GAVE_UP: 2}


def test_who_writes_again_soon_was_not_helped(desk: Desk, agent: Agent) -> None:
    spoken(desk, agent, "Where is order W1002?")
    desk.now += timedelta(days=1, hours=1)
    spoken(desk, agent, "Where is order W1002?")
    desk.now += timedelta(days=4)
    assert desk.support.outcomes().by_agent == {Outcome.CAME_BACK: 1, Outcome.ASSUMED: 1}


def test_what_customers_say_counts_before_anything_else(desk: Desk, agent: Agent) -> None:
    spoken(desk, agent, "Where is order W1002?").rate(solved=False, rating=2)
    spoken(desk, agent, "hello").rate(solved=True, rating=5)
    found = desk.support.outcomes()
    assert found.by_agent == {Outcome.NOT_SOLVED: 1, Outcome.CONFIRMED: 1}
    assert found.rating == 3.5


def test_what_a_person_had_is_counted_apart(desk: Desk, agent: Agent) -> None:
    talk = spoken(desk, agent, "I want to talk to a person")
    spoken(desk, agent, "I want to talk to a person").rate(solved=True)
    desk.now += timedelta(days=2)
    assert desk.support.outcomes().by_person == {Outcome.OPEN: 1, Outcome.CONFIRMED: 1}
    with desk.database.connection() as conn:
        case = cases.current(conn, talk.id)
        assert case is not None and case.reason is Reason.REQUEST
        cases.end(conn, case, cases.Outcome.SOLVED, "Eve", desk.now)
    found = desk.support.outcomes()
    assert found.by_agent == {} and found.by_person[Outcome.ASSUMED] == 1


def test_a_conversation_in_which_nobody_spoke_is_none(desk: Desk, agent: Agent) -> None:
    agent.open()
    assert desk.support.outcomes().conversations == 0
