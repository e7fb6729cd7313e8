"""Which variant a list shows of a product: the one that was asked for, so that «blue shirt» finds pictures of blue ones."""

from collections.abc import Collection
from functools import lru_cache

from shopkeeper.pages.products import translation_of
from shopkeeper.search import highlight
from shopkeeper.shop.records import Product, Variant


def variant_asked_for(
    product: Product, language: str, *, query: str, filters: Collection[tuple[str, str]]
) -> Variant | None:
    """The variant whose options meet most filters and then most of the words; of equals one that can be bought.

    filters: names and values of options. None where no other variant meets more than the first, which stands for the
    product anyway.
    """
    terms = translation_of(product, language).terms

    def meets(variant: Variant) -> tuple[int, int]:
        chosen = sum((o.name, o.value) in filters for o in variant.options)
        values = {v for o in variant.options for v in (o.value, terms.get(o.value, o.value))}
        return chosen, sum(_said(value, query) for value in values)

    if not (query or filters) or len(product.variants) < 2:
        return None
    best = max(product.variants, key=lambda v: (meets(v), v.availability.buyable))
    return best if meets(best) > meets(product.variants[0]) else None


@lru_cache(maxsize=4096)
def _said(value: str, query: str) -> int:
    """How many characters of an option's value the query says: in Chinese 蓝色 says more of 天蓝色 than of 红色."""
    return (
        sum(len(piece.text) for piece in highlight(value, query) if piece.matches) if query else 0
    )
