"""Money, numbers and dates as people of each language write them."""

from datetime import datetime
from decimal import Decimal
from functools import cache, lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal, format_percent

from shopkeeper.shop.records import Money

SAID = 5000  # texts that are kept: a page says a hundred numbers, mostly the same ones as the page before
_LOCALES = {"zh": "zh_Hans_CN", "en": "en_US"}


@cache
def locale_of(language: str) -> Locale:
    """The locale of a language tag; American English for one that is unknown."""
    try:
        return Locale.parse(_LOCALES.get(language, language.replace("-", "_")))
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en_US")


@lru_cache(SAID)
def money(amount: Money, language: str) -> str:
    """$12.50, US$12.50, ¥1,200: with the currency's own number of decimals."""
    return str(format_currency(amount.amount, amount.currency, locale=locale_of(language)))


@lru_cache(SAID)
def number(value: int | float | Decimal, language: str) -> str:
    """1,234.5"""
    return str(format_decimal(value, locale=locale_of(language)))


@lru_cache(SAID)
def tenths(value: float, language: str) -> str:
    """4.0: always with one decimal, so that means stand below each other."""
    return str(format_decimal(value, format="0.0", locale=locale_of(language)))


@lru_cache(SAID)
def percent(share: float, language: str) -> str:
    """12%"""
    return str(format_percent(share, locale=locale_of(language)))


def day(at: datetime | None, language: str) -> str:
    """Nov 24, 2026; empty for no date."""
    return "" if at is None else str(format_date(at, "medium", locale=locale_of(language)))


def moment(at: datetime | None, language: str) -> str:
    """Nov 24, 2026, 9:41 AM; empty for no time. In UTC."""
    return "" if at is None else str(format_datetime(at, "medium", locale=locale_of(language)))
