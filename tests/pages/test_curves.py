"""Curves: everything stands inside, and labels do not cover each other."""

from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.pages.curves import APART, HEIGHT, WIDTH, Curve, chart

values = st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: round(x, 3))


@given(st.lists(values, min_size=2, max_size=30), st.booleans())
def test_every_point_is_inside_and_the_ticks_go_around(ys: list[float], from_zero: bool) -> None:
    curve = Curve("loss", [(float(x), y) for x, y in enumerate(ys)])
    made = chart("Loss", [curve], told=str, x_told=str, from_zero=from_zero)
    assert made is not None and len(made.ticks) >= 2
    points = [tuple(map(float, point.split(","))) for point in made.lines[0].path.split()]
    assert all(0 <= x <= WIDTH and -0.1 <= y <= HEIGHT + 0.1 for x, y in points)
    assert points[0][0] == 0 and points[-1][0] == WIDTH


def test_labels_of_lines_that_end_together_stand_apart() -> None:
    two = [Curve(name, [(0, 5), (1, last)]) for name, last in (("a", 2.0), ("b", 2.01))]
    made = chart("Loss", two, told=str, x_told=str)
    assert made is not None and abs(made.lines[0].y - made.lines[1].y) >= APART


def test_one_point_is_no_curve() -> None:
    assert chart("Loss", [Curve("a", [(1, 2)])], told=str, x_told=str) is None
