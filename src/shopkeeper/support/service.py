"""The service desk of one shop, and the conversations at it: the door of this package.

    conversation = shop.support.open()
    conversation.identify(email="ada@example.com", order_id="W1001")
    conversation.may(ActionKind.RETURN, order_id="W1001")

A conversation is a row in the database and an id: any program may go on with it. Whose records it reads follows from
who was identified in it, and from nothing that is said or passed in.
"""

import secrets
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from shopkeeper.errors import FeedError, NotFound, Refused
from shopkeeper.shop import customers, products
from shopkeeper.shop.bulk import Connection
from shopkeeper.shop.records import (
    Address,
    Customer,
    CustomerId,
    Order,
    Product,
    ProductId,
    ProductStatus,
)
from shopkeeper.support import conversations, decisions, lookup, outcomes, policies, proposals
from shopkeeper.support.conversations import Entry, State
from shopkeeper.support.finding import Found, Wanted, find_variants
from shopkeeper.support.identity import Claim, Identity, NotIdentified
from shopkeeper.support.lookup import Resolved, Tracking
from shopkeeper.support.mail import Mailer
from shopkeeper.support.outcomes import Feedback, Outcomes
from shopkeeper.support.policies import Version
from shopkeeper.support.policy import Policy
from shopkeeper.support.proposals import Heard
from shopkeeper.support.quoting import quote
from shopkeeper.support.records import (
    Action,
    ActionKind,
    Check,
    Decision,
    Level,
    Proposal,
    ProposalState,
    Quote,
    check_text,
)
from shopkeeper.support.wording import code_message

Clock = Callable[[], datetime]


class Transactions(Protocol):
    """What is needed of a database."""

    def connection(self) -> AbstractContextManager[Connection]:
        """One transaction: committed at the end, rolled back on an exception."""


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


class NotAllowed(Refused):
    """The rules refuse it. decision: what each of them says."""

    def __init__(self, decision: Decision) -> None:
        said = [c.text for c in decision.broken] or ["this is not done here"]
        super().__init__(said[0], hint="ask for a person" if not decision.broken else "")
        self.decision = decision


class NotConfirmed(Refused):
    """Nobody has agreed to it in this turn. proposal: as it stands."""

    def __init__(self, proposal: Proposal) -> None:
        super().__init__(
            f"the proposal is {proposal.state.value}: the customer has not just agreed to it",
            hint="read it to the customer and wait for a clear yes",
        )
        self.proposal = proposal


class Stale(Refused):
    """What the customer agreed to is not as it was shown any more, so it was not done."""

    def __init__(self, proposal: Proposal, decision: Decision | None) -> None:
        broken = decision.broken if decision is not None and not decision.allowed else ()
        super().__init__(
            broken[0].text if broken else "something has changed since this was shown",
            hint="propose it anew: the customer must see it as it is now",
        )
        self.proposal = proposal


class Support:
    """The service desk. clock: gives the time in UTC. mailer: sends one-time codes."""

    def __init__(
        self, database: Transactions, secret: bytes, mailer: Mailer, *, shop_name: str = "", clock: Clock = utc_now
    ) -> None:  # fmt: skip
        self.database = database
        self.mailer = mailer
        self.shop_name = shop_name
        self.clock = clock
        self._secret = secret
        self._policy: tuple[int, Policy] | None = None

    def open(self, *, language: str = "en", channel: str = "chat") -> "Conversation":
        """A new conversation, in which nobody is known yet. channel: where it is held: chat, mail or mcp."""
        conversation_id = secrets.token_urlsafe(18).replace("-", "_")  # no option of a command
        with self.database.connection() as conn:
            conversations.start(
                conn, conversation_id, language=language, now=self.clock(), channel=channel
            )
        return Conversation(self, conversation_id)

    def conversation(self, conversation_id: str) -> "Conversation":
        """A conversation that was opened before. Raises NotFound."""
        with self.database.connection() as conn:
            conversations.get(conn, conversation_id, self.clock())
        return Conversation(self, conversation_id)

    def sign(self, customer_id: str, lifetime: timedelta = timedelta(hours=1)) -> str:
        """A token with which the shop's own pages say who is signed in there: give it to `Conversation.sign_in`."""
        with self.database.connection() as conn:
            return self.identity(conn).sign(customer_id, lifetime)

    def policy(self) -> Policy:
        """The rules in force."""
        with self.database.connection() as conn:
            return self.policy_in(conn)

    def set_policy(self, text: str, *, by: str = "") -> Policy:
        """Put other rules in force at once. Raises FeedError if they are not sound; then the old ones stay."""
        with self.database.connection() as conn:
            return policies.save(conn, text, by=by)

    def policy_versions(self) -> list[Version]:
        """The rules that were in force before, those in force now first."""
        with self.database.connection() as conn:
            return policies.history(conn)

    def use_policy(self, number: int, *, by: str = "") -> Policy:
        """Put the rules of before, of this number, in force again, as a new version. Raises NotFound, and FeedError if they
        are not sound for this program any more."""
        with self.database.connection() as conn:
            return policies.save(conn, policies.get(conn, number).source, by=by)

    def explain(self, action: Action, customer_id: str) -> Decision:
        """What the rules would say to this customer if they were verified: for those who run the shop.

        Raises NotFound if there is no such customer.
        """
        now = self.clock()
        with self.database.connection() as conn:
            customer = customers.get(conn, customer_id)
            state = State("", customer.id, Level.VERIFIED, 0, customer.language)
            meant = resolved(conn, state, action)
            policy = self.policy_in(conn)
            facts = proposals.facts_of(conn, state, meant, policy, now)
            return policy.decide(facts, state.language)

    def outcomes(self, days: int = 30) -> Outcomes:
        """What became of the conversations of the last days."""
        now = self.clock()
        with self.database.connection() as conn:
            return outcomes.count(conn, since=now - timedelta(days=days), now=now)

    def policy_in(self, conn: Connection) -> Policy:
        """The rules in force, for a transaction that is open already."""
        number = policies.newest(conn)
        if self._policy is None or self._policy[0] != number:
            self._policy = number, policies.get(conn, number)
        return self._policy[1]

    def identity(self, conn: Connection) -> Identity:
        """Who decides who somebody is, by the rules in force."""
        return Identity(self._secret, self.policy_in(conn).identity, self.clock)


class Conversation:
    """One conversation. Its state is in the database; `id` is all that must be kept, and kept secret."""

    def __init__(self, support: Support, conversation_id: str) -> None:
        self.support = support
        self.id = conversation_id

    @contextmanager
    def _step(self, *, locked: bool = True) -> Iterator[tuple[Connection, State, datetime]]:
        """One transaction of this conversation."""
        now = self.support.clock()
        with self.support.database.connection() as conn:
            yield conn, conversations.get(conn, self.id, now, locked=locked), now

    @property
    def state(self) -> State:
        """Where it stands."""
        with self._step(locked=False) as (_, state, _now):
            return state

    def hear(self, text: str) -> Heard:
        """The customer says something: the next turn. Only here is a proposal agreed to."""
        with self.support.database.connection() as conn:
            return proposals.hear(conn, self.id, text, self.support.clock())

    # Who it is

    def identify(self, **claim: str) -> State:
        """Match the customer by `email`, by `email` and `order_id`, or by `first_name`, `last_name` and `postcode`.

        client: where they come from. Raises NotIdentified, TooManyAttempts, OtherCustomer.
        """
        with self._step() as (conn, state, now):
            found = self.support.identity(conn).match(conn, state, Claim(**claim))
            self._note_identity(conn, found, now)
        return self._identified(found)

    def send_code(self, email: str = "") -> None:
        """Send a one-time code to the customer's address on file. Nobody learns whether there is one.

        email: needed where nobody is matched yet. Raises TooManyAttempts.
        """
        check_text(email)
        with self._step() as (conn, state, now):
            made = self.support.identity(conn).new_code(conn, state, email)
            conversations.note(conn, state, "code_sent", at=now)
        if made is not None:
            address, code = made
            subject, body = code_message(code, self.support.shop_name, state.language)
            self.support.mailer.send(address, subject, body)

    def enter_code(self, code: str) -> State:
        """Verify the customer by the code that was sent. Raises NotIdentified, OtherCustomer."""
        with self._step() as (conn, state, now):
            found = self.support.identity(conn).enter_code(conn, state, code)
            self._note_identity(conn, found, now)
        return self._identified(found)

    def sign_in(self, token: str) -> State:
        """Verify the customer by a token from `Support.sign`. Raises NotIdentified, OtherCustomer."""
        with self._step() as (conn, state, now):
            found = self.support.identity(conn).signed_in(conn, state, token)
            self._note_identity(conn, found, now)
        return self._identified(found)

    def _note_identity(self, conn: Connection, found: CustomerId | None, now: datetime) -> None:
        state = conversations.get(conn, self.id, now)
        event = "identified" if found else "not_identified"
        conversations.note(conn, state, event, at=now, level=int(state.level))

    def _identified(self, found: CustomerId | None) -> State:
        if found is None:
            raise NotIdentified
        return self.state

    # Reading

    def customer(self) -> Customer:
        """The customer's profile. Raises NotAllowed."""
        with self._step(locked=False) as (conn, state, _):
            return lookup.get_customer(conn, self._reader(conn, state, details=True))

    def orders(self, *, statuses: Sequence[str] = (), product: str = "") -> list[Order]:
        """The customer's orders, the newest first. Raises NotAllowed."""
        with self._step(locked=False) as (conn, state, _):
            whose = self._reader(conn, state)
            details = self._sees_details(conn, state)
            return lookup.list_orders(
                conn, whose, statuses=statuses, product=product, details=details
            )

    def order(self, written: str) -> Order:
        """The customer's order with this number, however it is written. Raises NotFound, NotAllowed."""
        with self._step(locked=False) as (conn, state, _):
            whose = self._reader(conn, state)
            return lookup.get_order(conn, whose, written, details=self._sees_details(conn, state))

    def track(self, written: str) -> Tracking:
        """Where the customer's order is. Raises NotFound, NotAllowed."""
        with self._step(locked=False) as (conn, state, _):
            return lookup.track_order(conn, self._reader(conn, state), written)

    def find(self, product: str, wanted: Wanted | None = None) -> Found:
        """The variants of a product that are meant. product: its id, or that of a variant. Raises NotFound."""
        with self._step(locked=False) as (conn, _, _now):
            resolved = lookup.resolve(conn, product)
        return find_variants(resolved.product, wanted or Wanted())

    def product(self, written: str) -> Resolved:
        """What a product id, variant id, SKU or GTIN names. Raises NotFound."""
        with self._step(locked=False) as (conn, _, _now):
            return lookup.resolve(conn, written)

    def products(self, ids: Collection[str]) -> dict[ProductId, Product]:
        """Those of these products that the catalogue has, by one question."""
        with self._step(locked=False) as (conn, _, _now):
            found = products.get_many(conn, ids)
        return {i: p for i, p in found.items() if p.status is ProductStatus.ACTIVE}

    def _reader(self, conn: Connection, state: State, *, details: bool = False) -> CustomerId:
        """Whose records may be read. Raises NotAllowed."""
        access = self.support.policy_in(conn).access
        needed = max(Level.MATCHED, access.details if details else access.orders)
        if state.customer is None or state.level < needed:
            raise NotAllowed(Decision((_unproven(needed, state.language),)))
        return state.customer

    def _sees_details(self, conn: Connection, state: State) -> bool:
        return state.level >= self.support.policy_in(conn).access.details

    # What may be done, and doing it

    def may(self, kind: ActionKind, **known: object) -> Decision:
        """Whether something could be done, rule by rule; nothing is written. known: what is known of the action.

        `Decision.possible` is None where it depends on what was not said.
        """
        return self.explain(_action(kind, known))

    def explain(self, action: Action) -> Decision:
        """What the rules say to an action as far as it is known. That somebody has yet to prove who they are is left
        open, and what they may not see."""
        with self._step(locked=False) as (conn, state, now):
            meant = resolved(conn, state, action)
            policy = self.support.policy_in(conn)
            facts = proposals.facts_of(conn, state, meant, policy, now)
            return policy.explain(facts, state.language, details=self._sees_details(conn, state))

    def note_refused(self, action: Action) -> None:
        """Keep that the rules stood in the way of an action before it was proposed."""
        with self._step(locked=False) as (conn, state, now):
            facts = proposals.facts_of(conn, state, action, self.support.policy_in(conn), now)
            decisions.keep(conn, state, facts, allowed=False, now=now)

    def quote(self, action: Action) -> Quote | None:
        """What an action would cost or bring; None where too little is known. Raises NotAllowed."""
        with self._step(locked=False) as (conn, state, now):
            self._reader(conn, state, details=True)
            meant = resolved(conn, state, action)
            policy = self.support.policy_in(conn)
            return quote(proposals.facts_of(conn, state, meant, policy, now))

    def propose(self, action: Action) -> Proposal:
        """A proposal to be read to the customer in this turn; nothing is changed. Raises NotAllowed."""
        with self._step() as (conn, state, now):
            meant = resolved(conn, state, action)
            made = proposals.propose(conn, state, meant, self.support.policy_in(conn), now)
        if isinstance(made, Decision):
            raise NotAllowed(made)
        return made

    def ask_again(self, proposal_id: str) -> Proposal:
        """The proposal, to be read to the customer once more in this turn. Raises NotFound."""
        with self._step() as (conn, state, _):
            return proposals.ask_again(conn, state, proposal_id)

    def commit(self, proposal_id: str) -> Proposal:
        """Do what the customer has just agreed to. Doing it again changes nothing.

        Raises NotFound, NotConfirmed, and Stale if it is not as it was shown any more.
        """
        with self._step() as (conn, state, now):
            ended = proposals.commit(conn, state, proposal_id, self.support.policy_in(conn), now)
        proposal = ended.proposal
        if proposal.state is ProposalState.STALE:
            raise Stale(proposal, ended.decision)
        if proposal.state not in (ProposalState.DONE, ProposalState.UNDONE):
            raise NotConfirmed(proposal)
        return proposal

    def waiting(self) -> Proposal | None:
        """The proposal that waits for the customer's yes, or for being done."""
        with self._step(locked=False) as (conn, _, _now):
            return proposals.waiting(conn, self.id)

    def rate(
        self, *, solved: bool | None = None, rating: int | None = None, words: str = ""
    ) -> None:
        """Keep what the customer says of this conversation. rating: 1 to 5. What is left out stays as it was."""
        said = Feedback(solved, rating, words)
        with self.support.database.connection() as conn:
            outcomes.keep(conn, self.id, said, self.support.clock())

    def audit(self) -> list[Entry]:
        """What happened here, in order."""
        with self.support.database.connection() as conn:
            return conversations.audit(conn, self.id)

    def address(self, where: str) -> Address:
        """The address that "profile" or "order W1001" stands for. Raises NotFound, NotAllowed, FeedError."""
        name, _, rest = where.strip().partition(":" if ":" in where else " ")
        if name.casefold() == "profile" and not rest:
            addresses = self.customer().addresses
            found = addresses[0] if addresses else None
        elif name.casefold() == "order" and rest:
            with self._step(locked=False) as (conn, state, _):
                whose = self._reader(conn, state, details=True)
                found = lookup.get_order(conn, whose, rest, details=True).shipping_address
        else:
            raise FeedError(
                f"{where[:40]!r} names no address", hint='write "profile" or "order:NUMBER"'
            )
        if found is None:
            raise NotFound("there is no address", hint="ask for it")
        return found


def resolved(conn: Connection, state: State, action: Action) -> Action:
    """The action with the shop's own ids in place of what was written."""
    if state.customer is None:
        return action
    order_id = action.order_id
    if order_id:
        order_id = lookup.order_number(conn, state.customer, order_id) or order_id
    method_id = action.method_id
    if method_id:
        customer = lookup.get_customer(conn, state.customer)
        order = lookup.own_order(conn, state.customer, order_id)
        method_id = lookup.payment_method(customer, method_id, order)
    undoes = action.undoes
    if undoes == "last":
        last = proposals.done_of(conn, state.customer)
        undoes = last.id if last else undoes
    return replace(action, order_id=order_id, method_id=method_id, undoes=undoes)


def _unproven(needed: Level, language: str) -> Check:
    texts = {
        "en": "Please tell us who you are first: your e-mail address with an order number."
        if needed is Level.MATCHED
        else "Please sign in first, or enter the code that we send to your e-mail address.",
        "zh": "请先告诉我们您是谁：您的邮箱地址和订单号。"
        if needed is Level.MATCHED
        else "请先登录，或输入我们发送到您邮箱的验证码。",
    }
    return Check("who-is-asking", False, texts.get(language, texts["en"]))


def _action(kind: ActionKind, known: dict[str, object]) -> Action:
    return Action(kind, **known)  # type: ignore[arg-type]  # checked by Action, whose fields they are
