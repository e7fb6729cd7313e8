"""Talks with the agent at the desk of the shop with two customers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from shopkeeper.shop.records import Product
from shopkeeper.support import Conversation
from shopkeeper.support.dialogue import Agent, Reply
from tests.support.conftest import LAMP, MUG, Desk


def find(words: str) -> Sequence[Product]:
    return [p for p in (LAMP, MUG) if p.title.split()[-1].casefold() in words.casefold()]


@dataclass
class Talk:
    """One conversation: what is said to it, and its last reply."""

    agent: Agent
    conversation: Conversation
    desk: Desk

    def say(self, text: str) -> Reply:
        return self.agent.reply(self.conversation, text)

    def events(self) -> list[str]:
        return [e.event for e in self.conversation.audit()]


@pytest.fixture
def stranger(desk: Desk) -> Talk:
    """Somebody of whom nothing is known."""
    agent = Agent(desk.support, find)
    return Talk(agent, agent.open(), desk)


@pytest.fixture
def ada(desk: Desk) -> Talk:
    """Ada, signed in on the shop's pages."""
    agent = Agent(desk.support, find)
    talk = agent.open()
    talk.sign_in(desk.support.sign("ada"))
    return Talk(agent, talk, desk)


Says = Callable[[str], Reply]
