"""From wishes to actions: what belongs into one action, in which order they are done, and what is still missing.

What concerns one order is put together, because an order can be changed, returned or exchanged once; addresses and
payments come before items, because changed items lock the order.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from shopkeeper.shop.records import Address
from shopkeeper.support.dialogue.addresses import address_meant, orders_to_change
from shopkeeper.support.dialogue.choosing import choose
from shopkeeper.support.dialogue.desk import KINDS, Desk
from shopkeeper.support.dialogue.locating import Need, Outcome, Problem, hinted, locate, refused
from shopkeeper.support.dialogue.methods import method_meant
from shopkeeper.support.dialogue.records import (
    WRITES,
    DialogueState,
    Flow,
    Pick,
    Question,
    Wish,
)
from shopkeeper.support.facts import item_id
from shopkeeper.support.outside import named
from shopkeeper.support.pieces import pieces
from shopkeeper.support.records import Action, ActionKind, Proposal

_FIRST = (ActionKind.CHANGE_PROFILE_ADDRESS, ActionKind.CHANGE_ADDRESS, ActionKind.CHANGE_PAYMENT)
"""What comes before anything else is done to the same order."""


@dataclass
class Draft:
    """An action in the making, and the wishes that it is for."""

    kind: ActionKind
    order_id: str = ""
    wishes: list[Wish] = field(default_factory=list)
    picks: list[Pick] = field(default_factory=list)
    action: Action | None = None

    @property
    def method(self) -> str:
        """How the customer said to pay, by any of its wishes."""
        return next((w.method for w in reversed(self.wishes) if w.method), "")


@dataclass(frozen=True, slots=True)
class Step:
    """What comes next: an action that is complete, something to ask, or something that cannot be done."""

    draft: Draft | None = None
    outcome: Outcome = None
    wishes: tuple[Wish, ...] = ()


def next_step(desk: Desk, state: DialogueState) -> Step | None:
    """The next thing to do for the wishes that are open; None where there is nothing."""
    wishes = [w for w in state.open() if w.flow in WRITES and not w.ask_only]
    for wish in wishes:
        outcome = _located(desk, wish, [w for w in wishes if w is not wish])
        if outcome is not None:
            return Step(outcome=outcome, wishes=(wish,))
    drafts = _in_order(_drafts(desk, wishes))
    clash = _clash(drafts)
    if clash is not None:
        return clash
    for draft in drafts:
        outcome = complete(desk, state, draft)
        return Step(draft, outcome, tuple(draft.wishes))
    return None


def _located(desk: Desk, wish: Wish, others: list[Wish]) -> Outcome:
    if wish.located or wish.flow in (Flow.PROFILE, Flow.UNDO):
        return None
    if wish.flow in (Flow.ADDRESS, Flow.PAYMENT):
        return _locate_order(desk, wish)
    return locate(desk, wish, wish.flow, others)


def _locate_order(desk: Desk, wish: Wish) -> Outcome:
    """Which order's address or payment is meant; an item of it may name it."""
    found = orders_to_change(desk, wish)
    if isinstance(found, (Need, Problem)):
        return found
    wish.settled, wish.located = tuple(o.id for o in found), True
    return None


def _drafts(desk: Desk, wishes: Iterable[Wish]) -> list[Draft]:
    made: dict[tuple[ActionKind, str], Draft] = {}
    for wish in wishes:
        if wish.flow in (Flow.PROFILE, Flow.UNDO):
            kind = KINDS[wish.flow][0]
            made[kind, f"{wish.number}"] = Draft(kind, "", [wish])
            continue
        picked = dict.fromkeys(p.order_id for p in wish.picks)
        for order_id in (*picked, *(o for o in wish.settled if o not in picked)):
            order = desk.order(order_id)
            if order is None:
                continue
            kind = desk.kind_for(wish.flow, order)[0] or KINDS[wish.flow][0]
            draft = made.setdefault((kind, order_id), Draft(kind, order_id))
            draft.wishes.append(wish)
            draft.picks += [p for p in wish.picks if p.order_id == order_id]
    for draft in made.values():
        _once_each(desk, draft)
    return list(made.values())


def _once_each(desk: Desk, draft: Draft) -> None:
    """No piece twice: what two wishes name is meant once, unless the order has it twice."""
    order = desk.order(draft.order_id)
    if order is None:
        return
    left = Counter(p.item_id for p in pieces(order))
    kept = []
    for pick in reversed(draft.picks):
        if left[pick.item]:
            left[pick.item] -= 1
            kept.append(pick)
    draft.picks = kept[::-1]


def _in_order(drafts: list[Draft]) -> list[Draft]:
    """In the order in which they were asked for, but addresses and payments of an order before its items."""
    placed = {d.order_id: i for i, d in reversed(list(enumerate(drafts))) if d.order_id}
    return [
        d
        for _, d in sorted(
            enumerate(drafts),
            key=lambda x: (placed.get(x[1].order_id, x[0]), x[1].kind not in _FIRST, x[0]),
        )
    ]


def _clash(drafts: list[Draft]) -> Step | None:
    """A return and an exchange of the same order: only one of them can be."""
    either = {ActionKind.RETURN, ActionKind.EXCHANGE}
    for draft in drafts:
        for other in drafts:
            if draft.order_id == other.order_id and {draft.kind, other.kind} == either:
                first, second = (
                    (draft, other) if draft.kind is ActionKind.RETURN else (other, draft)
                )
                question = Question(
                    "either", first.wishes[0].number, second.wishes[0].number, (draft.order_id,)
                )
                need = Need(question, "either", {"order": draft.order_id})
                return Step(first, need, (*first.wishes, *second.wishes))
    return None


def complete(desk: Desk, state: DialogueState, draft: Draft) -> Outcome:
    """Fill in what an action needs: on success `draft.action` is set."""
    wish = draft.wishes[0]
    fill = {
        ActionKind.CANCEL: _cancel,
        ActionKind.RETURN: _return,
        ActionKind.CHANGE_ITEMS: _swap,
        ActionKind.EXCHANGE: _swap,
        ActionKind.CHANGE_ADDRESS: _address,
        ActionKind.CHANGE_PROFILE_ADDRESS: _address,
        ActionKind.CHANGE_PAYMENT: _payment,
        ActionKind.UNDO: _undo,
    }[draft.kind]
    if draft.order_id:
        order = desk.order(draft.order_id)
        assert order is not None
        allowed = desk.explain(Action(draft.kind, order_id=draft.order_id)).possible
        if allowed is False:
            return refused(desk, wish.flow, order)
    return fill(desk, state, draft)


def _cancel(desk: Desk, state: DialogueState, draft: Draft) -> Outcome:
    wish = draft.wishes[0]
    order = desk.order(draft.order_id)
    assert order is not None
    count = len(pieces(order))
    if draft.picks and len(draft.picks) < count and not any(w.agreed_whole for w in draft.wishes):
        others = [
            named(line.title, item_id(line))
            for line in order.lines
            if item_id(line) not in {p.item for p in draft.picks}
        ]
        values = {"order": order.id, "others": ", ".join(others)}
        return Need(Question("whole", wish.number, options=(order.id,)), "whole_order_only", values)
    wanted = draft.method
    paid = {p.method_id for p in order.payments if p.kind != "refund"}
    if wanted and wanted != "original" and desk.methods:
        meant = method_meant(desk, wanted, order)
        if meant and meant not in paid:
            values = {"order": order.id}
            return Need(Question("original", wish.number), "cancel_refunds_original", values)
    reason = next((w.reason for w in draft.wishes if w.reason), "")
    accepted = desk.policy.accepted_reasons()
    if accepted and reason not in accepted:
        values = {"order": order.id, "reasons": "", "said": reason}
        key = "other_reason" if reason else "which_reason"
        return Need(Question("reason", wish.number, options=accepted), key, values)
    draft.action = Action(ActionKind.CANCEL, order_id=order.id, reason=reason)
    return None


def _return(desk: Desk, state: DialogueState, draft: Draft) -> Outcome:
    action = Action(
        ActionKind.RETURN, order_id=draft.order_id, items=tuple(p.item for p in draft.picks)
    )
    if not draft.picks:
        return _which_items(desk, draft)
    return _paid(desk, state, draft, action)


def _which_items(desk: Desk, draft: Draft) -> Need:
    order = desk.order(draft.order_id)
    assert order is not None
    options = tuple(f"{order.id}|{item_id(line)}" for line in order.lines)
    question = Question("items", draft.wishes[0].number, options=options)
    return Need(question, "which_items", {"order": order.id, "options": ""})


def _swap(desk: Desk, state: DialogueState, draft: Draft) -> Outcome:
    if not draft.picks:
        order = desk.order(draft.order_id)
        assert order is not None
        if len(pieces(order)) != 1:
            return _which_items(desk, draft)
        wish = draft.wishes[0]
        pick = Pick(order.id, pieces(order)[0].item_id, 0 if wish.mentions else -1)
        wish.picks.append(pick)
        draft.picks.append(pick)
    for wish in draft.wishes:
        for pick in wish.picks:
            if pick.order_id == draft.order_id and not pick.new_item:
                outcome = choose(desk, wish, pick)
                if outcome is not None:
                    return outcome
    items = tuple(p.item for p in draft.picks)
    new_items = tuple(p.new_item for p in draft.picks)
    action = Action(draft.kind, order_id=draft.order_id, items=items, new_items=new_items)
    return _paid(desk, state, draft, action)


def _paid(desk: Desk, state: DialogueState, draft: Draft, action: Action) -> Outcome:
    """The action with the payment method that was named, or with the only one that the rules leave."""
    order = desk.order(draft.order_id)
    assert order is not None
    wish = draft.wishes[-1]
    allowed = [
        m
        for m in desk.methods
        if desk.explain(replace(action, method_id=m.id)).possible is not False
    ]
    values = {"order": order.id, "options": "", "kind": draft.kind.value}
    named = draft.method or state.method
    if named:
        meant = method_meant(desk, named, order)
        if meant and any(m.id == meant for m in allowed):
            draft.action = replace(action, method_id=meant)
            return None
        if draft.method and meant:
            decision = desk.explain(replace(action, method_id=meant))
            broken = tuple(c for c in decision.broken if c.holds is False)
            question = Question("method", wish.number, options=tuple(m.id for m in allowed))
            if not allowed:
                return Problem(
                    "refused",
                    {"order": order.id, "status": order.status, "item": ""},
                    broken,
                    order.id,
                )
            text = broken[0].text if broken else ""
            return Need(question, "other_method", values | {"rule": text})
    if draft.method and desk.methods and allowed:
        question = Question("method", wish.number, options=tuple(m.id for m in allowed))
        return Need(question, "no_such_method", values)
    if not desk.methods or len(allowed) == 1:
        draft.action = replace(action, method_id=allowed[0].id if allowed else "original")
        return None
    if not allowed:
        decision = desk.explain(replace(action, method_id=desk.methods[0].id))
        broken = tuple(c for c in decision.broken if c.holds is False)
        return Problem(
            "refused", {"order": order.id, "status": order.status, "item": ""}, broken, order.id
        )
    question = Question("method", wish.number, options=tuple(m.id for m in allowed))
    return Need(question, "which_method", values)


def _address(desk: Desk, state: DialogueState, draft: Draft) -> Outcome:
    wish = draft.wishes[-1]
    found = address_meant(desk, state, wish, draft.order_id)
    if isinstance(found, Address):
        draft.action = Action(draft.kind, order_id=draft.order_id, address=found)
        return None
    return found


def _payment(desk: Desk, state: DialogueState, draft: Draft) -> Outcome:
    return _paid(desk, state, draft, Action(ActionKind.CHANGE_PAYMENT, order_id=draft.order_id))


def _undo(desk: Desk, state: DialogueState, draft: Draft) -> Outcome:
    """Take back what was done last; where the rules offer no undoing, an address is changed to what it was."""
    wish = draft.wishes[0]
    done = _done_before(desk, state, wish)
    if done is None:
        order = next((o for o in hinted(desk, wish.hint) if o.status.startswith("cancel")), None)
        values = {"order": order.id if order else ""}
        return Problem("nothing_to_undo", values, order_id=order.id if order else "")
    decision = desk.explain(Action(ActionKind.UNDO, undoes=done.id))
    if decision.checks and decision.possible is not False:
        draft.action = Action(ActionKind.UNDO, undoes=done.id)
        return None
    kept = done.before or {}
    if done.action.kind in _FIRST and isinstance(kept.get("address"), dict):
        address = Address(**kept["address"])
        draft.action = replace(done.action, address=address)
        return None
    return Problem(
        "cannot_undo", {"order": ""}, tuple(c for c in decision.broken if c.holds is False)
    )


def _done_before(desk: Desk, state: DialogueState, wish: Wish) -> Proposal | None:
    """What was done in this conversation and is meant: of the kind that is named, else the last."""
    made = desk.proposals(state.done)
    own = desk.lexicon.says("own_address", wish.hint) or desk.lexicon.says("default", wish.hint)
    if own:
        of_account = [p for p in made if p.action.kind is ActionKind.CHANGE_PROFILE_ADDRESS]
        made = of_account or made
    return made[-1] if made else None
