"""Cases put to the rules and terms of the demo shop."""

from datetime import UTC, datetime

import pytest

from shopkeeper.support.answers.reading import read
from shopkeeper.support.answers.ruling import Ruling, rule_on
from shopkeeper.support.policies import demo_text
from shopkeeper.support.policy import parse

POLICY = parse(demo_text())


def ruled(question: str) -> Ruling | None:
    return rule_on(read(question), POLICY, "en", datetime(2026, 5, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("question", "possible", "rule"),
    [
        ("Can I return a jacket after 30 days?", True, "return-window"),
        ("Can I return a jacket after 31 days?", False, "return-window"),
        ("Can I return opened tea?", False, "return-opened"),
        ("Can I return opened tea that is faulty?", True, "return-faulty"),
        ("Can I cancel an order that has already been shipped?", False, "cancel-while-pending"),
        ("I ordered it on 20 November. Can I send it back on 15 January?", True, "return-window"),
        ("Is shipping to Germany free for $150?", True, "free-shipping-abroad"),
        ("茶叶已经开封了，能退吗？", False, "return-opened"),
    ],
)
def test_a_case_is_decided_by_the_rule_that_is_about_it(
    question: str, possible: bool, rule: str
) -> None:
    ruling = ruled(question)
    assert ruling is not None and ruling.possible is possible
    assert rule in {c.rule_id for c in ruling.shown}


@pytest.mark.parametrize(
    "question",
    [
        "Can I return it after 20 days if I lost the receipt?",  # no rule is about receipts
        "Can I return an opened tent?",  # only of food and cosmetics it is said
        "Can I return a faulty kettle after 40 days?",  # the warranty may still hold
        "How long can I return it after 20 days?",  # no yes or no answers it
        "Is shipping to Brazil free for $500?",
        "Can I return it one month and five days after delivery?",  # what of both is meant?
    ],
)
def test_one_condition_that_no_rule_is_about_leaves_it_open(question: str) -> None:
    assert ruled(question) is None
