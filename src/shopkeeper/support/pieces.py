"""The pieces of an order: which are named, which are free, and what was paid for each. Money is exact."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

from shopkeeper.shop.order_requests import OrderRequest
from shopkeeper.shop.records import CENTS, Money, Order, OrderLine
from shopkeeper.support.facts import item_id


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a line, and its share of what was paid for the line."""

    position: int
    line: OrderLine
    paid: Decimal

    @property
    def item_id(self) -> str:
        """What the piece is called."""
        return item_id(self.line)


def pieces(order: Order) -> list[Piece]:
    """Every piece of the order, in the order of its lines. The shares of a line add up to its total."""
    return [
        Piece(position, line, share)
        for position, line in enumerate(order.lines)
        for share in shares(line.total.amount, line.quantity)
    ]


def shares(total: Decimal, count: int) -> list[Decimal]:
    """An amount in so many parts, in whole cents as long as it is itself; they differ by a cent at most."""
    step = CENTS if total == total.quantize(CENTS) else Decimal("0.0001")
    bounds = [(total * i / count).quantize(step, ROUND_HALF_UP) for i in range(count + 1)]
    return [after - before for before, after in pairwise(bounds)]


def free(order: Order, requests: Iterable[OrderRequest]) -> list[Piece]:
    """The pieces that no open request is about."""
    gone = Counter(i.item_id for r in requests for i in r.items)
    kept = []
    for piece in pieces(order):
        if gone[piece.item_id]:
            gone[piece.item_id] -= 1
        else:
            kept.append(piece)
    return kept


def named(available: Iterable[Piece], items: Sequence[str]) -> list[Piece] | None:
    """The pieces that `items` names, each once, in that order; None if one is not there."""
    left = list(available)
    found = []
    for name in items:
        piece = next((p for p in left if p.item_id == name), None)
        if piece is None:
            return None
        left.remove(piece)
        found.append(piece)
    return found


def net_paid(order: Order) -> dict[str, Money]:
    """Payment method -> what was paid by it and not given back, where something is left."""
    sums: dict[str, Decimal] = {}
    for payment in order.payments:
        sign = -1 if payment.kind == "refund" else 1
        sums[payment.method_id] = (
            sums.get(payment.method_id, Decimal(0)) + sign * payment.amount.amount
        )
    currency = currency_of(order)
    return {method: Money(amount, currency) for method, amount in sums.items() if amount > 0}


def currency_of(order: Order) -> str:
    """The currency of an order: that of its lines."""
    return order.lines[0].total.currency
