"""Curves as SVG: where the points, the lines of the grid and the words at them stand; `curves` in components.html draws.

The plot is drawn in a box of 1000 × `height` that is stretched to the page's width, so that words keep their size.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 1000, 180
APART, LINES_APART = 16, 40  # pixels that two labels need, and two lines of the grid


@dataclass(frozen=True, slots=True)
class Curve:
    """One line: its name, and (x, y) in order of x."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A line as it is drawn. path: points of a polyline. y: of its label, in pixels. last: its last value, as told."""

    name: str
    path: str
    y: float
    last: str


@dataclass(frozen=True, slots=True)
class Chart:
    """What stands where. ticks: (pixels from the top, as told)."""

    title: str
    height: int
    ticks: tuple[tuple[float, str], ...]
    lines: tuple[Drawn, ...]
    first: str
    last: str


def chart(
    title: str,
    curves: Sequence[Curve],
    *,
    told: Callable[[float], str],
    x_told: Callable[[float], str],
    height: int = HEIGHT,
    from_zero: bool = False,
) -> Chart | None:
    """The chart of these curves on common axes; None if none has two points."""
    drawn = [curve for curve in curves if len(curve.points) > 1]
    if not drawn:
        return None
    xs = [x for curve in drawn for x, _ in curve.points]
    ys = [y for curve in drawn for _, y in curve.points]
    bottom = min(0.0, *ys) if from_zero else min(ys)
    top = max(0.0, *ys) if from_zero else max(ys)
    ticks = _ticks(bottom, top, most=max(1, height // LINES_APART))
    low, high = min(ticks[0], min(ys)), max(ticks[-1], max(ys))
    left, right = min(xs), max(xs)

    def place(x: float, y: float) -> tuple[float, float]:
        return (
            WIDTH * (x - left) / ((right - left) or 1),
            height * (high - y) / ((high - low) or 1),
        )

    lines: list[Drawn] = []
    for curve in drawn:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in curve.points))
        value = curve.points[-1][1]
        y = place(right, value)[1]
        for other in lines:
            if abs(other.y - y) < APART:
                y = other.y + (APART if y >= other.y else -APART)
        lines.append(Drawn(curve.name, path, round(y, 1), told(value)))
    return Chart(
        title, height, tuple((round(place(left, tick)[1], 1), told(tick)) for tick in ticks), tuple(lines),
        x_told(left), x_told(right),
    )  # fmt: skip


def _ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers over this range, at least two."""
    span = (high - low) or abs(high) or 1.0
    size = 10.0 ** math.floor(math.log10(span / most))
    step = next(size * n for n in (1, 2, 5, 10) if span / (size * n) <= most)
    first = math.floor(low / step)
    count = max(1, math.ceil(high / step - 1e-9) - first)
    return [(first + n) * step for n in range(count + 1)]
