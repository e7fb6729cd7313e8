"""Questions that every shop hears: known in whatever words, and no others for them."""

from datetime import UTC, datetime

import pytest

from shopkeeper.shop.demo.texts import pages
from shopkeeper.support.answers.common import common, headed, titled, topical
from shopkeeper.support.answers.statements import statements

TOLD = [s for page in pages(datetime(2026, 5, 1, tzinfo=UTC)) for s in statements(page)]


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("How many days do I have to return an item?", "return_window"),
        ("whats ur return window", "return_window"),
        ("东西买了多久之内能退", "return_window"),
        ("where is my refund?", "refund_where"),
        ("Do you have gift cards?", "gift_cards"),
        ("邮费多少钱？", "shipping_cost"),
        ("shipping to germany how long", "shipping_time_to"),
        ("人工客服怎么联系", "contact"),
        ("waranty lenght?", "warranty_length"),
        ("Which temperature for linen?", "care_degrees"),
    ],
)
def test_it_is_known_in_other_words(question: str, name: str) -> None:
    found = common(question, "en")
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    "question",
    [
        "Can I return it without the receipt?",
        "How long does shipping take by drone?",
        "Do you ship to Brazil?",
        "Can I pay with bitcoin?",
        "运费可以货到付吗？",
        "退货可以上门取件吗？",
        "How long is the warranty after 3 repairs?",
        "?",
    ],
)
def test_one_thing_more_makes_it_another_question(question: str) -> None:
    assert common(question, "en") is None


def test_a_country_stands_in_what_is_put_to_the_pages() -> None:
    found = common("我在加拿大，能寄吗？", "zh")
    assert found is not None
    assert found.puts == ("能寄到加拿大吗？",)


def test_a_page_is_found_by_the_question_that_its_title_asks() -> None:
    assert titled("refund_time", TOLD, "zh")[0].slug == "refund-time"
    assert titled("gift_wrap", TOLD, "en")[0].language == "en"


def test_a_part_is_found_by_its_heading_and_a_paragraph_by_its_first_words() -> None:
    assert headed("what cannot be returned?", TOLD, "en")[0].text.startswith("Opened food")
    assert topical("cast iron pan", TOLD, "en")[0].topic == "Cast iron"
    assert topical("How do I wash silk?", TOLD, "en") == []


@pytest.mark.parametrize(
    ("before", "question", "name"),
    [
        ("Do you ship to Canada?", "how much", "shipping_cost_to"),
        ("Do you ship to Canada?", "and how long does it take?", "shipping_time_to"),
        ("Do you have gift cards?", "can I pay with it plus visa", "pay_combined"),
        ("羊毛衫怎么洗", "可以烘干吗", "care_dry"),
        ("Do you have gift cards?", "What payment methods do you take?", "payment_methods"),
    ],
)
def test_a_short_question_goes_on_from_the_one_before(
    before: str, question: str, name: str
) -> None:
    found = common(question, "en", before=before)
    assert found is not None
    assert found.name == name
