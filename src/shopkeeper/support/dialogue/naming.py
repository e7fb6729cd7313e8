"""Products that a message names by a part of their titles: "the Skog tent", "the Kaldro kettle".

What a thing is (the last word of its title) has to be said, and a word of the title beside it.
"""

import re
from collections.abc import Callable, Sequence

from shopkeeper.shop.records import Product
from shopkeeper.support.dialogue.shelf import stem
from shopkeeper.text.normalise import normalise

_WORD = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*", re.IGNORECASE)
_APART = re.compile(r"\b(?:and|with|vs\.?|versus|or|to|between)\b|[,和与跟同]|还是")
_NOT_OF_A_NAME = frozenset(("in", "of", "the", "with", "and", "for", "set", "people", "pieces"))
_NAME = "\u2063"  # stands in no text
_IT = re.compile(rf"(?:\b(?:the|this|that|your|an?) )?{_NAME}(?:[ ,]*{_NAME})*", re.IGNORECASE)
_HAN = re.compile(r"[\u3400-\u9fff]+")


def named(plain: str, found: Sequence[Product]) -> tuple[Product, ...]:
    """The products of these that a text in normal form names, by most words of their titles; several where it is open."""
    asked = {stem(w) for w in _WORD.findall(plain)}
    counted = [(_named_by(p, plain, asked), p) for p in found]
    most = max((n for n, _ in counted), default=0)
    return tuple(p for n, p in counted if n == most) if most else ()


def each_named(plain: str, find: Callable[[str], Sequence[Product]]) -> tuple[Product, ...]:
    """One product for each part of a text in normal form that names one: "the first one and the other"."""
    meant: dict[str, Product] = {}
    for part in _APART.split(plain):
        asked = {stem(w) for w in _WORD.findall(part)}
        counted = [(_words_named(p, part, asked), p) for p in find(part)] if part.strip() else []
        best = max(counted, key=lambda c: c[0], default=None)
        if best is not None and best[0]:
            meant.setdefault(best[1].id, best[1])
    return tuple(meant.values())


def told_apart(plain: str, among: Sequence[Product]) -> Product | None:
    """The one of these whose titles share most words with a text in normal form; None if several do."""
    asked = {stem(w) for w in _WORD.findall(plain)}
    counted = [(_words_named(p, plain, asked), p) for p in among]
    most = max((n for n, _ in counted), default=0)
    first = [p for n, p in counted if n == most]
    return first[0] if most and len(first) == 1 else None


def without_name(text: str, product: Product) -> str:
    """The text, as it is written, with "it" in place of the words of the product's titles."""
    own = {stem(w) for title in _titles(product) for w in _WORD.findall(title)} - _NOT_OF_A_NAME
    words = _WORD.sub(lambda m: _NAME if stem(normalise(m[0])) in own else m[0], text)
    for title in _titles(product):
        for run in _HAN.findall(title):
            words = words.replace(run, _NAME)
    it = "它" if _HAN.search(text) else "it"
    return " ".join(_IT.sub(f" {it} ", words).split())


def _titles(product: Product) -> list[str]:
    return [
        normalise(t) for t in (product.title, *(t.title for t in product.translations.values()))
    ]


def _named_by(product: Product, plain: str, asked: set[str]) -> int:
    """How many words of its title stand in the text; none unless it is said what it is, and a word beside."""
    counts = [0]
    for title in _titles(product):
        words = [stem(w) for w in _WORD.findall(title.split(",")[0])]
        inside = set(words) & asked - _NOT_OF_A_NAME
        if words and words[-1] in inside and len(inside) > 1:
            counts.append(len(set(map(stem, _WORD.findall(title))) & asked))
        ends = [_end_in(r, plain) for r in _HAN.findall(title)]
        if any(ends) and set(words) & asked:
            counts.append(sum(ends) + len(set(words) & asked))
    return max(counts)


def _end_in(run: str, plain: str) -> int:
    """How many of a Chinese title's last characters stand in the text, where it is two or more: 羽绒服 of 连帽羽绒服."""
    return next((n for n in range(len(run), 1, -1) if run[-n:] in plain), 0)


def _words_named(product: Product, plain: str, asked: set[str]) -> int:
    words = {stem(w) for title in _titles(product) for w in _WORD.findall(title)}
    own = words & asked - _NOT_OF_A_NAME
    return len(own) + sum(r in plain for t in _titles(product) for r in _HAN.findall(t))
