"""What of a product is found by words, and what it is filtered and sorted by."""

from collections.abc import Iterator, Sequence

from shopkeeper.retrieval.columns import Facts, VariantFacts
from shopkeeper.retrieval.words import Entry, key_of
from shopkeeper.shop.feeds.assembling import price_is_known
from shopkeeper.shop.records import Product, Variant
from shopkeeper.text import plain_text

# What a match in a field counts. Chosen on the judged queries with even numbers of `benchmarks search`, reported on
# the others; fields that set lacks (brand, category, attributes, tags) by judgement between title and description.
WEIGHTS = {
    "title": 3.0,
    "brand": 2.0,
    "category": 1.5,
    "attributes": 1.5,
    "tags": 1.5,
    "description": 1.0,
}
MAX_DESCRIPTION = 2000  # characters; what stands behind is small print
MAX_VALUE = 80  # characters of a value that can be filtered by; longer ones are prose
MAX_FACETS = 60  # names of one product
PRIOR_MEAN, PRIOR_COUNT = (
    0.75,
    8,
)  # by judgement: an ordinary product, and some eight buyers to say otherwise
BRAND, CATEGORY, AVAILABILITY = "brand", "category", "availability"
PATH = " > "
# Vectors of a product, and the texts that each is the mean of. Every product has the first.
VECTORS = {"own": ("title", "text", "kind"), "translated": ("translations", "kinds")}
TEXTS = 2  # counts up when these texts are put together in another way
MAX_MEANING = 300  # characters of a description: what a product is stands at its beginning


def entry_of(product: Product) -> Entry:
    """The product as the word index takes it: all its languages together."""
    others = product.translations.values()
    texts = {
        "title": " . ".join([product.title, *(t.title for t in others)]),
        "brand": product.brand,
        "category": " . ".join([*product.category, *(c for t in others for c in t.category)]),
        "attributes": " . ".join(dict.fromkeys(_attribute_texts(product))),
        "tags": " . ".join(product.tags),
        "description": " . ".join(
            plain_text(text)[:MAX_DESCRIPTION]
            for text in [product.description, *(t.description for t in others)]
        ),
    }
    return Entry(product.id, texts, tuple(dict.fromkeys(_codes(product))))


def _attribute_texts(product: Product) -> Iterator[str]:
    values = [v for vs in product.attributes.values() for v in vs]
    values += [o.value for v in product.variants for o in v.options]
    for value in values:
        yield value
        for translation in product.translations.values():
            if value in translation.terms:
                yield translation.terms[value]


def _codes(product: Product) -> Iterator[str]:
    yield product.id
    for variant in product.variants:
        yield from filter(None, (variant.id, variant.sku, variant.gtin, variant.mpn))


def texts_of(product: Product) -> dict[str, str]:
    """What an embedder sees of the product, by name; see `VECTORS`. Its kind stands by itself: titles are full of
    names that mean nothing, and whoever asks for a rucksack means a kind of thing."""
    brand = "" if product.brand.casefold() in product.title.casefold() else product.brand
    title = f"{brand} {product.title}".strip()
    values = [v for vs in product.attributes.values() for v in vs if len(v) <= MAX_VALUE]
    about = [title, PATH.join(product.category), ", ".join(dict.fromkeys(values))]
    about.append(plain_text(product.description)[:MAX_MEANING])
    others = product.translations.values()
    texts = {
        "title": title,
        "text": ". ".join(filter(None, about)),
        "kind": _kind(product.category),
        "translations": ". ".join(t.title for t in others if t.title),
        "kinds": ". ".join(filter(None, (_kind(t.category) for t in others))),
    }
    return {name: text for name, text in texts.items() if text or name in ("title", "text")}


def _kind(category: Sequence[str]) -> str:
    """The narrowest category; empty where there is but one, which is a department and says little."""
    return category[-1] if len(category) > 1 else ""


def facts_of(product: Product, created: float) -> Facts:
    """The product as the columns take it. created: seconds since 1970."""
    facets = [(BRAND, product.brand)] if product.brand else []
    facets += [
        (CATEGORY, PATH.join(product.category[: i + 1])) for i in range(len(product.category))
    ]
    for name, values in list(product.attributes.items())[:MAX_FACETS]:
        facets += [(name, value) for value in values if _is_value(value)]
    rating = 0.0
    if product.rating is not None and product.rating.count:
        rating = believed(
            float(product.rating.value / product.rating.scale_max), product.rating.count
        )
    variants = tuple(map(_variant_facts, product.variants)) or (VariantFacts(None, False),)
    return Facts(
        product.id, key_of(product.id), product.title, variants, tuple(facets), rating, created
    )


def believed(mean: float, count: int) -> float:
    """A mean rating as far as so many ratings can be believed, from 0 to 1: what products are ordered by.

    Five stars of one buyer say less than four and a half of fifty. As if each product came with `PRIOR_COUNT`
    ratings of `PRIOR_MEAN`.
    """
    return (mean * count + PRIOR_MEAN * PRIOR_COUNT) / (count + PRIOR_COUNT)


def _variant_facts(variant: Variant) -> VariantFacts:
    facets = [(o.name, o.value) for o in variant.options[:MAX_FACETS] if _is_value(o.value)]
    facets.append((AVAILABILITY, variant.availability.value))
    price = variant.price.amount if price_is_known(variant) else None
    return VariantFacts(price, variant.availability.buyable, tuple(facets))


def _is_value(value: str) -> bool:
    return 0 < len(value) <= MAX_VALUE
