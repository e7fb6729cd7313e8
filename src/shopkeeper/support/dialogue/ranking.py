"""Which of several replies is given: first what is safe, then the best by LaMDA's 3 × sensible + specific + interesting.

With no model the three are simple scores. *Sensible*: it asks what is to be asked, once, at the end, and does not repeat
what was said before. *Specific*: it names the order, item or amount that it is about. *Interesting*: it is put in other
words than the replies before, and tells more: of the alternatives (`beside.py`) the one with the next step.
Source: LaMDA (arXiv 2201.08239), section 5: candidates under the threshold of safety are dropped, the rest ranked.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

TELLING = 60  # different words, of a reply that tells much
KEPT = 0.4  # of the words of a reply, in a rewording of it
_FACT = re.compile(r"#?[A-Za-z]{0,3}\d[\d.,:/-]*\d|\d")
_ASKS = re.compile("[?？]")
_VOICES = (
    re.compile(r"\b(?:i|me|my|mine)\b|我(?!们)", re.IGNORECASE),
    re.compile(r"\b(?:you|your|yours)\b|[你您]", re.IGNORECASE),
)
_LINK = re.compile(r"https?://|www\.|<[a-zA-Z/!]|\]\(")


@dataclass(frozen=True, slots=True)
class Scores:
    """From 0 to 1 each."""

    sensible: float
    specific: float
    interesting: float

    @property
    def rank(self) -> float:
        """What candidates are ranked by."""
        return 3 * self.sensible + self.specific + self.interesting


class Scorer(Protocol):
    """Who says how good a reply is."""

    def score(self, text: str, said: Sequence[str]) -> Scores:
        """The scores of a reply after these replies."""


class SimpleScorer:
    """Scores by form alone."""

    def score(self, text: str, said: Sequence[str]) -> Scores:
        """The scores of a reply after these replies."""
        words = set(_words(text))
        again = max((_overlap(words, set(_words(s))) for s in said), default=0.0)
        asks = len(re.findall(r"[?？]", text))
        sensible = (1.0 if asks <= 2 else 0.7) * (0.4 if text in said else 1.0)
        specific = min(1.0, len(set(_FACT.findall(text))) / 3)
        told = min(1.0, len(words) / TELLING)
        return Scores(sensible, specific, (1 - again) * (1 + told) / 2)


def _words(text: str) -> list[str]:
    return re.findall(r"[\u3400-\u9fff]|\w+", text.casefold())


def _overlap(one: set[str], other: set[str]) -> float:
    return len(one & other) / max(1, len(one | other))


def facts_in(text: str) -> set[str]:
    """Numbers, ids, dates and prices of a text, in one form."""
    return {f.strip(".,:/-").replace(",", "").lstrip("#").casefold() for f in _FACT.findall(text)}


def is_safe(text: str, allowed: Iterable[str]) -> bool:
    """True if every number, id and price stands in what the reply rests on, and there is no link or markup."""
    known: set[str] = set()
    for source in allowed:
        known |= facts_in(source)
    return not _LINK.search(text) and facts_in(text) <= known


def says_the_same(reworded: str, text: str) -> bool:
    """True if a rewording keeps every fact and question of a reply and two fifths of its words, is about as long, and turns
    nobody into somebody else: "I returned my order" is not what the desk says."""
    facts = facts_in(reworded) == facts_in(text)
    asks = len(_ASKS.findall(reworded)) == len(_ASKS.findall(text))
    voices = all(len(v.findall(reworded)) <= len(v.findall(text)) for v in _VOICES)
    ours = set(_words(text))
    kept = len(ours & set(_words(reworded))) >= KEPT * len(ours)
    return facts and asks and voices and kept and 0 < len(reworded) < 2 * len(text) + 80


def best(candidates: Sequence[str], said: Sequence[str], scorer: Scorer) -> str:
    """The candidate that ranks first; of equals the earlier."""
    return max(candidates, key=lambda c: scorer.score(c, said).rank)
