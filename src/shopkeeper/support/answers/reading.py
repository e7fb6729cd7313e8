"""A question or a sentence read: its concepts, what it says of its case, and the words that are left.

What is left matters most: a sentence answers a question only if nothing that the question asks for is left over.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from shopkeeper.support.answers.lexicon import Match, Unit, lexicon, plain, units
from shopkeeper.support.answers.said import Said, read_values

_CHARGED = re.compile(
    r"(?:\bwhat(?:'s| is| are| will be| would be) (?:the |your )?(?:\w+ ){0,3}?(?:fee|cost|charge|rate|price|postage|freight)s?\b(?! (?:on|fall|drop))"
    r"|^\W*(?:[\w-]+ ){0,2}(?:fees?|costs?|charges?|postage|freight)\W*$"
    r"|[费价](?:用|格|钱)?[^，,。？?]{0,3}(?:多少|怎么[算收]|怎样[算收]|如何[算收])"
    r"|^\W*[\u3400-\u9fff]{1,4}[费价](?:用|格|钱)?\W*$)"
)  # "postage?", 运费怎么算: an amount is asked for, though nobody says how much
_GOING_ON = frozenset({"when", "where", "who", "whos", "how", "which", "what", "why"})


@dataclass(frozen=True, slots=True)
class Reading:
    """A text read. words: stems and runs of Chinese characters that no group of the lexicon knows and that no part of
    `said` is made of; figures: numbers and amounts among those that `said` has taken. goods: words for kinds of things."""

    text: str
    concepts: frozenset[str]
    asks: frozenset[str]
    fields: frozenset[str]
    said: Said
    words: tuple[str, ...]
    figures: tuple[str, ...]
    goods: frozenset[str]


def read(text: str, ignoring: Iterable[str] = ()) -> Reading:
    """The text read. ignoring: stems and characters that are accounted for, such as those of a product's title."""
    text = plain(text)
    cut = units(text)
    found = [u.key for u in cut]
    known = lexicon()
    names: dict[str, frozenset[str]] = {}
    covered: set[int] = set()
    goods: set[int] = set()
    talked = known.find("concepts", found)
    for group in known.phrases:
        matches = known.find(group, found)
        if group in ("tags", "statuses", "countries"):  # 收货 says nothing in 收货地址
            matches = [m for m in matches if not any(_inside(m, t) for t in talked)]
        if group == "asks":
            matches = [m for m in matches if _begins(cut, m, text)]
        names[group] = frozenset(n for m in matches for n in m.names)
        places = {i for m in matches for i in range(m.start, m.end)}
        if group == "goods":
            goods = places
        elif group != "fields":  # what they mean depends on the product, if there is one
            covered |= places
    values = read_values(text)
    taken = {i for i, u in enumerate(cut) if any(a <= u.start < b for a, b in values.spans)}
    skipped = set(ignoring)
    left = [i for i in range(len(cut)) if i not in covered and i not in taken and found[i] not in skipped]  # fmt: skip
    if _CHARGED.search(text):
        names["asks"] = names["asks"] - {"which", "how"} | {"how_much"}
    said = replace(
        values, countries=names["countries"], tags=names["tags"], statuses=names["statuses"]
    )
    return Reading(
        text,
        names["concepts"],
        names["asks"],
        names["fields"],
        said,
        tuple(_words(cut, [i for i in left if i not in goods], text)),
        tuple(found[i] for i in sorted(taken) if found[i][0].isdigit()),
        frozenset(_words(cut, [i for i in left if i in goods], text)),
    )


def _begins(cut: list[Unit], asking: Match, text: str) -> bool:
    """True if a word such as "when" asks, and does not go on: it stands first, or after a comma or an "and"."""
    if asking.end - asking.start > 1 or cut[asking.start].key not in _GOING_ON:
        return True
    before = text[: cut[asking.start].start].rstrip()
    return (
        not before
        or before[-1] in ",.;:!?"
        or before.split()[-1] in ("and", "or", "so", "but", "please", "hi", "to")
    )


def _inside(part: Match, whole: Match) -> bool:
    return (
        whole.start <= part.start
        and part.end <= whole.end
        and part.end - part.start < whole.end - whole.start
    )


def _words(cut: list[Unit], places: list[int], text: str) -> list[str]:
    """The words at these places: runs of neighbouring characters together, single ones left out."""
    words: list[str] = []
    run: list[int] = []
    for i in places:
        if not cut[i].han:
            words.append(cut[i].key)
            continue
        if run and (i != run[-1] + 1):
            words += _run(cut, run, text)
            run = []
        run.append(i)
    return words + _run(cut, run, text)


def _run(cut: list[Unit], run: list[int], text: str) -> list[str]:
    return [text[cut[run[0]].start : cut[run[-1]].end]] if len(run) > 1 else []
