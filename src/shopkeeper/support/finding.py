"""The variant a customer means: "the same but blue", "bigger", "the cheapest in stock", "battery, else USB".

A search over the options of one product, in code: what must stay, what must change, what would be nice, in which
order. Language models read wishes; that there is such a variant, and which, is found here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from shopkeeper.shop.feeds.assembling import price_is_known
from shopkeeper.shop.records import Product, Variant
from shopkeeper.support.options import canonical, compare
from shopkeeper.text.normalise import normalise


class Wish(BaseModel):
    """What an option's value should be; all that is said must hold. is_: one of these, the first the most welcome.

    more, less: than this value, or than that of the item it is compared with where it says true. most, least: of
    those that are left.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    is_: tuple[str, ...] = ()
    not_: tuple[str, ...] = ()
    more: str | bool = False
    less: str | bool = False
    most: bool = False
    least: bool = False


class Order(StrEnum):
    """Which of several comes first."""

    CLOSEST = "closest"  # fewest options that differ from the item it is compared with
    CHEAPEST = "cheapest"
    DEAREST = "dearest"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for in a product.

    like: the item it is compared with. keep: options that stay as they are in `like`; None: all that `want` does not
    name, () none. prefer: wishes that may fail, the weightiest first. available: only what can be bought now.
    """

    want: Mapping[str, Wish] = field(default_factory=dict)
    like: str = ""
    keep: tuple[str, ...] | None = ()
    prefer: tuple[Mapping[str, Wish], ...] = ()
    order: Order = Order.CLOSEST
    available: bool = True


@dataclass(frozen=True, slots=True)
class Found:
    """Variants that have all that must be, the best first. refused: option -> how many failed on it alone, which tells
    what to give up where nothing is found. unknown: names that are no option of the product."""

    variants: tuple[Variant, ...]
    refused: Mapping[str, int]
    unknown: tuple[str, ...] = ()


def find_variants(product: Product, wanted: Wanted) -> Found:
    """The variants of a product that are meant. The item it is compared with is never its own answer."""
    like = next((v for v in product.variants if v.id == wanted.like), None)
    hard = dict(wanted.want)
    if like is not None:
        named = {normalise(n) for n in wanted.want}
        kept = [o.name for o in like.options] if wanted.keep is None else wanted.keep
        mine = _options(like)
        for name in kept:
            if normalise(name) not in named and normalise(name) in mine:
                hard[name] = Wish(is_=(mine[normalise(name)],))
    names = {normalise(o.name) for v in product.variants for o in v.options}
    asked = [n for w in (wanted.want, *wanted.prefer) for n in w]
    unknown = tuple(dict.fromkeys(n for n in asked if normalise(n) not in names))
    pool = [v for v in product.variants if v is not like and (_buyable(v) or not wanted.available)]
    failures = {v.id: [n for n, w in hard.items() if not _meets(v, n, w, like)] for v in pool}
    left = _extremes([v for v in pool if not failures[v.id]], hard)
    refused: dict[str, int] = {}
    for failed in failures.values():
        if len(failed) == 1:
            refused[failed[0]] = refused.get(failed[0], 0) + 1
    left.sort(key=lambda v: _key(v, wanted, hard, like))
    return Found(tuple(left), refused, unknown)


def _buyable(variant: Variant) -> bool:
    return variant.availability.buyable and variant.quantity != 0 and price_is_known(variant)


def _options(variant: Variant) -> dict[str, str]:
    return {normalise(o.name): o.value for o in variant.options}


def _meets(variant: Variant, name: str, wish: Wish, like: Variant | None) -> bool:
    value = _options(variant).get(normalise(name))
    if value is None:
        return False
    if wish.is_ and canonical(value) not in {canonical(w) for w in wish.is_}:
        return False
    if canonical(value) in {canonical(w) for w in wish.not_}:
        return False
    if wish.more is not False and _against(value, wish.more, name, like) != 1:
        return False
    return wish.less is False or _against(value, wish.less, name, like) == -1


def _against(value: str, bound: str | bool, name: str, like: Variant | None) -> int | None:
    other = (
        bound if isinstance(bound, str) else _options(like).get(normalise(name)) if like else None
    )
    return None if other is None else compare(value, other)


def _extremes(variants: list[Variant], hard: Mapping[str, Wish]) -> list[Variant]:
    """Those with the most, or the least, of an option where that is wished."""
    for name, wish in hard.items():
        sign = 1 if wish.most else -1 if wish.least else 0
        if sign:
            variants = [
                v for v in variants
                if not any(
                    compare(_options(o)[normalise(name)], _options(v)[normalise(name)]) == sign
                    for o in variants
                )
            ]  # fmt: skip
    return variants


def _key(variant: Variant, wanted: Wanted, hard: Mapping[str, Wish], like: Variant | None) -> Any:
    missed = [
        not all(_meets(variant, n, w, like) for n, w in wishes.items()) for wishes in wanted.prefer
    ]
    welcome = [_place(variant, n, w) for n, w in hard.items() if len(w.is_) > 1]
    price = variant.price.amount
    by_price = {Order.CHEAPEST: price, Order.DEAREST: -price, Order.CLOSEST: 0}[wanted.order]
    return missed, welcome, by_price, _distance(variant, like), price, variant.id


def _place(variant: Variant, name: str, wish: Wish) -> int:
    value = canonical(_options(variant)[normalise(name)])
    return [canonical(w) for w in wish.is_].index(value)


def _distance(variant: Variant, like: Variant | None) -> int:
    """In how many options two variants differ."""
    if like is None:
        return 0
    mine, other = _options(variant), _options(like)
    return sum(canonical(mine.get(n, "")) != canonical(other.get(n, "")) for n in {*mine, *other})


def parse_wishes(data: Mapping[str, Any]) -> dict[str, Wish]:
    """Wishes from JSON: "blue", ["7", "8"], or the fields of a Wish without the underscores. Raises ValueError."""
    return {name: _wish(value) for name, value in data.items()}


def _wish(value: Any) -> Wish:
    if isinstance(value, str):
        return Wish(is_=(value,))
    if isinstance(value, Sequence):
        return Wish(is_=tuple(value))
    return Wish.model_validate(
        {{"is": "is_", "not": "not_"}.get(k, k): v for k, v in value.items()}
    )
