"""What a question says."""

from datetime import date
from decimal import Decimal

import pytest

from shopkeeper.support.answers.reading import read
from shopkeeper.support.answers.said import read_values


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("after 20 days", 20),
        ("three weeks later", 21),
        ("30 个月", 30 * 365.25 / 12),
        ("买了一年半", 1.5 * 365.25),
        ("between 2 days and 3 weeks", None),
        ("size 42", None),
    ],
)
def test_durations_are_read_where_there_is_one(text: str, days: float | None) -> None:
    assert read_values(text).days == days


def test_dates_and_amounts_are_read_in_both_languages() -> None:
    assert read_values("on 20 november or january 15").dates == (date(2027, 11, 20), date(2027, 1, 15))  # fmt: skip
    assert read_values("11 月 25 日下的单").dates == (date(2027, 11, 25),)
    assert read_values("an order of $75.50").amount == Decimal("75.50")
    assert read_values("满 80 美元").amount == Decimal(80)


def test_stems_and_phrases_meet_whatever_stands_between() -> None:
    assert "return" in read("Can I send the shoes back?").concepts
    assert read("I returned it").concepts == read("returning it").concepts
    assert "return" in read("想退货").concepts


def test_the_country_is_told_from_the_pronoun() -> None:
    assert read("delivery within the US").said.countries == {"US"}
    assert not read("please contact us").said.countries


def test_what_nobody_has_heard_of_is_left_over() -> None:
    assert read("Can I pay with bitcoin?").words == ("bitcoin",)
    assert read("你们支持花呗吗").words == ("花呗",)


def test_part_of_a_longer_word_says_nothing() -> None:
    assert not read("改收货地址").said.statuses  # 收货 alone would be "delivered"


@pytest.mark.parametrize(
    "text", ["运费怎么算？", "运费是多少", "邮费？", "Postage?", "What's the shipping fee"]
)
def test_what_is_charged_asks_for_an_amount(text: str) -> None:
    assert read(text).asks == {"how_much"}


def test_whether_something_can_be_done_is_not_that_it_cannot() -> None:
    assert read("能不能退货？").concepts == read("能退货吗？").concepts
