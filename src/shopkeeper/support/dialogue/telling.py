"""Answers from the customer's own records and the catalogue: where an order is, what it cost, which options there are.

Every answer is a template with values out of a record, and names the record: no sentence is made of anything else.
"""

import re
from collections.abc import Iterable
from decimal import Decimal

from shopkeeper.shop.records import Money, Order, Product, Variant
from shopkeeper.support.dialogue.addresses import orders_to_change
from shopkeeper.support.dialogue.desk import Desk, Piece_
from shopkeeper.support.dialogue.listing import item_line, order_line, variant_line
from shopkeeper.support.dialogue.locating import (
    Need,
    Problem,
    described,
    hinted,
    locate,
    order_by_number,
)
from shopkeeper.support.dialogue.records import Evidence, Flow, Question, Wish
from shopkeeper.support.dialogue.saying import Line
from shopkeeper.support.facts import item_id
from shopkeeper.support.outside import label, named
from shopkeeper.support.quoting import total
from shopkeeper.support.records import GIFT_CARD, Action, Proposal
from shopkeeper.support.wording import address_line, money
from shopkeeper.text.normalise import normalise

_POINTS_AT_ONE = re.compile(r"\bwhere(?:'s| is)? it\b|它")  # and does not say which
_SEVERAL = re.compile(r"\borders\b|\ball\b|\bevery\b|\beach\b|所有|全部|每|哪些")
_OVER = re.compile(
    r"deliver|cancel|return|refund|complet|exchang"
)  # statuses of what is on its way no more
_CHEAPEST = re.compile(r"cheapest|least expensive|lowest|最便宜")
_NEVER = Decimal("Infinity")
SHOWN = 8  # orders, items or variants that are read out at once


def tell(desk: Desk, wish: Wish, done: list[Proposal]) -> list[Line] | Need:
    """The answer to a question, or what has to be asked for it."""
    answers = {
        Flow.TRACK: _track,
        Flow.STATUS: _status,
        Flow.TOTAL: _total,
        Flow.WHERE: _where,
        Flow.ITEM: _item,
        Flow.ORDERS: _orders,
        Flow.OPTIONS: _options,
        Flow.BALANCE: _balance,
    }
    if wish.flow is Flow.REFUNDS:
        return _refunds(desk, done)
    return answers[wish.flow](desk, wish)


def _meant(desk: Desk, wish: Wish) -> list[Order] | Need:
    """The orders that a question is about."""
    if wish.orders:
        found = [o for n in wish.orders if (o := order_by_number(desk, n))]
        if found:
            return found
        values = {"number": wish.orders[0], "orders": ", ".join(o.id for o in desk.orders)}
        return Need(Question("order", wish.number), "no_such_order", values)
    pool = hinted(desk, wish.hint)
    named = {p for m in wish.mentions for p in m.products}
    if named:
        pool = [o for o in pool if any(line.product_id in named for line in o.lines)] or [
            o for o in desk.orders if any(line.product_id in named for line in o.lines)
        ]
    if len(pool) > 1 and not named and _POINTS_AT_ONE.search(wish.hint):
        options = tuple(o.id for o in pool)
        return Need(
            Question("order", wish.number, options=options), "which_order", {"options": ""}, options
        )
    return pool


def _under_way(desk: Desk, wish: Wish, *, sent: bool) -> list[Order] | Need:
    """The orders that somebody asks after: of all those that are on their way, or else the newest. sent: the newest of
    the others is named too where none of them has left the shop."""
    orders = _meant(desk, wish)
    if isinstance(orders, Need) or wish.orders or wish.mentions or _SEVERAL.search(wish.hint):
        return orders
    under_way = [o for o in orders if not _OVER.search(o.status)]
    if under_way and (not sent or any(f.tracking_ids for o in under_way for f in o.fulfilments)):
        return under_way
    return under_way + [o for o in orders if o not in under_way][:1]


def _track(desk: Desk, wish: Wish) -> list[Line] | Need:
    orders = _under_way(desk, wish, sent=True)
    if isinstance(orders, Need):
        return orders
    lines = []
    for order in orders[:SHOWN]:
        found = desk.conversation.track(order.id)
        key = "tracking" if found.tracking_ids else "no_tracking"
        values = {
            "order": order.id,
            "status": order.status,
            "numbers": ", ".join(found.tracking_ids),
        }
        lines.append(Line(key, values, (Evidence("order", order.id),)))
    return lines or [Line("no_orders", {})]


def _status(desk: Desk, wish: Wish) -> list[Line] | Need:
    orders = _under_way(desk, wish, sent=False)
    if isinstance(orders, Need):
        return orders
    return [
        Line(
            "status",
            {"order": o.id, "status": o.status, "items": _items(o)},
            (Evidence("order", o.id),),
        )
        for o in orders[:SHOWN]
    ] or [Line("no_orders", {})]


def _items(order: Order) -> str:
    return ", ".join(named(line.title, item_id(line)) for line in order.lines)


def order_total(order: Order) -> Money:
    """What the order costs as it is now."""
    amount = sum((line.total.amount for line in order.lines), Decimal(0))
    return Money(amount, order.lines[0].total.currency)


def _total(desk: Desk, wish: Wish) -> list[Line] | Need:
    named = {p for m in wish.mentions for p in m.products}
    if named and not wish.orders:
        found = [p for p in desk.pieces() if p.piece.line.product_id in named]
        if found:
            amount = Money(
                sum((p.piece.paid for p in found), Decimal(0)), found[0].piece.line.total.currency
            )
            values = {"items": ", ".join(item_line(p) for p in found), "amount": money(amount)}
            return [Line("items_total", values, _of(p.order.id for p in found))]
    orders = _meant(desk, wish)
    if isinstance(orders, Need):
        return orders
    return [
        Line(
            "order_total",
            {"order": o.id, "amount": money(order_total(o)), "items": _items(o)},
            (Evidence("order", o.id),),
        )
        for o in orders[:SHOWN]
    ] or [Line("no_orders", {})]


def _of(order_ids: Iterable[str]) -> tuple[Evidence, ...]:
    return tuple(Evidence("order", i) for i in dict.fromkeys(order_ids))


def _where(desk: Desk, wish: Wish) -> list[Line] | Need:
    orders = _meant(desk, wish)
    if isinstance(orders, Need):
        return orders
    lines = [
        Line(
            "sent_to",
            {"order": o.id, "address": address_line(o.shipping_address), "status": o.status},
            (Evidence("order", o.id),),
        )
        for o in orders[:SHOWN]
        if o.shipping_address is not None
    ]
    if (
        desk.customer
        and desk.customer.addresses
        and re.search(r"\b(?:my|profile|default|account)\b|我的|默认", wish.hint)
    ):
        lines.append(Line("own_address", {"address": address_line(desk.customer.addresses[0])}))
    return lines or [Line("no_orders", {})]


def _item(desk: Desk, wish: Wish) -> list[Line] | Need:
    if re.search(r"\bmost expensive item|cheapest item", wish.hint):
        pool = [p for o in hinted(desk, wish.hint) for p in desk.pieces() if p.order is o]
        if pool:
            chosen = (max if "expensive" in wish.hint else min)(pool, key=lambda p: p.piece.paid)
            return [_item_said(desk, chosen)]
    found: list[Piece_] = []
    for mention in wish.mentions:
        named = [p for p in desk.pieces() if p.piece.line.product_id in mention.products]
        found += described(desk, named, mention.described)
    if not found:
        return _options(desk, wish) if wish.mentions else _orders(desk, wish)
    return [_item_said(desk, p) for p in found[:SHOWN]]


def _item_said(desk: Desk, piece: Piece_) -> Line:
    line = piece.piece.line
    title = named(line.title, piece.item)
    options = ", ".join(f"{label(o.name)}: {v}" for o in line.options if (v := label(o.value)))
    values = {
        "item": title, "options": options or title, "amount": money(Money(piece.piece.paid, line.total.currency)),
        "order": piece.order.id, "status": piece.order.status,
    }  # fmt: skip
    return Line("item", values, (Evidence("order", piece.order.id),))


def _orders(desk: Desk, wish: Wish) -> list[Line] | Need:
    orders = _meant(desk, wish)
    if isinstance(orders, Need):
        return orders
    if not orders:
        return [Line("no_orders", {})]
    lines = "\n".join(order_line(o, desk.lexicon.language) for o in orders[:SHOWN])
    return [Line("orders", {"orders": lines}, _of(o.id for o in orders[:SHOWN]))]


def _options(desk: Desk, wish: Wish) -> list[Line] | Need:
    products = [p for m in wish.mentions for i in m.products if (p := desk.product(i))]
    if not products:
        return [Line("no_such_product", {})]
    several = list({p.id: p for p in products}.values())
    if len(several) > 1 and _CHEAPEST.search(wish.hint):  # of all that are called so
        several = [min(several, key=lambda p: min((v.price.amount for v in _there(p)), default=_NEVER))]  # fmt: skip
    return [_options_of(p, wish.hint) for p in several[:3]]


def _there(product: Product) -> list[Variant]:
    """The variants that can be bought, the cheapest first."""
    there = [v for v in product.variants if v.for_sale]
    return sorted(there, key=lambda v: v.price.amount)


def _options_of(product: Product, hint: str) -> Line:
    there = _there(product)
    evidence = (
        Evidence("product", str(product.id)),
        *(Evidence("variant", str(v.id)) for v in there),
    )
    values = {"item": named(product.title, product.id), "count": str(len(there))}
    limit = re.search(
        r"(?:less than|under|below|cheaper than|低于|以下)\D{0,3}(\d+(?:\.\d+)?)", normalise(hint)
    )
    if not there:
        return Line("nothing_there", values, evidence)
    if limit:
        there = [v for v in there if v.price.amount < Decimal(limit[1])]
        if not there:
            return Line("nothing_under", values | {"limit": limit[1]}, evidence)
    if _CHEAPEST.search(hint) and not limit:
        return Line("cheapest", values | {"variant": variant_line(there[0])}, evidence)
    if re.search(r"most expensive|priciest|最贵", hint):
        return Line("dearest", values | {"variant": variant_line(there[-1])}, evidence)
    listed = "\n".join(f"- {variant_line(v)}" for v in there[:12])
    return Line("options", values | {"count": str(len(there)), "options": listed}, evidence)


def _balance(desk: Desk, wish: Wish) -> list[Line] | Need:
    cards = [m for m in desk.methods if m.kind == GIFT_CARD and m.balance is not None]
    if not cards:
        return [Line("no_gift_card", {})]
    amounts = ", ".join(money(m.balance) for m in cards if m.balance is not None)
    return [Line("balance", {"amount": amounts}, tuple(Evidence("method", m.id) for m in cards))]


def _refunds(desk: Desk, done: list[Proposal]) -> list[Line]:
    """What comes back, or is to be paid, over all that was done here."""
    sums = total([p.shown.quote for p in done])
    evidence = tuple(Evidence("proposal", p.id) for p in done)
    if not sums:
        return []
    currency = next(iter(sums))[1]
    whole = sum(sums.values(), Decimal(0))
    key = "refund_total" if whole >= 0 else "charge_total"
    return [Line(key, {"amount": money(Money(abs(whole), currency))}, evidence)]


def may(desk: Desk, wish: Wish) -> list[Line] | Need:
    """Whether something could be done; nothing is prepared."""
    if wish.flow in (Flow.ADDRESS, Flow.PAYMENT):
        found = orders_to_change(desk, wish)
        outcome = found if isinstance(found, (Need, Problem)) else None
    elif wish.flow in (Flow.PROFILE, Flow.UNDO):
        outcome = None
    else:
        outcome = locate(desk, wish, wish.flow)
    if isinstance(outcome, Need):
        return outcome
    if isinstance(outcome, Problem):
        text = " ".join(dict.fromkeys(c.text for c in outcome.checks))
        return [
            Line(
                "may_not",
                {"rule": text},
                tuple(Evidence("rule", c.rule_id) for c in outcome.checks),
            )
        ]
    checks = []
    for pick in wish.picks[:1]:
        order = desk.order(pick.order_id)
        if order is not None:
            kind, _ = desk.kind_for(wish.flow, order)
            if kind is not None:
                items = tuple(p.item for p in wish.picks if p.order_id == order.id)
                action = Action(
                    kind, order_id=order.id, items=() if wish.flow is Flow.CANCEL else items
                )
                checks = list(desk.explain(action).checks)
    named = ", ".join(dict.fromkeys(m.words for m in wish.mentions))
    key, values = ("may", {"item": named}) if named else ("may_so", dict[str, str]())
    return [Line(key, values, tuple(Evidence("rule", c.rule_id) for c in checks))]
