"""What is said around the options of products, in one language: numbers, units, sizes, "bigger", "preferably"."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files

from shopkeeper.support.dialogue.lexicon import LANGUAGES
from shopkeeper.text.normalise import normalise


@cache
def _any_of(ways: tuple[str, ...], spaced: bool) -> re.Pattern[str]:
    inside = "|".join(f"(?:{w})" for w in sorted(ways, key=len, reverse=True))
    return re.compile(rf"(?<![\w'])(?:{inside})(?![\w'])" if spaced else inside)


compiled = lru_cache(maxsize=20_000)(re.compile)
"""Patterns made of a catalogue's values, kept: there are more of them than `re` itself remembers."""


class Ways:
    """What is said around values in one language."""

    def __init__(self, data: Mapping[str, Mapping[str, object]], *, spaced: bool) -> None:
        self.spaced = spaced
        self.numbers: dict[str, str] = _texts(data["numbers"])
        self.units: dict[str, str] = _texts(data["units"])
        self.sizes = _lists(data["sizes"])
        self._instead = self.numbers | self.units
        inside = "|".join(sorted(map(re.escape, self._instead), key=len, reverse=True))
        self._written = re.compile(rf"(?<![a-z])(?:{inside})(?![a-z])" if spaced else inside)
        self.same_values = {normalise(k): v for k, v in _lists(data["same_values"]).items()}
        self.degrees = {name: _lists(data[name]) for name in ("more", "less", "most", "least")}
        self.said = {name: self.pattern(ways) for name, ways in _lists(data["said"]).items()}

    def pattern(self, ways: Sequence[str]) -> re.Pattern[str]:
        """Any of these, as whole words where the language has spaces."""
        return _any_of(tuple(ways), self.spaced)

    def plain(self, text: str) -> str:
        """Normal form, with numbers and units in one way of writing."""
        return self._written.sub(lambda m: self._instead[m[0]], normalise(text))


def _texts(data: Mapping[str, object]) -> dict[str, str]:
    return {k: str(v) for k, v in data.items()}


def _lists(data: Mapping[str, object]) -> dict[str, list[str]]:
    return {k: [str(x) for x in v] if isinstance(v, list) else [str(v)] for k, v in data.items()}


@cache
def ways(language: str) -> Ways:
    """The ways of a language; of English where there are none."""
    known = language if language in LANGUAGES else "en"
    text = (
        files("shopkeeper.support.dialogue")
        .joinpath(f"data/options.{known}.toml")
        .read_text(encoding="utf-8")
    )
    return Ways(tomllib.loads(text), spaced=known == "en")
