"""Products as both faces show them: words in the visitor's language, a price as one line, a picture."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from shopkeeper.shop.feeds.assembling import price_is_known
from shopkeeper.shop.records import Money, Product, Translation, Variant


@dataclass(frozen=True, slots=True)
class Offer:
    """A price as it is shown. low None: not known. high: set if variants differ. before: the price before a sale."""

    low: Money | None = None
    high: Money | None = None
    before: Money | None = None


def translation_of(product: Product, language: str) -> Translation:
    """The product's words in the language; its own where there are none."""
    found = product.translations.get(language)
    own = Translation(product.title, product.description, product.category)
    if found is None:
        return own
    return Translation(
        found.title or own.title,
        found.description or own.description,
        found.category or own.category,
        found.terms,
    )


def offer_of(variants: Iterable[Variant]) -> Offer:
    """What these variants cost, as one line."""
    known = [v for v in variants if price_is_known(v)]
    if not known:
        return Offer()
    cheapest = min(known, key=lambda v: v.price.amount)
    dearest = max(known, key=lambda v: v.price.amount)
    low, high = cheapest.price, dearest.price
    before = cheapest.list_price
    reduced = before is not None and before.amount > low.amount
    return Offer(low, high if high.amount > low.amount else None, before if reduced else None)


def picture_of(product: Product, variant: Variant | None = None) -> str:
    """Where the picture is: the feed's, else one that is drawn."""
    image = variant.image if variant is not None and variant.image is not None else None
    if image is None and product.images:
        image = product.images[0]
    if image is not None and image.url.startswith("https://"):
        return image.url
    shown = f"?{urlencode({'variant': variant.id})}" if variant is not None else ""
    return f"/pictures/{quote(product.id, safe='')}.svg{shown}"
