"""Values of options compared: what is the same, and what is more or less than what.

"1 L" and "1000ml" are the same; 500ml is less than 1L, S less than XL, dim less than bright. Values that cannot be
compared are neither more nor less.
"""

import re
from decimal import Decimal

from shopkeeper.text.normalise import normalise

_NUMBER = re.compile(r"(-?\d+(?:\.\d+)?)\s*([a-z\"']*)")
_UNITS = {  # unit -> (what it measures, how many of the smallest)
    "ml": ("volume", "1"), "cl": ("volume", "10"), "l": ("volume", "1000"), "litre": ("volume", "1000"),
    "litres": ("volume", "1000"), "liter": ("volume", "1000"), "liters": ("volume", "1000"),
    "g": ("weight", "1"), "kg": ("weight", "1000"), "oz": ("weight", "28.3495"), "lb": ("weight", "453.592"),
    "lbs": ("weight", "453.592"), "mm": ("length", "1"), "cm": ("length", "10"), "m": ("length", "1000"),
    "in": ("length", "25.4"), "inch": ("length", "25.4"), "inches": ("length", "25.4"), '"': ("length", "25.4"),
    "ft": ("length", "304.8"), "feet": ("length", "304.8"), "mb": ("memory", "1"), "gb": ("memory", "1000"),
    "tb": ("memory", "1000000"), "mp": ("pixels", "1"), "k": ("pixels k", "1"), "w": ("power", "1"),
    "h": ("time", "60"), "hour": ("time", "60"), "hours": ("time", "60"), "min": ("time", "1"),
}  # fmt: skip
_SCALES = (
    ("xxxs", "xxs", "xs", "s", "m", "l", "xl", "xxl", "xxxl"),
    ("extra small", "small", "medium", "large", "extra large"),
    ("very low", "low", "medium", "high", "very high"),
    ("none", "basic", "standard", "advanced", "professional"),
    ("dim", "normal", "bright"),
    ("soft", "medium", "firm", "hard"),
    ("beginner", "intermediate", "expert"),
    ("light", "medium", "dark"),
    ("no", "yes"),
)


def canonical(value: str) -> str:
    """The value in one form, so that what is the same compares equal."""
    plain = normalise(value)
    measured = _measured(plain)
    if measured is None:
        return plain
    kind, amount = measured
    return f"{kind}:{amount.normalize():f}"


def _measured(plain: str) -> tuple[str, Decimal] | None:
    """(what is measured, how much), None for words."""
    found = _NUMBER.fullmatch(plain)
    if found is None:
        return None
    number, unit = Decimal(found[1]), found[2]
    if not unit:
        return "number", number
    if unit in _UNITS:
        kind, size = _UNITS[unit]
        return kind, number * Decimal(size)
    return f"number {unit}", number


def compare(one: str, other: str) -> int | None:
    """-1, 0 or 1 as `one` is less than, the same as or more than `other`; None if nobody can say."""
    a, b = normalise(one), normalise(other)
    if canonical(a) == canonical(b):
        return 0
    first, second = _measured(a), _measured(b)
    if first and second and first[0] == second[0]:
        return -1 if first[1] < second[1] else 1
    leading = _leading(a), _leading(b)
    if leading[0] is not None and leading[1] is not None and leading[0] != leading[1]:
        return -1 if leading[0] < leading[1] else 1
    for scale in _SCALES:
        if a in scale and b in scale:
            return -1 if scale.index(a) < scale.index(b) else 1
    return None


def _leading(plain: str) -> Decimal | None:
    """The number that a value begins with: 1000 of "1000 pieces"."""
    found = re.match(r"-?\d+(?:\.\d+)?", plain)
    return Decimal(found[0]) if found else None
