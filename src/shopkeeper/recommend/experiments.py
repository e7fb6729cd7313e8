"""Experiments: which of two ways to recommend is better, decided by visitors, and stopped as soon as that is sure.

Two kinds. **A/B**: each visitor sees one of the two ways, always the same, drawn by a keyed hash; what counts is
whether a visitor did what is hoped for. **Interleaving**: every visitor sees both, merged by team draft; what counts is
from whose team a visitor chose more. It needs far fewer visitors, and says who is preferred, not how much is sold.

The unit is the visitor: what one person does at ten visits is one observation. It is taken when the visitor's time
is up (`window` after the first list), so that no observation changes afterwards. Both kinds are judged by the same
confidence sequence (`sequences.py`), so anybody may look at any time.

An A/B observation is z = (y - m) · (a / p - (1 - a) / (1 - p)): y in [0, 1] what came of the visitor, a whether they
were given the challenger, p the share that is, m the mean of y of the visitors before. Its mean is the difference of
the two ways whatever m is, for a is drawn apart from everything else; m only takes noise away.
"""

import hashlib
import hmac
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from shopkeeper.recommend.sequences import (
    ConfidenceSequence,
    Interval,
    confidence_sequence,
    expected_radii,
)

Item = TypeVar("Item", bound=Hashable)
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
MOST_VISITORS = 1_000_000  # beyond which no experiment is planned


class Kind(StrEnum):
    """How two ways are compared."""

    AB = "ab"
    INTERLEAVING = "interleaving"


class Team(StrEnum):
    """Whose an item of an interleaved list is, or what a visitor is given."""

    CONTROL = "control"
    CHALLENGER = "challenger"


class Verdict(StrEnum):
    """What the interval says of challenger minus control."""

    OPEN = "open"  # zero is within it, and so is more than what matters
    BETTER = "better"
    WORSE = "worse"
    ALIKE = "alike"  # whatever the difference is, it is smaller than what matters


@dataclass(frozen=True, slots=True)
class Result:
    """What an experiment has shown so far. visitors: counted, of each team; rates: mean outcome of each, for reading;
    difference: challenger minus control, what the verdict rests on; sequence: how it came to be."""

    visitors: tuple[int, int]
    rates: tuple[float, float]
    difference: Interval
    verdict: Verdict
    sequence: ConfidenceSequence


@dataclass(frozen=True, slots=True)
class Interleaved(Generic[Item]):
    """A merged list, and whose each item is."""

    items: tuple[Item, ...]
    teams: tuple[Team, ...]


def drawn(secret: bytes, *names: str) -> float:
    """A number in [0, 1) that is always the same for these names, and tells nobody without the secret anything."""
    text = "\0".join(("experiment", *names)).encode()
    return int.from_bytes(hmac.digest(secret, text, hashlib.sha256)[:8], "big") / 2**64


def assigned(secret: bytes, experiment: str, visitor: str, *, share: float = 0.5) -> Team:
    """What a visitor is given. share: of visitors who are given the challenger."""
    drew = drawn(secret, experiment, visitor)
    return Team.CHALLENGER if drew < share else Team.CONTROL


def team_draft(
    control: Sequence[Item], challenger: Sequence[Item], k: int, rng: Random
) -> Interleaved[Item]:
    """Merge two lists: the team with fewer items chooses its best that is not there yet; a coin where both have as many.

    Source: Radlinski, Kurup & Joachims 2008, algorithm 2.
    """
    left = {Team.CONTROL: list(control), Team.CHALLENGER: list(challenger)}
    number = {Team.CONTROL: 0, Team.CHALLENGER: 0}
    items: list[Item] = []
    teams: list[Team] = []
    taken: set[Item] = set()
    while len(items) < k:
        for team in Team:
            left[team] = [item for item in left[team] if item not in taken]
        able = [team for team in Team if left[team]]
        if not able:
            break
        fewest = min(number[team] for team in able)
        team = rng.choice([t for t in able if number[t] == fewest])
        items.append(left[team][0])
        teams.append(team)
        taken.add(left[team][0])
        number[team] += 1
    return Interleaved(tuple(items), tuple(teams))


def preference(credited: Sequence[Team]) -> int:
    """1 if a visitor chose more of the challenger's items, -1 if more of the control's, 0 if as many."""
    lead = sum(1 if team is Team.CHALLENGER else -1 for team in credited)
    return (lead > 0) - (lead < 0)


def judge_ab(
    outcome: Floats, challenger: Bools, *, share: float = 0.5, alpha: float = 0.05, least: float = 0.0
) -> Result:  # fmt: skip
    """outcome: (V,) in [0, 1], challenger: (V,) who was given it; visitors in the order in which their time was up.

    least: the smallest difference that matters.
    """
    outcome = np.asarray(outcome, np.float64)
    before = np.cumsum(outcome) - outcome
    mean = before / (np.arange(len(outcome)) + 1)
    weight = np.where(challenger, 1 / share, -1 / (1 - share))
    bound = 1 / min(share, 1 - share)
    found = confidence_sequence((outcome - mean) * weight, bounds=(-bound, bound), alpha=alpha)
    rates = (_mean(outcome[~challenger]), _mean(outcome[challenger]))
    visitors = (int((~challenger).sum()), int(challenger.sum()))
    return Result(visitors, rates, found.last, _verdict(found.last, least), found)


def judge_interleaving(
    preferences: Floats, *, alpha: float = 0.05, least: float = 0.0
) -> Result:  # fmt: skip
    """preferences: (V,) of -1, 0 and 1, visitors in the order in which their time was up."""
    found = confidence_sequence(
        np.asarray(preferences, np.float64), bounds=(-1.0, 1.0), alpha=alpha
    )
    rates = (_mean(preferences < 0), _mean(preferences > 0))
    visitors = (len(preferences), len(preferences))
    return Result(visitors, rates, found.last, _verdict(found.last, least), found)


def visitors_needed(
    rate: float, difference: float, *, share: float = 0.5, alpha: float = 0.05
) -> int | None:
    """About how many visitors an A/B experiment needs until it is sure of such a difference; None if beyond reason."""
    if difference <= 0:
        return None
    width = 2 / min(share, 1 - share)
    variance = rate * (1 - rate) * (1 / share + 1 / (1 - share)) / width**2
    narrow = width * expected_radii(MOST_VISITORS, variance, alpha=alpha) <= difference
    return int(narrow.argmax()) + 1 if narrow.any() else None


def _verdict(interval: Interval, least: float) -> Verdict:
    if interval.low > 0:
        return Verdict.BETTER
    if interval.high < 0:
        return Verdict.WORSE
    if least > 0 and -least < interval.low and interval.high < least:
        return Verdict.ALIKE
    return Verdict.OPEN


def _mean(values: Floats | Bools) -> float:
    return float(values.mean()) if len(values) else 0.0
