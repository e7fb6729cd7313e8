"""Questions that every shop hears, in whatever words: `data/common.toml` says how each is put to the shop's pages.

"How many days do I have to return an item?" is "How long can I return something?", if nothing else is said: each word must
be one of those by which such a question is asked, or say nothing. So one condition too many ("… without the box"), a
place, a figure or a product makes it another question, which is left to the rest of the way.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import chain, groupby

from shopkeeper.shop.records import PageKind
from shopkeeper.support.answers.entries import questions_of
from shopkeeper.support.answers.lexicon import Match, Unit, keys, lexicon, plain, units
from shopkeeper.support.answers.statements import Statement

LANGUAGES = ("en", "zh")
_GOODS, _FILLER = "goods", "filler"
Spans = Mapping[str, Sequence[Match]]


@dataclass(frozen=True, slots=True)
class Common:
    """A question that was recognised. name: of its kind; puts: ways to put it to the pages, the best first; own: it is
    about what the customer has ordered, so that the pages tell only half of it."""

    name: str
    puts: tuple[str, ...]
    own: bool


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    needs: tuple[tuple[str, ...], ...]
    may: tuple[str, ...]
    put: Mapping[str, Sequence[str]]
    country: bool
    own: bool


@dataclass(frozen=True, slots=True)
class _Book:
    words: Mapping[str, frozenset[tuple[str, ...]]]
    longest: int
    kinds: tuple[_Kind, ...]


def common(question: str, language: str) -> Common | None:
    """The common question that this is, None if it is none of them. language: in which it is to be put."""
    text = plain(question)
    cut = units(text)
    fitting = _fitting(cut)
    if not fitting:
        return None
    said = [u.key for u in cut]
    book = _book()
    best = max(fitting, key=lambda kind: (len(kind.needs), _told(kind, _spans(said, book))))
    countries = lexicon().find("countries", said)
    named = " ".join(text[cut[m.start].start : cut[m.end - 1].end] for m in countries[:1])
    put = best.put[language if language in LANGUAGES else "en"]
    return Common(best.name, tuple(p.format(country=named) for p in put), best.own)


def titled(name: str, told: Sequence[Statement], language: str) -> list[Statement]:
    """All that a page of questions says whose title asks this common question; first one that asks this before all."""
    pages = [p for p in _parts(told, language) if p[0].kind is PageKind.FAQ]
    first = (p for p in pages if name in _asked_by(p[0].title)[:1])
    every = (p for p in pages if name in _asked_by(p[0].title))
    return next(chain(first, every), [])


def headed(put: str, told: Sequence[Statement], language: str) -> list[Statement]:
    """All that stands under a heading in these words."""
    parts = _parts(told, language, by_section=True)
    return next((p for p in parts if keys(p[0].section) == keys(put)), [])


def _parts(
    told: Sequence[Statement], language: str, *, by_section: bool = False
) -> list[list[Statement]]:
    """What pages say, page by page or section by section; none of a page that is there in the language too."""
    there = {s.slug for s in told if s.language == language}
    ours = [s for s in told if s.language == language or s.slug not in there]
    found = groupby(ours, key=lambda s: (s.page_id, s.section if by_section else ""))
    return sorted((list(p) for _, p in found), key=lambda p: p[0].language != language)


@cache
def _asked_by(title: str) -> tuple[str, ...]:
    """The names of the common questions that a title asks, what it asks before all first."""
    parts = (title, *questions_of(title))
    first = [each.name for part in parts if (each := common(part, "en"))]
    every = (kind.name for part in parts for kind in _fitting(units(plain(part))))
    return tuple(dict.fromkeys((*first, *every)))


def _fitting(cut: Sequence[Unit]) -> list[_Kind]:
    """The kinds of questions that a text may be."""
    said = [u.key for u in cut]
    book, countries = _book(), lexicon().find("countries", said)
    spans = _spans(said, book)
    return [
        kind
        for kind in book.kinds
        if said and kind.country == bool(countries) and _fits(kind, spans, countries, len(said))
    ]


def _spans(said: Sequence[str], book: _Book) -> Spans:
    """Where which kinds of words stand."""
    found = {name: _find(phrases, said, book.longest) for name, phrases in book.words.items()}
    return found | {_GOODS: lexicon().find("goods", said)}


def _fits(kind: _Kind, spans: Spans, countries: Sequence[Match], size: int) -> bool:
    """True if a text says all that this question needs, and nothing beside it."""
    if not all(any(spans[name] for name in group) for group in kind.needs):
        return False
    names = {name for group in kind.needs for name in group} | {*kind.may, _FILLER}
    matches = [m for name in names for m in spans[name]] + list(countries if kind.country else ())
    return {i for m in matches for i in range(m.start, m.end)} == set(range(size))


def _told(kind: _Kind, spans: Spans) -> int:
    """How many units of the text are what the question needs."""
    needed = {name for group in kind.needs for name in group}
    return len({i for name in needed for m in spans[name] for i in range(m.start, m.end)})


def _find(phrases: frozenset[tuple[str, ...]], said: Sequence[str], longest: int) -> list[Match]:
    """These phrases in these units: the longest at each place; they may overlap."""
    found = []
    for start in range(len(said)):
        for end in range(min(len(said), start + longest), start, -1):
            if tuple(said[start:end]) in phrases:
                found.append(Match(start, end, frozenset()))
                break
    return found


@cache
def _book() -> _Book:
    text = files("shopkeeper.support").joinpath("data/common.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    filler = data["words"].pop(_FILLER)
    lists = data["words"] | {_FILLER: [filler[language] for language in LANGUAGES]}
    words = {
        name: frozenset(keys(phrase) for said in languages for phrase in said)
        for name, languages in lists.items()
    }
    kinds = tuple(
        _Kind(
            name,
            tuple(tuple(group.split("|")) for group in told["all"]),
            tuple(told.get("may", ())),
            told["put"],
            told.get("country", False),
            told.get("own", False),
        )
        for name, told in data["questions"].items()
    )
    return _Book(words, max(len(p) for phrases in words.values() for p in phrases), kinds)
