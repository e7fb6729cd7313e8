"""Products as both faces show them: words in the visitor's language, a price as one line, a picture."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from shopkeeper.shop.feeds.assembling import price_is_known
from shopkeeper.shop.records import Image, Money, Product, Translation, Variant

SMALLEST_REDUCTION = 5  # percent; less is not worth a badge


@dataclass(frozen=True, slots=True)
class Offer:
    """A price as it is shown. low None: not known. high: set if variants differ. before: the price before a sale.

    percent: how much the price is lowered, 0 where that is not worth saying.
    """

    low: Money | None = None
    high: Money | None = None
    before: Money | None = None
    percent: int = 0


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
    """What these variants cost, as one line; if some can be bought, they alone decide."""
    known = [v for v in variants if price_is_known(v)]
    known = [v for v in known if v.availability.buyable] or known
    if not known:
        return Offer()
    cheapest = min(known, key=lambda v: v.price.amount)
    low, top = cheapest.price, max((v.price for v in known), key=lambda p: p.amount)
    high = top if top.amount > low.amount else None
    before = cheapest.list_price
    if before is None or before.amount <= low.amount:
        return Offer(low, high)
    percent = round((1 - low.amount / before.amount) * 100)
    return Offer(low, high, before, percent if SMALLEST_REDUCTION <= percent < 100 else 0)


def rating_of(product: Product) -> float | None:
    """The mean rating from 0 to 1; None where nobody has rated."""
    rating = product.rating
    if rating is None or not rating.count or not rating.scale_max:
        return None
    return min(1.0, max(0.0, float(rating.value / rating.scale_max)))


def picture_of(product: Product, variant: Variant | None = None) -> str:
    """Where the picture is: the feed's, else one that is drawn."""
    image = variant.image if variant is not None and variant.image is not None else None
    if image is None and product.images:
        image = product.images[0]
    if image is not None and may_show(image):
        return image.url
    return drawing_of(product, variant)


def drawing_of(product: Product, variant: Variant | None = None) -> str:
    """Where the product's drawing is."""
    shown = f"?{urlencode({'variant': variant.id})}" if variant is not None else ""
    return f"/pictures/{quote(product.id, safe='')}.svg{shown}"


def may_show(image: Image) -> bool:
    """True for a picture that a page may load: by https, or of this shop."""
    url = image.url
    return url.startswith("https://") or (url.startswith("/") and not url.startswith(("//", "/\\")))
