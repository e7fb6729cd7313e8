"""Conversations that people take, answer and give back."""

from datetime import timedelta

import pytest

from shopkeeper.errors import Conflict, FeedError
from shopkeeper.shop.erasing import erase_customer
from shopkeeper.support import Conversation
from shopkeeper.support.dialogue import Agent, store
from shopkeeper.support.inbox import AlreadyTaken, Inbox, Reason, View
from tests.support.conftest import Desk
from tests.support.dialogue.conftest import Talk, find


def said(talk: Talk) -> list[tuple[str, str]]:
    with talk.desk.database.connection() as conn:
        return [(m.who, m.author) for m in store.messages(conn, talk.conversation.id)]


def test_what_is_handed_over_waits_with_its_reason_and_a_summary(
    inbox: Inbox, waiting: Talk
) -> None:
    (row,) = inbox.listing()
    assert (row.name, row.reason, row.taken_by) == ("Ada Lovelace", Reason.REQUEST, "")
    whole = inbox.look(row.conversation_id)
    assert whole.case is not None and "asks track" in whole.case.summary
    assert "handed_over" in [e.event for e in whole.of_turn(2)]


def test_the_first_to_take_it_has_it_and_the_other_sees_who(inbox: Inbox, waiting: Talk) -> None:
    inbox.take(waiting.conversation.id, "Mia")
    for attempt in (inbox.take, inbox.give_back, inbox.close):
        with pytest.raises(AlreadyTaken, match="Mia has this conversation"):
            attempt(waiting.conversation.id, "Noah")
    with pytest.raises(AlreadyTaken):
        inbox.say(waiting.conversation.id, "Noah", "Hello")
    assert inbox.take(waiting.conversation.id, "Mia").taken_by == "Mia"
    assert inbox.sizes() == {View.WAITING: 0, View.TAKEN: 1}


def test_the_agent_is_silent_until_the_conversation_is_given_back(
    inbox: Inbox, waiting: Talk
) -> None:
    inbox.say(waiting.conversation.id, "Mia", "Hello, this is Mia.")
    assert waiting.say("Where is order W1002?").text == ""
    inbox.give_back(waiting.conversation.id, "Mia")
    assert "1Z#W1002" in waiting.say("Where is order W1002?").text
    told = [who for who, _ in said(waiting)]
    assert told == ["customer", "agent"] * 2 + ["staff", "customer", "agent", "customer", "agent"]
    assert said(waiting)[4] == ("staff", "Mia")
    assert [r.conversation_id for r in inbox.listing(View.ENDED)] == [waiting.conversation.id]


def test_a_conversation_can_be_taken_while_the_agent_has_it(inbox: Inbox, ada: Talk) -> None:
    ada.say("Where is order W1002?")
    assert len(inbox.listing(View.AGENT)) == 1
    assert inbox.take(ada.conversation.id, "Mia").reason is Reason.TAKEN
    assert ada.say("And W1001?").text == ""
    assert inbox.listing(View.AGENT) == []


def test_an_answer_that_was_under_way_when_a_person_took_over_is_not_said(
    inbox: Inbox, ada: Talk
) -> None:
    ada.say("hello")

    def slow(talk: Conversation, question: str, language: str, before: str = "") -> None:
        inbox.take(ada.conversation.id, "Mia")

    agent = Agent(ada.desk.support, find, answers=slow)
    assert agent.reply(ada.conversation, "Do you gift-wrap parcels?").text == ""
    assert [who for who, _ in said(ada)] == ["customer", "agent", "customer"]


def test_who_was_refused_in_anger_stands_before_who_waits_a_little_longer(
    inbox: Inbox, waiting: Talk, desk: Desk
) -> None:
    desk.now += timedelta(minutes=20)
    agent = Agent(desk.support, find)
    angry = agent.open()
    for text in ("This is ridiculous!", "You scammers, I want my money back!"):
        agent.reply(angry, text)
    rows = inbox.listing()
    assert [(r.name, r.urgent) for r in rows] == [("", True), ("Ada Lovelace", False)]
    desk.now += timedelta(minutes=20)
    latest = agent.open()
    for text in ("This is ridiculous!", "You scammers, I want my money back!"):
        agent.reply(latest, text)
    assert [r.name for r in inbox.listing()] == ["", "Ada Lovelace", ""]


def test_of_taken_ones_who_waits_for_an_answer_is_known(inbox: Inbox, waiting: Talk) -> None:
    inbox.say(waiting.conversation.id, "Mia", "Hello, this is Mia.")
    assert inbox.listing(View.TAKEN, by="Mia")[0].waits_since is None
    waiting.say("Are you there?")
    assert inbox.listing(View.TAKEN)[0].waits_since is not None
    assert inbox.listing(View.TAKEN, by="Noah") == []


def test_a_draft_is_what_the_agent_would_say_and_leaves_no_trace(
    inbox: Inbox, waiting: Talk
) -> None:
    inbox.take(waiting.conversation.id, "Mia")
    waiting.say("Please cancel order W1004, I no longer need it.")
    before = inbox.version(), inbox.look(waiting.conversation.id)
    draft = inbox.draft(waiting.conversation.id)
    assert "W1004" in draft.text and "Cancel order #W1004" in draft.would
    assert ("order", "#W1004") in {(e.kind, e.id) for e in draft.evidence}
    assert (inbox.version(), inbox.look(waiting.conversation.id)) == before
    assert waiting.desk.order("#W1004").status == "pending"


def test_a_draft_of_nothing_that_is_on_record_is_empty(inbox: Inbox, ada: Talk) -> None:
    ada.say("I want to talk to a real person")
    draft = inbox.draft(ada.conversation.id)
    assert draft.text == "" and draft.question == "I want to talk to a real person"


def test_notes_are_kept_apart_from_what_is_said(inbox: Inbox, waiting: Talk) -> None:
    inbox.note(waiting.conversation.id, "Mia", "Has waited for a refund since May.")
    whole = inbox.look(waiting.conversation.id)
    assert [(n.author, n.text) for n in whole.notes] == [
        ("Mia", "Has waited for a refund since May.")
    ]
    assert all("refund since" not in m.text for m in whole.messages)


def test_what_makes_no_sense_is_refused_with_what_to_do(inbox: Inbox, ada: Talk) -> None:
    ada.say("hello")
    with pytest.raises(FeedError, match="nobody is named"):
        inbox.take(ada.conversation.id, "  ")
    with pytest.raises(FeedError, match="1 to 4000 characters, this one has 0"):
        inbox.say(ada.conversation.id, "Mia", " ")
    with pytest.raises(Conflict, match="the agent has this conversation"):
        inbox.give_back(ada.conversation.id, "Mia")


def test_of_a_customer_who_is_erased_nothing_is_left(
    inbox: Inbox, waiting: Talk, desk: Desk
) -> None:
    waiting.say("Do you gift-wrap parcels?")
    inbox.say(waiting.conversation.id, "Mia", "Hello Ada.")
    inbox.note(waiting.conversation.id, "Mia", "Ada is a regular.")
    with desk.database.connection() as conn:
        erase_customer(conn, "ada")
        for table in ("conversations", "messages", "cases", "notes", "questions", "decisions"):
            left = conn.execute(f"select count(*) from support_{table}".encode()).fetchone()
            assert left == (0,), table
