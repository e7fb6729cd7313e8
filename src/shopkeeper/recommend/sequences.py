"""Confidence sequences: intervals that hold at every moment at once, so that looking early and often costs nothing.

Whoever looks at an ordinary interval each morning, and stops when it leaves out zero, is wrong far more often than one
time in twenty. A confidence sequence is an interval after every observation, of which with probability 1 - alpha not a
single one is ever wrong; so an experiment may be stopped whenever the interval says enough.

Here it is the predictable plug-in empirical Bernstein sequence, exact for every number of observations and whatever
their distribution, as long as they are bounded. Source: Waudby-Smith & Ramdas 2024, «Estimating means of bounded random
variables by betting», Theorem 2. For X in [0, 1], with L = log(2 / alpha):

    sum(λ_i X_i) / sum(λ_i)  ±  (L + sum(4 (X_i - m_{i-1})² ψ(λ_i))) / sum(λ_i),   ψ(λ) = (-log(1 - λ) - λ) / 4
    λ_i = min(1/2, sqrt(2 L / (s_{i-1} · i · log(1 + i))))

where m_i = (1/2 + sum X) / (i + 1) and s_i = (1/4 + sum (X - m)²) / (i + 1) know only what came before the next one.
Where the mean changes over time, what is covered is the mean so far, weighted by λ.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
LARGEST_BET = 0.5  # λ at most


@dataclass(frozen=True, slots=True)
class Interval:
    """Where a mean lies after `observations`."""

    low: float
    high: float
    observations: int

    @property
    def middle(self) -> float:
        """Halfway."""
        return (self.low + self.high) / 2

    @property
    def without_zero(self) -> bool:
        """True if the mean is surely not zero."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class ConfidenceSequence:
    """low, high: (T,) the interval after each observation; it never grows."""

    low: Floats
    high: Floats
    bounds: tuple[float, float]

    @property
    def last(self) -> Interval:
        """The interval now: all that is possible before the first observation."""
        if not len(self.low):
            return Interval(*self.bounds, 0)
        return Interval(float(self.low[-1]), float(self.high[-1]), len(self.low))


def confidence_sequence(
    values: Floats, *, bounds: tuple[float, float] = (0.0, 1.0), alpha: float = 0.05
) -> ConfidenceSequence:
    """Of the mean of observations, in the order in which they came. Raises ValueError if one is out of bounds.

    values: (T,), each within `bounds`, which must be known beforehand.
    """
    least, most = bounds
    if len(values) and not (least <= values.min() and values.max() <= most):
        outside = float(values.min() if values.min() < least else values.max())
        raise ValueError(f"observation {outside} is not within {least} to {most}")
    unit = (np.asarray(values, np.float64) - least) / (most - least)
    number = np.arange(1, len(unit) + 1)
    mean = (0.5 + np.cumsum(unit)) / (number + 1)
    variance = (0.25 + np.cumsum((unit - mean) ** 2)) / (number + 1)
    mean_before, variance_before = _shifted(mean, 0.5), _shifted(variance, 0.25)
    bet = _bets(number, variance_before, alpha)
    total = np.cumsum(bet)
    centre = np.cumsum(bet * unit) / total
    spent = np.cumsum(4 * (unit - mean_before) ** 2 * _psi(bet))
    radius = (np.log(2 / alpha) + spent) / total
    low = np.maximum.accumulate(np.clip(centre - radius, 0, 1))
    high = np.minimum.accumulate(np.clip(centre + radius, 0, 1))
    width = most - least
    return ConfidenceSequence(least + width * low, least + width * high, bounds)


def expected_radii(observations: int, variance: float, *, alpha: float = 0.05) -> Floats:
    """(T,) half the width to expect after each of so many observations of this variance in [0, 1]: for planning."""
    number = np.arange(1, observations + 1)
    bet = _bets(number, np.full(observations, max(variance, 1e-9)), alpha)
    spent = 4 * variance * np.cumsum(_psi(bet))
    radius: Floats = np.minimum((np.log(2 / alpha) + spent) / np.cumsum(bet), 1.0)
    return radius


def _bets(number: npt.NDArray[np.intp], variance: Floats, alpha: float) -> Floats:
    bet = np.sqrt(2 * np.log(2 / alpha) / (variance * number * np.log1p(number)))
    bounded: Floats = np.minimum(bet, LARGEST_BET)
    return bounded


def _psi(bet: Floats) -> Floats:
    found: Floats = (-np.log1p(-bet) - bet) / 4
    return found


def _shifted(values: Floats, first: float) -> Floats:
    """What was known before each observation."""
    return np.concatenate([[first], values[:-1]]) if len(values) else values
