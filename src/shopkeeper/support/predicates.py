"""The questions that rules are made of. Each looks at facts alone and answers yes, no or, with too little known, None.

A rule of the policy names one of them, some with what it allows: `{ status_in = ["pending"] }`. They are few on
purpose: what they cannot say is for a person to decide.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shopkeeper.shop.feeds.assembling import price_is_known
from shopkeeper.shop.records import Order, PaymentMethod, ProductStatus
from shopkeeper.support import effects
from shopkeeper.support.facts import Facts
from shopkeeper.support.pieces import Piece, currency_of, free, named, net_paid
from shopkeeper.support.quoting import charge
from shopkeeper.support.records import GIFT_CARD, ActionKind, Level
from shopkeeper.text.normalise import normalise

Verdict = bool | None
DAY_OF_YEAR = r"(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"


class Window(BaseModel):
    """How long something is possible: so many days, longer for what was ordered in a season, such as the weeks before
    Christmas. Days of the year are written 12-24; the season may go over the end of the year."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    days: int = Field(gt=0, lt=100_000)
    ordered_from: str = Field("", pattern=f"^({DAY_OF_YEAR})?$")
    ordered_until: str = Field("", pattern=f"^({DAY_OF_YEAR})?$")
    returned_until: str = Field("", pattern=f"^({DAY_OF_YEAR})?$")

    def in_season(self, placed_at: datetime | None, now: datetime) -> bool:
        """True if what was ordered then may still go back now because of the season."""
        if placed_at is None or not (
            self.ordered_from and self.ordered_until and self.returned_until
        ):
            return False
        day = f"{placed_at:%m-%d}"
        first, last = self.ordered_from, self.ordered_until
        if not (first <= day <= last if first <= last else day >= first or day <= last):
            return False
        year = placed_at.year + (self.returned_until < day)
        return f"{now:%Y-%m-%d}" <= f"{year:04}-{self.returned_until}"


@dataclass(frozen=True, slots=True)
class Predicate:
    """A question. parse: what stands behind its name in a rule, made ready to be asked with; raises ValueError."""

    ask: Callable[[Facts, Any], Verdict]
    parse: Callable[[Any], Any]


def order_exists(facts: Facts, _: None) -> Verdict:
    """The customer has such an order."""
    if not facts.action.order_id:
        return None
    return facts.order is not None


def owner(facts: Facts, _: None) -> Verdict:
    """What is changed belongs to the customer."""
    if facts.customer is None:
        return None
    if facts.action.kind in (ActionKind.CHANGE_PROFILE_ADDRESS, ActionKind.UNDO):
        return facts.done is None or facts.done.customer_id == facts.customer.id
    if not facts.action.order_id:
        return None
    return facts.order is not None and facts.order.customer_id == facts.customer.id


def authenticated(facts: Facts, level: Level) -> Verdict:
    """The shop is that sure who is talking."""
    return facts.level >= level and facts.customer is not None


def status_in(facts: Facts, statuses: frozenset[str]) -> Verdict:
    """The order's status is one of these."""
    return None if facts.order is None else normalise(facts.order.status) in statuses


def reason_in(facts: Facts, reasons: frozenset[str]) -> Verdict:
    """The reason is one of these."""
    reason = normalise(facts.action.reason)
    return reason in reasons if reason else None


def within_days(facts: Facts, window: Window) -> Verdict:
    """So many days since the order was delivered, or until the day up to which orders of a season may go back; None
    where the shop does not know when it was delivered."""
    if facts.order is None:
        return None
    if window.in_season(facts.order.placed_at, facts.now):
        return True
    delivered = _last(facts.order, "delivered")
    return None if delivered is None else facts.now - delivered <= timedelta(days=window.days)


def _last(order: Order, status: str) -> datetime | None:
    times = [h.at for h in order.history if normalise(h.status) == status and h.at is not None]
    return max(times, default=None)


def no_open_request(facts: Facts, _: None) -> Verdict:
    """No return or exchange was asked for yet."""
    return None if facts.order is None else not facts.requests


def items_in_order(facts: Facts, _: None) -> Verdict:
    """The items are in the order, as often as they are named."""
    if facts.order is None or not facts.action.items:
        return None
    return _pieces(facts) is not None


def _pieces(facts: Facts) -> list[Piece] | None:
    assert facts.order is not None
    return named(free(facts.order, facts.requests), facts.action.items)


def pairs_equal_length(facts: Facts, _: None) -> Verdict:
    """Each item has one that takes its place."""
    if not facts.action.items or not facts.action.new_items:
        return None
    return len(facts.action.items) == len(facts.action.new_items)


def same_product(facts: Facts, _: None) -> Verdict:
    """Each new item is of the same product."""
    pairs = _swaps(facts)
    if pairs is None:
        return None
    return all(
        new in facts.offered and facts.offered[new].product.id == piece.line.product_id
        for piece, new in pairs
    )


def different_variant(facts: Facts, _: None) -> Verdict:
    """Each new item differs from the old one."""
    pairs = _swaps(facts)
    return None if pairs is None else all(piece.item_id != new for piece, new in pairs)


def _swaps(facts: Facts) -> list[tuple[Piece, str]] | None:
    """Each piece with the item it becomes, None where that is not known."""
    action = facts.action
    if facts.order is None or not action.items or len(action.items) != len(action.new_items):
        return None
    found = _pieces(facts)
    return None if found is None else list(zip(found, action.new_items, strict=True))


def variant_available(facts: Facts, _: None) -> Verdict:
    """The new items can be bought today."""
    if not facts.action.new_items:
        return None
    return all(_available(facts, new) for new in facts.action.new_items)


def _available(facts: Facts, variant_id: str) -> bool:
    """True if as many as are wanted can be bought today, at a known price in the order's currency."""
    offered = facts.offered.get(variant_id)
    if offered is None:
        return False
    variant, wanted = offered.variant, facts.action.new_items.count(variant_id)
    return (
        offered.product.status is ProductStatus.ACTIVE
        and variant.availability.buyable
        and (variant.quantity is None or variant.quantity >= wanted)
        and price_is_known(variant)
        and (facts.order is None or variant.price.currency == currency_of(facts.order))
    )


def payment_owned(facts: Facts, _: None) -> Verdict:
    """The customer keeps this payment method with the shop."""
    return _method(facts) is not None if facts.action.method_id else None


def _method(facts: Facts) -> PaymentMethod | None:
    methods = facts.customer.payment_methods if facts.customer else ()
    return next((m for m in methods if m.id == facts.action.method_id), None)


def payment_differs(facts: Facts, _: None) -> Verdict:
    """The order was not paid with this method."""
    if facts.order is None or not facts.action.method_id:
        return None
    return facts.action.method_id not in net_paid(facts.order)


def gift_card_covers(facts: Facts, _: None) -> Verdict:
    """A gift card holds what is charged to it."""
    method = _method(facts)
    if method is None:
        return None
    if method.kind != GIFT_CARD:
        return True
    due = charge(facts)
    if due is None:
        return None
    balance = method.balance
    if due.amount <= 0:
        return True
    return balance is not None and balance.currency == due.currency and balance.amount >= due.amount


def refund_to_original_or_gift_card(facts: Facts, _: None) -> Verdict:
    """The money goes back the way it came, or to a gift card."""
    method = _method(facts)
    if facts.order is None or not facts.action.method_id:
        return None
    if method is None:
        return False
    paid_with = {p.method_id for p in facts.order.payments if p.kind != "refund"}
    return method.kind == GIFT_CARD or method.id in paid_with


def address_complete(facts: Facts, fields: frozenset[str]) -> Verdict:
    """The address has all of these."""
    address = facts.action.address
    return None if address is None else all(getattr(address, f).strip() for f in fields)


def undoes_one_of(facts: Facts, kinds: frozenset[str]) -> Verdict:
    """It was one of these, and the customer's own."""
    if not facts.action.undoes:
        return None
    return facts.done is not None and facts.done.action.kind.value in kinds


def within_minutes(facts: Facts, minutes: int) -> Verdict:
    """It was done at most so many minutes ago."""
    if facts.done is None or facts.done.done_at is None:
        return None
    return facts.now - facts.done.done_at <= timedelta(minutes=minutes)


def still_as_left(facts: Facts, _: None) -> Verdict:
    """Nothing was changed since."""
    return None if facts.done is None else effects.is_as_left(facts)


def _nothing(value: Any) -> None:
    if value is not True:
        raise ValueError("is either there or not: write its name alone")


def _texts(value: Any) -> frozenset[str]:
    if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
        raise ValueError('needs a list of texts, such as ["pending"]')
    return frozenset(normalise(v) for v in value)


def _one_of(allowed: frozenset[str]) -> Callable[[Any], frozenset[str]]:
    def parse(value: Any) -> frozenset[str]:
        if unknown := sorted(_texts(value) - allowed):
            raise ValueError(f"has {unknown[0]!r}; there are {', '.join(sorted(allowed))}")
        return _texts(value)

    return parse


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 100_000:
        raise ValueError("needs a whole number above 0")
    return value


def _window(value: Any) -> Window:
    if not isinstance(value, dict):
        return Window(days=_count(value))
    try:
        return Window.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def _level(value: Any) -> Level:
    if value not in (1, 2) or isinstance(value, bool):
        raise ValueError("needs a level: 1 (matched) or 2 (one-time code or signed in)")
    return Level(value)


_ADDRESS = frozenset({"line1", "line2", "city", "region", "postcode", "country", "name", "phone"})
_KINDS = frozenset(k.value for k in ActionKind) - {ActionKind.UNDO.value}

PREDICATES: Mapping[str, Predicate] = {
    "order_exists": Predicate(order_exists, _nothing),
    "owner": Predicate(owner, _nothing),
    "authenticated": Predicate(authenticated, _level),
    "status_in": Predicate(status_in, _texts),
    "reason_in": Predicate(reason_in, _texts),
    "within_days": Predicate(within_days, _window),
    "no_open_request": Predicate(no_open_request, _nothing),
    "items_in_order": Predicate(items_in_order, _nothing),
    "pairs_equal_length": Predicate(pairs_equal_length, _nothing),
    "same_product": Predicate(same_product, _nothing),
    "different_variant": Predicate(different_variant, _nothing),
    "variant_available": Predicate(variant_available, _nothing),
    "payment_owned": Predicate(payment_owned, _nothing),
    "payment_differs": Predicate(payment_differs, _nothing),
    "gift_card_covers": Predicate(gift_card_covers, _nothing),
    "refund_to_original_or_gift_card": Predicate(refund_to_original_or_gift_card, _nothing),
    "address_complete": Predicate(address_complete, _one_of(_ADDRESS)),
    "undoes_one_of": Predicate(undoes_one_of, _one_of(_KINDS)),
    "within_minutes": Predicate(within_minutes, _count),
    "still_as_left": Predicate(still_as_left, _nothing),
}  # fmt: skip
