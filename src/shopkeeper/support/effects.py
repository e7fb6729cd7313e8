"""What an action does to the records once it is agreed to: plain functions from facts to records.

Nothing here checks whether it is allowed; `policy.py` does, right before.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter

from shopkeeper.shop.order_requests import OrderRequest, RequestedItem, RequestKind
from shopkeeper.shop.records import (
    Address,
    Customer,
    Money,
    Order,
    OrderLine,
    Payment,
    StatusChange,
    VariantId,
)
from shopkeeper.support.facts import Facts, Offered
from shopkeeper.support.pieces import Piece, currency_of, free, named
from shopkeeper.support.quoting import quote
from shopkeeper.support.records import GIFT_CARD, ActionKind, Quote

_ADDRESS: TypeAdapter[Address] = TypeAdapter(Address)


@dataclass(frozen=True, slots=True)
class Effect:
    """The records as they will be, None where they stay. before: what an undo puts back, and what it must find.

    withdrawn: id of a request that is taken back.
    """

    order: Order | None = None
    customer: Customer | None = None
    request: OrderRequest | None = None
    withdrawn: str = ""
    before: Mapping[str, Any] | None = None


def effect(facts: Facts, statuses: Mapping[ActionKind, str], *, proposal_id: str) -> Effect:
    """What the action does. statuses: what an order's status becomes, by kind of action."""
    action, order, customer = facts.action, facts.order, facts.customer
    assert customer is not None
    if action.kind is ActionKind.UNDO:
        return _undone(facts)
    if action.kind is ActionKind.CHANGE_PROFILE_ADDRESS:
        assert action.address is not None
        first = customer.addresses[0] if customer.addresses else None
        moved = replace(customer, addresses=(action.address, *customer.addresses[1:]))
        return Effect(customer=moved, before={"address": _plain(first)})
    assert order is not None
    if action.kind is ActionKind.CHANGE_ADDRESS:
        before = {"address": _plain(order.shipping_address)}
        return Effect(order=replace(order, shipping_address=action.address), before=before)
    costs = quote(facts)
    assert costs is not None
    if action.kind in (ActionKind.RETURN, ActionKind.EXCHANGE):
        status = statuses[action.kind]
        return Effect(
            order=_with_status(order, status, facts),
            request=_request(facts, costs, proposal_id),
            before={"status": order.status, "now": status},
        )
    changed = replace(order, payments=(*order.payments, *_payments(facts, costs)))
    if action.kind is ActionKind.CHANGE_ITEMS:
        chosen = named(free(order, facts.requests), action.items)
        assert chosen is not None
        changed = replace(changed, lines=_swapped(order, chosen, action.new_items, facts.offered))
    if action.kind in statuses:
        changed = _with_status(changed, statuses[action.kind], facts)
    return Effect(order=changed, customer=_with_balances(customer, costs))


def _with_status(order: Order, status: str, facts: Facts, note: str = "") -> Order:
    note = note or facts.action.reason
    entry = StatusChange(status, facts.now, note)
    return replace(order, status=status, history=(*order.history, entry))


def _payments(facts: Facts, costs: Quote) -> Iterable[Payment]:
    for m in costs.movements:
        kind = "refund" if m.kind == "refund" else "payment"
        yield Payment(kind, m.amount, m.method_id, facts.now)


def _with_balances(customer: Customer, costs: Quote) -> Customer | None:
    """The customer with what moved on and off gift cards; None if nothing did."""
    moved: dict[str, Decimal] = {}
    for m in costs.movements:
        sign = 1 if m.kind == "refund" else -1
        moved[m.method_id] = moved.get(m.method_id, Decimal(0)) + sign * m.amount.amount
    methods = tuple(
        replace(m, balance=Money(m.balance.amount + moved[m.id], m.balance.currency))
        if m.kind == GIFT_CARD and m.balance is not None and moved.get(m.id)
        else m
        for m in customer.payment_methods
    )
    return (
        None if methods == customer.payment_methods else replace(customer, payment_methods=methods)
    )


def _swapped(
    order: Order, chosen: list[Piece], new_items: tuple[str, ...], offered: Mapping[str, Offered]
) -> tuple[OrderLine, ...]:
    """The lines with the chosen pieces exchanged; a line of several pieces is split."""
    lines: list[OrderLine] = []
    for position, line in enumerate(order.lines):
        swaps = [(p, n) for p, n in zip(chosen, new_items, strict=True) if p.position == position]
        kept = line.quantity - len(swaps)
        if kept:
            given_up = sum((p.paid for p, _ in swaps), Decimal(0))
            rest = Money(line.total.amount - given_up, line.total.currency)
            lines.append(replace(line, quantity=kept, total=rest) if swaps else line)
        lines += [_line(line, offered[new]) for _, new in swaps]
    return tuple(lines)


def _line(old: OrderLine, new: Offered) -> OrderLine:
    variant = new.variant
    return OrderLine(
        product_id=old.product_id, variant_id=VariantId(variant.id), title=old.title, quantity=1,
        unit_price=variant.price, total=variant.price, options=variant.options, metadata=old.metadata,
    )  # fmt: skip


def _request(facts: Facts, costs: Quote, proposal_id: str) -> OrderRequest:
    action, order = facts.action, facts.order
    assert order is not None
    refund = sum(
        (m.amount.amount if m.kind == "refund" else -m.amount.amount for m in costs.movements),
        Decimal(0),
    )
    news: tuple[str | None, ...] = action.new_items or (None,) * len(action.items)
    return OrderRequest(
        id=proposal_id,
        order_id=order.id,
        kind=RequestKind(action.kind.value),
        items=tuple(RequestedItem(i, n) for i, n in zip(action.items, news, strict=True)),
        method_id=action.method_id,
        refund=Money(refund, currency_of(order)),
        requested_at=facts.now,
    )


def is_as_left(facts: Facts) -> bool:
    """True if what an undo would put back has not been touched since."""
    done = facts.done
    if done is None or done.before is None or facts.customer is None:
        return False
    kind = done.action.kind
    if kind is ActionKind.CHANGE_PROFILE_ADDRESS:
        return facts.customer.addresses[:1] == (done.action.address,)
    if facts.order is None:
        return False
    if kind is ActionKind.CHANGE_ADDRESS:
        return facts.order.shipping_address == done.action.address
    asked = any(r.id == done.id for r in facts.requests)
    return asked and facts.order.status == done.before["now"]


def _undone(facts: Facts) -> Effect:
    done, customer, order = facts.done, facts.customer, facts.order
    assert done is not None and done.before is not None and customer is not None
    if done.action.kind is ActionKind.CHANGE_PROFILE_ADDRESS:
        first = _address(done.before["address"])
        rest = customer.addresses[1:]
        return Effect(customer=replace(customer, addresses=(first, *rest) if first else rest))
    assert order is not None
    if done.action.kind is ActionKind.CHANGE_ADDRESS:
        address = _address(done.before["address"])
        return Effect(order=replace(order, shipping_address=address))
    back = _with_status(order, done.before["status"], facts, note="request withdrawn")
    return Effect(order=back, withdrawn=done.id)


def _plain(address: Address | None) -> Any:
    return None if address is None else _ADDRESS.dump_python(address, mode="json")


def _address(data: Any) -> Address | None:
    return None if data is None else _ADDRESS.validate_python(data)
