"""Products that were shown, and what is said of them next: "is the second one dimmable?", "the cheapest", "compare the
first two", "add it to my cart".

All that is told is on record: fields, prices and ratings of the products that the customer has before them. Nothing is put
into a cart here; the customer presses the button that is shown with the product.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from shopkeeper.shop.records import Product, Variant
from shopkeeper.support.dialogue.records import Evidence
from shopkeeper.support.dialogue.saying import Line
from shopkeeper.support.outside import label, named
from shopkeeper.support.wording import money
from shopkeeper.text.normalise import normalise

MOST_COMPARED = 4
MOST_FACTS = 6  # that differ
LEAST_RATINGS = 3  # below, a mean says nothing
_SHORT = 8  # words of an answer to what was asked back

_MEASURE = "[个款件种盏把台双条只]"
_THING = r"(?: (?:one|ones|product|item|option))?"
_PLACES = {
    "first": 0, "second": 1, "third": 2, "fourth": 3, "1": 0, "2": 1, "3": 2, "4": 3, "一": 0, "二": 1, "三": 2, "四": 3,
}  # fmt: skip
_PLACE = re.compile(
    r"\b(?:the )?(?P<en>first|second|third|fourth)(?: (?:one|product|item|option)\b|(?= and\b| or\b|$|[?.!,]))"
    r"|\bthe (?P<alone>second|third|fourth)\b|(?:\bnumber|\bno\.|#) ?(?P<number>[1-4])\b"
    rf"|第(?P<zh>[一二三四1-4]){_MEASURE}?"
)
_FIRST_TWO = re.compile(rf"\bthe first two\b|前[两二2]{_MEASURE}?")
_LAST = re.compile(rf"\bthe last(?: (?:one|product|item|option))?\b|最后(?:一)?{_MEASURE}")
_CHEAPEST = re.compile(
    rf"\b(?:the )?(?:cheapest|least expensive|lowest[- ]priced){_THING}\b|最便宜的?(?:那?{_MEASURE})?"
)
_DEAREST = re.compile(
    rf"\b(?:the )?(?:most expensive|priciest|dearest){_THING}\b|最贵的?(?:那?{_MEASURE})?"
)
_BEST_RATED = re.compile(
    rf"\b(?:the )?(?:best|highest|top)[- ]rated{_THING}\b|(?:评分|评价)最[高好]的?(?:那?{_MEASURE})?"
)
_BEST = re.compile(
    r"\bwhich (?:one )?(?:is|would be|do you think is) (?:the )?(?:best|better)\b|\bwhich (?:one )?(?:do|would) you (?:recommend|suggest)\b"
    rf"|哪[个一]?{_MEASURE}?(?:更|最|比较)?好|推荐哪[个款]"
)
_ALL = re.compile(
    r"\b(?:both|they|them|these|those|all (?:of them|three|four))\b|它们|这些|这[几两][个款件]|两[个款件]都?"
)
_ONE = re.compile(rf"\b(?:it|this one|that one|this|that)\b|它|[这那]{_MEASURE}")
_COMPARE = re.compile(
    r"\bcompar\w+|\bdifferences?\b|\bdiffer\b|\bversus\b|\bvs\b|比较一?下|对比|区别|有什么不同|差别"
)
_GOES_ON = re.compile(r"^\W*(?:and|in|what about|how about)\b|^那")
_MOST = re.compile(
    r"\bwhich (?:one|ones|of (?:them|these|those))?\b.*\b(?:most|least|longest|shortest|largest|biggest|smallest|highest|lowest|lightest|heaviest|tallest|widest|strongest|brightest|warmest|best|more|better|bigger|longer|lighter)\b"
    r"|哪[个一款]*.*(?:最|更|比较)"
)
_BY_ADJECTIVE = (
    ("Weight", re.compile(r"\b(?:light|heav)\w*|[轻重]")),
    ("Height", re.compile(r"\b(?:tall|high)\w*|高")),
    ("Length", re.compile(r"\blong\w*|\bshort\w*|[长短]")),
    ("Width", re.compile(r"\bwid\w*|\bnarrow\w*|[宽窄]")),
    ("Capacity", re.compile(r"\b(?:big|large|small)\w*|[大小]")),
    ("Brightness", re.compile(r"\bbright\w*|亮")),
)
_CHEAPER = re.compile(r"\bcheaper\b|\bless expensive\b|更便宜|便宜一?[点些]")
_BARE = re.compile(
    r"\b(?:which|what|is|are|show|me|please|and|the|about|how|of|them|these|so|ok|okay|then|i|like|prefer|would)\b|[哪个款是呢吗请看一下我喜欢要那\W]"
)
_SOME_ONE = re.compile(r"^(?:i(?:'ll| will|'d like)? ?(?:take|have|want)? ?)?the \w+ one\W*$")
_CART = re.compile(
    r"\b(?:add|put)\b.*\b(?:cart|basket|bag)\b|(?<!if )\bi(?:'ll| will|'d like to| want to)? (?:take|buy)\b|\bi(?:'d| would) (?:like|love) (?:the|that|this) |\bbuy (?:it|this|that|the)\b"
    r"|加(?:入|到|进)?.{0,6}购物[车袋]|放(?:入|到|进).{0,6}购物[车袋]|我(?:就)?(?:要|买)(?:它|[这那第最前]|了)|就[要买]?(?:它|这个|那个|这款|那款)"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pointed:
    """Products that words point at, and where the words stand in the text in normal form."""

    products: tuple[Product, ...]
    start: int
    end: int


def pointed(text: str, shown: Sequence[Product], meant: str = "") -> Pointed | None:
    """Which of the shown products a text in normal form points at: by place, price, rating, or as "it".

    meant: id of the product that was spoken of last. None where nothing points, or "it" may be any of several.
    """
    if found := _FIRST_TWO.search(text):
        return Pointed(tuple(shown[:2]), *found.span())
    places = [m for m in _PLACE.finditer(text) if _place(m) < len(shown)]
    if places:
        of = dict.fromkeys(_place(m) for m in places)
        return Pointed(tuple(shown[i] for i in of), places[0].start(), places[-1].end())
    for pattern, best in ((_LAST, shown[-1]), (_CHEAPEST, _cheapest(shown)), (_DEAREST, _dearest(shown)), (_BEST_RATED, _best(shown))):  # fmt: skip
        found = pattern.search(text)
        if found and best is not None:
            return Pointed((best,), *found.span())
    if found := _ALL.search(text):
        return Pointed(tuple(shown), *found.span())
    found = _ONE.search(text)
    about = [p for p in shown if p.id == meant] or (list(shown) if len(shown) == 1 else [])
    return Pointed(tuple(about), *found.span()) if found and about else None


def points_at_one(text: str) -> bool:
    """True for words such as "it" and "this one"."""
    return _ONE.search(text) is not None


def wants_cart(text: str) -> bool:
    """True if something is to go into the cart."""
    return _CART.search(text) is not None


def wants_comparison(text: str) -> bool:
    """True if products are to be compared."""
    return _COMPARE.search(text) is not None


def names_no_one(text: str) -> bool:
    """True for one of them by a mark that none of them is known by: "the white one"."""
    return _SOME_ONE.search(text) is not None


def wants_cheaper(text: str) -> bool:
    """True if something cheaper than what was shown is looked for."""
    return _CHEAPER.search(text) is not None


def says_no_more(text: str, at: Pointed) -> bool:
    """True if the words do nothing but point: "the cheapest one, please"."""
    return not _BARE.sub("", text[: at.start] + " " + text[at.end :])


def wants_best(text: str) -> bool:
    """True if it is asked which is the best of them."""
    return _BEST.search(text) is not None


def is_short(text: str) -> bool:
    """True for what may be no more than an answer to what was asked back."""
    words = text.split()
    return len(words) <= _SHORT and len(text) <= 60


def rewritten(text: str, at: Pointed, language: str) -> str:
    """The question about the product by its title: "the second one, is it dimmable?" of a lamp is "Lamp: it, is it …"."""
    it = "它" if language == "zh" else "it"
    rest = f"{text[: at.start]} {it} {text[at.end :]}" if at.end else text
    return f"{title_of(at.products[0], language)}: {' '.join(rest.split())}"


def goes_on(text: str) -> bool:
    """True for what goes on with the thing that is spoken of: "and in navy?", "what about size M?"."""
    return _GOES_ON.search(text) is not None


def title_of(product: Product, language: str) -> str:
    """What it is called in this language."""
    words = product.translations.get(language)
    return named((words.title if words else "") or product.title, product.id)


def listed(products: Sequence[Product], key: str, language: str) -> Line:
    """A line with these products and their prices."""
    rows = [f"- {title_of(p, language)}: {money(_low(p).price)}" for p in products]
    return Line(key, {"options": "\n".join(rows)}, _evidence(products))


def wants_most(text: str) -> bool:
    """True if it is asked which of them has most or least of something: "which is the lightest?"."""
    return _MOST.search(text) is not None


def field_of(text: str, products: Sequence[Product], language: str) -> str | None:
    """The name of a field that all of them have and that words ask for; None if there is none."""
    for name, _ in _fields(products, "en"):
        if normalise(name) in text or normalise(_term(products[0], name, language)) in text:
            return name
    of = [name for name, pattern in _BY_ADJECTIVE if pattern.search(text)]
    return next((n for n in of if all(n in p.attributes for p in products)), None)


def compared(products: Sequence[Product], language: str, field: str = "") -> Line:
    """The products side by side: price, ratings, and the fields on record for all of them that differ; or one field."""
    products = products[:MOST_COMPARED]
    if field:
        values = [", ".join(_term(p, v, language) for v in p.attributes[field]) for p in products]
        told = [f"- {title_of(p, language)}: {v}" for p, v in zip(products, values, strict=True)]
        return Line("compared", {"options": "\n".join([_term(products[0], field, language), *told])}, _evidence(products))  # fmt: skip
    rows = [f"{n}. {title_of(p, language)}" for n, p in enumerate(products, 1)]
    price, rating = ("价格", "评分") if language == "zh" else ("Price", "Rating")
    facts = [(price, [money(_low(p).price) for p in products])]
    if all(p.rating is not None for p in products):
        facts.append((rating, [_rating(p, language) for p in products]))
    facts += [(n, v) for n, v in _fields(products, language) if len(set(v)) > 1][:MOST_FACTS]
    rows += [f"- {name}: {' / '.join(values)}" for name, values in facts]
    return Line("compared", {"options": "\n".join(rows)}, _evidence(products))


def lowest(products: Sequence[Product]) -> Decimal:
    """The price of the cheapest."""
    return _low(_cheapest(products)).price.amount


def best_rated(products: Sequence[Product], language: str) -> Line | None:
    """Which of them buyers rate best; None where too few have."""
    best = _best(products)
    if best is None:
        return None
    values = {"title": title_of(best, language), "rating": _rating(best, language)}
    return Line("best_rated", values, _evidence([best]))


def into_cart(product: Product, said: str, language: str) -> Line:
    """The variant that these words choose, to be put into the cart; or which there are."""
    there = [v for v in product.variants if v.for_sale]
    if not there:
        return Line("sold_out", {"title": title_of(product, language)}, _evidence([product]))
    fit = {v.id: mentioned(v, said, product, language) for v in there}
    most = max(fit.values())
    chosen = [v for v in there if fit[v.id] == most]
    title = title_of(product, language)
    if len(chosen) > 1:
        rows = [f"- {_options(v, product, language)}: {money(v.price)}" for v in chosen]
        return Line("which_version", {"title": title, "options": "\n".join(rows)}, _evidence([product]))  # fmt: skip
    only = chosen[0]
    options = _options(only, product, language)
    what = f"{title} ({options})" if options else title
    evidence = (*_evidence([product]), Evidence("cart", only.id))
    return Line("into_cart", {"title": what, "price": money(only.price)}, evidence)


def names_option(text: str, product: Product, language: str) -> bool:
    """True if words name an option of the product, such as a colour."""
    return any(mentioned(v, text, product, language) for v in product.variants)


def _evidence(products: Sequence[Product]) -> tuple[Evidence, ...]:
    return tuple(Evidence("product", str(p.id)) for p in products)


def _place(match: re.Match[str]) -> int:
    return _PLACES[next(g for g in match.groups() if g)]


def _low(product: Product) -> Variant:
    """The cheapest that can be bought, or the cheapest there is."""
    there = [v for v in product.variants if v.for_sale]
    return min(there or product.variants, key=lambda v: v.price.amount)


def _cheapest(products: Sequence[Product]) -> Product:
    return min(products, key=lambda p: _low(p).price.amount)


def _dearest(products: Sequence[Product]) -> Product:
    return max(products, key=lambda p: _low(p).price.amount)


def _best(products: Sequence[Product]) -> Product | None:
    """The best rated; of equals the one with more ratings."""
    rated = [(p.rating.value / p.rating.scale_max, p.rating.count, p) for p in products if p.rating is not None]  # fmt: skip
    rated = [r for r in rated if r[1] >= LEAST_RATINGS]
    return max(rated, key=lambda r: r[:2])[2] if rated else None


def _rating(product: Product, language: str) -> str:
    rating = product.rating
    if rating is None:
        return "-"
    value, most = f"{rating.value:.1f}", f"{rating.scale_max:f}"
    if language == "zh":
        return f"{value}/{most}（{rating.count} 人评价）"
    return f"{value} of {most} ({rating.count} {'rating' if rating.count == 1 else 'ratings'})"


def _fields(products: Sequence[Product], language: str) -> list[tuple[str, list[str]]]:
    """Fields that all of them have, with the value of each, in this language."""
    names = [n for n in products[0].attributes if all(n in p.attributes for p in products)]
    return [
        (
            _term(products[0], name, language),
            [", ".join(_term(p, v, language) for v in p.attributes[name]) for p in products],
        )
        for name in names
    ]


def _term(product: Product, word: str, language: str) -> str:
    words = product.translations.get(language)
    return label((words.terms.get(word) if words else None) or word)


def _options(variant: Variant, product: Product, language: str) -> str:
    return ", ".join(_term(product, o.value, language) for o in variant.options)


def mentioned(variant: Variant, said: str, product: Product, language: str) -> int:
    """How many of its options the words name."""
    text = normalise(said)
    return sum(
        any(w and _says(normalise(w), text) for w in {o.value, _term(product, o.value, language)})
        for o in variant.options
    )


def _says(word: str, text: str) -> bool:
    """True if the word stands in the text, and not inside another: a size "s" is not in "jackets"."""
    if not word.isascii():
        return word in text
    return re.search(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])", text) is not None
