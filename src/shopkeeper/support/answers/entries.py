"""Statements of pages read: what each speaks of itself, by the headings above it and in its paragraph, as items.

An item is a concept (`c:`), a tag (`t:`), a country (`x:`), a word (`w:`), a kind of thing (`g:`) or a figure (`n:`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from shopkeeper.shop.records import PageKind
from shopkeeper.support.answers.lexicon import lexicon
from shopkeeper.support.answers.reading import Reading, read
from shopkeeper.support.answers.statements import Statement

_PARTS = re.compile(r"[,;:，；：]? (?:and|or) |[?？!！。;；]|[,，]")


@dataclass(frozen=True, slots=True)
class Entry:
    """A statement read. own: what it speaks of itself; around: what its headings and its paragraph do; first: it stands
    first under its heading."""

    statement: Statement
    own: frozenset[str]
    around: frozenset[str]
    title: frozenset[str]
    section: frozenset[str]
    topic: frozenset[str]
    asks: frozenset[str]
    first: bool
    text: str
    titles: tuple[tuple[frozenset[str], frozenset[str]], ...] = ()
    """Of each question that the title of a page of questions puts: what it asks for, and which kind of answer."""
    key: frozenset[str] = frozenset()
    """What the first cell of a table's row names."""


def entries(told: Sequence[Statement]) -> list[Entry]:
    """Statements of one page, read. Around each stand its headings and the rest of its paragraph."""
    blocks: dict[int, frozenset[str]] = {}
    read_all = [(s, read(s.text), items_of(read(s.topic))) for s in told]
    for statement, own, topic in read_all:
        blocks[statement.block] = blocks.get(statement.block, frozenset()) | items_of(own) | topic
    found: list[Entry] = []
    for statement, own, topic in read_all:
        first = not found or found[-1].statement.section != statement.section
        title, section = read(statement.title), read(statement.section)
        mail = frozenset({"c:email"}) if "@" in statement.text else frozenset[str]()
        around = items_of(section) | blocks[statement.block]
        ideas = ideas_of(items_of(title))
        if not topic and len(ideas) < 2:  # a page of several says not which a sentence is about
            around |= items_of(title)
        found.append(
            Entry(
                statement, items_of(own) | topic | mail, around, items_of(title), items_of(section), topic,
                title.asks | section.asks, first, own.text, _titles(statement), _key(statement),
            )
        )  # fmt: skip
    return found


def _titles(statement: Statement) -> tuple[tuple[frozenset[str], frozenset[str]], ...]:
    """The questions of a title that puts several."""
    if statement.kind is not PageKind.FAQ:
        return ()
    parts = [read(part) for part in questions_of(statement.title)]
    return tuple((items_of(p), p.asks) for p in parts) if len(parts) > 1 else ()


def questions_of(title: str) -> list[str]:
    """The questions of a title, of which it may put several."""
    return [part for part in _PARTS.split(title) if part.strip()]


def _key(statement: Statement) -> frozenset[str]:
    return items_of(read(statement.text.partition(":")[0])) if statement.row else frozenset()


def items_of(reading: Reading) -> frozenset[str]:
    """What a text speaks of."""
    said = reading.said
    return frozenset(
        [f"c:{c}" for c in reading.concepts]
        + [f"t:{t}" for t in said.tags]
        + [f"x:{x}" for x in said.countries]
        + [f"w:{w}" for w in reading.words]
        + [f"g:{g}" for g in reading.goods]
        + [f"n:{n}" for n in reading.figures]
    )


def ideas_of(items: frozenset[str]) -> frozenset[str]:
    """Those items that narrow a question and are not single words or figures."""
    return frozenset(i for i in items if i[:2] in ("c:", "t:", "x:") and i[2:] not in light())


def light() -> frozenset[str]:
    """Concepts that narrow a question little."""
    return lexicon().light
