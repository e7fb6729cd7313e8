"""Pages cut into statements: sentences, points of lists and rows of tables, each with the headings it stands under.

A statement's text is what the page says, without the marks of Markdown. A row of a table is told with the names of its
columns, since a cell alone says nothing.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from shopkeeper.shop.records import Page, PageId, PageKind
from shopkeeper.support.outside import clean, gives_orders

_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_MARKS = re.compile(r"(\*\*|__|`)")
_POINT = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+")
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*(?:\{#[\w-]+\})?\s*$")
_HANGS = re.compile(
    r"(?:it|they|this|these|those|that|if (?:it|this|one of)|after that)\b(?! way)|这些?|它们?|之后|其中",
    re.I,
)
_RULE = re.compile(r"^[\s|:-]+$")
# A sentence ends at a full stop, question or exclamation mark; not at that of "5.5" or "U.S.".
_END = re.compile(r"(?<=[.!?])[\"”’)]?\s+(?=[\"“‘(]?[A-Z0-9])|(?<=[。！？])")


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that a page says. block: the paragraph it is in, counted over the page; topic: bold words or the like
    that its paragraph begins with; row: of a table."""

    text: str
    page_id: PageId
    slug: str
    kind: PageKind
    language: str
    title: str
    section: str
    block: int
    topic: str = ""
    row: bool = False

    @property
    def hangs(self) -> bool:
        """True if it says "it" or "that" of what stands before, without which it is not understood."""
        return bool(_HANGS.match(self.text))


def statements(page: Page, *, hosts: Collection[str] = ()) -> list[Statement]:
    """Everything that a page says, in order; no paragraph that speaks to programs, and nothing of a page whose title does.

    hosts: to which links may stay.
    """
    if gives_orders(page.title):
        return []
    found = list(_statements(page))
    orders = {s.block for s in found if gives_orders(s.text) or gives_orders(s.section)}
    cleaned = (
        replace(s, text=clean(s.text, hosts=hosts), title=clean(s.title, hosts=hosts), section=clean(s.section, hosts=hosts))
        for s in found if s.block not in orders
    )  # fmt: skip
    return [s for s in cleaned if s.text]


def _statements(page: Page) -> Iterator[Statement]:
    section, columns = "", None
    for block, line in enumerate(_lines(page.body)):
        if heading := _HEADING.match(line):
            section, columns = _plain(heading[1]), None
            continue
        if line.lstrip().startswith("|"):
            if _RULE.match(line):
                continue
            cells = [_plain(c) for c in line.strip().strip("|").split("|")]
            if columns is None:
                columns = cells
            else:
                yield _statement(page, _row(columns, cells), section, block, row=True)
            continue
        columns = None
        point = _POINT.sub("", line)
        topic = re.match(r"^\s*\*\*(.+?)\*\*", point)
        for sentence in _END.split(_plain(point)):
            if sentence.strip():
                about = _plain(topic[1]) if topic else ""
                yield _statement(page, sentence.strip(), section, block, topic=about)


def _statement(
    page: Page, text: str, section: str, block: int, *, topic: str = "", row: bool = False
) -> Statement:
    return Statement(
        text, page.id, page.slug, page.kind, page.language, _plain(page.title), section, block, topic, row,
    )  # fmt: skip


def _lines(body: str) -> Iterator[str]:
    """The body's lines, the lines of a paragraph joined."""
    joined: list[str] = []
    for line in body.splitlines():
        own = line.lstrip().startswith(("|", "#")) or bool(_POINT.match(line))
        if (own or not line.strip()) and joined:
            yield " ".join(joined)
            joined = []
        if own and (line.lstrip().startswith(("|", "#"))):
            yield line
        elif line.strip():
            joined.append(line.strip())
    if joined:
        yield " ".join(joined)


def _row(columns: list[str], cells: list[str]) -> str:
    """ "United States: Standard $4.90, 3–5 working days; Express $12.90": the first cell, the others with their names."""
    rest = [f"{name} {cell}".strip() for name, cell in zip(columns[1:], cells[1:], strict=False)]
    return f"{columns[0]} {cells[0]}: {'; '.join(rest)}"


def _plain(text: str) -> str:
    return _MARKS.sub("", _LINK.sub(r"\1", text)).strip()
