"""Messages of one conversation are answered one after another, and many conversations do not wait for each other."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import cast

import pytest

from shopkeeper.face import Shop
from shopkeeper.settings import Settings
from shopkeeper.shop.database import Connection, Database
from shopkeeper.support.dialogue import store, turns
from shopkeeper.support.dialogue.turns import Busy, Incoming
from tests.support.conftest import fill
from tests.support.dialogue.conftest import Talk


def test_messages_that_come_at_once_have_a_turn_each(ada: Talk) -> None:
    with ThreadPoolExecutor(4) as several:
        replies = list(several.map(ada.say, ["Hello", "Hi", "Thanks", "Where is order W1002?"]))
    assert sorted(r.turn for r in replies) == [1, 2, 3, 4]
    with ada.desk.database.connection() as conn:
        said = [(m.turn, m.who) for m in store.messages(conn, ada.conversation.id)]
    assert said == [(n, who) for n in range(1, 5) for who in ("customer", "agent")]


def test_who_waits_too_long_for_the_message_before_is_told(
    ada: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "WAIT_S", 0)
    turns.take(ada.desk.database, ada.conversation.id, Incoming("Hello"), ada.desk.now)
    with pytest.raises(Busy):
        ada.say("Hello?")


def test_a_turn_whose_program_died_is_given_to_the_next(
    ada: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "HELD_S", 0)
    turns.take(ada.desk.database, ada.conversation.id, Incoming("Hello"), ada.desk.now)
    assert ada.say("Hello?").turn == 2


def test_no_turn_holds_two_connections_at_once(db: Database, settings: Settings) -> None:
    held: list[int] = []
    most: list[int] = []

    class Counting:
        """The database, that counts how many connections are held."""

        @contextmanager
        def connection(self) -> Iterator[Connection]:
            held.append(1)
            most.append(len(held))
            with db.connection() as conn:
                yield conn
            held.pop()

        reading = connection

    fill(db)
    shop = Shop(settings, cast(Database, Counting()))
    talk = shop.agent.open()
    talk.sign_in(shop.support.sign("ada"))
    for text in (
        "What does the mug cost?",
        "Do you sell rugs?",
        "Cancel order W1004, no longer needed.",
        "Yes",
        "I want to talk to a person",
    ):
        shop.agent.reply(talk, text)
    shop.stop()
    assert max(most) == 1
