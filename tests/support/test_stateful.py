"""Propose, yes, commit in any order, in two conversations, while the shop goes on: only what was agreed to is done.

The model knows nothing of rules, rows or words: it counts turns, remembers which proposal was read out last, and says
when a commit must do something and when it must do nothing.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from shopkeeper.errors import ShopkeeperError
from shopkeeper.shop.database import Database
from shopkeeper.support import Action, ActionKind, Conversation, NotAllowed
from tests.support.conftest import HOME, NOW, WORK, Desk, fill

ACTIONS = (
    Action(ActionKind.CANCEL, "1001", reason="other"),
    Action(ActionKind.CHANGE_ADDRESS, "1001", address=WORK),
    Action(ActionKind.CHANGE_ADDRESS, "1001", address=HOME),
    Action(ActionKind.CHANGE_ITEMS, "1004", ("mug-red",), ("mug-blue",), method_id="gift-1"),
    Action(ActionKind.RETURN, "1002", ("mug-blue",), method_id="original"),
    Action(ActionKind.EXCHANGE, "1002", ("mug-blue",), ("mug-red",), method_id="gift-1"),
    Action(ActionKind.CHANGE_PROFILE_ADDRESS, address=WORK),
    Action(ActionKind.UNDO, undoes="last"),
)
TABLES = ("orders", "order_lines", "customers", "order_requests")


@dataclass
class Talk:
    """A conversation as the model sees it. asked: the proposal read out last and not answered, with its turn."""

    conversation: Conversation
    turn: int = 1
    asked: tuple[str, int] | None = None
    agreed: str = ""
    done: set[str] = field(default_factory=set)


class Desking(RuleBasedStateMachine):
    """Two conversations of one customer."""

    database: Database
    writes = 0
    proposals: Bundle[tuple[int, str]] = Bundle("proposals")

    @initialize()
    def open(self) -> None:
        with self.database.connection() as conn:
            conn.execute("truncate customers, orders, support_audit cascade")
        fill(self.database)
        self.desk = Desk(self.database)
        self.talks = [Talk(self.desk.ada()), Talk(self.desk.ada())]
        self.expected = self._contents()

    def _contents(self) -> list[str]:
        with self.database.connection() as conn:
            return [
                str(conn.execute(f"select md5(string_agg(t::text, '|' order by t::text)) from {t} t".encode()).fetchone())
                for t in TABLES
            ]  # fmt: skip

    @rule(target=proposals, which=st.integers(0, 1), action=st.sampled_from(ACTIONS))
    def propose(self, which: int, action: Action) -> Any:
        talk = self.talks[which]
        try:
            made = talk.conversation.propose(action)
        except NotAllowed:
            return multiple()
        talk.asked, talk.agreed = (made.id, talk.turn), ""
        return which, made.id

    @rule(
        which=st.integers(0, 1),
        text=st.sampled_from(["yes", "Yes, please", "no", "hello", "yes but"]),
    )
    def say(self, which: int, text: str) -> None:
        talk = self.talks[which]
        talk.conversation.hear(text)
        talk.turn += 1
        answered = talk.asked is not None and talk.asked[1] == talk.turn - 1
        talk.agreed = (
            talk.asked[0] if talk.asked and answered and "es" in text and "but" not in text else ""
        )
        if talk.agreed or (answered and text == "no"):
            talk.asked = None

    @rule(known=proposals, which=st.integers(0, 1))
    def ask_again(self, known: tuple[int, str], which: int) -> None:
        talk = self.talks[which]
        try:
            talk.conversation.ask_again(known[1])
        except ShopkeeperError:
            return
        assert known[0] == which and talk.asked and talk.asked[0] == known[1]
        talk.asked = (known[1], talk.turn)

    @rule(known=proposals, which=st.integers(0, 1))
    def commit(self, known: tuple[int, str], which: int) -> None:
        talk = self.talks[which]
        before = self._contents()
        try:
            talk.conversation.commit(known[1])
        except ShopkeeperError:
            assert self._contents() == before
            return
        if known[1] in talk.done:
            assert self._contents() == before
        else:
            assert known == (which, talk.agreed)
            talk.done.add(known[1])
            Desking.writes += 1
            self.expected = self._contents()

    @rule(known=proposals)
    def agree_at_once(self, known: tuple[int, str]) -> None:
        self.ask_again(known, known[0])
        self.say(known[0], "yes")
        self.commit(known, known[0])

    @rule(
        status=st.sampled_from(["pending", "processed", "delivered"]),
        number=st.sampled_from(["#W1001", "#W1002"]),
    )
    def the_shop_goes_on(self, status: str, number: str) -> None:
        self.desk.run("update orders set status = %s where id = %s", status, number)
        self.expected = self._contents()

    @rule(minutes=st.sampled_from([1, 16]))
    def time_passes(self, minutes: int) -> None:
        self.desk.now += timedelta(minutes=minutes)
        if self.desk.now - NOW > timedelta(minutes=50):
            self.desk.now = NOW

    @invariant()
    def only_commits_write(self) -> None:
        if hasattr(self, "expected"):
            assert self._contents() == self.expected

    @invariant()
    def each_is_done_once(self) -> None:
        if hasattr(self, "talks"):
            with self.database.connection() as conn:
                row = conn.execute(
                    "select count(*) from support_audit where event = 'done'"
                ).fetchone()
            assert row == (sum(len(t.done) for t in self.talks),)


def test_only_what_was_agreed_to_is_done_and_once(db: Database) -> None:
    Desking.database = db
    run_state_machine_as_test(
        Desking,
        settings=settings(
            max_examples=12, stateful_step_count=18, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )  # fmt: skip


def test_what_is_agreed_to_is_written(db: Database) -> None:
    Desking.database, before = db, Desking.writes
    desking = Desking()
    desking.open()
    desking.agree_at_once(desking.propose(0, ACTIONS[0]))
    assert Desking.writes == before + 1
