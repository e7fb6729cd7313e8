"""What is not believed: clicks that anybody can make by the thousand, so that nobody can buy a place in other people's lists.

Letters: `E` acts, `N` items.

An act is a visitor and an item on a day. Three rules, before any model sees it:

1. A visitor counts once for an item and day, however often they click.
2. A visitor counts for `MOST_A_DAY` items a day, the first of them; who looks at more is a program.
3. Visitors without an order cost nothing to invent, customers with one do. So of an item's acts by visitors without an
   order no more are kept than `TIMES` what its customers let one expect:

       cap_i = TIMES · ρ · (k_i + mean k),      ρ = Σ a / Σ k

   where a_i and k_i are an item's acts by the one and the other, both as they are and with the weight of recency. What
   is over is left out by a hash of visitor and item, the same ones each time.

**The bound**: whatever is injected by visitors who never bought, an item counts at most k_i + TIMES · ρ · (k_i + mean k):
to within the share of all acts that were injected (which raises ρ), three times what its customers give it, and three
times the average item. Where a shop has fewer than `ENOUGH` acts of customers there is nothing to go by, rule 3 rests,
and the alarm alone remains. Who pays for orders to push an item is past this bound; that is a matter for fraud.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np
import numpy.typing as npt

from shopkeeper.recommend.behaviour import DAY, Behaviour

Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

MOST_A_DAY = 60
TIMES = 3.0
ENOUGH = 100  # acts of customers
HALF_LIFE_DAYS = 30.0
SURPRISE = 4.0  # standard deviations of a Poisson count
FEWEST = 20  # acts below which no alarm is raised


@dataclass(frozen=True, slots=True)
class Acts:
    """visitors: their ids; visitor, item, day: (E,) places and numbers of days, oldest first; bought: of each visitor,
    whether an order of theirs is known; count: N."""

    visitors: Sequence[str]
    visitor: Ints
    item: Ints
    day: Ints
    bought: Bools
    count: int


@dataclass(frozen=True, slots=True)
class Alarm:
    """An item that visitors without an order click far more than its customers let one expect."""

    item: int
    acts: int
    expected: float
    kept: int
    since_day: int


@dataclass(frozen=True, slots=True)
class Believed:
    """kept: (E,) which acts count."""

    kept: Bools
    alarms: tuple[Alarm, ...]


def believe(acts: Acts) -> Believed:
    """Which acts count, and what looks like an attempt."""
    kept = _once_a_day(acts) & _few_a_day(acts)
    anonymous = ~acts.bought[acts.visitor]
    if (kept & ~anonymous).sum() < ENOUGH:
        return Believed(kept, ())
    recency = 0.5 ** ((acts.day.max() - acts.day) / HALF_LIFE_DAYS)
    share = np.ones(acts.count)
    for weight in (np.ones(len(acts.item)), recency):
        seen = _counted(acts, weight * (kept & anonymous))
        cap = caps(seen, _counted(acts, weight * (kept & ~anonymous)))
        share = np.minimum(share, np.divide(cap, seen, out=np.ones_like(cap), where=seen > cap))
    believed = kept & (~anonymous | (_lot(acts) < share[acts.item]))
    alarms = _alarms(acts, kept & anonymous, believed & anonymous, share)
    return Believed(believed, alarms)


def sift(behaviour: Behaviour) -> tuple[Behaviour, tuple[Alarm, ...]]:
    """The behaviour without what is not believed."""
    histories = behaviour.histories
    bought = np.zeros(len(histories), np.bool_)
    bought[behaviour.buyers[behaviour.buyers >= 0]] = True
    day = (behaviour.at // DAY).astype(np.intp)
    told = believe(
        Acts(behaviour.who, histories.people, histories.items, day, bought, histories.count)
    )
    sifted = replace(behaviour, histories=histories.where(told.kept), at=behaviour.at[told.kept])
    return sifted, told.alarms


def caps(anonymous: Floats, customers: Floats) -> Floats:
    """(N,) the most acts of visitors without an order that count for each item."""
    touched = max(int(((anonymous + customers) > 0).sum()), 1)
    ratio = anonymous.sum() / customers.sum()
    found: Floats = TIMES * ratio * (customers + customers.sum() / touched)
    return found


def _counted(acts: Acts, weight: Floats) -> Floats:
    """(N,) the weight of each item's acts."""
    return np.bincount(acts.item, weight, acts.count).astype(np.float64)


def _once_a_day(acts: Acts) -> Bools:
    """The first of each visitor, item and day."""
    days = acts.day - acts.day.min(initial=0)
    key = (acts.visitor * acts.count + acts.item) * (int(days.max(initial=0)) + 1) + days
    kept = np.zeros(len(key), np.bool_)
    kept[np.unique(key, return_index=True)[1]] = True
    return kept


def _few_a_day(acts: Acts) -> Bools:
    """The first items of each visitor and day."""
    order = np.lexsort((np.arange(len(acts.day)), acts.day, acts.visitor))
    visitor, day = acts.visitor[order], acts.day[order]
    begins = np.ones(len(order), np.bool_)
    begins[1:] = (visitor[1:] != visitor[:-1]) | (day[1:] != day[:-1])
    first = np.maximum.accumulate(np.where(begins, np.arange(len(order)), 0))
    kept = np.zeros(len(order), np.bool_)
    kept[order] = np.arange(len(order)) - first < MOST_A_DAY
    return kept


def _lot(acts: Acts) -> Floats:
    """(E,) in [0, 1): the same for a visitor and an item wherever and whenever it is asked."""
    own = np.array([crc32(v.encode()) for v in acts.visitors] or [0], np.uint64)
    mixed = own[acts.visitor] + np.uint64(0x9E3779B97F4A7C15) * (
        acts.item.astype(np.uint64) + np.uint64(1)
    )
    for shift, factor in (
        (30, 0xBF58476D1CE4E5B9),
        (27, 0x94D049BB133111EB),
    ):  # splitmix64's finaliser
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    return np.asarray((mixed >> np.uint64(11)).astype(np.float64) / 2**53, np.float64)


def _alarms(acts: Acts, seen: Bools, kept: Bools, share: Floats) -> tuple[Alarm, ...]:
    number = np.bincount(acts.item[seen], minlength=acts.count)
    left = np.bincount(acts.item[kept], minlength=acts.count)
    expected = share * number
    strange = (number >= FEWEST) & (number > expected + SURPRISE * np.sqrt(expected))
    found = [
        Alarm(
            item, int(number[item]), float(expected[item]), int(left[item]),
            int(np.median(acts.day[seen & (acts.item == item)])),
        )
        for item in np.flatnonzero(strange).tolist()
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda alarm: alarm.expected - alarm.acts))
