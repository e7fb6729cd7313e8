"""What an action costs or brings, to the cent, and by which payment method."""

from decimal import Decimal

from shopkeeper.shop.records import Money, Order
from shopkeeper.support.facts import Facts
from shopkeeper.support.pieces import currency_of, free, named, net_paid
from shopkeeper.support.records import ActionKind, Movement, Quote

OTHER = "other"


def quote(facts: Facts) -> Quote | None:
    """The money that an action moves; None where too little is known."""
    action, order = facts.action, facts.order
    if action.kind in (
        ActionKind.CHANGE_ADDRESS,
        ActionKind.CHANGE_PROFILE_ADDRESS,
        ActionKind.UNDO,
    ):
        return Quote()
    if order is None:
        return None
    if action.kind is ActionKind.CANCEL:
        return Quote(tuple(_refund(facts, amount, m) for m, amount in net_paid(order).items()))
    if action.kind is ActionKind.CHANGE_PAYMENT:
        return _moved(facts, order) if action.method_id else None
    chosen = named(free(order, facts.requests), action.items) if action.items else None
    if chosen is None:
        return None
    paid = sum((p.paid for p in chosen), Decimal(0))
    if action.kind is ActionKind.RETURN:
        return _returned(facts, Money(paid, currency_of(order)))
    return _swapped(facts, order, paid)


def _returned(facts: Facts, paid: Money) -> Quote:
    """What was paid comes back, less what a return costs."""
    fee = min(facts.return_fees.get(paid.currency, Decimal(0)), paid.amount)
    back = Money(paid.amount - fee, paid.currency)
    refund = _refund(facts, back, facts.action.method_id, returned=True)
    return Quote((refund,), fee=Money(fee, paid.currency) if fee else None)


def _swapped(facts: Facts, order: Order, paid: Decimal) -> Quote | None:
    action, currency = facts.action, currency_of(order)
    if len(action.items) != len(action.new_items):
        return None
    new = [facts.offered[i].variant.price for i in action.new_items if i in facts.offered]
    if len(new) != len(action.new_items) or any(p.currency != currency for p in new):
        return None
    difference = sum((p.amount for p in new), Decimal(0)) - paid
    later = action.kind is ActionKind.EXCHANGE
    movements: tuple[Movement, ...] = ()
    if difference > 0:
        movements = (_charge(facts, Money(difference, currency), action.method_id),)
    elif difference < 0:
        movements = (_refund(facts, Money(-difference, currency), action.method_id, later),)
    return Quote(movements, Money(difference, currency))


def _moved(facts: Facts, order: Order) -> Quote:
    """The whole order paid by another method, and given back to those it was paid with."""
    paid = net_paid(order)
    total = Money(sum((m.amount for m in paid.values()), Decimal(0)), currency_of(order))
    back = (_refund(facts, amount, method) for method, amount in paid.items())
    return Quote((_charge(facts, total, facts.action.method_id), *back))


def charge(facts: Facts) -> Money | None:
    """What the action's own payment method is charged, zero if nothing; None where that is not known."""
    costs = quote(facts)
    if costs is None or facts.order is None:
        return None
    due = sum((m.amount.amount for m in costs.movements if m.kind == "charge"), Decimal(0))
    return Money(due, currency_of(facts.order))


def total(quotes: list[Quote]) -> dict[tuple[str, str], Decimal]:
    """(payment method, currency) -> what comes back by it over several actions; below zero: what is charged."""
    sums: dict[tuple[str, str], Decimal] = {}
    for movement in (m for q in quotes for m in q.movements):
        key = movement.method_id, movement.amount.currency
        sign = 1 if movement.kind == "refund" else -1
        sums[key] = sums.get(key, Decimal(0)) + sign * movement.amount.amount
    return sums


def _refund(facts: Facts, amount: Money, method_id: str, returned: bool = False) -> Movement:
    return Movement("refund", amount, method_id, _kind(facts, method_id), returned)


def _charge(facts: Facts, amount: Money, method_id: str) -> Movement:
    return Movement("charge", amount, method_id, _kind(facts, method_id))


def _kind(facts: Facts, method_id: str) -> str:
    methods = facts.customer.payment_methods if facts.customer else ()
    return next((m.kind for m in methods if m.id == method_id), OTHER)
