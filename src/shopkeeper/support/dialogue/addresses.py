"""Which address is meant, and which orders it is for: written out, or one that the shop knows ("my other order's")."""

import re
from dataclasses import replace

from shopkeeper.shop.records import Address, Order
from shopkeeper.support.dialogue import slots
from shopkeeper.support.dialogue.desk import Desk
from shopkeeper.support.dialogue.locating import (
    Need,
    Outcome,
    Problem,
    hinted,
    order_by_number,
    place_names,
    refused,
)
from shopkeeper.support.dialogue.records import DialogueState, Flow, Question, Wish
from shopkeeper.support.wording import address_line
from shopkeeper.text.normalise import normalise

_TO = re.compile(
    r"\b(?:to(?: be)?|as|with|same as|match|use|instead|should be|is|at)\b|改为|改成|换成|寄到|送到|发到|为"
)


def parts(text: str) -> tuple[str, str]:
    """What is to be changed, and what it is to become: "my order" and "my default address"."""
    found = [
        m
        for m in _TO.finditer(text)
        if not re.match(
            r"\s*(?:change|update|modify|have|my son|be able|correct|do|get|want|you)\b",
            text[m.end() :],
        )
    ]
    strong = [m for m in found if m[0] in ("same as", "match")]
    if not found:
        return text, text
    plain = [m for m in found if m[0] in ("to", "to be")]
    cut = (strong or plain or found)[0]
    return text[: cut.start()], text[cut.end() :]


def orders_to_change(desk: Desk, wish: Wish) -> list[Order] | Need | Problem:
    """The orders whose address or payment is to be changed."""
    changed, target = parts(wish.hint)
    numbers = [
        n
        for n in wish.orders
        if normalise(n) in normalise(changed) or normalise(n) not in normalise(target)
    ]
    orders = [o for n in (numbers or wish.orders[:1]) if (o := order_by_number(desk, n))]
    if wish.orders and not orders:
        values = {"number": wish.orders[0], "orders": ", ".join(o.id for o in desk.orders)}
        return Need(Question("order", wish.number), "no_such_order", values)
    if orders:
        fitting = [o for o in orders if desk.kind_for(wish.flow, o)[0]]
        return fitting or refused(desk, wish.flow, orders[0])
    named = desk.shelf.named(changed)
    pool = hinted(desk, changed)
    if named:
        holding = [
            o for o in pool if any(line.product_id in n.products for n in named for line in o.lines)
        ]
        pool = holding or pool
    fitting = [o for o in pool if desk.kind_for(wish.flow, o)[0]]
    if not fitting:
        fitting = [o for o in desk.orders if desk.kind_for(wish.flow, o)[0]] if not named else []
    if not fitting:
        return (
            refused(desk, wish.flow, pool[0])
            if pool
            else Problem("nothing_fits", {"flow": wish.flow.value})
        )
    if len(fitting) > 1 and wish.flow is Flow.ADDRESS and not wish.every:
        fitting = _elsewhere(desk, wish, fitting)
    if len(fitting) > 1 and not wish.every:
        options = tuple(o.id for o in fitting)
        return Need(
            Question("order", wish.number, options=options), "which_order", {"options": ""}, options
        )
    return fitting


def _elsewhere(desk: Desk, wish: Wish, orders: list[Order]) -> list[Order]:
    """Orders that do not go to the wanted address already."""
    target = address_meant(desk, DialogueState(), wish, "")
    if not isinstance(target, Address):
        return orders
    return [o for o in orders if o.shipping_address != target] or orders


def address_meant(desk: Desk, state: DialogueState, wish: Wish, order_id: str) -> Address | Outcome:
    """The address, or what has to be asked. order_id: of the order that is to get it, empty for the account."""
    country = _country(desk)
    written = slots.address(wish.written, country, _regions(desk))
    if written is not None:
        missing = [n for n in ("line1", "city", "region", "postcode") if not getattr(written, n)]
        if wish.extra:
            written = _with(written, missing, wish.extra)
            missing = [
                n for n in ("line1", "city", "region", "postcode") if not getattr(written, n)
            ]
        if missing and _needs(desk, missing):
            question = Question("address_part", wish.number, options=tuple(missing))
            return Need(
                question, "address_part", {"address": address_line(written), "part": missing[0]}
            )
        return written
    known = known_addresses(desk)
    found = _meant(desk, state, wish, known, order_id)
    if len(found) == 1:
        return found[0]
    options = tuple(address_line(a) for a in (found or known))
    question = Question("address", wish.number, options=options)
    if not options:
        return Need(question, "new_address", {})
    return Need(question, "which_address", {"order": order_id, "options": ""})


def _needs(desk: Desk, missing: list[str]) -> bool:
    required = desk.policy.required_address_parts()
    return any(m in required for m in missing)


def _with(address: Address, missing: list[str], extra: str) -> Address:
    if "region" in missing:
        letters = slots.REGIONS.get(
            normalise(extra),
            extra.strip(" .").upper() if len(extra.strip(" .")) == 2 else extra.strip(" ."),
        )
        return replace(address, region=letters)
    if "postcode" in missing:
        return replace(address, postcode=slots.postcode(extra, asked=True))
    return replace(address, **{missing[0]: extra.strip(" .")}) if missing else address


def known_addresses(desk: Desk) -> list[Address]:
    """Addresses of the customer's account and orders, each once."""
    found = list(desk.customer.addresses) if desk.customer else []
    found += [o.shipping_address for o in desk.orders if o.shipping_address is not None]
    return list(dict.fromkeys(found))


def _meant(
    desk: Desk, state: DialogueState, wish: Wish, known: list[Address], order_id: str
) -> list[Address]:
    """The known addresses that the words may mean."""
    changed, target = parts(wish.address)
    profile = list(desk.customer.addresses[:1]) if desk.customer else []
    others = [n for n in wish.orders if (o := order_by_number(desk, n)) and o.id != order_id]
    if (others and wish.flow is not Flow.PROFILE) or (wish.flow is Flow.PROFILE and wish.orders):
        order = order_by_number(desk, (others or list(wish.orders))[-1])
        if order is not None and order.shipping_address is not None:
            return [order.shipping_address]
    by_place = _by_place(target, known) or (
        _by_place(wish.address, known) if target == wish.address else []
    )
    current = _current(desk, wish, order_id)
    if desk.lexicon.says("default", target) and wish.flow is Flow.ADDRESS:
        return profile
    if by_place:
        return [a for a in by_place if a != current] or by_place
    named = desk.shelf.named(target) if target != changed else []
    if named:
        holding = [
            o.shipping_address for o in desk.orders
            if o.shipping_address and any(line.product_id in n.products for n in named for line in o.lines)
        ]  # fmt: skip
        left = [a for a in dict.fromkeys(holding) if a != current] or list(dict.fromkeys(holding))
        if left:
            return left
    if re.search(r"\bother\b|another|new (?:home|house|place)|另", target):
        left = [a for a in known if a != current]
        if len(left) == 1:
            return left
    return []


def _current(desk: Desk, wish: Wish, order_id: str) -> Address | None:
    if wish.flow is Flow.PROFILE:
        return desk.customer.addresses[0] if desk.customer and desk.customer.addresses else None
    order = desk.order(order_id)
    return order.shipping_address if order else None


def _by_place(text: str, known: list[Address]) -> list[Address]:
    plain = normalise(text)
    found = []
    for address in known:
        names = place_names(address.city, "")
        line = normalise(address.line1)
        if line and line in plain:
            return [address]
        if any(re.search(rf"(?<!\w){re.escape(n)}(?!\w)", plain) for n in names):
            found.append(address)
    return found


def _country(desk: Desk) -> str:
    return next((a.country for a in known_addresses(desk) if a.country), "")


def _regions(desk: Desk) -> list[str]:
    return [a.region for a in known_addresses(desk) if a.region]
