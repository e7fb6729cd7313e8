"""A turn's work: questions answered, what is missing asked, what is complete proposed."""

from dataclasses import dataclass, field, replace
from decimal import Decimal

from shopkeeper.shop.records import Money
from shopkeeper.support.cases import Reason
from shopkeeper.support.dialogue.desk import KINDS, Desk
from shopkeeper.support.dialogue.listing import listed
from shopkeeper.support.dialogue.locating import Need, Problem
from shopkeeper.support.dialogue.planning import Draft, Step, complete, next_step
from shopkeeper.support.dialogue.records import (
    WRITES,
    Command,
    DialogueState,
    Do,
    Evidence,
    Flow,
    Progress,
    Question,
    Wish,
)
from shopkeeper.support.dialogue.saying import Answered, Line
from shopkeeper.support.dialogue.telling import may, tell
from shopkeeper.support.dialogue.writing import in_words, variants
from shopkeeper.support.records import Action, ActionKind, Level, Proposal
from shopkeeper.support.service import Conversation, NotAllowed
from shopkeeper.support.wording import money

REPEATS = 3  # times that the same is asked again, before a person takes over
STEPS = 40  # of one turn, so that no state can keep it going


@dataclass
class Turn:
    """One turn in the making. handed_over: why a person is to take over, None if none is. unanswered: questions that
    nothing on record answered. acted: something was written for the customer, done: what.
    understood: what the message was taken for. answers: what the shop's knowledge said to which question."""

    conversation: Conversation
    state: DialogueState
    desk: Desk
    lines: list[Line] = field(default_factory=list)
    handed_over: Reason | None = None
    chatted: bool = False
    unanswered: list[str] = field(default_factory=list)
    acted: bool = False
    done: Proposal | None = None
    understood: list[Command] = field(default_factory=list)
    answers: dict[str, Answered | None] = field(default_factory=dict)

    def say(self, key: str, *evidence: Evidence, **values: str) -> None:
        """Add a line."""
        self.lines.append(Line(key, values, evidence))

    def ask(self, need: Need, *evidence: Evidence) -> None:
        """Add a question, and remember what was asked."""
        language = self.state.language
        values = dict(need.values)
        if "options" in values:
            values["options"] = listed(
                self.desk, need.question.options, need.question.slot, language
            )
        if "reasons" in values:
            named = (in_words("reason", r, language) for r in need.question.options)
            values["reasons"] = ("、" if language == "zh" else ", ").join(named)
        if "kind" in values:
            values["pay"] = variants(Line(f"pay_{values.pop('kind')}"), language)[0]
        if "part" in values:
            values["part"] = variants(Line(f"part_{values['part']}"), language)[0]
        self.lines.append(Line(need.say, values, evidence))
        need.question.text = need.say
        self._count(need.question)
        self.state.question = need.question

    def _count(self, question: Question) -> None:
        """Ask the same thing so often and no more."""
        state, key = self.state, f"{question.slot}:{question.wish}:{question.mention}"
        state.repeats = state.repeats + 1 if state.last_asked == key else 0
        state.last_asked = key
        if state.repeats >= REPEATS:
            self.hand_over(Reason.FAILURES)

    def ask_again(self) -> None:
        """What was asked last, once more."""
        question = self.state.question
        self.say("sorry")
        if question is not None and question.slot != "confirm":
            self.state.question = None
        work(self)

    def hand_over(self, why: Reason) -> None:
        """Pass the conversation on to a person."""
        self.handed_over = why


def work(turn: Turn) -> None:
    """Go on with what is wanted until the customer has to say something."""
    state = turn.state
    _tell_all(turn)
    if state.question is not None and state.question.slot not in ("confirm", "more"):
        return
    for _ in range(STEPS):
        step = next_step(turn.desk, state)
        if step is None:
            break
        if isinstance(step.outcome, Need):
            _ask(turn, step)
            return
        if isinstance(step.outcome, Problem):
            if _refuse(turn, step, step.outcome):
                return
            continue
        assert step.draft is not None
        if _propose(turn, step.draft):
            return
        if turn.handed_over:
            return
    _tell_all(turn, last=True)
    _close(turn)


def _close(turn: Turn) -> None:
    if turn.lines and not turn.chatted and turn.state.question is None:
        turn.say("anything_else")
        turn.state.question = Question("more", text="anything_else")
    elif not turn.lines:
        dropped = any(c.do in (Do.DROP, Do.DENY) for c in turn.understood)
        turn.say("declined" if dropped else "anything_else" if turn.state.done else "unclear")


def _tell_all(turn: Turn, *, last: bool = False) -> None:
    """Answer what was asked. What comes back in all is told when everything is done."""
    state = turn.state
    for wish in state.open():
        if wish.flow in WRITES and not wish.ask_only:
            continue
        if wish.flow is Flow.REFUNDS and not last:
            continue
        done = turn.desk.proposals(state.done)
        found = may(turn.desk, wish) if wish.ask_only else tell(turn.desk, wish, done)
        if isinstance(found, Need):
            turn.ask(found)
            return
        wish.progress = Progress.DONE
        turn.lines += found


def _ask(turn: Turn, step: Step) -> None:
    need = step.outcome
    assert isinstance(need, Need)
    if need.question.slot == "either" and step.draft is not None:
        need = replace(need, values=need.values | {"quotes": _quotes(turn, need)})
    turn.ask(need, *(Evidence("order", o) for o in need.order_ids))


def _quotes(turn: Turn, need: Need) -> str:
    """What a return and an exchange of the same order would bring."""
    order_id = need.question.options[0]
    said = ""
    for number, kind in (
        (need.question.wish, ActionKind.RETURN),
        (need.question.mention, ActionKind.EXCHANGE),
    ):
        wish = turn.state.wish(number)
        if wish is None:
            continue
        same = [
            w
            for w in turn.state.open()
            if w.flow is wish.flow and any(p.order_id == order_id for p in w.picks)
        ]
        draft = Draft(
            kind,
            order_id,
            [replace(w) for w in same],
            [p for w in same for p in w.picks if p.order_id == order_id],
        )
        if complete(turn.desk, turn.state, draft) is not None or draft.action is None:
            continue
        quote = turn.conversation.quote(draft.action)
        moved = (
            sum(
                (m.amount.amount * (1 if m.kind == "refund" else -1) for m in quote.movements),
                Decimal(0),
            )
            if quote
            else Decimal(0)
        )
        currency = turn.desk.orders[0].lines[0].total.currency
        key = (
            "quote_return"
            if kind is ActionKind.RETURN
            else "quote_swap_back"
            if moved >= 0
            else "quote_swap_pay"
        )
        said += (
            " "
            + variants(
                Line(key, {"amount": money(Money(abs(moved), currency))}), turn.state.language
            )[0]
        )
    return said


def _refuse(turn: Turn, step: Step, problem: Problem) -> bool:
    """Tell why something cannot be done. True if the customer is asked about it."""
    state = turn.state
    rule = " ".join(dict.fromkeys(c.text for c in problem.checks))
    evidence = tuple(Evidence("rule", c.rule_id) for c in problem.checks)
    key = problem.say
    if key == "refused" and not problem.order_id:
        key = "refused_plain"
    turn.lines.append(Line(key, {**problem.values, "rule": rule}, evidence))
    if problem.say in ("already_cheapest", "other_product", "not_sold"):
        _skip(step)
        return False
    state.refusals += 1
    wish = step.wishes[-1]
    if problem.checks and problem.order_id and (step.draft is None or step.draft.action is None):
        for kind in KINDS.get(wish.flow, ()):
            turn.conversation.note_refused(Action(kind, order_id=problem.order_id))
    for other in step.wishes:
        other.refusals += 1
    suggestion = _suggestion(turn, wish, problem)
    for other in step.wishes:
        if step.draft is not None and step.draft.order_id:
            other.picks = [p for p in other.picks if p.order_id != step.draft.order_id]
            other.settled = tuple(o for o in other.settled if o != step.draft.order_id)
            if other.picks or other.settled:
                continue
        other.progress = Progress.REFUSED
    most = turn.desk.policy.people.after_refusals
    if state.angry and state.refusals >= most - 2:
        turn.hand_over(Reason.ANGER)
    elif state.refusals >= most:
        turn.hand_over(Reason.REFUSALS)
    if suggestion is not None and not any(w.unless == wish.number for w in state.wishes):
        wish.located = False
        turn.ask(suggestion)
        return True
    return False


def _skip(step: Step) -> None:
    """Leave out the first item that nothing was found for; the others go on."""
    for wish in step.wishes:
        pick = next((p for p in wish.picks if not p.new_item), None)
        if pick is not None:
            wish.picks.remove(pick)
            if not wish.picks:
                wish.progress = Progress.REFUSED
            return


def _suggestion(turn: Turn, wish: Wish, problem: Problem) -> Need | None:
    """What can be done instead: what has arrived may be returned, what is on its way cancelled."""
    order = turn.desk.order(problem.order_id) if problem.order_id else None
    if order is None or problem.say != "refused":
        return None
    instead = {Flow.CANCEL: Flow.RETURN, Flow.RETURN: Flow.CANCEL}.get(wish.flow)
    if instead is None or turn.desk.kind_for(instead, order)[0] is None:
        return None
    question = Question("suggest", wish.number, options=(instead.value,))
    key = "suggest_return" if instead is Flow.RETURN else "suggest_cancel"
    return Need(question, key, {"order": order.id, "status": order.status})


def _propose(turn: Turn, draft: Draft) -> bool:
    """Propose what is complete. True if it waits for the customer's yes."""
    assert draft.action is not None
    state = turn.state
    try:
        made = turn.conversation.propose(draft.action)
    except NotAllowed as error:
        broken = error.decision.broken
        if any(c.rule_id in _proofs(turn) for c in broken) and turn.desk.level < Level.VERIFIED:
            return _verify(turn)
        problem = Problem(
            "refused" if draft.order_id else "refused_plain",
            _about(turn, draft),
            broken,
            draft.order_id,
        )
        return _refuse(turn, Step(draft, problem, tuple(draft.wishes)), problem)
    state.pending = made.id
    state.pending_wishes = tuple(w.number for w in draft.wishes)
    state.question = Question("confirm", draft.wishes[0].number, text="propose")
    state.order = draft.order_id or state.order
    notes = "".join(f"{n} " for n in made.shown.notes)
    evidence = [Evidence("proposal", made.id), *(Evidence("rule", r) for r in made.rule_ids)]
    if draft.order_id:
        evidence.append(Evidence("order", draft.order_id))
    turn.say("propose", *evidence, summary=made.shown.summary, notes=notes)
    return True


def _about(turn: Turn, draft: Draft) -> dict[str, str]:
    order = turn.desk.order(draft.order_id)
    return {"order": draft.order_id, "status": order.status if order else "", "item": ""}


def _proofs(turn: Turn) -> set[str]:
    """Ids of the rules that ask for a proof of who it is."""
    return {r.id for r in turn.desk.policy.rules if r.predicate == "authenticated"}


def _verify(turn: Turn) -> bool:
    """Send a code to the address on file, and ask for it."""
    turn.conversation.send_code()
    turn.say("code_sent")
    turn.state.question = Question("code", text="code_sent")
    return True
