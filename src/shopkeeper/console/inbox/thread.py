"""A conversation as it is shown: messages, notes and events in their order, each answer with what it rests on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from shopkeeper.console.inbox import words
from shopkeeper.pages import Visit
from shopkeeper.support.answers import Citation
from shopkeeper.support.inbox import Whole
from shopkeeper.support.policy import Policy, said
from shopkeeper.support.records import Proposal

RULES = "/console/inbox/rules"
QUIET = {"replied", "answered", "handed_over"}  # events that their messages tell


@dataclass(frozen=True, slots=True)
class Ground:
    """Something that an answer rests on. url: empty if it has no page."""

    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing of a conversation. kind: message, note or event. who: customer, agent or staff; author: the name.

    understood, looked: what the message before was taken for, and what was looked at. rules: those that were shown.
    proposals: what was proposed here, with what became of it.
    """

    kind: str
    at: datetime
    text: str
    who: str = ""
    author: str = ""
    turn: int = 0
    understood: tuple[str, ...] = ()
    looked: tuple[str, ...] = ()
    rules: tuple[Ground, ...] = ()
    grounds: tuple[Ground, ...] = ()
    quotes: tuple[Citation, ...] = ()
    proposals: tuple[tuple[str, str], ...] = ()
    deeds: tuple[str, ...] = ()

    @property
    def has_why(self) -> bool:
        """True if something is known of why it was said."""
        return bool(self.understood or self.looked or self.rules or self.grounds or self.deeds)


def thread(visit: Visit, whole: Whole, policy: Policy) -> list[Item]:
    """The conversation in its order."""
    items = [_message(visit, whole, policy, place) for place in range(len(whole.messages))]
    items += [Item("note", n.at, n.text, author=n.author) for n in whole.notes]
    for entry in whole.audit:
        by = str(entry.detail.get("by", ""))
        told = {
            "taken": visit.t("{name} took the conversation.", name=by),
            "returned": visit.t("{name} gave it back to the agent.", name=by),
            "solved": visit.t("{name} closed it as solved.", name=by),
        }.get(entry.event)
        if told is not None:
            items.append(Item("event", entry.at, told))
    return sorted(items, key=lambda item: item.at)


def _message(visit: Visit, whole: Whole, policy: Policy, place: int) -> Item:
    message = whole.messages[place]
    plain = Item("message", message.at, message.text, message.who, message.author, message.turn)
    if message.who != "agent":
        return plain
    entries = whole.of_turn(message.turn)
    reply = next((e for e in entries if e.event in ("replied", "handed_over")), None)
    if reply is None or reply.at != message.at:
        return plain
    known = {p.id: p for p in whole.proposals}
    deeds = [visit.t(words.EVENTS[e.event]) for e in entries if e.event in words.EVENTS]
    return Item(
        "message", message.at, message.text, message.who, message.author, message.turn,
        understood=_told(visit, reply.detail.get("understood", ())),
        looked=tuple(visit.t(words.TOOLS.get(t, t)) for t in reply.detail.get("tools", ())),
        rules=tuple(rule(visit, policy, id_) for id_ in _ids(message.evidence, "rule")),
        grounds=grounds(visit, message.evidence, message.quotes),
        quotes=message.quotes,
        proposals=tuple(
            _proposal(visit, known[id_]) for id_ in _ids(message.evidence, "proposal") if id_ in known
        ),
        deeds=tuple(dict.fromkeys(deeds)),
    )  # fmt: skip


def _told(visit: Visit, commands: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words.understood(visit, c) for c in commands))


def _proposal(visit: Visit, proposal: Proposal) -> tuple[str, str]:
    return proposal.shown.summary, visit.t(words.STATES[proposal.state.value])


def rule(visit: Visit, policy: Policy, rule_id: str) -> Ground:
    """A rule or a term as customers are shown it."""
    found = policy.rule(rule_id) or next((t for t in policy.terms if t.id == rule_id), None)
    return Ground(said(found.text, visit.language) if found else rule_id, f"{RULES}#{rule_id}")


def grounds(
    visit: Visit, evidence: Sequence[str], quotes: Sequence[Citation] = ()
) -> tuple[Ground, ...]:
    """What an answer rests on, but for rules, proposals and what is quoted, with where to look it up."""
    quoted = {q.source.evidence for q in quotes if q.source.url}
    found = []
    for kind, _, id_ in (e.partition(":") for e in evidence if e not in quoted):
        if kind == "order":
            found.append(Ground(visit.t("Order {id}", id=id_)))
        elif kind in ("product", "review"):
            url = f"/console/catalogue/{quote(id_, safe='')}" if kind == "product" else ""
            text = visit.t("Product {id}" if kind == "product" else "Review {id}", id=id_)
            found.append(Ground(text, url))
        elif kind == "page":
            found.append(Ground(visit.t("Page {id}", id=id_)))
    return tuple(found)


def _ids(evidence: Sequence[str], kind: str) -> list[str]:
    return [id_ for k, _, id_ in (e.partition(":") for e in evidence) if k == kind]
