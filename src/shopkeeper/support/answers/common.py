"""Questions that every shop hears, in whatever words: `data/common.toml` says how each is put to the shop's pages.

"How many days do I have to return an item?" is "How long can I return something?", if nothing else is said: each word must
be one of those by which such a question is asked, or say nothing. So one condition too many ("… without the box"), a
place, a figure or a product makes it another question, which is left to the rest of the way.
"""

import re
import tomllib
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import chain, groupby

from shopkeeper.shop.records import PageKind
from shopkeeper.support.answers.entries import ideas_of, items_of, questions_of
from shopkeeper.support.answers.lexicon import Match, Unit, keys, lexicon, plain, stem, units
from shopkeeper.support.answers.reading import read
from shopkeeper.support.answers.statements import Statement

LANGUAGES = ("en", "zh")
SHORTEST, LONG = 5, 7  # letters of a word that is looked through for a slip, and for a wrong letter
_GOES_ON = re.compile(
    r"^(?:and|ok|okay|so|also|what about|how about)\b|\b(?:it|that|this|them|they|those|these)\b|[它那这]"
)
_ASKS = frozenset(
    {
        "how",
        "which",
        "how_long",
        "how_much",
        "who",
        "where",
        "why",
        "choose",
        "accept",
        "sell",
        "claim",
        "starts",
    }
)  # kinds of words by which something is asked
_LETTERS, _VOWELS = "abcdefghijklmnopqrstuvwxyz", frozenset("aeiouy")
_GOODS, _COUNTRIES, _FILLER = "goods", "countries", "filler"
Spans = Mapping[str, Sequence[Match]]


@dataclass(frozen=True, slots=True)
class Common:
    """A question that was recognised. name: of its kind; puts: ways to put it to the pages, the best first; own: it is
    about what the customer has ordered, so that the pages tell only half of it; like: names of questions
    whose answers hold this one's."""

    name: str
    like: tuple[str, ...]
    puts: tuple[str, ...]
    own: bool


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    needs: tuple[tuple[str, ...], ...]
    may: tuple[str, ...]
    put: Mapping[str, Sequence[str]]
    slot: str
    own: bool
    like: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Book:
    words: Mapping[str, frozenset[tuple[str, ...]]]  # name -> phrases, as units are compared
    longest: int  # units of a phrase
    known: frozenset[str]  # every unit of a phrase, here and in the lexicon
    telling: frozenset[str]  # those that say something
    kinds: tuple[_Kind, ...]


def common(question: str, language: str, *, before: str = "") -> Common | None:
    """The common question that this is, None if it is none of them.

    language: in which it is to be put. before: what was asked just before, of which a short question may go on: "do you ship
    to Canada?", "and how much is it?".
    """
    alone = _asked("", plain(question), language)
    after = _asked(f"{plain(before)}; ", plain(question), language) if before else None
    if alone is None or after is None:
        return alone or after
    narrower = after.name.startswith(f"{alone.name}_")  # how long, to the country that was named
    return after if narrower or _GOES_ON.search(plain(question)) else alone


def _asked(before: str, question: str, language: str) -> Common | None:
    """What a question asks. before: text of which it may take a part of what it needs."""
    text = before + question
    cut = units(text)
    spans, own = _spans(text, cut), range(sum(u.start < len(before) for u in cut), len(cut))
    fitting = [k for k in _fitting(spans, own) if not before or _takes_from_both(k, spans, own)]
    if not fitting:
        return None
    best = max(fitting, key=lambda kind: (len(kind.needs) + bool(kind.slot), _told(kind, spans)))
    named = spans[best.slot][0] if best.slot else Match(0, 0, frozenset())
    slot = text[cut[named.start].start : cut[named.end - 1].end] if best.slot else ""
    put = best.put[language if language in LANGUAGES else "en"]
    return Common(best.name, best.like, tuple(p.format(slot=slot) for p in put), best.own)


def titled(name: str, told: Sequence[Statement], language: str) -> list[Statement]:
    """All that a page of questions says whose title asks this common question; first one that asks this before all."""
    pages = [p for p in _parts(told, language) if p[0].kind is PageKind.FAQ]
    first = (p for p in pages if name in _asked_by(p[0].title)[:1])
    every = (p for p in pages if name in _asked_by(p[0].title))
    return next(chain(first, every), [])


def headed(put: str, told: Sequence[Statement], language: str) -> list[Statement]:
    """All that stands under a heading in these words."""
    parts = _parts(told, language, by=lambda s: (s.page_id, s.section))
    return next((p for p in parts if keys(p[0].section) == keys(put)), [])


def topical(put: str, told: Sequence[Statement], language: str) -> list[Statement]:
    """All of a paragraph that begins with these words, or with others that mean them if they are no question."""
    asks = put.endswith(("?", "？"))
    wanted = frozenset[str]() if asks else ideas_of(items_of(read(put)))
    blocks = _parts(told, language, by=lambda s: (s.page_id, s.block))
    return next((b for b in blocks if b[0].topic and _is_topic(b[0].topic, put, wanted)), [])


def _is_topic(topic: str, put: str, wanted: frozenset[str]) -> bool:
    named = keys(topic) == keys(put)
    return named or (bool(wanted) and wanted <= ideas_of(items_of(read(topic))))


def _parts(
    told: Sequence[Statement],
    language: str,
    *,
    by: Callable[[Statement], Hashable] = lambda s: s.page_id,
) -> list[list[Statement]]:
    """What pages say, page by page or otherwise; none of a page that is there in the language too."""
    there = {s.slug for s in told if s.language == language}
    ours = [s for s in told if s.language == language or s.slug not in there]
    found = groupby(ours, key=by)
    return sorted((list(p) for _, p in found), key=lambda p: p[0].language != language)


@cache
def _asked_by(title: str) -> tuple[str, ...]:
    """The names of the common questions that a title asks, what it asks before all first."""
    parts = (title, *questions_of(title))
    first = [each.name for part in parts if (each := common(part, "en"))]
    read = ((text, units(text)) for text in map(plain, parts))
    every = (k.name for text, cut in read for k in _fitting(_spans(text, cut), range(len(cut))))
    return tuple(dict.fromkeys((*first, *every)))


def _fitting(spans: Spans, own: range) -> list[_Kind]:
    """The kinds of questions that a text may be. own: its units, before which others may stand."""
    return [kind for kind in _book().kinds if own and _fits(kind, spans, own)]


def _takes_from_both(kind: _Kind, spans: Spans, own: range) -> bool:
    """True if a question needs something that it says itself, and something that only stands before it: what was spoken of,
    and not what was asked of it."""
    needs = (*kind.needs, (kind.slot,)) if kind.slot else kind.needs
    here = [any(m.start >= own.start for name in group for m in spans[name]) for group in needs]
    spoken = all(
        said or any(spans[name] for name in group if name not in _ASKS)
        for group, said in zip(needs, here, strict=True)
    )
    return any(here) and not all(here) and spoken


def _spans(text: str, cut: Sequence[Unit]) -> Spans:
    """Where which kinds of words stand."""
    book = _book()
    said = [u.key if u.key in book.known else _mended(text[u.start : u.end], u.key) for u in cut]
    found = {name: _find(phrases, said, book.longest) for name, phrases in book.words.items()}
    return found | {name: lexicon().find(name, said) for name in (_GOODS, _COUNTRIES)}


def _fits(kind: _Kind, spans: Spans, own: range) -> bool:
    """True if a text says all that this question needs, and nothing beside it."""
    needs = (*kind.needs, (kind.slot,)) if kind.slot else kind.needs
    if not all(any(spans[name] for name in group) for group in needs):
        return False
    names = {name for group in needs for name in group} | {*kind.may, _FILLER}
    covered = {i for name in names for m in spans[name] for i in range(m.start, m.end)}
    return covered >= set(own)


def _mended(word: str, key: str) -> str:
    """What a word that nobody knows is compared by: but for a slip of the finger the one word that it may be and that says
    something, if it is long enough."""
    if len(word) < SHORTEST or not word.isascii() or not word.isalpha():
        return key
    meant = {k for slip in _slips(word) if (k := stem(slip)) in _book().telling}
    return meant.pop() if len(meant) == 1 else key


def _slips(word: str) -> Iterator[str]:
    """What was meant if a letter is missing, doubled or too many, if two changed places or, in a long word, one vowel stands for another
    ("warrenty")."""
    for i in range(len(word) + 1):
        head, tail = word[:i], word[i:]
        if len(tail) > 1:  # nor is a "founder" what was "founded"
            yield head + tail[1:]
        yield head + tail[1:2] + tail[:1] + tail[2:]
        for letter in _LETTERS:
            if tail or letter != "e":  # which a stem loses: "police" is no "policy"
                yield head + letter + tail
            if len(word) >= LONG and {letter, tail[:1]} <= _VOWELS:
                yield head + letter + tail[1:]


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
            told.get("slot", ""),
            told.get("own", False),
            tuple(told.get("like", ())),
        )
        for name, told in data["questions"].items()
    )
    phrases = [p for group in words.values() for p in group]
    elsewhere = (p for group in lexicon().phrases.values() for p in group)
    known = frozenset(unit for phrase in chain(phrases, elsewhere) for unit in phrase)
    nothing = {unit for phrase in words[_FILLER] for unit in phrase}
    telling = frozenset(unit for phrase in phrases for unit in phrase) - nothing
    return _Book(words, max(map(len, phrases)), known, telling, kinds)
