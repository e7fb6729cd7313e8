"""How customers say things: lists of patterns a language, kept as data, compiled once.

A pattern stands for whole words in English and for any run of characters in Chinese. Texts are compared in normal form.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from shopkeeper.text.normalise import normalise

LANGUAGES = ("en", "zh")
"""Those with files in `data/`."""
_DECIDING = frozenset({"yes", "no", "not_said", "drop"})  # what a question whether does not say


LITTLE, HAN_A_WORD = 3, 2  # words beside what is said; characters that make a word
_WORD, _HAN = re.compile(r"[a-z0-9_'-]+"), re.compile(r"[\u3400-\u9fff]")
_ASKED = "\u3000"  # a space of the same length, so that places stay


@dataclass(frozen=True, slots=True)
class Hit:
    """A pattern's match: text[start:end] says `name`."""

    start: int
    end: int
    name: str
    text: str


class Lexicon:
    """The ways of one language. `groups` are those of the file: writes, asks, ways, reasons, statuses, talk."""

    def __init__(self, language: str, data: Mapping[str, Any]) -> None:
        self.language = language
        self.aliases: dict[str, tuple[str, ...]] = {
            normalise(k): tuple(v) for k, v in data.get("aliases", {}).items()
        }
        self.containers = frozenset(data["shelf"]["containers"])
        self.modifiers = frozenset(data["shelf"]["modifiers"])
        self.introduced = self._compiled(data["names"]["introduced"])
        self._groups: dict[str, dict[str, re.Pattern[str]]] = {
            group: {name: self._compiled(ways) for name, ways in data[group].items()}
            for group in ("writes", "asks", "ways", "reasons", "statuses", "talk")
        }

    def _compiled(self, ways: Iterable[str]) -> re.Pattern[str]:
        longest_first = sorted(ways, key=len, reverse=True)
        inside = "|".join(f"(?:{w})" for w in longest_first)
        if self.language == "en":
            return re.compile(rf"(?<![\w'])(?:{inside})(?!\w)")
        return re.compile(inside)

    def hits(self, group: str, text: str) -> list[Hit]:
        """Every match of a group in a text in normal form, in order; of those that overlap, the longest."""
        found = [
            Hit(m.start(), m.end(), name, m[0])
            for name, pattern in self._groups[group].items()
            for m in pattern.finditer(text)
        ]
        return apart(found)

    def says(self, name: str, text: str) -> re.Match[str] | None:
        """The first match of one of the ways to talk."""
        return self._groups["talk"][name].search(self._decided(name, text))

    def all(self, name: str, text: str) -> list[re.Match[str]]:
        """All matches of one of the ways to talk."""
        return list(self._groups["talk"][name].finditer(self._decided(name, text)))

    def only_says(self, name: str, text: str) -> bool:
        """True if the text says that and little beside: three words, or so many Chinese characters as make them."""
        rest = self._groups["talk"][name].sub(" ", self._decided(name, text))
        beside = len(_WORD.findall(rest)) + len(_HAN.findall(rest)) / HAN_A_WORD
        return self.says(name, text) is not None and beside <= LITTLE

    def _decided(self, name: str, text: str) -> str:
        """The text without what only asks whether (能不能, "is that ok?"), where it is about what was decided."""
        if name not in _DECIDING:
            return text
        return self._groups["talk"]["whether"].sub(lambda m: _ASKED * len(m[0]), text)


def apart(hits: Iterable[Hit]) -> list[Hit]:
    """Those that do not overlap, the longest of those that do, in order."""
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda h: (h.start - h.end, h.start)):
        if all(hit.end <= k.start or k.end <= hit.start for k in kept):
            kept.append(hit)
    return sorted(kept, key=lambda h: h.start)


@cache
def lexicon(language: str) -> Lexicon:
    """The ways of a language; of English where there are none."""
    known = language if language in LANGUAGES else "en"
    text = (
        files("shopkeeper.support.dialogue")
        .joinpath(f"data/words.{known}.toml")
        .read_text(encoding="utf-8")
    )
    return Lexicon(known, tomllib.loads(text))
