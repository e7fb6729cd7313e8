"""Shelves of what a visitor may want, with the reason under each product and clicks credited to the shelf.

Asked of `shop.recommend`; a shelf that nothing speaks for is not shown. Reasons are told as they are: what was looked
at or searched for, what two products have in common, how many people had both.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from shopkeeper.pages import Visit
from shopkeeper.pages.products import translation_of
from shopkeeper.recommend import Asked, Reason, RecommendedList, Slot, Why
from shopkeeper.recommend import Visitor as Person
from shopkeeper.shop.records import Product, ProductId, ProductStatus
from shopkeeper.storefront.cards import Card, card_of
from shopkeeper.storefront.visits import Visitor

MANY = 2  # people who had both, from which on it is said
PERSONAL = (Why.LOOKED, Why.BOUGHT, Why.SEARCHED)


@dataclass(frozen=True, slots=True)
class Picked:
    """Products for a slot. anchor: what the list is about, in the visitor's language; personal: the visitor's own doings
    speak for some of them."""

    cards: list[Card]
    anchor: str = ""
    personal: bool = False


def picked(
    visit: Visit,
    visitor: Visitor,
    slot: Slot,
    *,
    products: tuple[str, ...] = (),
    limit: int,
    in_cart: tuple[str, ...] = (),
) -> Picked:
    """What there is for this slot. Lists of visitors who want to be unknown are not kept."""
    known = visitor.session_id if not visitor.is_new else ""
    found = visit.shop.recommend.ask(
        Asked(slot, Person(known, known), products, in_cart, limit, record=bool(visitor.session_id))
    )
    shown = visit.shop.search.products([*_named(found), *found.anchors])
    titles = {i: translation_of(p, visit.language).title for i, p in shown.items()}
    terms = {k: v for product in shown.values() for k, v in _terms(product, visit.language)}
    cards = [
        _card(visit, found, position, shown[ProductId(item.product_id)], titles, terms)
        for position, item in enumerate(found.items, 1)
        if ProductId(item.product_id) in shown
        and shown[ProductId(item.product_id)].status is ProductStatus.ACTIVE
    ]
    anchor = titles.get(ProductId(found.anchors[0]), "") if found.anchors else ""
    personal = any(r.why in PERSONAL for item in found.items for r in item.reasons)
    return Picked(cards, anchor, personal)


def _named(found: RecommendedList) -> list[str]:
    items = [item.product_id for item in found.items]
    return items + [r.product_id for item in found.items for r in item.reasons if r.product_id]


def _terms(product: Product, language: str) -> Iterator[tuple[str, str]]:
    """Values and categories with what they are called in the visitor's language."""
    words = translation_of(product, language)
    if language in product.translations:  # else its own words would stand in for another's
        yield from zip(product.category, words.category, strict=False)
    yield from words.terms.items()


def _card(
    visit: Visit,
    found: RecommendedList,
    position: int,
    product: Product,
    titles: Mapping[ProductId, str],
    terms: Mapping[str, str],
) -> Card:
    card = card_of(product, visit, query_id=found.id, position=position)
    reasons = found.items[position - 1].reasons
    told = (_told(visit, found.slot, reason, titles, terms) for reason in reasons)
    return replace(card, why=next(filter(None, told), ""))


def _told(
    visit: Visit,
    slot: Slot,
    reason: Reason,
    titles: Mapping[ProductId, str],
    terms: Mapping[str, str],
) -> str:
    """A reason in the visitor's words; empty where the page says it already."""
    t, of = visit.t, titles.get(ProductId(reason.product_id), "")
    if reason.why is Why.SEARCHED:
        return t("You searched for “{words}”", words=" ".join(reason.words))
    if reason.why is Why.POPULAR:
        return t("Many want this now")
    if reason.why is Why.AGAIN:
        return visit.counted("You bought it once", "You bought it {n} times", reason.times)
    if slot in (Slot.SIMILAR, Slot.TOGETHER, Slot.LOOKED):
        return _in_common(visit, reason, terms)
    if reason.why is Why.CART and of:
        together = reason.times >= MANY
        return t("Often bought with {title}", title=of) if together else t("Goes with {title}", title=of)  # fmt: skip
    if reason.why is Why.BOUGHT and of:
        return t("You bought {title}", title=of)
    return t("You looked at {title}", title=of) if of else ""


def _in_common(visit: Visit, reason: Reason, terms: Mapping[str, str]) -> str:
    """What two products have to do with each other."""
    if reason.times >= MANY:
        return visit.counted("Bought together once", "Bought together {n} times", reason.times)
    if reason.words:
        return visit.t(
            "Also: {words}", words=visit.t(", ").join(terms.get(w, w) for w in reason.words)
        )
    if reason.people >= MANY:
        return visit.counted("1 person had both", "{n} people had both", reason.people)
    return ""
