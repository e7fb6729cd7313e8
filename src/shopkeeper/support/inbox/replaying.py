"""What other rules would have changed: put to the decisions and the questions of past conversations before they are saved.

A decision is looked at again with the facts it was made on, so what has happened since makes no difference. Questions are
those that rules or terms answer ("may I return it after 40 days?"), put to both as of today.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from shopkeeper.shop.bulk import Connection
from shopkeeper.support import decisions
from shopkeeper.support.answers.reading import read
from shopkeeper.support.answers.ruling import rule_on
from shopkeeper.support.decisions import Kept
from shopkeeper.support.facts import Facts
from shopkeeper.support.policy import Policy, Rule, parse
from shopkeeper.support.records import Action, Check
from shopkeeper.support.service import Support
from shopkeeper.support.terms import Term
from shopkeeper.support.wording import show

DECISIONS = 1000  # that are looked at again, the newest
QUESTIONS = 1000  # messages of customers that are, the newest
PARTS = (
    "identity", "access", "people", "proposal_minutes", "return_fee", "statuses", "refund_times", "notes",
)  # fmt: skip
"""What else a policy says, as the file names it."""
Verdict = Literal["yes", "no", "depends", "nothing"]


@dataclass(frozen=True, slots=True)
class Told:
    """What rules say. rules: that stand against it, or that the answer rests on. terms: what the customer is told before
    their yes, empty where that is not known."""

    verdict: Verdict
    rules: tuple[Check, ...] = ()
    terms: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is decided otherwise. action: None for a question, of which `question` are the words."""

    conversation_id: str
    turn: int
    at: datetime
    action: Action | None
    question: str
    before: Told
    after: Told


@dataclass(frozen=True, slots=True)
class Replay:
    """What would change. decisions, questions: how many were looked at. since: the oldest of them, None without any."""

    differences: tuple[Difference, ...] = ()
    decisions: int = 0
    questions: int = 0
    since: datetime | None = None
    rules: tuple[str, ...] = field(default=())
    """Ids of rules and terms that are new, gone or other, and names of the other parts that differ."""


def replay(support: Support, text: str) -> Replay:
    """What these rules would change of the past, beside those in force. Nothing is written. Raises FeedError."""
    new = parse(text)
    with support.database.connection() as conn:
        old = support.policy_in(conn)
        kept = list(decisions.recent(conn, limit=DECISIONS))
        asked = _asked(conn)
    found = [d for k in kept if (d := _decided(k, old, new))]
    now = support.clock()
    found += [d for a in asked if (d := _answered(a, old, new, now))]
    times = [*(k.at for k in kept), *(a.at for a in asked)]
    return Replay(
        tuple(sorted(found, key=lambda d: d.at, reverse=True)), len(kept), len(asked),
        min(times, default=None), changed_rules(old, new),
    )  # fmt: skip


def changed_rules(old: Policy, new: Policy) -> tuple[str, ...]:
    """Ids of rules and terms that are new, gone or other, and names of the other parts that differ."""
    before, after = (_by_id(policy) for policy in (old, new))
    rules = [id_ for id_ in {**before, **after} if before.get(id_) != after.get(id_)]
    return (*rules, *(part for part in PARTS if getattr(old, part) != getattr(new, part)))


def _by_id(policy: Policy) -> dict[str, Rule | Term]:
    found: tuple[Rule | Term, ...] = (*policy.rules, *policy.terms)
    return {r.id: r for r in found}


def _decided(kept: Kept, old: Policy, new: Policy) -> Difference | None:
    before, after = (_told(kept.facts, policy, kept.language) for policy in (old, new))
    if (before.verdict, before.terms) == (after.verdict, after.terms):
        return None
    return Difference(
        kept.conversation_id, kept.turn, kept.at, kept.facts.action, "", before, after
    )  # fmt: skip


def _told(facts: Facts, policy: Policy, language: str) -> Told:
    facts = replace(facts, return_fees=policy.return_fee)
    decision = policy.explain(facts, language)
    possible = decision.possible
    if possible is False:
        return Told("no", decision.broken)
    if policy.decide(facts, language).allowed:
        shown = show(facts, policy, language)
        return Told("yes", (), " ".join((shown.summary, *shown.notes)))
    return Told("yes" if possible else "depends", decision.broken if possible is None else ())


@dataclass(frozen=True, slots=True)
class _Asked:
    """A message of a customer."""

    conversation_id: str
    turn: int
    at: datetime
    text: str
    language: str


def _asked(conn: Connection) -> list[_Asked]:
    """The newest messages of customers that a rule, or nothing, answered."""
    rows = conn.execute(
        "select m.conversation_id, m.turn, m.at, m.text, c.language from support_messages m "
        "join support_conversations c on c.id = m.conversation_id "
        "where m.who = 'customer' and m.text ~ '[?？吗]' order by m.id desc limit %s",
        [QUESTIONS],
    )
    return [_Asked(*row) for row in rows]


def _answered(asked: _Asked, old: Policy, new: Policy, now: datetime) -> Difference | None:
    before, after = (_ruled(asked, policy, now) for policy in (old, new))
    if before.verdict == after.verdict and _texts(before.rules) == _texts(after.rules):
        return None
    return Difference(asked.conversation_id, asked.turn, asked.at, None, asked.text, before, after)


def _ruled(asked: _Asked, policy: Policy, now: datetime) -> Told:
    ruling = rule_on(read(asked.text), policy, asked.language or "en", now)
    if ruling is None:
        return Told("nothing")
    return Told("yes" if ruling.possible else "no", tuple(ruling.shown))


def _texts(checks: Iterable[Check]) -> set[str]:
    return {c.text for c in checks}
