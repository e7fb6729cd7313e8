"""What the readers of products share: how a variant is called, what a missing price means, where leftovers go."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TypeVar

from shopkeeper.shop.feeds import values
from shopkeeper.shop.feeds.rows import Notes, RowError
from shopkeeper.shop.records import Availability, Money, Option, Product, Variant

# A catalogue without any price goes in all the same: such variants cost 0 and say so here. Nothing may sell them.
PRICE_UNKNOWN = ("price", "unknown")

T = TypeVar("T")


def price_is_known(variant: Variant) -> bool:
    """False for a variant of a catalogue that names no prices."""
    return variant.metadata.get(PRICE_UNKNOWN[0]) != PRICE_UNKNOWN[1]


def no_price(currency: str) -> Money:
    """The price of a variant whose price is unknown."""
    return Money(Decimal(0), currency)


def variant_title(options: Sequence[Option], product_title: str) -> str:
    """What a variant is called: the values of its options, or as the product when it has none."""
    return " / ".join(o.value for o in options) or product_title


def stock(field: str, text: str, notes: Notes, line: int) -> tuple[int | None, dict[str, str]]:
    """Pieces in stock and what to keep of them besides: below zero (oversold) counts as none, kept as written."""
    if not text:
        return None, {}
    found = values.quantity(field, text)
    if found < 0:
        notes.add("stock below zero counts as none", line)
        return 0, {field: text}
    return found, {}


def code(field: str, text: str, notes: Notes, line: int) -> tuple[str, dict[str, str]]:
    """A GTIN, or none and the text to keep as metadata when its check digit or length is wrong."""
    found = values.gtin(text)
    if found or not text:
        return found, {} if found == text else ({field: text} if text else {})
    notes.add("codes that are no GTIN (wrong length or check digit) are kept as metadata", line)
    return "", {field: text[:2000]}


def available(quantity: int | None) -> Availability:
    """What a known stock means for buying; an unknown one does not stand in the way."""
    return Availability.OUT_OF_STOCK if quantity == 0 else Availability.IN_STOCK


def unique_variants(
    variants: Iterable[tuple[Variant, int]],
) -> tuple[list[Variant], list[tuple[int, str]]]:
    """The variants with every id once, and (line, id) of those that came again."""
    seen: dict[str, Variant] = {}
    again: list[tuple[int, str]] = []
    for variant, line in variants:
        if variant.id in seen:
            again.append((line, variant.id))
        else:
            seen[variant.id] = variant
    return list(seen.values()), again


def same_currency(variants: Sequence[Variant]) -> None:
    """Raises RowError when a product's variants are priced in several currencies."""
    found = {v.price.currency for v in variants}
    if len(found) > 1:
        raise RowError("", f"prices in {' and '.join(sorted(found))}", "use one currency a product")


def list_price(field: str, text: str, price: Money, *, decimal: str = ".") -> Money | None:
    """The price before a reduction, None if blank. Raises RowError for one in another currency than the price."""
    if not text:
        return None
    found = values.price(field, text, price.currency, decimal)
    if found.currency != price.currency:
        raise RowError(field, f"is in {found.currency}, the price in {price.currency}", "use one")
    return found


def path(text: str, separator: str) -> tuple[str, ...]:
    """The steps of a category path."""
    parts = text.split(separator) if separator else [text]
    return tuple(p.strip() for p in parts if p.strip())


def merged(old: Product, new: Product) -> Product:
    """A product in the shop completed by a part of it that came later: what the part says wins, what it lacks stays.

    The variants are the part's own; the importer adds them to those the product has.
    """
    extra_images = tuple(i for i in new.images if i.url not in {o.url for o in old.images})
    return Product(
        id=old.id, title=new.title or old.title, variants=new.variants, handle=new.handle or old.handle,
        url=new.url or old.url, description=new.description or old.description, brand=new.brand or old.brand,
        category=new.category or old.category, attributes=_both(old.attributes, new.attributes),
        tags=new.tags or old.tags, images=old.images + extra_images, language=old.language,
        rating=new.rating or old.rating, status=old.status, translations=old.translations,
        metadata=_both(old.metadata, new.metadata),
    )  # fmt: skip


def _both(old: Mapping[str, T], new: Mapping[str, T]) -> dict[str, T]:
    return {**old, **new}
