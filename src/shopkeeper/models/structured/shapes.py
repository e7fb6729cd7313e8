"""What a structured answer may look like: a tree in which everything has an end.

All else is made from this tree: the grammar, the JSON schema, the longest answer, the check of a value. There are no
references in it; a recursive type has been unrolled to a depth.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from shopkeeper.models.structured.patterns import Pattern

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of these values: null, true or false, an enumeration, a literal."""

    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number, both ends included. multiple_of is checked, not kept to while decoding."""

    lowest: int
    highest: int
    multiple_of: int = 1


@dataclass(frozen=True, slots=True)
class Number:
    """A decimal number with up to `decimals` digits after the point, both ends included and having as many at most."""

    lowest: Decimal
    highest: Decimal
    decimals: int


@dataclass(frozen=True, slots=True)
class Text:
    """A string of so many characters, none a control character except line feed and tab.

    trimmed: neither the first nor the last is blank. pattern: the whole of it matches.
    """

    shortest: int
    longest: int
    trimmed: bool = False
    pattern: Pattern | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """A date, a time of day or both as ISO 8601 writes them, of the years 1900 to 2099. zone: whether UTC's Z follows."""

    kind: Literal["date", "time", "date-time"]
    zone: Literal["maybe", "never", "always"] = "maybe"


@dataclass(frozen=True, slots=True)
class Items:
    """A list: `first` one by one, then from `fewest` to `most` of `item`."""

    item: "Shape"
    fewest: int
    most: int
    first: tuple["Shape", ...] = ()
    unique: bool = False  # checked, not kept to while decoding


@dataclass(frozen=True, slots=True)
class Entries:
    """An object whose keys are the model's own. That no key comes twice is checked, not kept to while decoding."""

    key: Text
    value: "Shape"
    fewest: int
    most: int


@dataclass(frozen=True, slots=True)
class Member:
    """A named part of a record; `about` tells the model what it is."""

    name: str
    shape: "Shape"
    required: bool = True
    about: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """An object of named members in this order. complete: those that are not required are written too."""

    members: tuple[Member, ...]
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Either:
    """Any one of these."""

    options: tuple["Shape", ...]


Shape = OneOf | Whole | Number | Text | Moment | Items | Entries | Record | Either
