"""Lines put into words: lists, statuses, and what is said to somebody whose name is not to be told."""

from shopkeeper.support.dialogue.saying import Line
from shopkeeper.support.dialogue.writing import candidates
from tests.support.dialogue.conftest import Talk


def test_what_follows_a_list_begins_a_line() -> None:
    lines = [Line("orders", {"orders": "- 1: a lamp"}), Line("anything_else")]
    for language in ("en", "zh"):
        for text in candidates(lines, language, seed="one"):
            assert "- 1: a lamp\n" in text, text


def test_an_address_alone_is_thanked_for_without_a_name(stranger: Talk) -> None:
    stranger.say("Where is my order?")
    thanked = stranger.say("ada@example.com").text
    assert "Thank you, I have found your account." in thanked and "Ada" not in thanked


def test_statuses_in_lists_are_in_the_customers_language(ada: Talk) -> None:
    assert "- #W1002 (已送达)" in ada.say("我有哪些订单？").text


def test_a_mail_address_does_not_change_the_language(stranger: Talk) -> None:
    stranger.say("我的订单到哪里了？")
    assert stranger.say("ada@example.com").language == "zh"
