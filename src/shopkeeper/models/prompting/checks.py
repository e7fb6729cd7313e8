"""Checks of what a model wrote against what it was given. Each returns what is wrong, a sentence each."""

import re
from collections.abc import Iterable
from decimal import Decimal

from shopkeeper.text.normalise import normalise

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_SPACE = re.compile(r"\s+")


def numbers(text: str) -> set[Decimal]:
    """The numbers written in digits: `1,299.00` and `1299` are one; full-width digits count."""
    return {_value(found) for found in _NUMBER.findall(normalise(text))}


def unsupported_numbers(text: str, facts: Iterable[str]) -> list[str]:
    """Numbers in the text that no fact has."""
    known = set().union(*map(numbers, facts))
    new = [n for n in _NUMBER.findall(normalise(text)) if _value(n) not in known]
    return [f"the number {number} is in none of the facts" for number in dict.fromkeys(new)]


def missing_numbers(source: str, text: str) -> list[str]:
    """Numbers of the source that the text has lost."""
    kept = numbers(text)
    written = dict.fromkeys(_NUMBER.findall(normalise(source)))
    return [f"the number {number} is missing" for number in written if _value(number) not in kept]


def not_verbatim(quote: str, passage: str) -> list[str]:
    """A quote that the passage does not have word for word; only spaces may differ."""
    asked, where = (_SPACE.sub(" ", text).strip() for text in (quote, passage))
    return [] if asked and asked in where else [f"the quote {quote!r} is not in the text"]


def too_long(text: str, *, characters: int) -> list[str]:
    """A text over a limit."""
    over = len(text) > characters
    return [f"{len(text)} characters are more than {characters}"] if over else []


def empty(text: str) -> list[str]:
    """A text without a single letter or digit."""
    return [] if any(c.isalnum() for c in text) else ["there is no text"]


def _value(written: str) -> Decimal:
    """A number as it is written: the last of `.` and `,` divides decimals unless it groups thousands."""
    whole, mark, end = written.rpartition(max(".,", key=written.rfind))
    if not mark or not whole:
        return Decimal(written)
    digits = re.sub("[.,]", "", whole)
    grouped = (
        len(end) == 3 and (mark == "," or "." in whole) and 1 <= len(whole.split(mark)[0]) <= 3
    )
    return Decimal(digits + end if grouped else f"{digits}.{end}").normalize()
