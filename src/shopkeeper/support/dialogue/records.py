"""What is understood, kept and said in a conversation: flows, mentions, wishes, commands, questions, replies.

A *wish* is one thing that the customer wants, from its first mention until it is done, refused or dropped. A *mention* is
one item of theirs in their own words. A *command* is what one message asks the dialogue to do; whoever understands the
message (rules, a small model, a large one) gives commands and nothing else.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter

from shopkeeper.support.answers.records import Citation
from shopkeeper.support.cases import Reason


class Flow(StrEnum):
    """What a customer may want: the first seven write, the others ask."""

    CANCEL = "cancel"
    RETURN = "return"
    SWAP = "swap"
    ADDRESS = "address"
    PROFILE = "profile"
    PAYMENT = "payment"
    UNDO = "undo"
    TRACK = "track"
    STATUS = "status"
    TOTAL = "total"
    ORDERS = "orders"
    WHERE = "where"
    ITEM = "item"
    OPTIONS = "options"
    BALANCE = "balance"
    REFUNDS = "refunds"


WRITES = frozenset(
    {Flow.CANCEL, Flow.RETURN, Flow.SWAP, Flow.ADDRESS, Flow.PROFILE, Flow.PAYMENT, Flow.UNDO}
)


@dataclass(slots=True)
class Mention:
    """An item in the customer's words.

    products: ids of what the words may name; empty if nothing of theirs is called so. described: which of several.
    wanted: what it is to become. count: how many; 0 all there are. code: an item number they gave. exact: the one it
    turned out to be.
    """

    words: str = ""
    products: tuple[str, ...] = ()
    described: str = ""
    wanted: str = ""
    count: int = 1
    code: str = ""


class Progress(StrEnum):
    """What became of a wish."""

    OPEN = "open"
    DONE = "done"
    REFUSED = "refused"
    DROPPED = "dropped"


@dataclass(slots=True)
class Pick:
    """One piece of an order, found for a mention. new_item: what it becomes, empty until that is settled."""

    order_id: str
    item: str
    mention: int
    new_item: str = ""


@dataclass(slots=True)
class Wish:
    """One thing that is wanted.

    orders: numbers as they were written. hint: which orders, in words ("my pending order to Texas"). whole: all items.
    every: all orders that fit. address: what it refers to; written: in the customer's own
    letters, where it is written out; extra: a part of it that was missing. unless: only if the wish of this number
    cannot be done. ask_only: whether it may be done is all that is asked. picks: what it turned out to be about.
    """

    number: int
    flow: Flow
    orders: tuple[str, ...] = ()
    hint: str = ""
    mentions: list[Mention] = field(default_factory=list)
    whole: bool = False
    every: bool = False
    excepted: list[Mention] = field(default_factory=list)
    method: str = ""
    reason: str = ""
    address: str = ""
    written: str = ""
    extra: str = ""
    unless: int = 0
    ask_only: bool = False
    said: str = ""
    progress: Progress = Progress.OPEN
    picks: list[Pick] = field(default_factory=list)
    settled: tuple[str, ...] = ()
    located: bool = False
    agreed_whole: bool = False
    refusals: int = 0


class Do(StrEnum):
    """What a message asks the dialogue to do."""

    START = "start"  # a wish
    SET = "set"  # a slot of what is open
    ONLY = "only"  # of what is open, nothing but these items
    DROP = "drop"  # of what is open, not these items; without items: not at all
    CONFIRM = "confirm"
    DENY = "deny"
    ASK = "ask"  # a question for the shop's knowledge
    CHAT = "chat"  # hello, thanks, goodbye, off the topic
    HAND_OVER = "hand_over"
    UNCLEAR = "unclear"


@dataclass(slots=True)
class Command:
    """One command. slot, value: of SET (order, item, variant, method, reason, address, email, name, postcode). about: the
    kind of CHAT, or why it is handed over."""

    do: Do
    wish: Wish | None = None
    slot: str = ""
    value: str = ""
    mentions: list[Mention] = field(default_factory=list)
    about: str = ""


@dataclass(slots=True)
class Question:
    """What the customer was asked last. options: ids that it offers, in the order in which they were read out."""

    slot: str
    wish: int = 0
    mention: int = -1
    options: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a reply rests on: `kind` is order, product, variant, proposal, rule, page, …"""

    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class HandOver:
    """The conversation goes to a person. summary: for that person. opens_at: when somebody is there, in the shop's own
    time; None if somebody is there now, or nobody knows."""

    why: Reason
    summary: str
    opens_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What is said to the customer. evidence: what it rests on. proposal_id: what waits for their yes. hand_over: set
    in the turn in which a person takes over; after it `text` is empty, for the agent is silent. quotes: what it cites."""

    text: str
    language: str
    turn: int
    evidence: tuple[Evidence, ...] = ()
    proposal_id: str = ""
    hand_over: HandOver | None = None
    quotes: tuple[Citation, ...] = ()


@dataclass(slots=True)
class DialogueState:
    """All that is remembered between two turns. done: proposals that were carried out. facts: what they said of
    themselves (email, first_name, last_name, postcode). pending: proposal that waits, and the wishes it is for.
    backlog: messages from before it was known who writes; tried: claims that failed; numbers: order numbers named
    until then. said: the last replies. failures, refusals, unanswered, strays: how often in this conversation the agent
    did not understand (in a row), the rules refused, nothing answered (in a row), and what was wanted was not the shop's
    business.
    shown: products that the customer was shown last, in order; meant: the one spoken of; sought: the words they were
    found by; asked: what is wanted of one of them, where it was asked back which. question_before: the last that was
    answered."""

    language: str = "en"
    wishes: list[Wish] = field(default_factory=list)
    question: Question | None = None
    pending: str = ""
    pending_wishes: tuple[int, ...] = ()
    done: tuple[str, ...] = ()
    facts: dict[str, str] = field(default_factory=dict)
    method: str = ""
    order: str = ""
    product: str = ""
    failures: int = 0
    refusals: int = 0
    unanswered: int = 0
    strays: int = 0
    angry: bool = False
    handed_over: str = ""
    said: tuple[str, ...] = ()
    backlog: tuple[str, ...] = ()
    tried: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    last_asked: str = ""
    repeats: int = 0
    shown: tuple[str, ...] = ()
    meant: str = ""
    sought: str = ""
    asked: str = ""
    question_before: str = ""

    def wish(self, number: int) -> Wish | None:
        """The wish with this number."""
        return next((w for w in self.wishes if w.number == number), None)

    def open(self) -> list[Wish]:
        """Wishes that are still to be worked off, in the order in which they came."""
        return [w for w in self.wishes if w.progress is Progress.OPEN and self._is_due(w)]

    def _is_due(self, wish: Wish) -> bool:
        """True unless it stands back behind another that may still be done."""
        before = self.wish(wish.unless) if wish.unless else None
        return before is None or before.progress is Progress.REFUSED

    def add(self, wish: Wish) -> Wish:
        """Keep a new wish under the next number."""
        wish.number = max((w.number for w in self.wishes), default=0) + 1
        self.wishes.append(wish)
        return wish


STATE: TypeAdapter[DialogueState] = TypeAdapter(DialogueState)


def as_json(state: DialogueState) -> Any:
    """The state as JSON."""
    return STATE.dump_python(state, mode="json")
