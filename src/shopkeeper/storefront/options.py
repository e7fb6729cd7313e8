"""The choices that make a variant: which values there are, which link leads to each, and whether it can be had."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shopkeeper.shop.records import Product, Variant
from shopkeeper.storefront.cards import url_of
from shopkeeper.storefront.swatches import hue_of


@dataclass(frozen=True, slots=True)
class OptionValue:
    """One value of an option: a link to the variant that has it and otherwise is most like the chosen one.

    buyable: whether that variant can be had. hue: how a colour looks, as #rrggbb.
    """

    label: str
    url: str
    chosen: bool
    buyable: bool
    hue: str = ""


@dataclass(frozen=True, slots=True)
class OptionChoice:
    """An option with its values. chosen: the label of the value in force."""

    label: str
    chosen: str
    values: Sequence[OptionValue]


def choices_of(
    product: Product, chosen: Variant, terms: Mapping[str, str], keep: Mapping[str, str]
) -> list[OptionChoice]:
    """The options of a product around the chosen variant. keep: further parameters of the links."""
    now = {o.name: o.value for o in chosen.options}
    names = dict.fromkeys(o.name for v in product.variants for o in v.options)
    return [_choice(product, now, name, terms, keep) for name in names]


def _choice(
    product: Product,
    now: Mapping[str, str],
    name: str,
    terms: Mapping[str, str],
    keep: Mapping[str, str],
) -> OptionChoice:
    values = dict.fromkeys(o.value for v in product.variants for o in v.options if o.name == name)
    shown = []
    for value in values:
        variant = _nearest(product, now, name, value)
        shown.append(
            OptionValue(
                terms.get(value, value),
                url_of(product, variant=variant.id, **keep) + "#buy",
                chosen=now.get(name) == value,
                buyable=variant.availability.buyable,
                hue=hue_of(name, value),
            )
        )
    mine = now.get(name, "")
    return OptionChoice(terms.get(name, name), terms.get(mine, mine), shown)


def _nearest(product: Product, now: Mapping[str, str], name: str, value: str) -> Variant:
    """Of the variants with this value, the one that shares most with what is chosen now."""
    wanted = {**now, name: value}

    def likeness(variant: Variant) -> tuple[int, bool]:
        has = {o.name: o.value for o in variant.options}
        return sum(wanted.get(n) == v for n, v in has.items()), variant.availability.buyable

    having = [
        v for v in product.variants if any(o.name == name and o.value == value for o in v.options)
    ]
    return max(having, key=likeness)
