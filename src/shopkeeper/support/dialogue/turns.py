"""One message of a conversation at a time, each heard once, in whatever program it arrives.

A turn is taken before a message is answered and given back after; who comes meanwhile waits. A message that is sent
again under its key is answered as it was answered then. If the program that answered it died, it is heard anew: a yes
in it is void then, and what it was about is read out once more.
"""

import time
from dataclasses import dataclass
from datetime import datetime

from shopkeeper.errors import Conflict
from shopkeeper.shop.bulk import Connection
from shopkeeper.support import cases, conversations, proposals
from shopkeeper.support.cases import Reason
from shopkeeper.support.dialogue import store
from shopkeeper.support.dialogue.records import DialogueState, Evidence, HandOver, Reply
from shopkeeper.support.proposals import Heard
from shopkeeper.support.service import Transactions

HELD_S = (
    90.0  # the longest that an answer takes; after it the program that wrote it is taken for dead
)
WAIT_S = 30.0  # how long a message waits for the one before it
LOOK_S = 0.05  # between two looks


class Busy(Conflict):
    """The message before is still being answered."""

    def __init__(self) -> None:
        super().__init__(
            "the message before this one is still being answered",
            hint="send it again under the same key",
        )


class NotWaiting(Conflict):
    """What the customer says yes or no to does not wait for it."""

    def __init__(self) -> None:
        super().__init__(
            "this does not wait for an answer any more", hint="look at what was said since"
        )


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message on its way in. key: the sender's own name of it. about: the proposal that it says yes or no to, where
    that was pressed and not written."""

    text: str
    key: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that was heard and is to be answered: by a person, where one has the conversation."""

    heard: Heard
    state: DialogueState
    with_a_person: bool


def take(
    database: Transactions, conversation_id: str, message: Incoming, now: datetime
) -> Taken | Reply:
    """Hear a message as soon as it is its turn; or the reply that it was given when it was sent before.

    Raises NotFound, NotWaiting, and Busy where the one before takes too long.
    """
    deadline = time.monotonic() + WAIT_S
    while True:
        with database.connection() as conn:
            if _hold(conn, conversation_id):
                return _hear(conn, conversation_id, message, now)
            conversations.get(conn, conversation_id, now)
        if time.monotonic() > deadline:
            raise Busy
        time.sleep(LOOK_S)


def free(conn: Connection, conversation_id: str) -> None:
    """Let the next message have its turn."""
    conn.execute(
        "update support_conversations set answering_until = null where id = %s", [conversation_id]
    )


def _hold(conn: Connection, conversation_id: str) -> bool:
    held = conn.execute(
        "update support_conversations set answering_until = clock_timestamp() + make_interval(secs => %s) "
        "where id = %s and (answering_until is null or answering_until < clock_timestamp())",
        [HELD_S, conversation_id],
    )
    return held.rowcount == 1


def _hear(
    conn: Connection, conversation_id: str, message: Incoming, now: datetime
) -> Taken | Reply:
    before = store.said_as(conn, conversation_id, message.key) if message.key else None
    if before is not None:
        reply = _reply_of(conn, conversation_id, before.turn, now)
        if reply is not None:
            free(conn, conversation_id)
            return reply
        store.forget_message(conn, before.id)
    if message.about:
        waiting = proposals.waiting(conn, conversation_id)
        if waiting is None or waiting.id != message.about:
            raise NotWaiting
    heard = proposals.hear(conn, conversation_id, message.text, now)
    at = conversations.get(conn, conversation_id, now)
    state = store.load(conn, conversation_id, at.language or "en")
    store.add_message(
        conn, conversation_id, heard.turn, "customer", message.text, now, key=message.key or None
    )
    return Taken(heard, state, _with_a_person(conn, conversation_id, state))


def _with_a_person(conn: Connection, conversation_id: str, state: DialogueState) -> bool:
    return bool(state.handed_over) or cases.current(conn, conversation_id) is not None


def _reply_of(conn: Connection, conversation_id: str, turn: int, now: datetime) -> Reply | None:
    """What was said in a turn; None if nothing was, though the agent speaks."""
    said = store.answer_in(conn, conversation_id, turn)
    language = conversations.get(conn, conversation_id, now).language or "en"
    state = store.load(conn, conversation_id, language)
    if said is None:
        return Reply("", language, turn) if _with_a_person(conn, conversation_id, state) else None
    parts = [e.partition(":") for e in said.evidence]
    evidence = tuple(Evidence(kind, id_) for kind, _, id_ in parts)
    waiting = proposals.waiting(conn, conversation_id)
    asked = waiting is not None and Evidence("proposal", waiting.id) in evidence
    return Reply(
        said.text,
        language,
        turn,
        evidence,
        waiting.id if waiting is not None and asked else "",
        HandOver(Reason(state.handed_over), "") if state.handed_over else None,
        said.quotes,
    )
