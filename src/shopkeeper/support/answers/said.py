"""What a question says of its case, as values: so long after, on that day, for that much, to that country.

Only what is written out is read. Durations are in days, months being a twelfth of a year.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

DAYS = {"day": 1.0, "week": 7.0, "month": 365.25 / 12, "year": 365.25, "hour": 1 / 24}
_WORDS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "一": 1, "两": 2, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10,
}  # fmt: skip
_UNITS_ZH = {"天": "day", "日": "day", "周": "week", "星期": "week", "个月": "month", "年": "year", "个小时": "hour", "小时": "hour"}  # fmt: skip
_MONTHS = {m: i + 1 for i, m in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])}  # fmt: skip
_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_LONG = re.compile(
    r"(?<![\w.])(\d+(?:\.\d+)?|a|an|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)[ -](?:working |business )?(day|week|month|year|hour)s?\b"
)
_LONG_ZH = re.compile(
    r"(\d+(?:\.\d+)?|[一两二三四五六七八九十]) ?(个小时|小时|天|周|星期|个月|年)(半)?(?!\d)"
)
_DATES = (
    re.compile(rf"(?<!\w)(?P<day>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?{_MONTH}\b"),
    re.compile(rf"\b{_MONTH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b"),
    re.compile(r"(?P<month>\d{1,2}) ?月 ?(?P<day>\d{1,2}) ?[日号]"),
)
_MONEY = re.compile(
    r"(?:[$€£¥] ?(\d+(?:\.\d+)?)|(\d+(?:\.\d+)?) ?(?:dollars?|usd|bucks|美元|美金|刀(?![具刃子])))"
)
_YESTERDAY = re.compile(r"\byesterday\b|昨天")
_NEVER = date(2027, 1, 1).year  # a year that is no leap year: only months and days are compared


@dataclass(frozen=True, slots=True)
class Said:
    """What a question says of its case. spans: the parts of the normalised text that say it.

    dates: months and days, in the order in which they are named. unclear: several durations or amounts are named.
    """

    days: float | None = None
    dates: tuple[date, ...] = ()
    amount: Decimal | None = None
    countries: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    unclear: bool = False
    spans: tuple[tuple[int, int], ...] = field(default=(), compare=False)

    @property
    def anything(self) -> bool:
        """True if it says anything that a rule could turn on."""
        return bool(
            self.days is not None
            or self.dates
            or self.amount is not None
            or self.countries
            or self.tags
            or self.statuses
            or self.unclear
        )


def read_values(text: str) -> Said:
    """Durations, dates and amounts of a normalised text. Of several durations or amounts none is taken: which is meant?"""
    dates, spans = [], []
    for found in _dates(text):
        dates.append(found[0])
        spans.append(found[1])
    left = _blanked(text, spans)
    durations = list(_durations(left))
    amounts = [(m[1] or m[2], m.span()) for m in _MONEY.finditer(left)]
    spans += [span for _, span in durations] + [span for _, span in amounts]
    return Said(
        days=durations[0][0] if len({days for days, _ in durations}) == 1 else None,
        dates=tuple(dates),
        amount=Decimal(amounts[0][0]) if len(amounts) == 1 else None,
        unclear=len({days for days, _ in durations}) > 1 or len(amounts) > 1,
        spans=tuple(spans),
    )


def _dates(text: str) -> Iterator[tuple[date, tuple[int, int]]]:
    found = []
    for pattern in _DATES:
        for match in pattern.finditer(text):
            named = match.groupdict()
            month = int(named["month"]) if "month" in named else _MONTHS[_month_of(match)]
            try:
                found.append((date(_NEVER, month, int(named["day"])), match.span()))
            except ValueError:
                continue
    yield from sorted(found, key=lambda f: f[1])


def _month_of(match: re.Match[str]) -> str:
    return next(g for g in match.groups() if g in _MONTHS)


def _durations(text: str) -> Iterator[tuple[float, tuple[int, int]]]:
    for match in _YESTERDAY.finditer(text):
        yield 1.0, match.span()
    for match in _LONG.finditer(text):
        yield _count(match[1]) * DAYS[match[2]], match.span()
    for match in _LONG_ZH.finditer(text):
        unit = DAYS[_UNITS_ZH[match[2]]]
        yield (_count(match[1]) + (0.5 if match[3] else 0)) * unit, match.span()


def _count(written: str) -> float:
    return float(_WORDS.get(written) or written)


def _blanked(text: str, spans: list[tuple[int, int]]) -> str:
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text
