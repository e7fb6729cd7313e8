"""Whether a customer's words are a clear yes to what was read to them. Decided here, by words, never by a model.

A yes says so and nothing more: every other word must be a courtesy or stand in what was shown. "Yes, but with PayPal",
"yes?" and "yes, and also the lamp" are no yes, nor is a text with characters that do not show; the proposal stays, and
is asked again or replaced.
"""

import re
import tomllib
from enum import StrEnum
from functools import cache
from importlib.resources import files

from shopkeeper.text.normalise import normalise

_WORD = re.compile(r"[#\w]+(?:['.,:/-]\w+)*")
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_MARKS = re.compile(r"[\s.,!。，！、~;；:…]+")
_ASKS = ("?", "？")
MAX_LENGTH = 500  # characters; who says more, says more than yes


class Consent(StrEnum):
    """What words mean for the proposal that was just read out."""

    YES = "yes"
    NO = "no"
    OTHER = "other"


@cache
def _words() -> dict[str, dict[str, tuple[str, ...]]]:
    text = files(__package__).joinpath("data/consent.toml").read_text(encoding="utf-8")
    data: dict[str, dict[str, list[str]]] = tomllib.loads(text)
    return {
        lang: {k: tuple(sorted(v, key=len, reverse=True)) for k, v in kinds.items()}
        for lang, kinds in data.items()
    }


def consent(text: str, shown: str) -> Consent:
    """What the words mean. shown: everything that was read to the customer, which they may repeat."""
    shows = all(c.isprintable() or c.isspace() for c in text)
    said = normalise(text) if shows and len(text) <= MAX_LENGTH else ""
    if not said or any(mark in said for mark in _ASKS):
        return Consent.OTHER
    return _chinese(said) if _CHINESE.search(said) else _english(said, normalise(shown))


def _english(said: str, shown: str) -> Consent:
    words = _words()["en"]
    if any(said == n or re.match(rf"{re.escape(n)}[\s,.!;]", said) for n in words["no"]):
        return Consent.OTHER if re.match(r"no (problem|worries|issue)", said) else Consent.NO
    padded = f" {' '.join(_WORD.findall(said))} "
    known = set(_WORD.findall(shown))
    agreed = [y for y in words["yes"] if f" {y} " in padded]
    if not agreed:
        return Consent.OTHER
    for phrase in agreed:
        padded = padded.replace(f" {phrase} ", "  ").replace(f" {phrase} ", "  ")
    if any(f" {b} " in f" {' '.join(padded.split())} " for b in words["but"]):
        return Consent.OTHER
    return (
        Consent.YES
        if all(w in words["filler"] or w in known for w in padded.split())
        else Consent.OTHER
    )


def _chinese(said: str) -> Consent:
    words = _words()["zh"]
    parts = [p for p in _MARKS.split(said) if p]
    if parts and any(parts[0] == n or parts[0].startswith(n) for n in words["no"]):
        return Consent.NO
    if any(b in said for b in words["but"]):
        return Consent.OTHER
    agreed = False
    for part in parts:
        rest = part
        for phrase in words["yes"]:
            if phrase in rest:
                agreed, rest = True, rest.replace(phrase, "")
        for filler in words["filler"]:
            rest = rest.replace(filler, "")
        if rest:
            return Consent.OTHER
    return Consent.YES if agreed else Consent.OTHER
