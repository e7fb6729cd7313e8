"""What people wrote, as data inside a prompt: nothing in it can end its quotes, its line or the turn.

A value becomes JSON on one line. Besides what JSON itself escapes, `<` and the brackets of `[INST]` are written as
`\\u003c` and `\\u005b`, so that no control token of any chat template is ever in it, and so are characters that do not
show (ends of lines of all kinds, directions of writing). `json.loads` gives back what went in.
"""

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

# A list of one JSON word is no control token.
_CONTROL = re.compile(r"<|\[(?!(?:null|true|false)\])(?=/?[A-Za-z_]+\])")
_SPACES = re.compile(r"\s+")


def quoted(value: Any) -> str:
    """The value as one line of JSON that decodes to the same: text, numbers, lists and tables of them, None.

    Raises TypeError if it is none of these.
    """
    return "".join(
        map(
            _shown,
            _CONTROL.sub(_escape, json.dumps(_plain(value), ensure_ascii=False, allow_nan=False)),
        )
    )


def one_line(text: str) -> str:
    """A text that stands without quotes, as an example's answer does: one line, no control token."""
    spaced = _SPACES.sub(" ", "".join(c if c.isprintable() else " " for c in text)).strip()
    return spaced.replace("<", "‹").replace("[INST", "(INST").replace("[/INST", "(/INST")


def unquoted(text: str) -> str:
    """A line that a model wrote, without the quotes that it may have copied from the form of the question."""
    line = one_line(text)
    if len(line) > 1 and line[0] == line[-1] == '"':
        try:
            return one_line(str(json.loads(line)))
        except ValueError:
            return line
    return line


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [_plain(one) for one in value]
    raise TypeError(f"{type(value).__name__} cannot be quoted in a prompt")


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match.group()):04x}"


def _shown(char: str) -> str:
    if char.isprintable() or char == "\u3000":
        return char
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
