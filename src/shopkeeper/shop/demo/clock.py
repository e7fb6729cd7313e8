"""When things happen in the demo shop: on busy days, while people are awake, on working days, where they live."""

import random
from datetime import datetime, timedelta

HOME = "US"
HOURS_EAST = {"US": -7, "CA": -5, "DE": 1, "CN": 8, "AU": 10}  # of Greenwich


def busy_day(rng: random.Random, now: datetime, days: float) -> datetime:
    """A moment of the last so many days: rather a late one, before Christmas, or on a weekend."""
    while True:
        at = now - timedelta(days=days * (1 - rng.random() ** 0.8))
        chance = {11: 1.0, 12: 0.95}.get(at.month, 0.62) * (1.0 if at.weekday() >= 5 else 0.85)
        if rng.random() < chance:
            return at


def awake(rng: random.Random, moment: datetime, country: str, now: datetime) -> datetime:
    """A moment of that day at which people in a country are up: late morning or evening; before now."""
    hour = rng.gauss(11, 2.5) if rng.random() < 0.4 else rng.gauss(20, 2)
    at = at_hour(moment, min(23.9, max(6.0, hour)), country)
    while at >= now - timedelta(seconds=90):
        at -= timedelta(days=1)
    return at


def at_hour(moment: datetime, hour: float, country: str) -> datetime:
    """The hour of that day in a country, in UTC."""
    offset = timedelta(hours=HOURS_EAST.get(country, 0))
    midnight = (moment + offset).replace(hour=0, minute=0, second=0, microsecond=0) - offset
    return midnight + timedelta(seconds=int(hour * 3600))


def after_working_days(start: datetime, days: float, country: str = HOME) -> datetime:
    """The moment so many working days later; time stands still on a country's weekends."""
    offset = timedelta(hours=HOURS_EAST.get(country, 0))
    at, left = start + offset, days
    while left > 0:
        step = min(left, 1.0)
        at += timedelta(days=step)
        left -= step
        while at.weekday() >= 5:
            at += timedelta(days=1)
    return at - offset
