"""What is said, before it is put into words: lines of a reply, each a template with values and what it rests on."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shopkeeper.support.answers.records import Citation
from shopkeeper.support.dialogue.records import Evidence


@dataclass(frozen=True, slots=True)
class Line:
    """One part of a reply. key: of the template. verbatim: text that was made elsewhere and is said as it is. quotes: what it cites."""

    key: str
    values: Mapping[str, str] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    verbatim: str = ""
    quotes: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer of the shop's knowledge: its text, what it rests on, and what it quotes. common: the name of the question,
    if every shop hears it; own: of what the customer has ordered their records tell more."""

    text: str
    evidence: tuple[Evidence, ...] = ()
    quotes: tuple[Citation, ...] = ()
    common: str = ""
    own: bool = False
