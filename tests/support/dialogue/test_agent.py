"""Conversations from the first word to the write, and every way in which they end otherwise."""

import pytest

from shopkeeper.support import cases, default_policy
from shopkeeper.support.dialogue import Agent, Do, Flow
from tests.support.conftest import Desk
from tests.support.dialogue.conftest import Talk, find


def test_it_says_that_it_is_no_person_before_the_first_word(desk: Desk) -> None:
    agent = Agent(desk.support, find)
    assert "not a person" in agent.introduction()
    assert "人工智能" in agent.introduction("zh")


def test_an_item_is_exchanged_after_a_yes_in_a_later_turn(ada: Talk) -> None:
    ada.say(
        "I'd like to exchange the lamp of order W1002 for a less bright one, preferably with USB."
    )
    proposed = ada.say("PayPal, please")
    assert "low, USB" in proposed.text
    assert ada.desk.order("#W1002").status == "delivered"
    done = ada.say("Yes, go ahead")
    assert ada.desk.order("#W1002").status == "exchange requested"
    assert ("proposal", proposed.proposal_id) in {(e.kind, e.id) for e in done.evidence}


def test_several_wishes_of_one_message_are_worked_off_one_after_another(ada: Talk) -> None:
    first = ada.say(
        "Please cancel order W1004, it was ordered by mistake. And change the address of order W1001 to 9 Oak Ave, Portland, OR, 97201."
    )
    assert "#W1004" in first.text
    second = ada.say("yes")
    assert "#W1001" in second.text and second.proposal_id
    ada.say("yes")
    assert ada.desk.order("#W1004").status == "cancelled"
    moved = ada.desk.order("#W1001").shipping_address
    assert moved is not None and moved.line1 == "9 Oak Ave"


def test_a_stranger_is_asked_who_they_are_and_then_answered(stranger: Talk) -> None:
    asked = stranger.say("Where is my order W1002?")
    assert "who you are" in asked.text
    answer = stranger.say("It's ada@example.com and the order is W1002")
    assert "1Z#W1002" in answer.text


def test_a_matched_customer_enters_a_code_before_anything_is_written(stranger: Talk) -> None:
    stranger.say("Cancel order W1004 please, I no longer need it.")
    asked = stranger.say("My name is Ada Lovelace and my zip code is 97477.")
    assert stranger.desk.mail.sent and "code" in asked.text
    assert "six-digit" in stranger.say("02917").text  # no code, so no attempt
    proposed = stranger.say(stranger.desk.mail.code)
    assert proposed.proposal_id
    stranger.say("Yes, please")
    assert stranger.desk.order("#W1004").status == "cancelled"


def test_a_change_of_mind_at_the_proposal_makes_a_new_one(ada: Talk) -> None:
    ada.say("Return the lamp and two mugs of order W1002 please, to the original payment method.")
    changed = ada.say("Actually, only the lamp.")
    assert "Mug" not in changed.text and changed.proposal_id
    ada.say("yes")
    assert ada.events().count("done") == 1


def test_what_is_left_out_is_asked_where_it_is_not_known(ada: Talk) -> None:
    asked = ada.say("Return everything in order W1002 except the gizmo.")
    assert not asked.proposal_id and "Desk lamp" in asked.text
    ada.say("The lamp")
    proposed = ada.say("PayPal")
    assert proposed.proposal_id and "Mug" not in proposed.text


def test_a_no_leaves_everything_as_it_is(ada: Talk) -> None:
    ada.say("Cancel order W1004, no longer needed.")
    ada.say("No, never mind.")
    assert ada.desk.order("#W1004").status == "pending"
    assert "declined" in ada.events()


def test_what_the_rules_refuse_is_told_with_the_rule(ada: Talk) -> None:
    told = ada.say("I want to return the mug of order W1003.")
    assert "30 days" in told.text
    assert ("rule", "return-window") in {(e.kind, e.id) for e in told.evidence}


def test_one_item_cannot_be_cancelled_but_the_whole_order_after_asking(ada: Talk) -> None:
    asked = ada.say("Cancel the lamp in order W1001, I ordered it by mistake.")
    assert "whole" in asked.text and not asked.proposal_id
    assert ada.say("Yes, the whole order.").proposal_id


def test_a_person_takes_over_on_request_with_a_summary_and_the_agent_is_silent(ada: Talk) -> None:
    ada.say("Cancel order W1004, no longer needed.")
    handed = ada.say("I want to talk to a real person.")
    assert handed.hand_over is not None and handed.hand_over.why == "request"
    assert "#W1004" in handed.hand_over.summary or "W1004" in handed.hand_over.summary
    assert ada.say("Hello?").text == ""


def test_two_messages_that_nobody_understands_end_with_a_person(ada: Talk) -> None:
    assert ada.say("florp glim wozzle").hand_over is None
    handed = ada.say("glim glim").hand_over
    assert handed is not None and handed.why == "failures"


def test_a_message_in_chinese_is_answered_in_chinese(ada: Talk) -> None:
    asked = ada.say("我要取消订单 W1004，不需要了")
    assert asked.language == "zh" and "取消订单 #W1004" in asked.text
    ada.say("好的")
    assert ada.desk.order("#W1004").status == "cancelled"


def test_the_language_may_change_within_a_conversation(ada: Talk) -> None:
    ada.say("Where is my order W1002?")
    assert ada.say("订单 W1001 的状态是什么？").language == "zh"


@pytest.mark.parametrize("text", ["yes", "Yes, please", "好的", "go ahead and do it"])
def test_a_yes_without_a_proposal_does_nothing(ada: Talk, text: str) -> None:
    ada.say(text)
    assert "done" not in ada.events()


def test_the_customers_words_and_the_evidence_are_kept(ada: Talk) -> None:
    from shopkeeper.support.dialogue import store

    ada.say("What is the status of order W1001?")
    with ada.desk.database.connection() as conn:
        kept = store.messages(conn, ada.conversation.id)
    assert [m.who for m in kept] == ["customer", "agent"]
    assert "order:#W1001" in kept[1].evidence


def test_commands_name_flows_and_nothing_that_commits() -> None:
    assert "commit" not in {d.value for d in Do} and "commit" not in {f.value for f in Flow}


def test_an_address_that_was_not_said_is_asked_for(ada: Talk) -> None:
    asked = ada.say("Please change the address of order W1001.")
    assert "address" in asked.text
    proposed = ada.say("9 Oak Ave, Portland, OR, 97201")
    assert proposed.proposal_id and "9 Oak Ave" in proposed.text


def test_two_questions_that_nothing_on_record_answers_end_with_a_person(ada: Talk) -> None:
    first = ada.say("Do you gift-wrap parcels?")
    assert first.hand_over is None and "person" in first.text
    handed = ada.say("Can I pay with bitcoin?").hand_over
    assert handed is not None and handed.why == "support"


def test_who_says_yes_to_a_person_gets_one(ada: Talk) -> None:
    ada.say("Do you gift-wrap parcels?")
    handed = ada.say("Yes, please.").hand_over
    assert handed is not None and handed.why == "support"


def test_anger_over_money_ends_with_a_person(ada: Talk) -> None:
    assert ada.say("This is ridiculous!").hand_over is None
    handed = ada.say("You scammers, I want my money back!").hand_over
    assert handed is not None and handed.why == "anger"


def test_at_night_it_is_said_when_somebody_is_there_and_the_request_is_kept(ada: Talk) -> None:
    ada.desk.support.set_policy(
        default_policy().source
        + '\n[people]\ntime_zone = "Europe/Berlin"\nhours = { tue = ["09:00-17:00"] }\n'
    )
    handed = ada.say("I want to talk to a real person.")
    assert "Tuesday, 2026-05-05, 09:00 (Europe/Berlin)" in handed.text
    with ada.desk.database.connection() as conn:
        case = cases.current(conn, ada.conversation.id)
    assert case is not None and not case.in_hours and case.reason is cases.Reason.REQUEST


@pytest.mark.parametrize(
    "text, asked",
    [
        ("您好，我要改地址", "哪个订单"),
        ("你好，我想改一下订单 W1001 的收货地址。", "哪个地址"),
        ("我要换一个", "哪件商品"),
    ],
)
def test_a_wish_behind_a_greeting_is_heard_in_chinese(ada: Talk, text: str, asked: str) -> None:
    assert asked in ada.say(text).text


@pytest.mark.parametrize("text", ["Where is it?", "Hi! Can you tell me where it is?", "它到哪了？"])
def test_it_asks_which_of_several_orders_is_meant(ada: Talk, text: str) -> None:
    asked = ada.say(text)
    assert "#W1001" in asked.text and "#W1002" in asked.text and "1Z" not in asked.text
    assert "1Z#W1002" in ada.say("W1002").text


def test_what_was_asked_twice_is_said_once(ada: Talk) -> None:
    said = ada.say("What is the status of order W1001? I'd like to know the status of W1001.").text
    assert said.count("is pending") == 1
