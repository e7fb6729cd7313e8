"""Questions about a product, answered from the fields of its record: price, stock, options and attributes.

Which product is meant follows from its title, brand and model in the question, or is known already. A field is told as it
is on record, with nothing concluded from it: where there is none for what is asked, there is no answer.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from shopkeeper.shop.feeds.assembling import price_is_known
from shopkeeper.shop.records import Availability, Product, ProductId, ProductStatus, Variant
from shopkeeper.support.answers.lexicon import keys, lexicon, plain, units
from shopkeeper.support.answers.reading import Reading, read
from shopkeeper.support.answers.saying import say
from shopkeeper.support.outside import label
from shopkeeper.text.normalise import normalise

Finder = Callable[[str], Sequence[Product]]

MOST_TITLE = 60  # units of a title that are looked at
LEAST_NAMED = 2  # units of a title that name a product, where one of them is its brand or model
_REVIEWS = "reviews"


@dataclass(frozen=True, slots=True)
class Named:
    """A product that a question names. rest: the question read without the words that name it."""

    product: Product
    rest: Reading


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a product as it is on record. name and value: in the language of the question."""

    name: str
    value: str


def named(question: str, found: Iterable[Product]) -> Named | None:
    """The product that a question names, of those that a search has found; None if none is, or several are."""
    asked = units(plain(question))
    counted = [(c, p) for p in found if p.status is ProductStatus.ACTIVE if (c := _named_by(p, [u.key for u in asked]))]  # fmt: skip
    if not counted:
        return None
    best = max(len(c) for c, _ in counted)
    first = [(c, p) for c, p in counted if len(c) == best]
    if len(first) > 1:
        first = _by_whole_title(first, [u.key for u in asked])
    if len(first) != 1:
        return None
    return Named(first[0][1], read(question, ignoring=first[0][0]))


def about(question: str, product: Product) -> Named:
    """A question about a product that is known already."""
    return Named(product, read(question, ignoring=titles(product)))


def _named_by(product: Product, asked: Sequence[str]) -> frozenset[str]:
    """The units of a question that name this product; none if they are too few, or neither its brand nor its model."""
    common = frozenset(asked) & titles(product)
    telling = {k for k in common if not _soft(k)}
    own = telling & (set(keys(product.brand)) | {k for v in product.variants for k in keys(v.mpn)})
    whole = any(_has_run(asked, title) for title in _each_title(product))
    enough = len(telling) >= LEAST_NAMED and own
    return common if whole or enough else frozenset()


def _by_whole_title(
    first: list[tuple[frozenset[str], Product]], asked: Sequence[str]
) -> list[tuple[frozenset[str], Product]]:
    """Of several products with as many words in a question those whose whole title stands in it."""
    return [(c, p) for c, p in first if any(_has_run(asked, title) for title in _each_title(p))]


def _each_title(product: Product) -> list[tuple[str, ...]]:
    titles = [product.title, *(t.title for t in product.translations.values())]
    return [k for t in titles if (k := keys(t)[:MOST_TITLE])]


def titles(product: Product) -> frozenset[str]:
    """What a product's titles are made of, in every language."""
    return frozenset(k for title in _each_title(product) for k in title)


def _has_run(asked: Sequence[str], title: tuple[str, ...]) -> bool:
    return _runs(asked, title) > 0


def _runs(asked: Sequence[str], run: tuple[str, ...]) -> int:
    """How often a run stands in these units."""
    size = len(run)
    return sum(tuple(asked[i : i + size]) == run for i in range(len(asked) - size + 1))


def _soft(key: str) -> bool:
    return (key,) in lexicon().phrases["soft"]


def wants_reviews(question: Reading) -> bool:
    """True if it asks what buyers say."""
    return _REVIEWS in question.fields


def asks_only_reviews(question: Reading) -> bool:
    """True if no word is left over beside what asks for reviews."""
    found = [u.key for u in units(question.text)]
    said = {
        k for m in lexicon().find("fields", found) if _REVIEWS in m.names for k in found[m.start : m.end]
    }  # fmt: skip
    return not set(question.words) - said


def fields(question: str, meant: Named, language: str) -> list[Field]:
    """The fields that a question about a product asks for; none if one thing that it asks is not on record."""
    product = meant.product
    terms = _terms(product, language)
    found: dict[str, Field] = {}
    explained: set[str] = set()
    by_value = False
    asked = [u.key for u in units(meant.rest.text)]
    own = next((title for title in _each_title(product) if _has_run(asked, title)), ())
    for name, tell in _known(product, language, terms).items():
        cue = _cue(meant.rest, name, terms, own)
        if not cue and (cue := _named_value(meant.rest, name, product, terms)):
            by_value = True
        if cue:
            found[name] = tell
            explained |= cue
    if not found:
        return []
    known = titles(product) | explained | frozenset(_asking_units())
    if "made in" in found:  # whichever country is guessed, the record says which it is
        known |= _country_units(meant.rest)
    rest = read(question, ignoring=known)
    if rest.words or names_more(meant.rest, known, strict=by_value) or (by_value and rest.goods):
        return []
    return _most_telling(found, meant.rest)


def _known(product: Product, language: str, terms: dict[str, str]) -> dict[str, Field]:
    """Every field that there is, by its own name in small letters; none whose value is no plain value."""
    values = {name: list(found) for name, found in product.attributes.items()}
    for option in (o for v in product.variants for o in v.options):
        values[option.name] = list(dict.fromkeys([*values.get(option.name, ()), option.value]))
    known = {
        normalise(name): Field(
            _term(name, terms), _joined([_term(v, terms) for v in found], language)
        )
        for name, found in values.items()
    }
    known["brand"] = Field(say("field.brand", language), label(product.brand))
    prices = [v for v in product.variants if price_is_known(v)]
    if prices:
        known["price"] = Field(say("field.price", language), _prices(prices, language))
    known["stock"] = Field(say("field.stock", language), _stock(product, language, terms))
    return {name: field for name, field in known.items() if field.name and field.value}


def _prices(variants: Sequence[Variant], language: str) -> str:
    low = min(variants, key=lambda v: v.price.amount).price
    high = max(variants, key=lambda v: v.price.amount).price
    if low == high:
        return f"{low.amount} {low.currency}"
    return say("price.range", language, low=f"{low.amount}", high=f"{high.amount} {high.currency}")


def _stock(product: Product, language: str, terms: dict[str, str]) -> str:
    there = [v for v in product.variants if v.for_sale]
    if not there:
        return say("stock.none", language)
    ordered = all(v.availability is not Availability.IN_STOCK for v in there)
    word = "stock.ordered" if ordered else "stock.some" if len(there) < len(product.variants) else "stock.all"  # fmt: skip
    names = [" / ".join(_term(o.value, terms) for o in v.options) for v in there]
    return say(word, language, which=_joined([n for n in names if n][:12], language))


def _cue(question: Reading, name: str, terms: dict[str, str], own: Sequence[str]) -> set[str]:
    """The units by which a question asks for this field; none if it does not. own: the units of the title; what
    stands in it asks for nothing until it is said once more: there is a field "Laptop", and a "Laptop Backpack"."""
    asked = units(question.text)
    found = [u.key for u in asked]
    said: set[str] = set()
    for match in lexicon().find("fields", found):
        if name in match.names:
            said |= set(found[match.start : match.end])
    for written in (name, terms.get(name, "")):
        run = keys(written)
        if run and _runs(found, run) > _runs(own, run):
            said |= set(run)
    return said


def _named_value(question: Reading, name: str, product: Product, terms: dict[str, str]) -> set[str]:
    """The units that say a value of this field, as in "is it dimmable?"; the field then says what is so."""
    found = [u.key for u in units(question.text)]
    values = [v for n, of in product.attributes.items() if normalise(n) == name for v in of]
    values += [o.value for v in product.variants for o in v.options if normalise(o.name) == name]
    runs = [keys(w) for v in values for w in (v, terms.get(normalise(v), "")) if _is_word(w)]
    said = {k for run in runs if run and _has_run(found, run) for k in run}
    return set() if said <= titles(product) else said  # the title says it, and nothing was asked


def _is_word(value: str) -> bool:
    """False for figures, which a question may hold for another reason."""
    return value != "" and not any(c.isdigit() for c in value)


def names_more(question: Reading, known: frozenset[str], *, strict: bool) -> bool:
    """True if a question about a product names something beside its title and its fields. strict: what most questions
    may hold counts too, and other fields do, as where "is it dimmable and waterproof?" finds the first alone."""
    asked = [u.key for u in units(question.text)]
    light = frozenset() if strict else lexicon().light | lexicon().case
    groups = ("concepts", "tags", "statuses", "countries", *(("fields",) if strict else ()))
    for group in groups:
        for match in lexicon().find(group, asked):
            if not known.issuperset(asked[match.start : match.end]) and not match.names <= light:
                return True
    return question.said.amount is not None or bool(question.said.dates)


def _asking_units() -> set[str]:
    return {k for phrase in lexicon().phrases["asks"] for k in phrase}


def _country_units(question: Reading) -> set[str]:
    asked = [u.key for u in units(question.text)]
    return {k for m in lexicon().find("countries", asked) for k in asked[m.start : m.end]}


def _most_telling(found: dict[str, Field], question: Reading) -> list[Field]:
    """The fields asked for; a field whose name is only part of what was said ("made" of "made of") gives way."""
    asked = [u.key for u in units(question.text)]
    lengths = {
        name: max(
            (m.end - m.start for m in lexicon().find("fields", asked) if name in m.names),
            default=1,
        )
        for name in found
    }
    longest = max(lengths.values())
    return [field for name, field in found.items() if lengths[name] == longest]


def _terms(product: Product, language: str) -> dict[str, str]:
    translation = product.translations.get(language)
    if translation is None or product.language == language:
        return {}
    return {normalise(k): v for k, v in translation.terms.items()}


def _term(written: str, terms: dict[str, str]) -> str:
    return label(terms.get(normalise(written), written))


def _joined(values: Sequence[str], language: str) -> str:
    return ("、" if language == "zh" else ", ").join(v for v in values if v)


def title(product: Product, language: str) -> str:
    """What the product is called in this language; by its brand and number where its title is none."""
    translation = product.translations.get(language)
    written = translation.title if translation and product.language != language else product.title
    return label(written, limit=120) or f"{label(product.brand)} {product.id}".strip()


def product_url(product_id: ProductId) -> str:
    """Its path in the storefront."""
    return f"/products/{product_id}"
