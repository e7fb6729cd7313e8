"""Whether the version of a product that a question names can be bought: "is it in stock in navy, size L?".

A version is named by values of its options. As everywhere, nothing is answered where a word of the question is left over.
"""

import re
from collections.abc import Sequence

from shopkeeper.shop.records import Availability, Product, Variant
from shopkeeper.support.answers.lexicon import keys
from shopkeeper.support.answers.reading import read
from shopkeeper.support.answers.saying import say
from shopkeeper.support.outside import label
from shopkeeper.text.normalise import normalise

_ASKS = re.compile(
    r"\b(?:in stock|available|availability|(?:do you|you) (?:still )?have|have you got|is there|are there|can i (?:still )?(?:get|buy|order)|sold out|out of stock)\b"
    r"|^\W*(?:ok |and |but )?(?:(?:what|how) about\b|in\b)|那.*呢|有货|有没有|现货|还有|能买到|缺货|卖完|断货|有(?=.*(?:吗|么|[?？]))"
)
_LETTERS = (
    3  # of a value so short that it counts as it is written, or behind the word for size: S, XL
)
_SIZE = r"(?:\bsizes?\W{1,2}|\bin (?:an? )?|码数?\W?|尺码\W?|号\W?)"
_MOST = 12  # versions that are told


def version_in_stock(question: str, product: Product, language: str) -> str | None:
    """Whether what is asked for is in stock, told from the variants; None if no version is named or more is asked."""
    rest = _without_titles(question, product)
    if not _ASKS.search(normalise(rest)):
        return None
    wanted = {name: found for name in _names(product) if (found := _named(name, rest, product))}
    if not wanted or _asks_more(rest, wanted, product):
        return None
    meant = [v for v in product.variants if all(_value(v, n) in of for n, of in wanted.items())]
    there = [v for v in meant if v.for_sale]
    if there:
        ordered = all(v.availability is not Availability.IN_STOCK for v in there)
        key = "stock.version_ordered" if ordered else "stock.version"
        return say(key, language, which=_told(there, product, language))
    if meant:
        return say("stock.version_none", language, which=_told(meant, product, language))
    which = " / ".join(_term(v, product, language) for of in wanted.values() for v in sorted(of))
    return say("stock.no_version", language, which=which)


def _names(product: Product) -> list[str]:
    return list(dict.fromkeys(o.name for v in product.variants for o in v.options))


def _value(variant: Variant, name: str) -> str:
    return next((o.value for o in variant.options if o.name == name), "")


def _named(name: str, rest: str, product: Product) -> set[str]:
    """The values of an option that stand in what is left of a question without the product's titles."""
    values = {_value(v, name) for v in product.variants} - {""}
    return {v for v in values if any(_stands(w, rest) for w in {v, _translated(v, product)} if w)}


def _stands(value: str, rest: str) -> bool:
    written = re.escape(value)
    if len(value) <= _LETTERS and value.isupper():
        as_written = re.search(rf"(?<![A-Za-z0-9'’.-]){written}(?![A-Za-z0-9'’.-])", rest)
        return bool(as_written or re.search(rf"{_SIZE}{written}(?!\w)", rest, re.IGNORECASE))
    around = (r"(?<!\w)", r"(?!\w)") if value.isascii() else ("", "")
    return re.search(rf"{around[0]}{written}{around[1]}", rest, re.IGNORECASE) is not None


def _asks_more(rest: str, wanted: dict[str, set[str]], product: Product) -> bool:
    """True if the question holds a word that neither the product nor the version nor the asking accounts for."""
    values = {w for of in wanted.values() for v in of for w in (v, _translated(v, product))}
    known = [k for w in (*values, *wanted, *(_translated(n, product) for n in wanted)) for k in keys(w)]  # fmt: skip
    reading = read(_ASKS.sub(" ", normalise(rest)), ignoring=known)
    return bool(reading.words or reading.said.amount is not None or reading.said.dates)


def _without_titles(question: str, product: Product) -> str:
    titles = [product.title, *(t.title for t in product.translations.values()), product.brand]
    rest = question
    for title in sorted((t for t in titles if t), key=len, reverse=True):
        rest = re.sub(re.escape(title), " ", rest, flags=re.IGNORECASE)
    return rest


def _told(variants: Sequence[Variant], product: Product, language: str) -> str:
    names = [" / ".join(_term(o.value, product, language) for o in v.options) for v in variants]
    return ("、" if language == "zh" else ", ").join(names[:_MOST])


def _translated(written: str, product: Product) -> str:
    """The word in the first other language that has it."""
    for words in product.translations.values():
        for original, term in words.terms.items():
            if normalise(original) == normalise(written):
                return term
    return ""


def _term(written: str, product: Product, language: str) -> str:
    words = product.translations.get(language)
    if words is None or product.language == language:
        return label(written)
    return label({normalise(k): v for k, v in words.terms.items()}.get(normalise(written), written))
