"""A write on its way: proposed, read to the customer, agreed to in a later turn, checked again, done once.

These functions work in the caller's transaction, so that each step is there whole or not at all, and hold the
conversation while they do: two programs that commit the same proposal do so one after the other, and the second finds
it done. A refusal is returned, not raised, so that its line in the audit stays.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from shopkeeper.errors import NotFound
from shopkeeper.shop import bulk, customers, order_requests, orders
from shopkeeper.shop.bulk import Connection, Origin
from shopkeeper.shop.records import CustomerId
from shopkeeper.support import conversations, decisions
from shopkeeper.support.consent import Consent, consent
from shopkeeper.support.conversations import State
from shopkeeper.support.effects import Effect, effect
from shopkeeper.support.facts import Facts, gather
from shopkeeper.support.policy import Policy
from shopkeeper.support.records import (
    ACTION,
    SHOWN,
    Action,
    ActionKind,
    Decision,
    Proposal,
    ProposalState,
    Shown,
)
from shopkeeper.support.wording import show

_COLUMNS = (
    "id", "conversation_id", "customer_id", "action", "shown", "rule_ids", "state", "made_turn", "asked_turn",
    "confirmed_turn", "before", "made_at", "expires_at", "done_at",
)  # fmt: skip
_SELECT = f"select {', '.join(_COLUMNS)} from support_proposals where "  # noqa: S608  # our own column names


@dataclass(frozen=True, slots=True)
class Heard:
    """What a customer's words mean for the proposal that was read to them. proposal: as it is now, None if there was
    none to say yes or no to."""

    turn: int
    consent: Consent
    proposal: Proposal | None


@dataclass(frozen=True, slots=True)
class Committed:
    """How a commit ended. first: True if this call did it. decision: of the rules as it was checked again."""

    proposal: Proposal
    first: bool
    decision: Decision | None = None


def hear(conn: Connection, conversation_id: str, text: str, now: datetime) -> Heard:
    """The customer speaks: the turn goes on, and the proposal that was read to them in the turn before is agreed to or
    declined if that is plainly what they say. A yes that was not used in its own turn is void."""
    state = conversations.next_turn(conn, conversation_id, now)
    turn = state.turn
    waiting = _waiting(conn, conversation_id)
    if waiting is None:
        return Heard(turn, consent(text, ""), None)
    if waiting.state is ProposalState.CONFIRMED:
        return Heard(turn, Consent.OTHER, _end(conn, state, waiting, ProposalState.VOID, now))
    if waiting.expires_at <= now:
        return Heard(turn, Consent.OTHER, _end(conn, state, waiting, ProposalState.EXPIRED, now))
    if waiting.asked_turn != turn - 1:
        return Heard(turn, consent(text, ""), None)
    meant = consent(text, " ".join((waiting.shown.summary, *waiting.shown.notes)))
    if meant is Consent.YES:
        conn.execute(
            "update support_proposals set state = 'confirmed', confirmed_turn = %s where id = %s",
            [turn, waiting.id],
        )
        _note(conn, state, "confirmed", waiting, now)
        return Heard(turn, meant, get(conn, conversation_id, waiting.id))
    if meant is Consent.NO:
        return Heard(turn, meant, _end(conn, state, waiting, ProposalState.DECLINED, now))
    return Heard(turn, meant, waiting)


def propose(
    conn: Connection, state: State, action: Action, policy: Policy, now: datetime
) -> Proposal | Decision:
    """A proposal that takes the place of any that waits, or the decision that refuses the action."""
    facts = _facts(conn, state, action, policy, now)
    decision = policy.decide(facts, state.language)
    decisions.keep(conn, state, facts, allowed=decision.allowed, now=now)
    if not decision.allowed or state.customer is None:
        broken = [c.rule_id for c in decision.broken]
        conversations.note(
            conn, state, "refused", at=now, action=action.kind.value,
            order_id=facts.order.id if facts.order else None, rule_ids=broken,
        )  # fmt: skip
        return decision
    waiting = _waiting(conn, state.id)
    if waiting is not None:
        _end(conn, state, waiting, ProposalState.VOID, now)
    shown = show(facts, policy, state.language)
    proposal_id = secrets.token_urlsafe(9)
    conn.execute(
        "insert into support_proposals (id, conversation_id, customer_id, action, order_id, shown, rule_ids, "
        "state, made_turn, asked_turn, made_at, expires_at) "
        "values (%s, %s, %s, %s, %s, %s, %s, 'open', %s, %s, %s, %s)",
        [
            proposal_id, state.id, state.customer, bulk.jsonb(ACTION.dump_python(action, mode="json")),
            facts.order.id if facts.order else None, bulk.jsonb(_as_json(shown)), list(decision.rule_ids),
            state.turn, state.turn, now, now + timedelta(minutes=policy.proposal_minutes),
        ],
    )  # fmt: skip
    made = get(conn, state.id, proposal_id)
    _note(conn, state, "proposed", made, now)
    return made


def ask_again(conn: Connection, state: State, proposal_id: str) -> Proposal:
    """The proposal, to be read to the customer once more in this turn: a yes to it then counts in the next.

    Raises NotFound if it does not wait for a yes.
    """
    changed = conn.execute(
        "update support_proposals set asked_turn = %s where id = %s and conversation_id = %s and state = 'open'",
        [state.turn, proposal_id, state.id],
    )
    if not changed.rowcount:
        raise NotFound("no such proposal waits for a yes", hint="propose it anew")
    return get(conn, state.id, proposal_id)


def commit(
    conn: Connection, state: State, proposal_id: str, policy: Policy, now: datetime
) -> Committed:
    """Do what was agreed to in this very turn, if it is still as it was shown and the rules still allow it.

    A proposal that was done before stays done, and is returned. Raises NotFound.
    """
    proposal = get(conn, state.id, proposal_id)
    if proposal.state is not ProposalState.CONFIRMED or proposal.confirmed_turn != state.turn:
        return Committed(proposal, first=False)
    if proposal.expires_at <= now:
        return Committed(_end(conn, state, proposal, ProposalState.EXPIRED, now), first=False)
    facts = _facts(conn, state, proposal.action, policy, now, locked=True)
    decision = policy.decide(facts, state.language)
    same_person = state.customer == proposal.customer_id
    if not (same_person and decision.allowed and _is_as_shown(proposal, facts, policy, state)):
        broken = [] if decision.allowed else [c.rule_id for c in decision.broken]
        ended = _end(conn, state, proposal, ProposalState.STALE, now, rule_ids=broken)
        return Committed(ended, first=False, decision=decision)
    change = effect(facts, policy.statuses, proposal_id=proposal.id)
    _write(conn, change, facts, now)
    before = None if change.before is None else bulk.jsonb(dict(change.before))
    conn.execute(
        "update support_proposals set state = 'done', done_at = %s, before = %s where id = %s",
        [now, before, proposal.id],
    )
    _note(conn, state, "done", proposal, now, rule_ids=decision.rule_ids)
    return Committed(get(conn, state.id, proposal.id), first=True, decision=decision)


def _is_as_shown(proposal: Proposal, facts: Facts, policy: Policy, state: State) -> bool:
    """True if the customer would be told the same today."""
    now = _as_json(show(facts, policy, state.language))
    return bool(now == _as_json(proposal.shown))


def _write(conn: Connection, change: Effect, facts: Facts, now: datetime) -> None:
    if change.order is not None:
        orders.upsert(conn, [change.order], origin=Origin.PEOPLE)
    if change.customer is not None:
        customers.upsert(conn, [change.customer], origin=Origin.PEOPLE)
    if change.request is not None:
        order_requests.add(conn, change.request)
    if change.withdrawn:
        order_requests.withdraw(conn, change.withdrawn, now)
    if facts.action.kind is ActionKind.UNDO:
        conn.execute(
            "update support_proposals set state = 'undone' where id = %s", [facts.action.undoes]
        )


def _facts(
    conn: Connection,
    state: State,
    action: Action,
    policy: Policy,
    now: datetime,
    *,
    locked: bool = False,
) -> Facts:
    if locked:  # before anything of theirs is read
        conn.execute("select from customers where id = %s for no key update", [state.customer])
    done = done_of(conn, state.customer, action.undoes) if action.undoes else None
    return gather(
        conn,
        action,
        state.customer,
        level=state.level,
        now=now,
        done=done,
        return_fees=policy.return_fee,
        locked=locked,
    )


def facts_of(
    conn: Connection, state: State, action: Action, policy: Policy, now: datetime
) -> Facts:
    """What is known around an action that is only asked about."""
    return _facts(conn, state, action, policy, now)


def get(conn: Connection, conversation_id: str, proposal_id: str) -> Proposal:
    """The proposal with this id in this conversation. Raises NotFound."""
    found = _select(conn, "id = %s and conversation_id = %s", [proposal_id, conversation_id])
    if not found:
        raise NotFound("no such proposal in this conversation", hint="propose it first")
    return found[0]


def _waiting(conn: Connection, conversation_id: str) -> Proposal | None:
    found = _select(
        conn, "conversation_id = %s and state in ('open', 'confirmed')", [conversation_id]
    )
    return found[0] if found else None


def waiting(conn: Connection, conversation_id: str) -> Proposal | None:
    """The proposal that waits for a yes, or for being done."""
    return _waiting(conn, conversation_id)


def of_conversation(conn: Connection, conversation_id: str) -> list[Proposal]:
    """All proposals of a conversation, the oldest first."""
    return _select(conn, "conversation_id = %s order by made_at", [conversation_id])


def done_of(
    conn: Connection, customer_id: CustomerId | None, proposal_id: str = ""
) -> Proposal | None:
    """What was done for this customer by the proposal with this id; without one, what was done last."""
    found = _select(
        conn,
        "customer_id = %s and state = 'done' and (%s = '' or id = %s) and action->>'kind' <> 'undo' "
        "order by done_at desc limit 1",
        [customer_id, proposal_id, proposal_id],
    )
    return found[0] if found else None


def _select(conn: Connection, where: str, values: Sequence[Any]) -> list[Proposal]:
    return [_proposal(row) for row in conn.execute(_SELECT + where, values)]


def _proposal(row: tuple[Any, ...]) -> Proposal:
    (
        id_, conversation_id, customer_id, action, shown, rule_ids, state, made_turn, asked_turn,
        confirmed_turn, before, made_at, expires_at, done_at,
    ) = row  # fmt: skip
    return Proposal(
        id_, conversation_id, CustomerId(customer_id), ACTION.validate_python(action),
        SHOWN.validate_json(orjson.dumps(shown)), tuple(rule_ids), ProposalState(state), made_turn,
        asked_turn, confirmed_turn, before, made_at, expires_at, done_at,
    )  # fmt: skip


def _as_json(shown: Shown) -> Any:
    return SHOWN.dump_python(shown, mode="json")


def _end(
    conn: Connection,
    state: State,
    proposal: Proposal,
    how: ProposalState,
    now: datetime,
    *,
    rule_ids: Sequence[str] = (),
) -> Proposal:
    conn.execute("update support_proposals set state = %s where id = %s", [how.value, proposal.id])
    _note(conn, state, how.value, proposal, now, rule_ids=rule_ids)
    return get(conn, proposal.conversation_id, proposal.id)


def _note(
    conn: Connection,
    state: State,
    event: str,
    proposal: Proposal,
    now: datetime,
    *,
    rule_ids: Sequence[str] | None = None,
) -> None:
    conversations.note(
        conn, state, event, at=now, proposal_id=proposal.id, action=proposal.action.kind.value,
        order_id=proposal.action.order_id or None,
        rule_ids=proposal.rule_ids if rule_ids is None else rule_ids,
    )  # fmt: skip
