"""Lines put into words: templates in English and Chinese, several variants each, and candidates made of them."""

import random
import tomllib
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from itertools import product

from shopkeeper.support.dialogue.lexicon import LANGUAGES
from shopkeeper.support.dialogue.saying import Line
from shopkeeper.support.wording import words_of

CANDIDATES = 12


@cache
def templates(language: str) -> Mapping[str, tuple[str, ...]]:
    """Key -> variants, in the language; in English where there is no other."""
    known = language if language in LANGUAGES else "en"
    text = (
        files("shopkeeper.support.dialogue")
        .joinpath(f"data/replies.{known}.toml")
        .read_text(encoding="utf-8")
    )
    return {k: tuple(v) for k, v in tomllib.loads(text).items()}


def variants(line: Line, language: str) -> list[str]:
    """All ways to say one line."""
    if line.verbatim:
        return [line.verbatim]
    ways = templates(language)[line.key]
    values = dict(line.values)
    if "status" in values:
        values["status"] = in_words("status", values["status"], language)
    return [way.format_map(values).strip() for way in ways]


def in_words(kind: str, value: str, language: str) -> str:
    """A status or a reason of the shop's in this language, if there is a word for it; else as it is."""
    key = f"{kind} {value}"
    ways = templates(language).get(key)
    return ways[0] if ways else words_of(language).get(key, value)


def when(at: datetime, language: str) -> str:
    """A day and an hour of the shop's own time, in words."""
    day = templates(language)["weekdays"][at.weekday()]
    zone = getattr(at.tzinfo, "key", None) or at.tzname() or "UTC"
    values = {"day": day, "date": f"{at:%Y-%m-%d}", "time": f"{at:%H:%M}", "zone": zone}
    return variants(Line("when", values), language)[0]


def candidates(lines: Sequence[Line], language: str, seed: str) -> list[str]:
    """Replies made of these lines, each with other variants; at most `CANDIDATES`, the same for the same seed."""
    ways = [variants(line, language) for line in lines]
    made = [_joined(parts, " " if language == "en" else "") for parts in _some(ways, seed)]
    return list(dict.fromkeys(made))


def _joined(parts: Sequence[str], between: str) -> str:
    """The parts one after another; what follows a list begins a line, else it would read as its last entry."""
    text = ""
    for part in parts:
        listed = text.rpartition("\n")[2].startswith("- ")
        text += ("\n" if listed else between if text else "") + part
    return text


def _some(ways: list[list[str]], seed: str) -> list[tuple[str, ...]]:
    count = 1
    for way in ways:
        count *= len(way)
    if count <= CANDIDATES:
        return list(product(*ways))
    chance = random.Random(seed)
    return [tuple(chance.choice(way) for way in ways) for _ in range(CANDIDATES)]
