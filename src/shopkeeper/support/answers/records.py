"""What an answer is: a text, what it rests on, and how sure it is."""

from dataclasses import dataclass
from enum import StrEnum


class AnswerKind(StrEnum):
    """What an answer rests on."""

    QUOTED = "quoted"  # sentences of the shop's pages
    RULE = "rule"  # rules put to what the customer said
    FIELD = "field"  # fields of a product: price, stock, attributes
    OPINION = "opinion"  # what reviews say, as counts and quotes: never a fact
    UNKNOWN = "unknown"  # nothing the shop has on record carries an answer


class SourceKind(StrEnum):
    """Where a quote is from."""

    PAGE = "page"
    RULE = "rule"
    PRODUCT = "product"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Source:
    """Something of the shop's that can be cited. url: its path in the storefront, empty if it has no page."""

    kind: SourceKind
    id: str
    title: str = ""
    url: str = ""

    @property
    def evidence(self) -> str:
        """How records of conversations name it: "page:policy-returns-en"."""
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, slots=True)
class Citation:
    """What a source says, word for word; of a product, one of its fields as it is on record."""

    text: str
    source: Source


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to a question. text: what the customer is told, plain text in `language`; for `unknown`, that a person
    is needed. possible: of a rule, yes, no or (None) it depends. confidence: from 0 to 1. topic: what it is about, as
    far as that was understood ("returns", "shipping", …). common: the name of the question in `common.toml`, if it is one;
    own: it asks of the customer's own things, of which pages tell only half.
    """

    text: str
    kind: AnswerKind
    language: str
    quotes: tuple[Citation, ...] = ()
    confidence: float = 0.0
    possible: bool | None = None
    topic: str = ""
    common: str = ""
    own: bool = False

    @property
    def known(self) -> bool:
        """True if there is an answer; else a person is needed."""
        return self.kind is not AnswerKind.UNKNOWN

    @property
    def evidence(self) -> tuple[str, ...]:
        """What it rests on, each source once."""
        return tuple(dict.fromkeys(q.source.evidence for q in self.quotes))
