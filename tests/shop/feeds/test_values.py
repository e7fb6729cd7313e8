"""Prices, numbers, codes and times as people write them: what is read, what is refused, and laws that hold for all."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.shop.feeds import mapping, values
from shopkeeper.shop.feeds.assembling import path
from shopkeeper.shop.feeds.plain import listed
from shopkeeper.shop.feeds.rows import RowError
from shopkeeper.shop.records import Availability, Money

AMOUNTS = st.decimals(0, 10**9, places=2)
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1))


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("12.50", "12.50", "USD"), ("$1,179.99", "1179.99", "USD"), ("1.179,99 €", "1179.99", "EUR"), ("EUR 5", "5.00", "EUR"),
        ("5.00 GBP", "5.00", "GBP"), ("¥188", "188.00", "JPY"), ("￥188", "188.00", "JPY"), ("188元", "188.00", "CNY"),
        ("1 299,00 kr", "1299.00", "SEK"), ("CHF 1'299.50", "1299.50", "CHF"), ("12.-", "12.00", "USD"), (".5", "0.50", "USD"),
        ("１２．５０", "12.50", "USD"), ("R$ 10", "10.00", "BRL"), ("1,179", "1179.00", "USD"), ("'-0", None, None),
    ],
)  # fmt: skip
def test_prices_are_read_as_they_are_written(
    text: str, amount: str | None, currency: str | None
) -> None:
    if amount is None or currency is None:
        with pytest.raises(RowError):
            values.price("price", text, "USD")
    else:
        assert values.price("price", text, "USD") == Money(Decimal(amount), currency)


def test_a_shared_sign_means_the_shops_own_currency_where_it_can() -> None:
    assert values.price("price", "$5", "CAD").currency == "CAD"
    assert values.price("price", "¥5", "CNY").currency == "CNY"
    assert values.price("price", "$5", "EUR").currency == "USD"


@given(AMOUNTS, st.sampled_from(["{:,.2f}", "{:.2f}", "${:,.2f}", "{:,.2f} USD", " {:.2f} "]))
def test_an_amount_written_the_english_way_is_read_back(amount: Decimal, form: str) -> None:
    assert values.price("price", form.format(amount), "USD") == Money(amount, "USD")


@given(AMOUNTS, st.sampled_from(["{} €", "EUR {}", "{}"]))
def test_an_amount_written_the_continental_way_is_read_back(amount: Decimal, form: str) -> None:
    text = form.format(f"{amount:,.2f}".translate(str.maketrans(",.", ".,")))
    assert values.price("price", text, "EUR", ",") == Money(amount, "EUR")


@given(st.text(max_size=60))
def test_any_text_is_a_price_or_refused_with_a_reason(text: str) -> None:
    try:
        found = values.price("price", text, "USD")
    except RowError as error:
        assert error.reason and error.hint
    else:
        assert found.amount >= 0 and any(c.isdigit() for c in text)


@given(st.text(max_size=40), st.sampled_from([".", ","]))
def test_any_text_is_a_number_of_sane_size_or_refused(text: str, decimal: str) -> None:
    try:
        found = values.number("n", text, decimal=decimal)
    except RowError as error:
        assert error.reason
    else:
        assert found.is_finite() and values.plain(found) == found


@given(st.integers(-values.MAX_QUANTITY, values.MAX_QUANTITY))
def test_whole_numbers_are_read_back(count: int) -> None:
    assert values.quantity("n", str(count)) == count
    assert values.quantity("n", f"{count:,}") == count
    assert values.quantity("n", f"{count}.0") == count


@pytest.mark.parametrize("text", ["1.5", "2147483648", "many", "", "∞"])
def test_what_is_no_number_of_pieces_is_refused(text: str) -> None:
    with pytest.raises(RowError):
        values.quantity("stock", text)


@given(MOMENTS)
def test_a_moment_is_read_back_however_programs_write_it(moment: datetime) -> None:
    zoned = moment.replace(tzinfo=UTC)
    elsewhere = zoned.astimezone(timezone(timedelta(hours=5, minutes=30)))
    for text in (moment.isoformat(), zoned.isoformat(" "), elsewhere.isoformat()):
        assert values.when("at", text) == zoned
    whole = zoned.replace(microsecond=0)
    assert values.when("at", format_datetime(whole)) == whole


@given(st.datetimes(datetime(1980, 1, 1), datetime(2090, 1, 1)))
def test_epochs_of_every_unit_are_read_back(moment: datetime) -> None:
    zoned = moment.replace(tzinfo=UTC, microsecond=0)
    seconds = int(zoned.timestamp())
    for scale in (1, 10**3, 10**6, 10**9):
        assert values.when("at", str(seconds * scale)) == zoned


@pytest.mark.parametrize(
    ("text", "day"),
    [("2025年3月1日", 1), ("2025/3/1", 1), ("2025.03.01", 1), ("2025-03-01 08:00 UTC", 1), ("Sat, 01 Mar 2025 08:00:00 GMT", 1)],
)  # fmt: skip
def test_dates_are_read_in_the_forms_that_shops_export(text: str, day: int) -> None:
    found = values.when("at", text)
    assert (found.year, found.month, found.day) == (2025, 3, day)


@pytest.mark.parametrize("text", ["03/04/2025", "1.2.25", "31-12-2025"])
def test_a_date_that_may_be_two_days_is_refused(text: str) -> None:
    with pytest.raises(RowError, match="which is the day"):
        values.when("at", text)


@given(st.text(max_size=40))
def test_any_text_is_a_moment_or_refused(text: str) -> None:
    try:
        assert values.when("at", text).tzinfo is not None
    except RowError as error:
        assert error.reason and error.hint


@given(st.from_regex(r"[0-9]{12}", fullmatch=True))
def test_one_check_digit_of_ten_makes_a_gtin(digits: str) -> None:
    sound = [digits + d for d in "0123456789" if values.is_gtin(digits + d)]
    assert len(sound) == 1
    assert values.gtin(f" {sound[0][:6]}-{sound[0][6:]} ") == sound[0]


@given(st.text(max_size=30))
def test_any_text_is_a_gtin_or_none(text: str) -> None:
    found = values.gtin(text)
    assert found == "" or values.is_gtin(found)


@given(st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8), max_size=5))
def test_a_category_path_is_read_back_whatever_divides_it(steps: list[str]) -> None:
    for mark in mapping.SEPARATORS:
        assert path(mark.join(steps), mark) == tuple(steps)


@given(st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8), max_size=5))
def test_a_list_in_a_cell_is_read_back(items: list[str]) -> None:
    for joint in ("|", "; ", ", ", "\n"):
        assert listed(joint.join(items)) == tuple(items)


@pytest.mark.parametrize(
    ("text", "grams"),
    [("250 g", "250"), ("1.5 kg", "1500"), ("2 lbs", "907.18474"), ("8oz", "226.796185"), ("2斤", "1000"), ("12", "12")],
)  # fmt: skip
def test_weights_are_grams(text: str, grams: str) -> None:
    assert values.grams("weight", text) == Decimal(grams)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://schema.org/InStock", "in_stock"), ("In Stock", "in_stock"), ("out-of-stock", "out_of_stock"),
        ("Sold out", "out_of_stock"), ("有货", "in_stock"), ("缺货", "out_of_stock"), ("预售", "preorder"), ("0", "out_of_stock"),
    ],
)  # fmt: skip
def test_availability_is_read_in_the_words_of_feeds(text: str, found: str) -> None:
    assert values.availability("availability", text) is Availability(found)
