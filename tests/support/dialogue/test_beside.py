"""What is said beside an answer: what comes next, out of the records and as the rules allow it now."""

from tests.support.dialogue.conftest import Talk


def test_of_an_order_that_was_told_of_it_is_said_what_can_be_done_now(ada: Talk) -> None:
    assert "cancel" in ada.say("Where is order #W1001?").text
    assert "return" in ada.say("And where is order #W1002?").text


def test_nothing_is_added_to_a_question_or_to_what_is_to_be_agreed_to(ada: Talk) -> None:
    asked = ada.say("cancel order #W1001")
    assert "can still" not in asked.text


def test_after_items_changed_it_is_said_what_the_order_comes_to(ada: Talk) -> None:
    ada.say("change the lamp of order #W1001 to low brightness with USB")
    assert ada.say("by credit card").proposal_id
    assert "comes to" in ada.say("yes").text
