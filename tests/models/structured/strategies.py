"""Types at random, and values of a shape at random."""

import datetime
import json
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Optional, Union

from hypothesis import strategies as st
from pydantic import Field, StringConstraints, create_model

from shopkeeper.models.structured.checking import problem
from shopkeeper.models.structured.patterns import WRITABLE
from shopkeeper.models.structured.shapes import (
    Either,
    Entries,
    Items,
    Moment,
    Number,
    OneOf,
    Record,
    Shape,
    Text,
    Whole,
)

PATTERNS = (r"^[A-Z]{2}-\d{4}$", r"^\w+( \w+)*$", r"^(red|blue|绿色)?$", r"[^a]{1,3}", r"^a*b+c?$", r"^\d{1,3}(\.\d\d)?$",
            r'^["\\/]{0,4}$', r"^[^\d\s-]+\W?\D$", r"^.{2,}$", r"^\S+@\S+\.[a-z]{2,6}$")  # fmt: skip
ALPHABET = st.one_of(
    st.characters(codec="utf-8").filter(lambda c: any(a <= ord(c) <= b for a, b in WRITABLE)),
    st.sampled_from(' "\\\n\tß绿色🎁'),
)


class Colour(Enum):
    """An enumeration."""

    RED = "red"
    BLUE = "蓝色"
    QUOTE = 'a "b" \\ c'


@st.composite
def wholes(draw: Any) -> Any:
    low, high = sorted((draw(st.integers(-2000, 2000)), draw(st.integers(-(10**9), 10**9))))
    return Annotated[int, Field(ge=low, le=high)]


@st.composite
def numbers(draw: Any) -> Any:
    places = draw(st.integers(0, 4))
    low, high = sorted(Decimal(draw(st.integers(-99999, 99999))).scaleb(-places) for _ in range(2))
    if draw(st.booleans()):
        return Annotated[Decimal, Field(ge=low, le=high, decimal_places=places)]
    return Annotated[float, Field(ge=float(low), le=float(high))]


@st.composite
def texts(draw: Any) -> Any:
    low = draw(st.integers(0, 5))
    high = low + draw(st.integers(0, 30))
    return Annotated[
        str,
        StringConstraints(min_length=low, max_length=high, strip_whitespace=draw(st.booleans())),
    ]


LEAVES = st.one_of(
    wholes(),
    numbers(),
    texts(),
    st.sampled_from(PATTERNS).map(
        lambda p: Annotated[str, StringConstraints(pattern=p, max_length=20)]
    ),
    st.sampled_from([bool, int, float, str, Decimal, datetime.date, datetime.time, datetime.datetime, Colour]),
    st.lists(st.sampled_from(["a", "b", "绿", '"', "\\n", 0, 7, -3]), min_size=1, max_size=3, unique=True).map(
        lambda values: Literal[tuple(values)]
    ),
)  # fmt: skip


def _listed(inner: Any) -> Any:
    bounds = st.tuples(st.integers(0, 2), st.integers(0, 2))
    return st.tuples(inner, bounds).map(
        lambda t: Annotated[list[t[0]], Field(min_length=t[1][0], max_length=t[1][0] + t[1][1])]  # type: ignore[valid-type]
    )


def _model(parts: list[Any]) -> Any:
    fields = {
        f"m{i}": (part, ... if i % 2 else Field(description="a part"))
        for i, part in enumerate(parts)
    }
    return create_model("Model", **fields)  # type: ignore[call-overload]


def _composed(inner: Any) -> Any:
    return st.one_of(
        _listed(inner),
        inner.map(lambda t: Optional[t]),  # noqa: UP045
        st.tuples(inner, inner).map(lambda t: Union[t]),  # noqa: UP007
        st.tuples(inner, inner).map(lambda t: tuple[t[0], t[1]]),  # type: ignore[valid-type]
        inner.map(lambda t: Annotated[dict[str, t], Field(max_length=2)]),  # type: ignore[valid-type]
        inner.map(lambda t: dict[Colour, t]),  # type: ignore[valid-type]
        st.lists(inner, min_size=1, max_size=3).map(_model),
    )


TYPES = st.recursive(LEAVES, _composed, max_leaves=5)


def values(shape: Shape) -> st.SearchStrategy[Any]:
    """Values that the shape allows, as Python writes them to JSON."""
    return _values(shape).filter(lambda value: problem(shape, _exact(value)) == "")


def _exact(value: Any) -> Any:
    return json.loads(json.dumps(value), parse_float=Decimal)


def _values(shape: Shape) -> st.SearchStrategy[Any]:
    match shape:
        case OneOf():
            return st.sampled_from(shape.values)
        case Whole():
            return st.integers(shape.lowest, shape.highest)
        case Number():
            return st.decimals(shape.lowest, shape.highest, places=shape.decimals).map(_plain)
        case Text():
            return _text(shape)
        case Moment():
            return _moment(shape)
        case Items():
            rest = st.lists(_values(shape.item), min_size=shape.fewest, max_size=shape.most)
            first = st.tuples(*map(_values, shape.first)).map(list)
            return st.tuples(first, rest).map(lambda t: t[0] + t[1])
        case Entries():
            return st.dictionaries(
                _text(shape.key), _values(shape.value), min_size=shape.fewest, max_size=shape.most
            )
        case Record():
            members = {m.name: _values(m.shape) for m in shape.members}
            return st.fixed_dictionaries(members).map(lambda v: {name: v[name] for name in members})
        case Either():
            return st.one_of(*map(_values, shape.options))


def _plain(number: Decimal) -> int | float:
    return int(number) if number == int(number) else float(number)


def _text(text: Text) -> st.SearchStrategy[str]:
    return st.text(ALPHABET, min_size=text.shortest, max_size=text.longest).map(
        lambda t: t.strip() if text.trimmed else t
    )


def _moment(moment: Moment) -> st.SearchStrategy[str]:
    if moment.kind == "time":
        return st.times().map(lambda t: t.replace(microsecond=0).isoformat())
    first = datetime.datetime(1900, 1, 1)
    whole = st.datetimes(first, datetime.datetime(2099, 12, 31)).map(
        lambda t: t.replace(microsecond=0)
    )
    return whole.map(lambda t: t.date().isoformat() if moment.kind == "date" else t.isoformat())
