"""From a wish to a write: what each action does, to the cent, and every way in which it is not done."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from shopkeeper.errors import NotFound
from shopkeeper.shop import order_requests
from shopkeeper.shop.demo.conditions import conditions
from shopkeeper.shop.records import Payment
from shopkeeper.support import (
    Action,
    ActionKind,
    Conversation,
    NotAllowed,
    NotConfirmed,
    Proposal,
    ProposalState,
    Stale,
    default_policy,
    parse,
)
from shopkeeper.support.consent import Consent
from shopkeeper.support.policies import demo_text
from shopkeeper.support.quoting import total
from tests.support.conftest import HOME, NOW, WORK, Desk, usd

CANCEL = Action(ActionKind.CANCEL, "1001", reason="no longer needed")
CHANGE = Action(
    ActionKind.CHANGE_ITEMS, "1001", ("mug-blue", "lamp-mid-ac"), ("mug-red", "lamp-high-ac"), method_id="gift card",
)  # fmt: skip
RETURN = Action(ActionKind.RETURN, "1002", ("mug-blue", "mug-blue"), method_id="original")
EXCHANGE = Action(ActionKind.EXCHANGE, "1002", ("lamp-mid-ac",), ("lamp-low-ac",), method_id="4242")
MOVE = Action(ActionKind.CHANGE_ADDRESS, "1001", address=WORK)
MOVE_PROFILE = Action(ActionKind.CHANGE_PROFILE_ADDRESS, address=WORK)
PAY = Action(ActionKind.CHANGE_PAYMENT, "1004", method_id="paypal")
UNDO = Action(ActionKind.UNDO, undoes="last")
ALL = [CANCEL, CHANGE, RETURN, EXCHANGE, MOVE, MOVE_PROFILE, PAY]


def do(talk: Conversation, action: Action) -> Proposal:
    made = talk.propose(action)
    talk.hear("yes")
    return talk.commit(made.id)


def refusing(talk: Conversation, action: Action) -> set[str]:
    with pytest.raises(NotAllowed) as caught:
        talk.propose(action)
    return {c.rule_id for c in caught.value.decision.broken}


def moved(desk: Desk, order_id: str) -> list[tuple[str, str, str]]:
    """Payments of the order after the first."""
    return [(p.kind, str(p.amount.amount), p.method_id) for p in desk.order(order_id).payments[1:]]


def test_cancelling_gives_the_money_back_and_says_why(desk: Desk) -> None:
    made = do(desk.ada(), CANCEL)
    order = desk.order("#W1001")
    assert (order.status, order.history[-1].note) == ("cancelled", "no longer needed")
    assert moved(desk, "#W1001") == [("refund", "80.00", "card-1")]
    assert made.state is ProposalState.DONE
    assert "credit card ending in 4242" in made.shown.summary and "80.00 USD" in made.shown.summary
    assert made.shown.notes == ("A cancelled order cannot be taken up again.",)


def test_a_gift_card_gets_its_money_back_at_once(desk: Desk) -> None:
    do(desk.ada(), Action(ActionKind.CANCEL, "1004", reason="other"))
    assert desk.customer("ada").payment_methods[1].balance == usd("24.00")


def test_items_change_at_todays_price_against_what_was_paid(desk: Desk) -> None:
    do(desk.ada(), CHANGE)
    order = desk.order("#W1001")
    # 70.00 + 9.00 today against 60.00 + a third of 20.00.
    assert moved(desk, "#W1001") == [("payment", "12.33", "gift-1")]
    assert desk.customer("ada").payment_methods[1].balance == usd("2.67")
    assert [(x.variant_id, x.quantity, str(x.total.amount)) for x in order.lines] == [
        ("lamp-high-ac", 1, "70.00"), ("mug-blue", 2, "13.33"), ("mug-red", 1, "9.00"),
    ]  # fmt: skip
    assert sum(x.total.amount for x in order.lines) == Decimal("80") + Decimal("12.33")
    assert order.status == "pending (items changed)"
    assert "change-while-pending" in refusing(desk.ada(), CHANGE)


def test_a_return_is_asked_for_and_the_money_follows_the_goods(desk: Desk) -> None:
    made = do(desk.ada(), RETURN)
    assert desk.order("#W1002").status == "return requested"
    assert moved(desk, "#W1002") == []
    with desk.database.connection() as conn:
        (request,) = order_requests.of_orders(conn, ["#W1002"])
    assert (request.refund, request.method_id) == (usd("13.33"), "pay-1")
    assert [i.item_id for i in request.items] == ["mug-blue", "mug-blue"]
    assert "after the items are back" in made.shown.summary
    assert "one-request-per-order" in refusing(desk.ada(), EXCHANGE)


def test_an_exchange_for_something_cheaper_brings_the_difference(desk: Desk) -> None:
    made = do(desk.ada(), EXCHANGE)
    with desk.database.connection() as conn:
        (request,) = order_requests.of_orders(conn, ["#W1002"])
    assert (request.refund, request.method_id) == (usd("15.00"), "card-1")
    assert request.items == (order_requests.RequestedItem("lamp-mid-ac", "lamp-low-ac"),)
    assert made.shown.quote.difference == usd("-15.00")
    assert desk.order("#W1002").status == "exchange requested"


def test_addresses_change_and_nothing_else_does(desk: Desk) -> None:
    before = desk.order("#W1001"), desk.customer("ada")
    talk = desk.ada()
    do(talk, MOVE)
    assert desk.order("#W1001").shipping_address == WORK
    assert (desk.order("#W1001").lines, desk.order("#W1001").payments) == (
        before[0].lines,
        before[0].payments,
    )
    assert desk.customer("ada") == before[1]
    do(talk, MOVE_PROFILE)
    assert desk.customer("ada").addresses == (WORK,)


def test_another_payment_method_pays_and_the_old_one_is_paid_back(desk: Desk) -> None:
    do(desk.ada(), PAY)
    assert moved(desk, "#W1004") == [("payment", "9.00", "pay-1"), ("refund", "9.00", "gift-1")]
    assert desk.customer("ada").payment_methods[1].balance == usd("24.00")
    assert "another-payment-method" in refusing(desk.ada(), PAY)


@pytest.mark.parametrize("action", ALL, ids=lambda a: a.kind)
def test_nothing_is_done_by_proposing(desk: Desk, action: Action) -> None:
    before = desk.order("#W1001"), desk.order("#W1002"), desk.order("#W1004"), desk.customer("ada")
    talk = desk.ada()
    made = talk.propose(action)
    with pytest.raises(NotConfirmed):
        talk.commit(made.id)
    talk.hear("what happens then")
    with pytest.raises(NotConfirmed, match="open"):
        talk.commit(made.id)
    assert before == (
        desk.order("#W1001"), desk.order("#W1002"), desk.order("#W1004"), desk.customer("ada")
    )  # fmt: skip


@pytest.mark.parametrize("action", ALL, ids=lambda a: a.kind)
def test_nobody_else_may(desk: Desk, action: Action) -> None:
    broken = (
        refusing(desk.of("bob"), action) if action is not MOVE_PROFILE else {"own-order-exists"}
    )
    assert "own-order-exists" in broken
    talk = desk.support.open()
    talk.identify(email="ada@example.com")
    assert refusing(talk, action) == {"verified"}
    assert "verified" in refusing(desk.support.open(), action)


@pytest.mark.parametrize("action", ALL, ids=lambda a: a.kind)
def test_doing_it_again_changes_nothing(desk: Desk, action: Action) -> None:
    talk = desk.ada()
    made = do(talk, action)
    after = desk.order("#W1001"), desk.order("#W1002"), desk.order("#W1004"), desk.customer("ada")
    talk.hear("yes")
    assert talk.commit(made.id).done_at == made.done_at
    assert after == (
        desk.order("#W1001"), desk.order("#W1002"), desk.order("#W1004"), desk.customer("ada")
    )  # fmt: skip
    assert [e.event for e in talk.audit()].count("done") == 1


def test_a_yes_counts_in_the_turn_after_the_question_and_is_used_in_its_own(desk: Desk) -> None:
    talk = desk.ada()
    made = talk.propose(CANCEL)
    talk.hear("how long does that take")
    assert talk.hear("yes").proposal is None
    with pytest.raises(NotConfirmed):
        talk.commit(made.id)
    assert talk.ask_again(made.id).asked_turn == 3
    assert talk.hear("yes").consent is Consent.YES
    talk.hear("and now")
    with pytest.raises(NotConfirmed, match="void"):
        talk.commit(made.id)


def test_a_new_proposal_takes_the_place_of_the_old_one(desk: Desk) -> None:
    talk = desk.ada()
    first, second = talk.propose(CANCEL), talk.propose(MOVE)
    heard = talk.hear("yes")
    assert heard.proposal and heard.proposal.id == second.id
    with pytest.raises(NotConfirmed, match="void"):
        talk.commit(first.id)
    with pytest.raises(NotFound):
        talk.ask_again(first.id)
    assert talk.commit(second.id).state is ProposalState.DONE


def test_a_proposal_of_another_conversation_is_unknown(desk: Desk) -> None:
    made = desk.ada().propose(CANCEL)
    other = desk.ada()
    other.hear("yes")
    for use in (other.commit, other.ask_again):
        with pytest.raises(NotFound):
            use(made.id)


def test_a_no_and_the_end_of_its_time_close_it(desk: Desk) -> None:
    talk = desk.ada()
    declined = talk.propose(CANCEL)
    talk.hear("no")
    late = talk.propose(CANCEL)
    desk.now += timedelta(minutes=default_policy().proposal_minutes)
    heard = talk.hear("yes")
    assert heard.consent is Consent.OTHER and heard.proposal
    assert heard.proposal.state is ProposalState.EXPIRED
    for made, how in ((declined, "declined"), (late, "expired")):
        with pytest.raises(NotConfirmed, match=how):
            talk.commit(made.id)


def sent(desk: Desk) -> None:
    desk.run("update orders set status = 'shipped' where id = '#W1001'")


def dearer(desk: Desk) -> None:
    desk.run("update variants set price = price + 0.01 where id = 'mug-red'")


def sold_out(desk: Desk) -> None:
    desk.run("update variants set availability = 'out_of_stock' where id = 'mug-red'")


def card_gone(desk: Desk) -> None:
    desk.run("update customers set payment_methods = '[]' where id = 'ada'")


def card_spent(desk: Desk) -> None:
    desk.run(
        "update customers set payment_methods = jsonb_set(payment_methods, '{1,balance,amount}', '\"1.00\"')"
    )


def signed_out(desk: Desk) -> None:
    desk.run("update support_conversations set verified_until = %s", NOW)


def stricter(desk: Desk) -> None:
    desk.support.set_policy(default_policy().source.replace('["pending"]', '["new"]'))


@pytest.mark.parametrize(
    "happens", [sent, dearer, sold_out, card_gone, card_spent, signed_out, stricter]
)
def test_what_changes_between_yes_and_doing_it_stops_it(
    desk: Desk, happens: Callable[[Desk], None]
) -> None:
    talk = desk.ada()
    made = talk.propose(CHANGE)
    talk.hear("yes")
    happens(desk)
    before = desk.order("#W1001")
    with pytest.raises(Stale):
        talk.commit(made.id)
    assert desk.order("#W1001") == before
    with pytest.raises(Stale):
        talk.commit(made.id)
    assert talk.audit()[-1].event == "stale"


def test_may_i_is_answered_by_the_rules_that_gate_the_write(desk: Desk) -> None:
    talk = desk.ada()
    assert talk.may(ActionKind.CANCEL, order_id="1001", reason="other").possible is True
    assert talk.may(ActionKind.CANCEL, order_id="1001").possible is None
    late = talk.may(ActionKind.RETURN, order_id="1003")
    assert late.possible is False
    assert [c.rule_id for c in late.broken] == ["return-window"]
    assert "30 days" in late.broken[0].text
    assert refusing(
        talk, Action(ActionKind.RETURN, "1003", ("mug-blue",), method_id="original")
    ) == {"return-window"}
    assert desk.support.open().may(ActionKind.RETURN).possible is None


def test_quotes_over_several_orders_add_up(desk: Desk) -> None:
    talk = desk.ada()
    quotes = [q for a in (CANCEL, CHANGE, RETURN) if (q := talk.quote(a)) is not None]
    assert total(quotes) == {
        ("card-1", "USD"): Decimal("80.00"), ("gift-1", "USD"): Decimal("-12.33"), ("pay-1", "USD"): Decimal("13.33")
    }  # fmt: skip
    assert talk.quote(Action(ActionKind.RETURN, "1002")) is None


@pytest.mark.parametrize("action", [MOVE, MOVE_PROFILE, RETURN, EXCHANGE], ids=lambda a: a.kind)
def test_what_can_be_taken_back_is_as_before(desk: Desk, action: Action) -> None:
    talk = desk.ada()
    made = do(talk, action)
    undone = do(talk, UNDO)
    assert undone.state is ProposalState.DONE and made.shown.summary in undone.shown.summary
    assert desk.order("#W1001").shipping_address == HOME
    assert desk.customer("ada").addresses == (HOME,)
    assert desk.order("#W1002").status == "delivered"
    with desk.database.connection() as conn:
        assert order_requests.of_orders(conn, ["#W1002"]) == []
    assert "undo-what-can-be-undone" in refusing(talk, Action(ActionKind.UNDO, undoes=made.id))


@pytest.mark.parametrize("action", [CANCEL, CHANGE, PAY], ids=lambda a: a.kind)
def test_what_cannot_be_taken_back_is_not(desk: Desk, action: Action) -> None:
    talk = desk.ada()
    do(talk, action)
    assert "undo-what-can-be-undone" in refusing(talk, UNDO)


def test_taking_back_is_the_customers_own_in_time_and_of_what_is_untouched(desk: Desk) -> None:
    talk = desk.ada()
    made = do(talk, MOVE)
    undo = Action(ActionKind.UNDO, undoes=made.id)
    assert "undo-what-can-be-undone" in refusing(desk.of("bob"), undo)
    desk.run("update orders set shipping_address = '{\"line1\": \"3 Fir St\"}' where id = '#W1001'")
    assert refusing(talk, undo) == {"undo-if-untouched"}
    desk.now += timedelta(minutes=61)
    assert "undo-in-time" in refusing(desk.ada(), undo)


def test_an_address_can_be_named_instead_of_written(desk: Desk) -> None:
    talk = desk.ada()
    do(talk, MOVE)
    assert (talk.address("profile"), talk.address("order:w1001")) == (HOME, WORK)
    with pytest.raises(NotFound):
        talk.address("order:#W2001")


def test_it_is_read_out_in_chinese_too(desk: Desk) -> None:
    talk = desk.support.open(language="zh")
    talk.sign_in(desk.support.sign("ada"))
    made = talk.propose(CANCEL)
    assert "取消订单 #W1001" in made.shown.summary and "80.00 USD" in made.shown.summary
    talk.hear("好的，请办理")
    assert talk.commit(made.id).state is ProposalState.DONE


def test_the_audit_tells_each_step_with_its_rules_and_no_word_of_a_person(desk: Desk) -> None:
    talk = desk.ada()
    with pytest.raises(NotAllowed):
        talk.propose(Action(ActionKind.CANCEL, "1002", reason="other"))
    do(talk, MOVE)
    found = talk.audit()
    assert [e.event for e in found] == ["identified", "refused", "proposed", "confirmed", "done"]
    assert found[1].rule_ids == ("cancel-while-pending",)
    assert "address-until-sent" in found[-1].rule_ids
    assert "Oak" not in str(found) and "example.com" not in str(found)


def test_money_that_moved_has_its_time(desk: Desk) -> None:
    do(desk.ada(), CANCEL)
    assert desk.order("#W1001").payments[-1] == Payment("refund", usd("80.00"), "card-1", NOW)


def test_what_a_return_costs_is_taken_off_and_said(desk: Desk) -> None:
    fee = 'return_fee = { USD = "6.50" }'
    desk.support.set_policy(default_policy().source.replace("return_fee = {}", fee))
    talk = desk.ada()
    made = do(talk, RETURN)
    assert (
        "Refund of 6.83 USD" in made.shown.summary
        and "6.50 USD for the return label" in made.shown.summary
    )
    with desk.database.connection() as conn:
        assert order_requests.of_orders(conn, ["#W1002"])[0].refund == usd("6.83")
    one = talk.quote(Action(ActionKind.RETURN, "1003", ("mug-blue",), method_id="original"))
    assert one and one.movements[0].amount == usd("3.50")


def test_the_demo_shops_rules_say_what_its_pages_say() -> None:
    policy = parse(demo_text())
    assert policy.return_fee == {"USD": conditions().money["return_label"]}
    assert policy.about(ActionKind.EXCHANGE) == ()
    (window,) = [r for r in policy.about(ActionKind.RETURN) if r.predicate == "within_days"]
    assert window.allowed.days == conditions().count["return_days"]
