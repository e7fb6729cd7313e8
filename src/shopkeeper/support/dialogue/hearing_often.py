"""Questions that every shop hears (`answers/common.py`), within a conversation: what is so for everyone is said at once,
and who asks of their own order is asked who they are after it; where their records tell more, those are told.
"""

import re
from collections.abc import Callable
from decimal import Decimal

from shopkeeper.shop.records import Money, Order
from shopkeeper.support.answers.common import common
from shopkeeper.support.dialogue import asking
from shopkeeper.support.dialogue.desk import Desk
from shopkeeper.support.dialogue.records import WRITES, Command, DialogueState, Do, Evidence
from shopkeeper.support.dialogue.saying import Answered, Line
from shopkeeper.support.dialogue.working import Turn
from shopkeeper.support.records import Level
from shopkeeper.support.wording import money
from shopkeeper.text.normalise import normalise

SHOWN = 4  # orders
SHORT = 40  # characters of a question that goes on from another
MOST_KEPT = 200  # characters of what the next question may go on from

_OF_REFUNDS = frozenset({"refund_where", "refund_time"})
_GOES_BACK = re.compile(r"return|refund|cancel|exchang")  # statuses of which money may come back


def follow(
    turn: Turn, commands: list[Command], text: str, answer: Callable[[str], Answered | None]
) -> list[Command] | None:
    """What is left to be followed of a message that asks such a question; None if it asks none that pages answer.

    answer: what the shop knows.
    """
    state = turn.state
    asked = common(text, state.language, before=state.question_before)
    if not asking.leaves_room(state.question) or asked is None:
        return None
    found = answer(text)
    if found is None or not found.common:
        return None
    wants = any(c.wish is not None and c.wish.flow in WRITES for c in commands)
    if wants and (turn.desk.level > Level.NOBODY or not asking.is_question(normalise(text))):
        return _with_wish(turn, commands, found)
    own = found.own and (asking.is_own(normalise(text)) or found.common == "refund_where")
    if not own:
        return [Command(Do.ASK, value=text)]
    if turn.desk.level > Level.NOBODY:
        return [Command(Do.ASK, value=text)] if found.common in _OF_REFUNDS else None
    if any(c.wish is not None for c in commands):
        return _with_wish(turn, commands, found)
    if len(state.backlog) < asking.MOST_WAITING:
        state.backlog = (*state.backlog, text)
    return [Command(Do.ASK, value=text)]


def _with_wish(turn: Turn, commands: list[Command], found: Answered) -> list[Command] | None:
    """What is so for everyone, and then the wish; of somebody who is known the wish alone."""
    if turn.desk.level > Level.NOBODY:
        return None
    turn.lines.append(Line("", {}, found.evidence, found.text, found.quotes))
    return commands


def keep(state: DialogueState, text: str) -> None:
    """Remember a question that was answered: a short one that goes on from another together with it."""
    alone = common(text, state.language) is not None or len(text) > SHORT
    before = "" if alone else state.question_before
    state.question_before = f"{before}; {text}".strip("; ")[-MOST_KEPT:]


def knows(text: str, language: str) -> bool:
    """True if it is one of these questions, whether or not a page answers it."""
    return common(text, language) is not None


def of_records(desk: Desk, found: Answered) -> list[Line]:
    """What the customer's own orders tell of such a question beside the pages; nothing as long as nobody is known."""
    if found.common not in _OF_REFUNDS or desk.level is Level.NOBODY:
        return []
    told = [_refund(o) for o in desk.orders if _GOES_BACK.search(o.status) or _paid_back(o)]
    return told[:SHOWN] or [Line("no_refund")]


def _refund(order: Order) -> Line:
    """Where the money of an order is."""
    evidence = (Evidence("order", order.id),)
    values = {"order": order.id, "status": order.status}
    back = _paid_back(order)
    if not back:
        return Line("refund_open", values, evidence)
    amount = Money(back, order.payments[0].amount.currency)
    return Line("refund_paid", values | {"amount": money(amount)}, evidence)


def _paid_back(order: Order) -> Decimal:
    return sum((p.amount.amount for p in order.payments if p.kind == "refund"), Decimal(0))
