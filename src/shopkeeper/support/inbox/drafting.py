"""A draft: what the agent would answer to what the customer said last, tried on a copy of the conversation."""

from collections.abc import Sequence
from dataclasses import replace

from shopkeeper.support import proposals
from shopkeeper.support.dialogue import Agent, Reply
from shopkeeper.support.dialogue.store import Message
from shopkeeper.support.inbox.records import Draft
from shopkeeper.support.inbox.rehearsing import copied, rehearsal

LOOKED_BACK = 3  # messages of the customer that are tried, the last one first


def draft(agent: Agent, conversation_id: str, said: Sequence[Message]) -> Draft:
    """The agent's answer to the last message of the customer that it can answer; an empty one if there is none.

    said: the messages of the conversation, in order.
    """
    asked = [m for m in said if m.who == "customer"][-LOOKED_BACK:]
    for message in reversed(asked):
        found = _tried(agent, conversation_id, message.text)
        if found is not None:
            return found
    return Draft("", "", asked[-1].text if asked else "")


def _tried(agent: Agent, conversation_id: str, text: str) -> Draft | None:
    with rehearsal(agent.support) as support:
        talk = copied(support, conversation_id)
        reply = replace(agent, support=support, words=None).reply(talk, text)
        if not _rests_on_something(reply):
            return None
        would = ""
        if reply.proposal_id:
            with support.database.connection() as conn:
                would = proposals.get(conn, talk.id, reply.proposal_id).shown.summary
    kept = tuple(e for e in reply.evidence if e.kind != "proposal")
    return Draft(reply.text, reply.language, text, kept, reply.quotes, would)


def _rests_on_something(reply: Reply) -> bool:
    return bool(reply.text and reply.evidence and reply.hand_over is None)
