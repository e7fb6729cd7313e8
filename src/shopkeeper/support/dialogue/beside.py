"""What may be said beside an answer: the next useful step, and what a customer would ask next, out of the records.

These are alternatives for the ranking to choose from (`ranking.py`), never promises: that an order can still be cancelled is
said where no rule stands against it at this moment. Nothing is added to a proposal, a question or a hand-over.
"""

from collections.abc import Sequence

from shopkeeper.shop.records import Order
from shopkeeper.support.dialogue.identifying import ways
from shopkeeper.support.dialogue.records import Evidence, Flow
from shopkeeper.support.dialogue.saying import Line
from shopkeeper.support.dialogue.telling import order_total
from shopkeeper.support.dialogue.working import Turn
from shopkeeper.support.dialogue.writing import variants
from shopkeeper.support.facts import item_id
from shopkeeper.support.outside import named
from shopkeeper.support.records import ActionKind, Level, Proposal
from shopkeeper.support.wording import money

_TELLING = frozenset({"tracking", "no_tracking", "status", "order_total", "item"})
_CLOSING = "anything_else"
_NEXT = (
    ("next_cancel_or_change", (Flow.CANCEL, Flow.SWAP)),
    ("next_cancel", (Flow.CANCEL,)),
    ("next_return_or_exchange", (Flow.RETURN, Flow.SWAP)),
    ("next_return", (Flow.RETURN,)),
)
_GIVES_BACK = (ActionKind.RETURN, ActionKind.EXCHANGE)
_MOST = 4  # items that are named


def alternatives(turn: Turn, lines: Sequence[Line]) -> list[list[Line]]:
    """The lines with what may be said beside them, before the closing question; none where that is nothing."""
    state = turn.state
    asks = state.question is not None and state.question.slot != "more"
    if state.pending or turn.handed_over or asks or turn.unanswered:
        return []
    if turn.done is not None:
        found = _after(turn, turn.done)
    else:
        found = _next_step(turn, lines) or _of_your_own(turn)
    if found is None:
        return []
    said = [line for line in lines if line.key != _CLOSING]
    closing = [line for line in lines if line.key == _CLOSING]
    return [[*said, found, *closing]]


def _after(turn: Turn, done: Proposal) -> Line | None:
    """How an order is after what was done to it: its total where items changed, what goes where its address did, what is
    kept where a part goes back."""
    order = turn.desk.order(done.action.order_id)
    if order is None:
        return None
    evidence = Evidence("order", order.id)
    if done.action.kind is ActionKind.CHANGE_ITEMS:
        values = {"order": order.id, "amount": money(order_total(order))}
        return Line("after_items", values, (evidence,))
    if done.action.kind is ActionKind.CHANGE_ADDRESS:
        key, items = "after_address", _named(order, ())
    else:
        key, items = "after_part", ""
        if done.action.kind in _GIVES_BACK:
            items = _named(order, done.action.items)
    return Line(key, {"items": items, "order": order.id}, (evidence,)) if items else None


def _of_your_own(turn: Turn) -> Line | None:
    """That their own order can be looked up, for who asked what is so for everyone; said once in a while."""
    own = any(found is not None and found.own for found in turn.answers.values())
    line = Line("next_own", {"ways": ways(turn)})
    said = [way for way in variants(line, turn.state.language) if any(way in s for s in turn.state.said)]  # fmt: skip
    return line if own and turn.desk.level is Level.NOBODY and not said else None


def _named(order: Order, without: Sequence[str]) -> str:
    """What is in an order but for these items; nothing where that is too much to be read out."""
    left = [line for line in order.lines if item_id(line) not in without]
    if len(left) > _MOST:
        return ""
    return ", ".join(named(line.title, item_id(line)) for line in left)


def _next_step(turn: Turn, lines: Sequence[Line]) -> Line | None:
    """What can be done now with the one order that was told of."""
    told = [line for line in lines if line.key in _TELLING]
    orders = {e.id for line in told for e in line.evidence if e.kind == "order"}
    order = turn.desk.order(orders.pop()) if len(told) == len(orders) == 1 else None
    if order is None:
        return None
    for key, flows in _NEXT:
        kinds = [turn.desk.kind_for(flow, order)[0] for flow in flows]
        if all(kinds):
            return Line(key, {"order": order.id}, (Evidence("order", order.id),))
    return None
