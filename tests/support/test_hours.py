"""When somebody of the shop is there."""

from datetime import UTC, date, datetime

import pytest

from shopkeeper.errors import FeedError
from shopkeeper.support import default_policy, parse
from shopkeeper.support.hours import PeopleRules, opening

RULES = PeopleRules(
    time_zone="Europe/Berlin",
    hours={"mon": ("09:00-12:30", "13:30-17:00"), "fri": ("20:00-24:00",)},
    closed=(date(2026, 5, 11),),
)  # 2026-05-04 is a Monday; Berlin is two hours ahead of UTC in May


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-05-04T07:00", None),
        ("2026-05-04T06:59", "2026-05-04T09:00"),
        ("2026-05-04T11:00", "2026-05-04T13:30"),
        ("2026-05-04T15:00", "2026-05-08T20:00"),
        ("2026-05-08T21:30", None),
        ("2026-05-08T22:10", "2026-05-15T20:00"),  # the Monday between is closed
    ],
)
def test_the_next_hour_at_which_somebody_is_there_is_known(now: str, opens: str | None) -> None:
    found = opening(RULES, datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert found.is_open == (opens is None)
    assert (f"{found.at:%Y-%m-%dT%H:%M}" if found.at else None) == opens


def test_without_hours_somebody_is_there_always() -> None:
    assert opening(PeopleRules(), datetime(2026, 5, 3, 3, tzinfo=UTC)).is_open


def test_with_days_that_never_come_nothing_is_promised() -> None:
    found = opening(PeopleRules(hours={"mon": ()}), datetime(2026, 5, 3, 3, tzinfo=UTC))
    assert not found.is_open and found.at is None


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('time_zone = "Mars/Olympus"', "'Mars/Olympus' is no time zone"),
        ('hours = { mon = ["nine to five"] }', "'nine to five' are no hours"),
        ('hours = { mon = ["13:00-17:00", "09:00-12:00"] }', "mon is not in order"),
        ("after_failures = 0", "people.after_failures"),
    ],
)
def test_hours_that_make_no_sense_are_refused_with_their_place(written: str, said: str) -> None:
    with pytest.raises(FeedError, match="people") as caught:
        parse(f"{default_policy().source}\n[people]\n{written}\n")
    assert said in str(caught.value)
