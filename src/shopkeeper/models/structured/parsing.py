"""The JSON value in what a model wrote, or why there is none. Nothing is mended here, nothing guessed.

Python's reader takes much that is not JSON, and some of what is JSON does harm: NaN and Infinity, a key twice (the last
wins silently), halves of surrogate pairs (no database takes them), thousands of brackets, numbers of a million digits.
All of it is refused.
"""

import json
from decimal import Decimal

from shopkeeper.models.structured.checking import Json

MOST_DIGITS = 60
MOST_CHARACTERS = 200_000
DEEPEST = 60
FENCE = "```"
_FENCES = 5  # looked into
_STARTS = 20  # places at which an object or list is tried


class NoJson(ValueError):
    """Why there is no value to be had; never with what the model wrote."""


def find_json(text: str, *, opens: str = "") -> tuple[Json, str]:
    """The JSON value of the text, and its own stretch of the text.

    That is all of it, else what stands in a code fence, else the first value that begins with one of the characters
    `opens`. Parts of a value that turned out broken are not taken for the answer.

    Raises NoJson.
    """
    if len(text) > MOST_CHARACTERS:
        raise NoJson(f"the text has {len(text)} characters; {MOST_CHARACTERS} are the limit")
    if not text.strip():
        raise NoJson("the text is empty")
    wrong = ""
    for candidate in (text.strip(), *_fenced(text)):
        try:
            value, end = _parse(candidate, 0)
        except json.JSONDecodeError as error:
            wrong = f"not JSON: {error.msg} at character {error.pos}"
            continue
        if not candidate[end:].strip():
            return value, candidate[:end]
        wrong = f"not JSON: more text after the value, at character {end}"
    return _first(text, opens, wrong)


def _fenced(text: str) -> list[str]:
    """What stands in code fences, without the name of a language."""
    inside = text.split(FENCE, 2 * _FENCES)[1::2]
    parts = [part.partition("\n") for part in inside]
    return [
        (rest if not first.strip() or first.strip().isalpha() else first + rest).strip()
        for first, _, rest in parts
    ]


def _first(text: str, opens: str, wrong: str) -> tuple[Json, str]:
    """The first object or list anywhere in the text."""
    at = 0
    for _ in range(_STARTS if opens else 0):
        start = min((text.find(c, at) for c in opens if text.find(c, at) >= 0), default=-1)
        if start < 0:
            break
        try:
            value, end = _parse(text, start)
            return value, text[start:end]
        except json.JSONDecodeError as error:
            wrong, at = f"not JSON: {error.msg} at character {error.pos}", max(error.pos, start + 1)
    raise NoJson(wrong)


def _parse(text: str, start: int) -> tuple[Json, int]:
    """The value at `start` and where it ends. Raises JSONDecodeError where it is not JSON, NoJson where it does harm."""
    try:
        value, end = _DECODER.raw_decode(text, start)
    except RecursionError:
        raise NoJson("brackets within brackets without end") from None
    _examine(value, 0)
    return value, end


def _examine(value: Json, depth: int) -> None:
    if depth > DEEPEST:
        raise NoJson(f"brackets nested deeper than {DEEPEST} levels")
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise NoJson("half of a surrogate pair in a string") from None
    elif isinstance(value, list):
        for one in value:
            _examine(one, depth + 1)
    elif isinstance(value, dict):
        for key, one in value.items():
            _examine(key, depth + 1)
            _examine(one, depth + 1)


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise NoJson("a key stands twice in an object")
    return found


def _constant(name: str) -> None:
    raise NoJson(f"{name} is no JSON number")


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise NoJson(f"a number of {len(digits)} digits")
    return int(digits)


def _number(digits: str) -> Decimal:
    mantissa, _, exponent = digits.lower().partition("e")
    if len(mantissa) > MOST_DIGITS or len(exponent.lstrip("+-0")) > 3:
        raise NoJson(f"a number of {len(digits)} characters or a large exponent")
    return Decimal(digits)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_int=_whole, parse_float=_number
)
