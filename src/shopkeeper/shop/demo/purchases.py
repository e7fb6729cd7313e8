"""Orders of the demo shop: from a basket to the day it stands at now.

An order is paid, packed within a working day, on its way for as long as the shop's terms say (now and then longer),
and delivered; some are cancelled before they are packed, some come back. Its status is what its age allows.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from shopkeeper.shop.demo.clock import HOME, after_working_days, at_hour
from shopkeeper.shop.demo.conditions import conditions
from shopkeeper.shop.demo.demand import Basket, Choice, Prices, promotion
from shopkeeper.shop.demo.people import Person
from shopkeeper.shop.records import (
    Address,
    CustomerId,
    Fulfilment,
    Money,
    Order,
    OrderId,
    OrderLine,
    Payment,
    StatusChange,
    VariantId,
)

CENT = Decimal("0.01")
CANCELLED = 0.03
LATE = 0.07
FIRST_NUMBER = 20118
CANCEL_NOTES = (
    "ordered twice",
    "changed my mind",
    "found it elsewhere",
    "wrong address",
    "takes too long",
)


@dataclass(frozen=True, slots=True)
class Experience:
    """How somebody found a product they got: aspect -> -1 to 1. faulty: theirs has the defect of the line."""

    choice: Choice
    qualities: Mapping[str, float]
    faulty: bool = False

    @property
    def mean(self) -> float:
        """All aspects together."""
        return sum(self.qualities.values()) / max(1, len(self.qualities))


@dataclass(frozen=True, slots=True)
class Purchase:
    """An order with what only its maker knows. delivered_at: None if it was not, or not yet."""

    person: Person
    order: Order
    experiences: tuple[Experience, ...]
    delivered_at: datetime | None
    late: bool


def purchases(
    rng: random.Random,
    bought: Sequence[tuple[Basket, tuple[Experience, ...]]],
    prices: Prices,
    now: datetime,
) -> list[Purchase]:
    """The orders of these baskets, which are in the order of time."""
    number, customers = FIRST_NUMBER, set[CustomerId]()
    found = []
    for basket, experiences in bought:
        number += rng.choice((1, 1, 1, 1, 2))
        is_first = basket.person.customer.id not in customers
        customers.add(basket.person.customer.id)
        making = _Making(rng, basket, f"W{number}", now)
        found.append(making.purchase(experiences, prices, is_first=is_first))
    return found


class _Making:
    """One order in the making."""

    def __init__(self, rng: random.Random, basket: Basket, id_: str, now: datetime) -> None:
        self.rng, self.basket, self.id, self.now = rng, basket, id_, now
        customer = basket.person.customer
        self.currency = basket.choices[0].variant.price.currency
        self.address = rng.choice(customer.addresses)
        self.method = rng.choice(customer.payment_methods).id
        self.history: list[StatusChange] = []
        self.payments: list[Payment] = []

    def purchase(
        self, experiences: tuple[Experience, ...], prices: Prices, *, is_first: bool
    ) -> Purchase:
        rng, at = self.rng, self.basket.at
        express = self.address.country == HOME and rng.random() < 0.12
        coupon = is_first and rng.random() < 0.4
        lines = [self._line(c, prices, coupon=coupon) for c in self.basket.choices]
        goods = sum((x.total.amount for x in lines), Decimal(0))
        shipping = conditions().shipping(self.address.country, goods, express=express)
        self._pay("payment", goods + shipping, at)
        self._note("pending", at)
        delivered, late = None, False
        if rng.random() < CANCELLED:
            self._cancel(goods + shipping)
        else:
            late = rng.random() < LATE
            delivered = self._send(express=express, late=late)
            if delivered is not None:
                self._maybe_return(experiences, lines, delivered)
        metadata = {
            "shipping": str(shipping),
            "shipping_method": "express" if express else "standard",
        }
        if coupon and not promotion(at)[0]:
            metadata["coupon"] = f"WELCOME{conditions().count['welcome_percent']}"
        elif promotion(at)[0]:
            metadata["promotion"] = promotion(at)[1]
        order = Order(
            id=OrderId(self.id),
            customer_id=self.basket.person.customer.id,
            lines=tuple(lines),
            status=self.history[-1].status,
            placed_at=at,
            payments=tuple(self.payments),
            fulfilments=self._fulfilments(lines),
            history=tuple(self.history),
            shipping_address=self.address,
            billing_address=self._billing_address(),
            metadata=metadata,
        )
        return Purchase(self.basket.person, order, experiences, delivered, late)

    def _line(self, choice: Choice, prices: Prices, *, coupon: bool) -> OrderLine:
        at = self.basket.at
        unit = prices.at(choice.stocked, choice.variant, at)
        percent = promotion(at)[0] or (conditions().count["welcome_percent"] if coupon else 0)
        full = unit * choice.quantity
        discount = (full * percent / 100).quantize(CENT)
        product, zh = choice.stocked.product, self.basket.person.language == "zh"
        translated = product.translations.get("zh")
        return OrderLine(
            product_id=product.id,
            variant_id=choice.variant.id,
            title=translated.title if zh and translated is not None else product.title,
            quantity=choice.quantity,
            unit_price=Money(unit, self.currency),
            discount=Money(discount, self.currency) if discount else None,
            total=Money(full - discount, self.currency),
            options=choice.variant.options,
        )

    def _note(self, status: str, at: datetime, note: str = "") -> None:
        self.history.append(StatusChange(status, at, note))

    def _pay(self, kind: str, amount: Decimal, at: datetime) -> None:
        self.payments.append(Payment(kind, Money(amount, self.currency), self.method, at))

    def _cancel(self, amount: Decimal) -> None:
        limit = conditions().count["cancel_hours"] * 60
        at = self.basket.at + timedelta(minutes=self.rng.randint(4, limit))
        if at < self.now:
            self._note("cancelled", at, self.rng.choice(CANCEL_NOTES))
            self._pay("refund", amount, at + timedelta(minutes=2))

    def _send(self, *, express: bool, late: bool) -> datetime | None:
        """Pack and send. Returns when it was delivered, None if that is still to come."""
        rng = self.rng
        packed = self._packed_at()
        shipped = at_hour(packed, rng.uniform(15.2, 17.5), HOME)
        fewest, most = conditions().transit_days(self.address.country, express=express)
        days = rng.randint(most + 1, 2 * most + 3) if late else rng.randint(fewest, most)
        arrived = after_working_days(shipped, days, self.address.country)
        delivered = at_hour(arrived, rng.uniform(9, 18.5), self.address.country)
        delivered += timedelta(days=1) if delivered <= shipped else timedelta(0)
        for status, at in (("processed", packed), ("shipped", shipped), ("delivered", delivered)):
            if at >= self.now:
                return None
            self._note(status, at)
        return delivered

    def _packed_at(self) -> datetime:
        """The same day if it was ordered before two there, else in the morning of the next working day."""
        ordered = self.basket.at
        two = at_hour(ordered, 14, HOME)
        if (
            two.weekday() < 5
            and two - timedelta(hours=14) <= ordered < two
            and self.rng.random() < 0.8
        ):
            return ordered + (two + timedelta(hours=1) - ordered) * self.rng.uniform(0.1, 1)
        tomorrow = after_working_days(max(ordered, two - timedelta(hours=14)), 1)
        return at_hour(tomorrow, self.rng.uniform(8, 14), HOME)

    def _maybe_return(
        self, experiences: Sequence[Experience], lines: Sequence[OrderLine], delivered: datetime
    ) -> None:
        """Some things go back: those that disappoint more often, those with the defect most of all."""
        back = [
            (e, x)
            for e, x in zip(experiences, lines, strict=True)
            if self.rng.random() < (0.3 if e.faulty else 0.12 if e.mean < -0.1 else 0.035)
        ]
        if not back:
            return
        faulty = any(e.faulty for e, _ in back)
        asked = delivered + timedelta(
            days=self.rng.uniform(1, conditions().count["return_days"] - 2)
        )
        if asked >= self.now:
            return
        reason = "stopped working properly" if faulty else _reason(self.rng, back[0][0])
        what = "whole order" if len(back) == len(lines) else ", ".join(x.title for _, x in back)
        self._note("return requested", asked.replace(microsecond=0), f"{reason}: {what}")
        arrived = after_working_days(asked, self.rng.uniform(4, 9))
        refunded = after_working_days(
            at_hour(arrived, self.rng.uniform(9, 16), HOME),
            self.rng.uniform(0.5, conditions().count["refund_days"]),
        )
        if refunded >= self.now:
            return
        amount = sum((x.total.amount for _, x in back), Decimal(0))
        amount -= Decimal(0) if faulty else conditions().money["return_label"]
        status = "returned" if len(back) == len(lines) else "partly returned"
        self._note(status, refunded.replace(microsecond=0))
        self._pay("refund", max(amount, CENT), refunded.replace(microsecond=0))

    def _fulfilments(self, lines: Sequence[OrderLine]) -> tuple[Fulfilment, ...]:
        if not any(h.status == "shipped" for h in self.history):
            return ()
        tracking = f"{self.rng.choice(('1Z', 'LX', 'RB'))}{self.rng.randrange(10**12):012d}"
        variants = tuple(VariantId(x.variant_id) for x in lines if x.variant_id is not None)
        return (Fulfilment((tracking,), variants),)

    def _billing_address(self) -> Address:
        first = self.basket.person.customer.addresses[0]
        return first if self.rng.random() < 0.2 else self.address


def _reason(rng: random.Random, experience: Experience) -> str:
    worst = min(experience.qualities, key=lambda a: (experience.qualities[a], a), default="")
    if worst == "fit":
        return rng.choice(("too small", "too large", "does not fit"))
    return rng.choice(
        ("not as expected", "does not suit me", "ordered two sizes", "changed my mind")
    )
