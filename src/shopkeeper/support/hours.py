"""When somebody of the shop is there to answer, and how soon the agent hands over to them: a part of the policy.

    [people]
    time_zone = "Europe/Berlin"
    hours = { mon = ["09:00-12:30", "13:30-17:00"], tue = ["09:00-17:00"] }
    closed = [2026-12-25]

Without any hours somebody is taken to be there always.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LOOKED_AHEAD = 60  # days


class PeopleRules(BaseModel):
    """Who answers when the agent cannot. hours: of each day, as "09:00-17:00"; a day that is not named is closed.

    closed: days on which nobody is there. after_failures: messages in a row that were not understood, after_unanswered:
    questions in a row that nothing on record answered, after_strays: wishes that are not the shop's business,
    after_refusals: times that the rules refused, before a person is called.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    time_zone: str = "UTC"
    hours: dict[Weekday, tuple[str, ...]] = {}
    closed: tuple[date, ...] = ()
    after_failures: int = Field(2, ge=1, le=10)
    after_unanswered: int = Field(2, ge=1, le=10)
    after_strays: int = Field(3, ge=1, le=10)
    after_refusals: int = Field(8, ge=1, le=20)

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(
                f"{name!r} is no time zone: write one such as Europe/Berlin"
            ) from error
        return name

    @field_validator("hours")
    @classmethod
    def _are_spans(cls, hours: dict[Weekday, tuple[str, ...]]) -> dict[Weekday, tuple[str, ...]]:
        for day, spans in hours.items():
            before = time.min
            for start, end in map(_span, spans):
                if not before <= start < end:
                    raise ValueError(f"{day} is not in order: {', '.join(spans)}")
                before = end
        return hours


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether somebody is there. at: if not, when somebody is, in the shop's own time; None if that is not known."""

    is_open: bool
    at: datetime | None = None


def opening(rules: PeopleRules, now: datetime) -> Opening:
    """Whether somebody is there now, and else when."""
    if not rules.hours:
        return Opening(is_open=True)
    local = now.astimezone(ZoneInfo(rules.time_zone))
    for start, end in _spans_from(rules, local):
        if start <= local < end:
            return Opening(is_open=True)
        if start > local:
            return Opening(is_open=False, at=start)
    return Opening(is_open=False)


def _spans_from(rules: PeopleRules, local: datetime) -> Iterator[tuple[datetime, datetime]]:
    for ahead in range(LOOKED_AHEAD):
        day = local.date() + timedelta(days=ahead)
        if day in rules.closed:
            continue
        for start, end in map(_span, rules.hours.get(WEEKDAYS[day.weekday()], ())):
            yield (
                datetime.combine(day, start, local.tzinfo),
                datetime.combine(day, end, local.tzinfo),
            )


def _span(text: str) -> tuple[time, time]:
    start, dash, end = text.partition("-")
    try:
        if not dash:
            raise ValueError
        until = time(23, 59, 59) if end.strip() == "24:00" else time.fromisoformat(end.strip())
        return time.fromisoformat(start.strip()), until
    except ValueError as error:
        raise ValueError(f"{text!r} are no hours: write 09:00-17:00") from error
