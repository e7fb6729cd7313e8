"""An inbox at the desk of the shop with two customers, and a conversation of Ada's that waits in it."""

import pytest

from shopkeeper.support.dialogue import Agent
from shopkeeper.support.inbox import Inbox
from tests.support.conftest import Desk
from tests.support.dialogue.conftest import Talk, ada, find

__all__ = ["ada"]


@pytest.fixture
def inbox(desk: Desk) -> Inbox:
    """The inbox of the desk."""
    agent = Agent(desk.support, find)
    return Inbox(desk.support, lambda: agent)


@pytest.fixture
def waiting(ada: Talk) -> Talk:
    """Ada, who asked for a person after asking for something."""
    ada.say("Where is order W1002?")
    ada.say("Thanks. I want to talk to a real person now.")
    return ada
