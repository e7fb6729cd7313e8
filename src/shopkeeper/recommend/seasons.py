"""When items are bought, learnt from the order of purchases alone.

Shops change what they sell, so two items are more likely to meet if both were wanted in the same months. Where events
carry times this is plain; where there is only the order in each history, one number for each item («when», 0 to 1) is
found so that histories run upwards: an event's time is its item's mean time, made to rise within its history and
spread evenly over all events; an item's time is the mean of its events'; and again.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shopkeeper.recommend.histories import Histories, Table

ROUNDS = 15
PRIOR = 1.0  # events of time 0.5 that each item comes with
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Seasons:
    """when, spread: (N,) the mean time of an item's events, and how far they lie around it."""

    when: Table
    spread: Table


def fit(histories: Histories) -> Seasons:
    """The times of all items; an item without events has the middle and a wide spread."""
    number = (np.bincount(histories.items, minlength=histories.count) + PRIOR).astype(np.float64)
    time = (histories.position + 0.5) / np.maximum(histories.lengths[histories.people], 1)
    when = _mean(histories, time, number)
    for _ in range(ROUNDS):
        rising = _rising(histories, when[histories.items])
        evenly = (np.argsort(np.argsort(rising, kind="stable")) + 0.5) / max(len(rising), 1)
        time = (rising + evenly) / 2
        when = _mean(histories, time, number)
    far = np.bincount(histories.items, (time - when[histories.items]) ** 2, histories.count)
    spread = np.sqrt((far + PRIOR * 0.05) / number)
    return Seasons(when.astype(np.float32), spread.astype(np.float32))


def _mean(histories: Histories, time: Floats, number: Floats) -> Floats:
    total = np.bincount(histories.items, time, histories.count)
    mean: Floats = (total + 0.5 * PRIOR) / number
    return mean


def _rising(histories: Histories, time: Floats) -> Floats:
    """Times in [0, 1] made to rise within each history: halfway between the highest so far and the lowest to come."""
    people = histories.people.astype(np.float64)
    up = np.maximum.accumulate(time + 2 * people) - 2 * people
    down = np.minimum.accumulate((time + 2 * people)[::-1])[::-1] - 2 * people
    middle: Floats = (up + down) / 2
    return middle
