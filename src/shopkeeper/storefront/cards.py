"""Products as shoppers see them: title and options in their language, a price range, a picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from shopkeeper.pages import Visit
from shopkeeper.pages.products import Offer, offer_of, picture_of, translation_of
from shopkeeper.search import Piece, highlight
from shopkeeper.shop.records import Product, Variant


@dataclass(frozen=True, slots=True)
class Card:
    """A product in a list."""

    url: str
    title: Sequence[Piece]
    brand: str
    picture: str
    offer: Offer
    rating: float | None
    rating_count: int
    buyable: bool
    choices: int


def url_of(product: Product, **more: str) -> str:
    """The product's page."""
    query = urlencode({k: v for k, v in more.items() if v})
    return f"/products/{quote(product.id, safe='')}" + (f"?{query}" if query else "")


def card_of(
    product: Product, visit: Visit, *, query: str = "", query_id: str = "", position: int = 0
) -> Card:
    """The product in a list. query_id, position: so that a click can be credited to the search."""
    title = translation_of(product, visit.language).title
    rated = product.rating is not None and product.rating.count > 0
    rating = (
        float(product.rating.value / product.rating.scale_max) if rated and product.rating else None
    )
    return Card(
        url=url_of(product, q_id=query_id, pos=str(position) if position else ""),
        title=highlight(title, query) if query else (Piece(title, False),),
        brand=product.brand,
        picture=picture_of(product),
        offer=offer_of(product.variants),
        rating=rating,
        rating_count=product.rating.count if product.rating else 0,
        buyable=any(v.availability.buyable for v in product.variants),
        choices=len(product.variants),
    )


@dataclass(frozen=True, slots=True)
class OptionValue:
    """One value of an option: a link to the variant that has it and otherwise is most like the chosen one."""

    label: str
    url: str
    chosen: bool


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
    choices = []
    for name in names:
        values = dict.fromkeys(
            o.value for v in product.variants for o in v.options if o.name == name
        )
        shown = [
            OptionValue(
                terms.get(value, value),
                _nearest(product, now, name, value, keep),
                now.get(name) == value,
            )
            for value in values
        ]
        choices.append(
            OptionChoice(
                terms.get(name, name), terms.get(now.get(name, ""), now.get(name, "")), shown
            )
        )
    return choices


def _nearest(
    product: Product, now: Mapping[str, str], name: str, value: str, keep: Mapping[str, str]
) -> str:
    wanted = {**now, name: value}

    def likeness(variant: Variant) -> tuple[int, bool]:
        has = {o.name: o.value for o in variant.options}
        return sum(wanted.get(n) == v for n, v in has.items()), variant.availability.buyable

    having = [
        v for v in product.variants if any(o.name == name and o.value == value for o in v.options)
    ]
    return url_of(product, variant=max(having, key=likeness).id, **keep)
