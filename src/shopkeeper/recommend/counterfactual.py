"""What would another way to recommend have brought? Estimated from lists that were shown with known chances.

Letters: `L` lists, `K` places.

A shop that always shows the same list to the same person learns nothing of any other. Where lists are now and then
drawn (`exploring.py`), it is known of each item at each place how likely it was to stand there (`propensity`), and a
way that was never used can be judged by what others did: an item that it would have shown, and that was shown by luck,
counts as often as luck was rare.

    IPS    V = (1/L) Σ_l Σ_k w_lk r_lk,   w = target / propensity
    SNIPS  V = Σ w r / Σ w, for each place, added up

`reward` is what came of the item at its place (a click, an order), `target` the chance that the new way would put that
item there. Rewards are taken to depend on the item and its place and not on its neighbours: the item-position model
of Li et al. 2018, «Offline evaluation of ranking policies with click models». IPS is right on average, SNIPS (Swaminathan
& Joachims 2015) is steadier. Intervals are of the mean over visitors, so that one eager visitor is one observation.

Refused, not guessed, where the logs cannot say: fewer than `ENOUGH` effective visitors (Kong 1992: (Σw)² / Σw²), or
weights whose mean is not 1, which says that the new way shows what could never have been seen, or that the propensities
are not what was drawn.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shopkeeper.errors import Refused

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
ENOUGH = 100.0  # effective visitors
FAR = 3.0  # standard errors by which the mean weight may miss 1
SURE = 1.96  # standard errors to either side: nineteen in twenty


@dataclass(frozen=True, slots=True)
class Logged:
    """Lists as they were shown. reward, propensity: (L, K) of the item at each place; visitor: (L,) as numbers."""

    reward: Floats
    propensity: Floats
    visitor: Ints

    def __post_init__(self) -> None:
        if self.propensity.size and not 0 < self.propensity.min() <= self.propensity.max() <= 1:
            raise ValueError("a propensity is a chance above 0 and at most 1 of what was shown")


@dataclass(frozen=True, slots=True)
class Value:
    """What a list brings on average, with an interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """logged: of the way that was in use; ips, snips: of the new way; effective: visitors' worth of evidence."""

    lists: int
    visitors: int
    effective: float
    logged: Value
    ips: Value
    snips: Value

    @property
    def gain(self) -> tuple[float, float]:
        """The interval of the new way minus the logged one, both as if apart (wider than need be)."""
        return self.snips.low - self.logged.high, self.snips.high - self.logged.low


def estimate(logged: Logged, target: Floats) -> Estimate:
    """What the new way would have brought a list. Raises Refused where the logs cannot say.

    target: (L, K) chance that the new way puts the shown item at its place.
    """
    weight = target / logged.propensity
    people = _by_visitor(logged.visitor)
    effective = _effective(people, weight)
    if effective < ENOUGH:
        raise Refused(
            f"the logs are worth {effective:.0f} visitors to the new way; {ENOUGH:.0f} are needed",
            hint="wait, let more lists be drawn, or run an experiment",
        )
    _check_weights(people, weight)
    return Estimate(
        lists=len(weight),
        visitors=people.number,
        effective=effective,
        logged=_ratio(people, logged.reward.sum(axis=1), np.ones(len(weight))),
        ips=_ratio(people, (weight * logged.reward).sum(axis=1), np.ones(len(weight))),
        snips=_snips(people, weight, logged.reward),
    )


@dataclass(frozen=True, slots=True)
class _People:
    """Which lists are of one visitor."""

    of: Ints
    number: int

    def sums(self, values: Floats) -> Floats:
        """(visitors,) of values a list."""
        return np.bincount(self.of, values, self.number).astype(np.float64)


def _by_visitor(visitor: Ints) -> _People:
    known, of = np.unique(visitor, return_inverse=True)
    return _People(of, len(known))


def _effective(people: _People, weight: Floats) -> float:
    sums = people.sums(weight.sum(axis=1))
    squares = float((sums**2).sum())
    return float(sums.sum() ** 2 / squares) if squares else 0.0


def _check_weights(people: _People, weight: Floats) -> None:
    """The mean of all weights is 1 if all could be shown, with these chances."""
    found = _ratio(people, weight.mean(axis=1), np.ones(len(weight)))
    error = (found.high - found.low) / (2 * SURE)
    if abs(found.mean - 1) > FAR * error + 0.02:
        raise Refused(
            f"the weights have the mean {found.mean:.2f}, not 1: the new way shows what could never have been shown, "
            "or the logged chances are not those that were drawn",
            hint="draw from more candidates, or run an experiment",
        )


def _ratio(people: _People, above: Floats, below: Floats) -> Value:
    """Σ above / Σ below, with the interval of the delta method over visitors."""
    over, under = people.sums(above), people.sums(below)
    total = under.sum()
    mean = float(over.sum() / total) if total else 0.0
    spread = float(np.sqrt(((over - mean * under) ** 2).sum()) / total) if total else 0.0
    return Value(mean, mean - SURE * spread, mean + SURE * spread)


def _snips(people: _People, weight: Floats, reward: Floats) -> Value:
    """Each place normalised by its own weights; the places' residuals add up within a visitor."""
    mean, residual = 0.0, np.zeros(people.number)
    for place in range(weight.shape[1]):
        own = weight[:, place]
        total = own.sum()
        if not total:
            continue
        value = float((own * reward[:, place]).sum() / total)
        mean += value
        residual += people.sums(own * (reward[:, place] - value)) / total
    spread = float(np.sqrt((residual**2).sum()))
    return Value(mean, mean - SURE * spread, mean + SURE * spread)
