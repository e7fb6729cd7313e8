"""Trying what would happen: the agent, or other rules, at work on a copy of a conversation of which nothing is kept."""

import copy
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from shopkeeper.shop.bulk import Connection
from shopkeeper.support.dialogue import store
from shopkeeper.support.service import Conversation, Support

PROVEN = timedelta(hours=1)  # a proof of who it is that has run out counts in a copy once more


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A database of which every transaction is a part of one that is rolled back."""

    conn: Connection

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """One transaction within the other."""
        with self.conn.transaction():
            yield self.conn


class NoMail:
    """Sends nothing."""

    def send(self, to: str, subject: str, body: str) -> None:
        """Say nothing to anybody."""


@contextmanager
def rehearsal(support: Support) -> Iterator[Support]:
    """A service desk that works as this one does and leaves no trace."""
    with support.database.connection() as conn, conn.transaction(force_rollback=True):
        other = copy.copy(support)
        other.database, other.mailer = Rehearsal(conn), NoMail()
        yield other


def copied(support: Support, conversation_id: str) -> Conversation:
    """A copy of a conversation, in which the agent may speak and nothing waits for a yes."""
    made = secrets.token_urlsafe(18)
    now = support.clock()
    with support.database.connection() as conn:
        conn.execute(
            "insert into support_conversations (id, customer_id, level, verified_until, language, turn, opened_at, heard_at) "
            "select %s, customer_id, level, greatest(verified_until, %s), language, turn, opened_at, heard_at "
            "from support_conversations where id = %s",
            [made, now + PROVEN, conversation_id],
        )
        state = store.load(conn, conversation_id, "en")
        state.handed_over = state.pending = ""
        state.question = None
        state.failures = state.refusals = state.unanswered = state.strays = 0
        state.angry = False
        store.save(conn, made, state, now)
    return Conversation(support, made)
