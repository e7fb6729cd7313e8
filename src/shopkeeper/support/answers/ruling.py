"""Questions of the kind "may I …, if …?", answered by the rules and terms in force, put to what was said of the case.

The case becomes facts as an order would give them (delivered so many days ago, of that status), and the same rules that
stand before a write judge them; terms judge what no record knows (opened, worn, for so much). A verdict is given only if
everything that was said was looked at by a rule or term that decides: one condition that none is about leaves it open.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shopkeeper.shop.records import Customer, CustomerId, Order, OrderId, StatusChange
from shopkeeper.support import terms
from shopkeeper.support.answers.lexicon import Topic, lexicon
from shopkeeper.support.answers.reading import Reading
from shopkeeper.support.answers.said import Said
from shopkeeper.support.facts import Facts
from shopkeeper.support.policy import Policy, said
from shopkeeper.support.records import Action, ActionKind, Check, Decision, Level

_ABOUT_TIME = ("status_in", "within_days")  # what is asked of an order that is only told of
_OUR_FAULT = frozenset(
    {"faulty", "wrong_item"}
)  # then more is owed than the rules about returns say
_BESIDE = frozenset(
    {"food", "cosmetics", "seam"}
)  # kinds of things: they decide only beside something else
_DAMAGE = "damage"  # a topic: whatever it is that came broken
_KINDS = frozenset({"food", "cosmetics", "earrings", "underwear", "custom_made"})
_CAME_SO = frozenset({"arrive_broken", "damage", "wrong_item"})
"""Concepts of what is not the customer's doing: no rule about returns at will refuses that."""
_OPEN = frozenset(
    {"how_long", "how_much", "when", "where", "who", "why"}
)  # no yes or no answers these
_SOMEONE = CustomerId("someone")


@dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict with the rules and terms that gave it. decision: what they say, each decided."""

    topic: Topic
    decision: Decision

    @property
    def possible(self) -> bool:
        """Yes or no."""
        return bool(self.decision.possible)

    @property
    def shown(self) -> tuple[Check, ...]:
        """What the customer is shown: what stands against it, else all that was asked."""
        return self.decision.broken if not self.possible else self.decision.checks


def topic_of(question: Reading) -> Topic | None:
    """What a question is about, as far as rules go; None if nothing. Of several the one that more is said for."""
    return next(iter(_topics(question)), None)


def _topics(question: Reading) -> list[Topic]:
    """Everything it may be about, what more is said for first."""
    named = question.concepts
    found = [t for t in lexicon().topics if all(group & named for group in t.groups)]
    return sorted(found, key=lambda t: -len(t.groups))


def rule_on(question: Reading, policy: Policy, language: str, now: datetime) -> Ruling | None:
    """The verdict on what was said, or None if rules and terms do not settle it."""
    if question.asks & _OPEN or not question.said.anything:
        return None
    rulings = (_ruling(question, topic, policy, language, now) for topic in _topics(question))
    return next((r for r in rulings if r is not None), None)


def _ruling(
    question: Reading, topic: Topic, policy: Policy, language: str, now: datetime
) -> Ruling | None:
    if not _about_it_alone(question, topic):
        return None
    checks, looked_at = _by_rules(question.said, topic, policy, language, now)
    more, also = _by_terms(question.said, topic, policy, language)
    checks += more
    needed = _parts(question.said, topic)
    if not checks or not needed <= looked_at | also or any(c.holds is None for c in checks):
        return None
    ruling = Ruling(topic, Decision(tuple(checks)))
    refused_at_will = not ruling.possible and topic.action in ("return", "exchange")
    return None if refused_at_will and question.concepts & _CAME_SO else ruling


def is_case(question: Reading, policy: Policy) -> bool:
    """True if a question puts a case to something that rules or terms are about: no general sentence answers that."""
    topic = topic_of(question)
    if topic is None or question.asks & _OPEN or not question.said.anything:
        return False
    return bool(_parts(question.said, topic)) and (
        bool(topic.action) or bool(terms.about(policy.terms, topic.name))
    )


def _about_it_alone(question: Reading, topic: Topic) -> bool:
    """True if nothing is named that belongs neither to the topic nor to its case."""
    known = lexicon()
    beside = known.light | known.case
    if "gift_card" in question.said.tags:
        beside |= {"gift_card"}
    if question.said.statuses:
        beside |= {"shipping"}
    return not question.words and question.concepts <= topic.concepts | beside


def _parts(case: Said, topic: Topic) -> frozenset[str]:
    """What was said beside what it is about, by the names of its parts."""
    parts = {
        "days": case.days is not None,
        "dates": bool(case.dates),
        "amount": case.amount is not None,
        "countries": bool(case.countries),
        "unclear": case.unclear,  # no rule looks at that
    }
    parts |= {f"status {s}": True for s in case.statuses}
    beside = _BESIDE | _KINDS if topic.name == _DAMAGE else _BESIDE
    parts |= {f"tag {t}": True for t in case.tags - beside - topic.concepts}
    return frozenset(name for name, is_said in parts.items() if is_said)


def _by_rules(
    case: Said, topic: Topic, policy: Policy, language: str, now: datetime
) -> tuple[list[Check], frozenset[str]]:
    """What the rules of the topic's action say, and which parts of the case they looked at."""
    if not topic.action or len(case.statuses) > 1 or len(case.dates) not in (0, 2):
        return [], frozenset()
    kind = ActionKind(topic.action)
    facts = _facts(kind, case, now)
    checks, looked_at = [], set[str]()
    for rule in policy.about(kind):
        if rule.predicate not in _ABOUT_TIME:
            continue
        check = rule.check(facts, language)
        about = _status(case) if rule.predicate == "status_in" else _times(case)
        if not about or check.holds is None:
            continue
        if check.holds is False and case.tags & _OUR_FAULT:
            continue
        checks.append(check)
        looked_at |= about
    return checks, frozenset(looked_at)


def _status(case: Said) -> set[str]:
    return {f"status {s}" for s in case.statuses}


def _times(case: Said) -> set[str]:
    if case.dates:
        return {"dates"}
    return {"days"} if case.days is not None else set()


def _facts(kind: ActionKind, case: Said, now: datetime) -> Facts:
    """The case as if it were on record: an order of somebody who is verified."""
    placed_at = None
    if len(case.dates) == 2:
        first, last = case.dates
        year = now.year
        placed_at = datetime(year, first.month, first.day, 12, tzinfo=UTC)
        now = datetime(year + (last < first), last.month, last.day, 12, tzinfo=UTC)
    status = next(iter(case.statuses), "")
    history: tuple[StatusChange, ...] = ()
    if case.days is not None:
        history = (StatusChange("delivered", now - timedelta(days=case.days)),)
    order = Order(OrderId("told"), _SOMEONE, (), status, placed_at, history=history)
    action = Action(kind, order_id="told")
    return Facts(action, Level.VERIFIED, Customer(_SOMEONE), now, order)


def _by_terms(
    case: Said, topic: Topic, policy: Policy, language: str
) -> tuple[list[Check], frozenset[str]]:
    """What the terms about the topic say, and which parts of the case they looked at."""
    checks: list[Check] = []
    looked_at: set[str] = set()
    delivered = {"status delivered"} if case.days is not None else set()  # "so long after it came"
    for term in terms.about(policy.terms, topic.name):
        if term.applies(case) is not True:
            looked_at |= _lifted(term, case)
            continue
        if term.require is not None and term.require.hold(case) is None:
            continue
        checks.append(Check(term.id, term.holds(case), said(term.text, language)))
        looked_at |= term.used | delivered
    return checks, frozenset(looked_at)


def _lifted(term: terms.Term, case: Said) -> set[str]:
    """The parts of a case of which a term would have spoken if another part did not lift it."""
    if term.unless is None or not term.unless.hold(case) or term.when.hold(case) is not True:
        return set()
    return set(term.used)
