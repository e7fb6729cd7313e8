"""Texts as units, and what runs of units mean: `data/concepts.toml`, ready to be looked up.

A unit is the stem of a Latin word, a number, or one Chinese character, so that one lookup reads both languages.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from shopkeeper.text.language import is_han
from shopkeeper.text.normalise import normalise

GROUPS = ("concepts", "tags", "statuses", "countries", "asks", "fields", "soft", "goods")
_HAN = "一-鿿㐀-䶿"
_UNIT = re.compile(
    rf"[{_HAN}]|\d+x+[sl]\b|\d+(?:[.,]\d+)*|[^\W\d_{_HAN}]+(?:['-][^\W\d_{_HAN}]+)*|%"
)
_STATES = re.compile(r"\bU\.?S\.?(?:A\.?)?(?![a-z])")
_BACK = re.compile(r"\b(send|sent|bring|give|put|take|took)((?: \w+){1,3}?) back\b")
_MADE = re.compile(r"\bwhere (?:is|are|was|were) (.{1,160}?) (made|produced|manufactured)\b")
_WHETHER = re.compile(r"([^\W不没])[不没]\1")
_VOWEL = re.compile("[aeiouy]")


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece of a text: what it is compared by, and where it stands in the normalised text."""

    key: str
    start: int
    end: int

    @property
    def han(self) -> bool:
        """True for a Chinese character."""
        return is_han(self.key[0])


@dataclass(frozen=True, slots=True)
class Match:
    """Units start..end of a text stand in a group of the lexicon under these names."""

    start: int
    end: int
    names: frozenset[str]


Phrases = Mapping[tuple[str, ...], frozenset[str]]


def plain(text: str) -> str:
    """The text in the form that units are cut from. "US" is a country there, "us" is not; what belongs together stands
    together: "send it back" is "send back it", "where is it made" is "where made it". 能不能 asks of 能, and not of 不能."""
    together = _BACK.sub(r"\1 back\2", normalise(_STATES.sub("usa", text)))
    together = _WHETHER.sub(r"\1", together)
    return _MADE.sub(r"where \2 \1", together)


def units(text: str) -> list[Unit]:
    """The units of a text that `plain` has made."""
    return [
        Unit(stem(m.group()) if m.group()[0].isalpha() else _number(m.group()), m.start(), m.end())
        for m in _UNIT.finditer(text)
    ]


def _number(written: str) -> str:
    return written.replace(",", "") if re.fullmatch(r"\d{1,3}(?:,\d{3})+", written) else written


def stem(word: str) -> str:
    """A word without its commonest English endings: "returned", "returning" and "returns" are one."""
    word = word.removesuffix("'s").removesuffix("'")
    if len(word) < 4 or not word.isascii() or "'" in word:
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-2] if word.endswith(("sses", "shes", "ches", "xes")) else word[:-1]
    for ending in ("ing", "ed"):
        start = word.removesuffix(ending)
        if word.endswith(ending) and len(start) > 2 and _VOWEL.search(start):
            word = start[:-1] if start[-1] == start[-2] and start[-1] not in "lsz" else start
            break
    if word.endswith("ll") and len(word) > 5:  # cancelled is cancel
        return word[:-1]
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


@dataclass(frozen=True, slots=True)
class Topic:
    """Something that rules are about. groups: of concepts, of which one each must be named; also: those that may be;
    action: the kind of write whose rules are about it too, if there is one; of_goods: a page speaks of it for any product
    alike, also where one is named."""

    name: str
    groups: tuple[frozenset[str], ...]
    also: frozenset[str]
    action: str
    of_goods: bool

    @property
    def concepts(self) -> frozenset[str]:
        """All that belong to it."""
        return self.also.union(*self.groups)


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Group -> phrases of units -> names. light: concepts that narrow a question little; case: that a
    tag says too, or that name a kind of thing."""

    phrases: Mapping[str, Phrases]
    longest: int
    light: frozenset[str]
    case: frozenset[str]
    topics: tuple["Topic", ...]

    def find(self, group: str, found: Sequence[str]) -> list[Match]:
        """The phrases of a group in these units, the longest first at each place, not overlapping."""
        table = self.phrases[group]
        matches, at = [], 0
        while at < len(found):
            for end in range(min(len(found), at + self.longest), at, -1):
                names = table.get(tuple(found[at:end]))
                if names:
                    matches.append(Match(at, end, names))
                    at = end - 1
                    break
            at += 1
        return matches


@cache
def lexicon() -> Lexicon:
    """The one that comes with the program."""
    text = files("shopkeeper.support").joinpath("data/concepts.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    phrases: dict[str, Phrases] = {}
    for group in GROUPS:
        table: dict[tuple[str, ...], set[str]] = {}
        for name, languages in data[group].items():
            for phrase in (p for said in languages for p in said):
                table.setdefault(keys(phrase), set()).add(name)
        phrases[group] = {phrase: frozenset(names) for phrase, names in table.items() if phrase}
    longest = max(len(p) for table in phrases.values() for p in table)
    topics = tuple(
        Topic(
            name,
            tuple(frozenset(group) for group in topic["all"]),
            frozenset(topic.get("also", ())),
            topic.get("action", ""),
            topic.get("of_goods", False),
        )
        for name, topic in data["topics"].items()
    )
    return Lexicon(
        phrases,
        longest,
        frozenset(data["light"]["concepts"]),
        frozenset(data["case"]["concepts"]),
        topics,
    )


def keys(text: str) -> tuple[str, ...]:
    """What the units of a text are compared by."""
    return tuple(u.key for u in units(plain(text)))
