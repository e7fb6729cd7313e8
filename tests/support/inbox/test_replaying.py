"""What other rules would have changed of past conversations."""

import pytest

from shopkeeper.errors import FeedError, NotFound
from shopkeeper.support import default_policy, parse
from shopkeeper.support.inbox import Inbox
from shopkeeper.support.inbox.replaying import changed_rules
from tests.support.dialogue.conftest import Talk

OWN = default_policy().source
SHORTER = OWN.replace("within_days = 30", "within_days = 3").replace("within 30 days", "within 3 days")  # fmt: skip


def test_rules_as_they_are_change_nothing(inbox: Inbox, ada: Talk) -> None:
    ada.say("I want to return the mug of order W1003.")
    found = inbox.replay(OWN)
    assert (found.differences, found.rules) == ((), ()) and found.decisions > 0


def test_what_was_refused_and_would_be_allowed_is_told_with_the_rule(
    inbox: Inbox, ada: Talk
) -> None:
    ada.say("I want to return the mug of order W1003.")  # delivered 40 days ago
    found = inbox.replay(OWN.replace("within_days = 30", "within_days = 60"))
    (change,) = [d for d in found.differences if d.action and d.action.kind == "return"]
    assert (change.before.verdict, change.after.verdict) == ("no", "depends")
    assert [c.rule_id for c in change.before.rules] == ["return-window"]
    assert found.rules == ("return-window",)


def test_what_was_done_and_would_be_refused_is_told_though_the_order_has_moved_on(
    inbox: Inbox, ada: Talk
) -> None:
    ada.say("Cancel order W1004, no longer needed.")
    ada.say("Yes, please.")
    assert ada.desk.order("#W1004").status == "cancelled"
    found = inbox.replay(OWN.replace('"no longer needed", ', ""))
    (change,) = found.differences
    assert (change.before.verdict, change.after.verdict) == ("yes", "no")
    assert [c.rule_id for c in change.after.rules] == ["cancel-reason"]


def test_another_fee_changes_what_customers_are_told(inbox: Inbox, ada: Talk) -> None:
    ada.say("I want to return the lamp of order W1002, refund to PayPal")
    found = inbox.replay(OWN.replace("return_fee = {}", 'return_fee = { USD = "6.50" }'))
    (change,) = [d for d in found.differences if d.after.terms]
    assert "60.00 USD" in change.before.terms and "53.50 USD" in change.after.terms


def test_a_question_that_rules_answer_is_put_to_both(inbox: Inbox, ada: Talk) -> None:
    ada.say("Can I return a lamp after 20 days?")
    (change,) = [d for d in inbox.replay(SHORTER).differences if d.question]
    assert (change.before.verdict, change.after.verdict) == ("yes", "no")
    assert "within 3 days" in change.after.rules[0].text


def test_a_replay_writes_nothing_and_names_what_is_wrong(inbox: Inbox, ada: Talk) -> None:
    ada.say("I want to return the mug of order W1003.")
    before = inbox.version()
    inbox.replay(SHORTER)
    with pytest.raises(FeedError, match="which is no question"):
        inbox.replay(OWN.replace('"payment_differs"', '"payment_difers"'))
    assert inbox.version() == before and inbox.support.policy().source == OWN


def test_rules_are_told_apart_by_what_they_say() -> None:
    new = OWN.replace('id = "undo-in-time"', 'id = "undo-soon"')
    assert changed_rules(default_policy(), parse(new)) == ("undo-in-time", "undo-soon")


def test_rules_of_before_are_put_in_force_again(inbox: Inbox) -> None:
    support = inbox.support
    support.set_policy(SHORTER, by="Mia")
    support.use_policy(0, by="Noah")
    assert support.policy().source == OWN
    assert [(v.number, v.made_by) for v in support.policy_versions()] == [(2, "Noah"), (1, "Mia"), (0, "")]  # fmt: skip
    with pytest.raises(NotFound, match="no version 7"):
        support.use_policy(7)
