"""A write is done once and whole: by two programs at once, and by one that dies in the middle."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from shopkeeper.errors import DatabaseError, ShopkeeperError
from shopkeeper.shop import order_requests
from shopkeeper.support import Action, ActionKind, Conversation, Proposal, ProposalState
from tests.support.conftest import Desk, usd

RETURN = Action(ActionKind.RETURN, "1002", ("mug-blue",), method_id="original")
CANCEL = Action(ActionKind.CANCEL, "1004", reason="other")


def committing(talk: Conversation, made: Proposal) -> Callable[[], Proposal]:
    return lambda: talk.commit(made.id)


def agreed(talk: Conversation, action: Action) -> Proposal:
    made = talk.propose(action)
    talk.hear("yes")
    return made


def at_once(*calls: Callable[[], Proposal]) -> list[Proposal | ShopkeeperError]:
    """What each call gave, all begun together."""
    gate, ended = threading.Barrier(len(calls)), list[Proposal | ShopkeeperError]()

    def go(call: Callable[[], Proposal]) -> None:
        gate.wait()
        try:
            ended.append(call())
        except ShopkeeperError as error:
            ended.append(error)

    threads = [threading.Thread(target=go, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ended


def done_lines(desk: Desk) -> int:
    with desk.database.connection() as conn:
        row = conn.execute("select count(*) from support_audit where event = 'done'").fetchone()
    assert row is not None
    return int(row[0])


def test_two_commits_of_one_proposal_do_one_write(desk: Desk) -> None:
    for _ in range(5):
        desk.run(
            "update orders set status = 'pending', payments = payments->0 || '[]' where id = '#W1004'"
        )
        desk.run("delete from support_audit")
        talk = desk.ada()
        made = agreed(talk, CANCEL)
        again = desk.support.conversation(talk.id)
        ended = at_once(committing(talk, made), committing(again, made))
        assert [getattr(e, "state", e) for e in ended] == [ProposalState.DONE] * 2
        assert len(desk.order("#W1004").payments) == 2
        assert done_lines(desk) == 1


def test_two_conversations_that_agreed_to_the_same_do_it_once(desk: Desk) -> None:
    talks = [desk.ada(), desk.ada(), desk.ada()]
    made = [agreed(talk, CANCEL) for talk in talks]
    ended = at_once(*map(committing, talks, made))
    assert sum(isinstance(e, Proposal) for e in ended) == 1
    assert done_lines(desk) == 1
    assert desk.customer("ada").payment_methods[1].balance == usd("24.00")


def test_a_gift_card_is_not_spent_twice_by_two_orders_at_once(desk: Desk) -> None:
    desk.run("update orders set status = 'pending' where id = '#W1002'")
    swap = Action(ActionKind.CHANGE_ITEMS, "1001", ("lamp-mid-ac",), ("lamp-high-ac",), "gift-1")
    talks = [desk.ada(), desk.ada()]
    made = [agreed(talks[0], swap), agreed(talks[1], replace(swap, order_id="1002"))]
    ended = at_once(*map(committing, talks, made))
    assert sum(isinstance(e, Proposal) for e in ended) == 1  # 10.00 each, of 15.00
    assert desk.customer("ada").payment_methods[1].balance == usd("5.00")


@pytest.mark.parametrize(
    "table", ["orders", "order_requests", "support_audit", "support_proposals"]
)
def test_a_program_that_dies_in_the_middle_leaves_nothing_half_done(desk: Desk, table: str) -> None:
    talk = desk.ada()
    made = agreed(talk, RETURN)
    before = desk.order("#W1002")
    desk.run(
        "create or replace function die() returns trigger language plpgsql as $$ "
        "begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$"
    )
    desk.run(f"create trigger die after insert or update on {table} execute function die()")
    try:
        with pytest.raises(DatabaseError):
            talk.commit(made.id)
    finally:
        desk.run(f"drop trigger die on {table}")
    assert desk.order("#W1002") == before
    waiting = talk.waiting()
    assert waiting and waiting.state is ProposalState.CONFIRMED
    with desk.database.connection() as conn:
        assert order_requests.of_orders(conn, ["#W1002"]) == []
    assert talk.commit(made.id).state is ProposalState.DONE
    assert desk.order("#W1002").status == "return requested"
