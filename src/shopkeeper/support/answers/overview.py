"""Questions about a policy as a whole: "what is your return policy?", 退货政策是什么. Its page is quoted from the beginning."""

import re
from collections.abc import Iterable, Sequence
from itertools import groupby

from shopkeeper.shop.records import PageKind
from shopkeeper.support.answers.goods import names_more
from shopkeeper.support.answers.lexicon import keys
from shopkeeper.support.answers.reading import read
from shopkeeper.support.answers.statements import Statement

_POLICY = re.compile(
    r"\b(?:polic(?:y|ies)|terms(?: and conditions)?|rules)\b|政策|规定|规则|条款", re.I
)
_JOINING = frozenset(keys("and or of the our your for about us with")) | frozenset("与和及的")


def overview(question: str, told: Iterable[Statement], language: str, *, most: int) -> list[Statement]:  # fmt: skip
    """The first sentences of the policy that a question names and asks nothing particular of, at most so many characters;
    none where it names no policy, or more than its title. told: what the shop's pages say, page by page."""
    if not _POLICY.search(question):
        return []
    rest = _POLICY.sub(" ", question)
    pages = [list(page) for _, page in groupby(told, key=lambda s: (s.slug, s.language))]
    named = [p for p in pages if p[0].kind is PageKind.POLICY and _is_named(rest, p[0].title)]
    named.sort(key=lambda page: page[0].language != language)
    return _beginning(named[0], most) if named else []


def _is_named(rest: str, title: str) -> bool:
    """True if the words name this title, or one half of it, and nothing beside it."""
    known = frozenset(keys(title)) - _JOINING
    asked = read(rest, ignoring=known)
    if not known.intersection(keys(rest)) or asked.words or asked.goods:
        return False
    return not names_more(read(rest), known, strict=True)


def _beginning(page: Sequence[Statement], most: int) -> list[Statement]:
    chosen: list[Statement] = []
    for statement in page:
        if statement.row or sum(len(s.text) for s in chosen) + len(statement.text) > most:
            break
        chosen.append(statement)
    return chosen
