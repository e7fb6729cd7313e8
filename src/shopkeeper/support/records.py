"""What is said, asked and decided at the service desk: levels, actions, decisions, quotes, proposals.

An `Action` is something that a customer wants written. It is data: what a language model may fill in, and what is
checked by the rules. *Item* means a piece of an order, named by its variant's id (by its product's where the order
names no variant); an item that is bought twice stands twice in `items`.
"""

from dataclasses import astuple, dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

from pydantic import ConfigDict, TypeAdapter

from shopkeeper.shop.records import Address, CustomerId, Money

GIFT_CARD = "gift_card"  # the kind of payment method that holds money of the shop

MAX_TEXT = 500  # characters
MAX_ITEMS = 200

_STRICT = ConfigDict(extra="forbid")


class Level(IntEnum):
    """How sure the shop is who is talking."""

    NOBODY = 0
    MATCHED = 1  # they know something of the customer
    VERIFIED = 2  # they read the customer's mail, or the shop signed them in


class ActionKind(StrEnum):
    """What can be written for a customer."""

    CANCEL = "cancel"
    CHANGE_ITEMS = "change_items"
    CHANGE_ADDRESS = "change_address"
    CHANGE_PAYMENT = "change_payment"
    CHANGE_PROFILE_ADDRESS = "change_profile_address"
    RETURN = "return"
    EXCHANGE = "exchange"
    UNDO = "undo"


FIELDS: dict[ActionKind, tuple[str, ...]] = {
    ActionKind.CANCEL: ("order_id", "reason"),
    ActionKind.CHANGE_ITEMS: ("order_id", "items", "new_items", "method_id"),
    ActionKind.CHANGE_ADDRESS: ("order_id", "address"),
    ActionKind.CHANGE_PAYMENT: ("order_id", "method_id"),
    ActionKind.CHANGE_PROFILE_ADDRESS: ("address",),
    ActionKind.RETURN: ("order_id", "items", "method_id"),
    ActionKind.EXCHANGE: ("order_id", "items", "new_items", "method_id"),
    ActionKind.UNDO: ("undoes",),
}
"""What each kind of action is made of; the rest is empty."""


def check_text(text: str) -> None:
    """Raise ValueError for what nobody can have typed: too long, or with characters that do not show."""
    if len(text) > MAX_TEXT:
        raise ValueError(f"a text is longer than {MAX_TEXT} characters")
    if not text.isprintable():
        raise ValueError("a text has characters that do not show")


@dataclass(frozen=True, slots=True)
class Action:
    """Something to be written. new_items: what each of `items` becomes, in their order. undoes: id of a proposal.

    A field left empty is not known yet: rules that need it can be neither kept nor broken.
    """

    __pydantic_config__ = _STRICT

    kind: ActionKind
    order_id: str = ""
    items: tuple[str, ...] = ()
    new_items: tuple[str, ...] = ()
    method_id: str = ""
    reason: str = ""
    address: Address | None = None
    undoes: str = ""

    def __post_init__(self) -> None:
        for name in ("order_id", "items", "new_items", "method_id", "reason", "address", "undoes"):
            if getattr(self, name) and name not in FIELDS[self.kind]:
                takes = ", ".join(FIELDS[self.kind])
                raise ValueError(f"{self.kind} takes no {name}, only {takes}")
        if len(self.items) > MAX_ITEMS or len(self.new_items) > MAX_ITEMS:
            raise ValueError(f"more than {MAX_ITEMS} items")
        address = () if self.address is None else astuple(self.address)
        short = (self.order_id, self.method_id, self.reason, self.undoes)
        for text in (*short, *self.items, *self.new_items, *address):
            check_text(text)


@dataclass(frozen=True, slots=True)
class Movement:
    """Money that will move: `kind` is refund or charge, the amount positive. settled: refund_times key of the policy,
    `returned` set where it moves only once the items are back."""

    kind: str
    amount: Money
    method_id: str
    settled: str
    returned: bool = False


@dataclass(frozen=True, slots=True)
class Quote:
    """What an action costs. difference: price of the new items less what was paid for the old; None where nothing is
    swapped. fee: what was taken off a refund, None if nothing was."""

    movements: tuple[Movement, ...] = ()
    difference: Money | None = None
    fee: Money | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One rule put to one action. holds: None where too little is known to say."""

    rule_id: str
    holds: bool | None
    text: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rules say to an action, rule by rule."""

    checks: tuple[Check, ...]

    @property
    def allowed(self) -> bool:
        """True if every rule is known to hold. An action that no rule is about is not offered."""
        return bool(self.checks) and all(c.holds is True for c in self.checks)

    @property
    def possible(self) -> bool | None:
        """The answer to "may I?": True, False, or None where it depends on what is not known yet."""
        verdicts = {c.holds for c in self.checks} or {False}
        return False if False in verdicts else None if None in verdicts else True

    @property
    def broken(self) -> tuple[Check, ...]:
        """The rules that stand against it; if none does, those that are not known to hold."""
        no = tuple(c for c in self.checks if c.holds is False)
        return no or tuple(c for c in self.checks if c.holds is None)

    @property
    def rule_ids(self) -> tuple[str, ...]:
        """The rules that were put to it."""
        return tuple(c.rule_id for c in self.checks)


class ProposalState(StrEnum):
    """What became of a proposal."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    DONE = "done"
    UNDONE = "undone"
    DECLINED = "declined"
    VOID = "void"  # another took its place, or the yes was not used in its turn
    EXPIRED = "expired"
    STALE = "stale"  # what the customer was told is not true any more


@dataclass(frozen=True, slots=True)
class Shown:
    """What the customer is told before the yes. notes: what cannot be taken back."""

    summary: str
    notes: tuple[str, ...]
    quote: Quote


@dataclass(frozen=True, slots=True)
class Proposal:
    """An action that passed the rules and waits for the customer's yes."""

    id: str
    conversation_id: str
    customer_id: CustomerId
    action: Action
    shown: Shown
    rule_ids: tuple[str, ...]
    state: ProposalState
    made_turn: int
    asked_turn: int
    confirmed_turn: int | None
    before: dict[str, Any] | None
    made_at: datetime
    expires_at: datetime
    done_at: datetime | None


ACTION: TypeAdapter[Action] = TypeAdapter(Action)
SHOWN: TypeAdapter[Shown] = TypeAdapter(Shown)
