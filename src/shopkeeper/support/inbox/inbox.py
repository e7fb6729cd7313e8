"""The door for people: what waits, a conversation whole, and answering in the agent's place.

    for row in shop.inbox.listing():
        shop.inbox.take(row.conversation_id, "Mia")
        shop.inbox.say(row.conversation_id, "Mia", "Hello, this is Mia. I have read what you wrote.")
        shop.inbox.give_back(row.conversation_id, "Mia")

Whoever takes a conversation first has it; as long as somebody has it, and as long as it waits for somebody, the agent is
silent in it. Every step is a line of the audit.
"""

from collections.abc import Callable
from datetime import datetime

from shopkeeper.errors import Conflict, FeedError, NotFound
from shopkeeper.shop import customers
from shopkeeper.shop.bulk import Connection
from shopkeeper.support import cases, conversations, outcomes, proposals
from shopkeeper.support.cases import MAX_NAME, AlreadyTaken, Case, Outcome, Reason
from shopkeeper.support.conversations import State
from shopkeeper.support.dialogue import Agent, store
from shopkeeper.support.dialogue.saying import Line
from shopkeeper.support.dialogue.writing import variants
from shopkeeper.support.hours import opening
from shopkeeper.support.inbox import drafting, queue
from shopkeeper.support.inbox.figures import Figures, figures
from shopkeeper.support.inbox.records import Draft, Row, View, Whole
from shopkeeper.support.inbox.replaying import Replay, replay
from shopkeeper.support.service import Support

MAX_TEXT = 4000  # characters of a message or a note


class Inbox:
    """Conversations that people answer. agent: gives the one that drafts."""

    def __init__(self, support: Support, agent: Callable[[], Agent]) -> None:
        self.support = support
        self._agent = agent

    def listing(
        self, view: View = View.WAITING, *, by: str = "", limit: int = queue.LONGEST
    ) -> list[Row]:
        """Conversations of a view, the most pressing first. by: of those taken, only this person's."""
        with self.support.database.connection() as conn:
            return queue.listing(conn, view, by=by, limit=limit)

    def sizes(self) -> dict[View, int]:
        """How many conversations wait, and how many are taken."""
        with self.support.database.connection() as conn:
            return queue.sizes(conn)

    def version(self) -> int:
        """Grows whenever something is said, noted or done in any conversation."""
        with self.support.database.connection() as conn:
            return queue.version(conn)

    def look(self, conversation_id: str) -> Whole:
        """All of a conversation. Raises NotFound."""
        now = self.support.clock()
        with self.support.database.connection() as conn:
            state = conversations.get(conn, conversation_id, now)
            known = cases.of_conversation(conn, conversation_id)
            found = customers.get_many(conn, [state.customer_id] if state.customer_id else [])
            return Whole(
                state,
                _channel(conn, conversation_id),
                next(iter(found.values()), None),
                next((c for c in known if c.ended_at is None), None),
                tuple(known),
                tuple(store.messages(conn, conversation_id)),
                tuple(conversations.audit(conn, conversation_id)),
                tuple(proposals.of_conversation(conn, conversation_id)),
                tuple(queue.notes(conn, conversation_id)),
                store.load(conn, conversation_id, state.language),
                outcomes.given(conn, conversation_id),
            )

    def take(self, conversation_id: str, by: str) -> Case:
        """Answer in the agent's place. Raises NotFound, AlreadyTaken naming who was first."""
        name, now = _name(by), self.support.clock()
        with self.support.database.connection() as conn:
            return self._take(conn, conversation_id, name, now)

    def say(self, conversation_id: str, by: str, text: str) -> None:
        """Say something to the customer; a conversation that nobody has is taken with it. Raises NotFound, AlreadyTaken."""
        name, words, now = _name(by), _text(text), self.support.clock()
        with self.support.database.connection() as conn:
            self._take(conn, conversation_id, name, now)
            state = conversations.get(conn, conversation_id, now)
            store.add_message(conn, state.id, state.turn, "staff", words, now, author=name)
            _note(conn, state, "answered", name, now)

    def note(self, conversation_id: str, by: str, text: str) -> None:
        """Note something for the others; the customer never sees it. Raises NotFound."""
        name, words, now = _name(by), _text(text), self.support.clock()
        with self.support.database.connection() as conn:
            state = conversations.get(conn, conversation_id, now)
            queue.add_note(conn, state.id, name, words, now)

    def give_back(self, conversation_id: str, by: str) -> None:
        """Let the agent go on; it says so. Raises NotFound, AlreadyTaken, and Conflict if no person has it."""
        self._end(conversation_id, by, Outcome.RETURNED)

    def close(self, conversation_id: str, by: str) -> None:
        """It is solved. The agent answers what the customer writes next. Raises as `give_back` does."""
        self._end(conversation_id, by, Outcome.SOLVED)

    def draft(self, conversation_id: str) -> Draft:
        """What the agent would answer now, for a person to change and send; nothing is said or kept. Raises NotFound."""
        with self.support.database.connection() as conn:
            conversations.get(conn, conversation_id, self.support.clock())
            said = store.messages(conn, conversation_id)
        return drafting.draft(self._agent(), conversation_id, said)

    def replay(self, policy: str) -> Replay:
        """What these rules, as TOML, would change of past conversations. Nothing is written. Raises FeedError."""
        return replay(self.support, policy)

    def figures(self, days: int = 30) -> Figures:
        """What became of the conversations of the last days, why people were called, and how long they were waited for."""
        return figures(self.support, days)

    def _take(self, conn: Connection, conversation_id: str, by: str, now: datetime) -> Case:
        case = cases.hold(conn, conversation_id)
        state = conversations.get(conn, conversation_id, now)
        if case is None:
            in_hours = opening(self.support.policy_in(conn).people, now).is_open
            case = cases.ask(
                conn, conversation_id, Reason.TAKEN, summary="", in_hours=in_hours, now=now
            )
            dialogue = store.load(conn, conversation_id, state.language)
            dialogue.handed_over = Reason.TAKEN.value
            store.save(conn, conversation_id, dialogue, now)
        if case.taken_by == by:
            return case
        taken = cases.take(conn, case, by, now)
        _note(conn, state, "taken", by, now)
        return taken

    def _end(self, conversation_id: str, by: str, outcome: Outcome) -> None:
        name, now = _name(by), self.support.clock()
        with self.support.database.connection() as conn:
            case = cases.hold(conn, conversation_id)
            state = conversations.get(conn, conversation_id, now)
            if case is None:
                raise Conflict("the agent has this conversation already", hint="nothing to do")
            if case.taken_by not in ("", name):
                raise AlreadyTaken(case.taken_by)
            cases.end(conn, case, outcome, name, now)
            dialogue = store.load(conn, conversation_id, state.language)
            dialogue.handed_over, dialogue.angry, dialogue.question = "", False, None
            dialogue.failures = dialogue.refusals = dialogue.unanswered = dialogue.strays = 0
            store.save(conn, conversation_id, dialogue, now)
            if outcome is Outcome.RETURNED:
                words = variants(Line("back"), dialogue.language)[0]
                store.add_message(conn, state.id, state.turn, "agent", words, now)
            _note(conn, state, outcome.value, name, now)


def _channel(conn: Connection, conversation_id: str) -> str:
    row = conn.execute(
        "select channel from support_conversations where id = %s", [conversation_id]
    ).fetchone()
    if row is None:
        raise NotFound("no such conversation", hint="open a new one")
    return str(row[0])


def _note(conn: Connection, state: State, event: str, by: str, now: datetime) -> None:
    conversations.note(conn, state, event, at=now, by=by)


def _name(by: str) -> str:
    name = " ".join(by.split())[:MAX_NAME]
    if not name or not name.isprintable():
        raise FeedError("nobody is named", hint="say who answers: a name that customers may see")
    return name


def _text(text: str) -> str:
    words = text.replace("\0", "").strip()
    if not words or len(words) > MAX_TEXT:
        raise FeedError(
            f"a message has 1 to {MAX_TEXT} characters, this one has {len(words)}",
            hint="shorten it, or send several",
        )
    return words
