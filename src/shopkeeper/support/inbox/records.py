"""What people see of conversations: rows of the queue, a conversation whole, a draft."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shopkeeper.shop.records import Customer
from shopkeeper.support.answers import Citation
from shopkeeper.support.cases import Case, Reason
from shopkeeper.support.conversations import Entry, State
from shopkeeper.support.dialogue import Evidence
from shopkeeper.support.dialogue.records import DialogueState
from shopkeeper.support.dialogue.store import Message
from shopkeeper.support.outcomes import Feedback
from shopkeeper.support.records import Proposal


class View(StrEnum):
    """Which conversations are looked at."""

    WAITING = "waiting"  # for somebody to take them
    TAKEN = "taken"
    AGENT = "agent"  # the agent answers
    ENDED = "ended"  # people had them


@dataclass(frozen=True, slots=True)
class Row:
    """A conversation in a list. name: of the customer, empty if nobody is identified. reason: why a person answers, None
    where the agent does. waits_since: since when the customer waits for a person, None if they do not. who, text, at:
    of the last message of a person, the customer or staff."""

    conversation_id: str
    name: str
    language: str
    channel: str
    reason: Reason | None
    urgent: bool
    in_hours: bool
    taken_by: str
    waits_since: datetime | None
    who: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody noted for the others."""

    author: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Whole:
    """A conversation as people see it. case: the open one; cases: all of it. proposals: by id. dialogue: what the agent
    remembers. feedback: what the customer said of it."""

    state: State
    channel: str
    customer: Customer | None
    case: Case | None
    cases: tuple[Case, ...]
    messages: tuple[Message, ...]
    audit: tuple[Entry, ...]
    proposals: tuple[Proposal, ...]
    notes: tuple[Note, ...]
    dialogue: DialogueState
    feedback: Feedback | None

    @property
    def id(self) -> str:
        """Id of the conversation."""
        return self.state.id

    @property
    def taken_by(self) -> str:
        """Who answers; empty if it is the agent, or nobody yet."""
        return self.case.taken_by if self.case else ""

    def of_turn(self, turn: int) -> tuple[Entry, ...]:
        """What happened in a turn."""
        return tuple(e for e in self.audit if e.turn == turn)


@dataclass(frozen=True, slots=True)
class Draft:
    """What the agent would say, for a person to change and send. text: empty if nothing on record answers. question: what
    it answers. would: what it would do if the customer said yes; only the agent itself can ask for that yes."""

    text: str
    language: str
    question: str
    evidence: tuple[Evidence, ...] = ()
    quotes: tuple[Citation, ...] = ()
    would: str = ""
