"""Who is talking: one answer to everything that is wrong, an end to guessing, and one customer a conversation."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shopkeeper.errors import Refused
from shopkeeper.shop import customers
from shopkeeper.shop.records import CustomerId
from shopkeeper.support import (
    Action,
    ActionKind,
    Level,
    NotAllowed,
    NotIdentified,
    OtherCustomer,
    Support,
    TooManyAttempts,
)
from tests.support.conftest import ADA, Desk

RIGHT: list[dict[str, str]] = [
    {"email": " ada@EXAMPLE.com "},
    {"email": "ada@example.com", "order_id": "w 1001"},
    {"first_name": "ADA", "last_name": "lovelace", "postcode": "97 477"},
]
WRONG: list[dict[str, str]] = [
    {"email": "nobody@example.com"},
    {"email": "ada@example.com", "order_id": "#W2001"},
    {"email": "ada@example.com", "order_id": "#W9999"},
    {"first_name": "Ada", "last_name": "Lovelace", "postcode": "97201"},
    {"first_name": "Eve", "last_name": "Lovelace", "postcode": "97477"},
    {"first_name": "Ada", "last_name": "Lovelace"},
    {"order_id": "#W1001"},
    {},
]


@pytest.mark.parametrize("claim", RIGHT)
def test_somebody_who_knows_enough_is_matched(desk: Desk, claim: dict[str, str]) -> None:
    state = desk.support.open().identify(**claim)
    assert (state.customer_id, state.level) == ("ada", Level.MATCHED)


def test_every_wrong_claim_gets_the_same_answer(desk: Desk) -> None:
    said = set()
    for claim in WRONG:
        with pytest.raises(NotIdentified) as caught:
            desk.support.open().identify(**claim)
        said.add((caught.value.message, caught.value.hint))
    assert len(said) == 1


def test_two_customers_with_the_same_details_are_nobody(desk: Desk) -> None:
    with desk.database.connection() as conn:
        customers.upsert(conn, [replace(ADA, id=CustomerId("ada2"))])
    for claim in RIGHT:
        with pytest.raises(NotIdentified):
            desk.support.open().identify(**claim)


def test_guessing_in_one_conversation_ends_also_for_the_right_answer(desk: Desk) -> None:
    talk = desk.support.open()
    for postcode in range(5):
        with pytest.raises(NotIdentified):
            talk.identify(first_name="Ada", last_name="Lovelace", postcode=f"{postcode}")
    with pytest.raises(TooManyAttempts):
        talk.identify(**RIGHT[2])
    desk.now += timedelta(minutes=61)
    assert talk.identify(**RIGHT[2]).level is Level.MATCHED


def test_guessing_about_one_person_ends_whatever_the_conversation(desk: Desk) -> None:
    for _ in range(5):
        with pytest.raises(NotIdentified):
            desk.support.open().identify(email="ada@example.com", order_id="#W9")
    with pytest.raises(TooManyAttempts):
        desk.support.open().identify(email="Ada@example.com")


def test_guessing_from_one_place_ends_whoever_is_named(desk: Desk) -> None:
    for number in range(30):
        with pytest.raises(NotIdentified):
            desk.support.open().identify(email=f"{number}@example.com", client="203.0.113.7")
    with pytest.raises(TooManyAttempts):
        desk.support.open().identify(**RIGHT[0], client="203.0.113.7")
    assert desk.support.open().identify(**RIGHT[0], client="203.0.113.8")


def test_a_code_verifies_once(desk: Desk) -> None:
    talk = desk.support.open()
    talk.send_code("ada@example.com")
    to, subject, body = desk.mail.sent[0]
    assert to == "Ada@example.com" and "Linden" in subject and desk.mail.code in body
    assert talk.enter_code(f" {desk.mail.code[:3]} {desk.mail.code[3:]} ").level is Level.VERIFIED
    with pytest.raises(NotIdentified):
        talk.enter_code(desk.mail.code)


def test_a_code_for_nobody_looks_the_same_and_is_never_sent(desk: Desk) -> None:
    talk = desk.support.open()
    talk.send_code("nobody@example.com")
    assert desk.mail.sent == []
    with pytest.raises(NotIdentified):
        talk.enter_code("000000")


def test_a_code_is_for_its_own_conversation_for_ten_minutes_and_five_tries(desk: Desk) -> None:
    talk, other = desk.support.open(), desk.support.open()
    talk.send_code("ada@example.com")
    with pytest.raises(NotIdentified):
        other.enter_code(desk.mail.code)
    for _ in range(5):
        with pytest.raises(NotIdentified):
            talk.enter_code("no digits")
    with pytest.raises(NotIdentified):
        talk.enter_code(desk.mail.code)
    other.send_code("ada@example.com")
    desk.now += timedelta(minutes=10)
    with pytest.raises(NotIdentified):
        other.enter_code(desk.mail.code)


def test_codes_are_not_sent_without_end(desk: Desk) -> None:
    for _ in range(3):
        desk.support.open().send_code("ada@example.com")
    with pytest.raises(TooManyAttempts):
        desk.support.open().send_code("ADA@example.com")
    assert len(desk.mail.sent) == 3


def test_a_signed_session_verifies_until_it_ends(desk: Desk) -> None:
    token = desk.support.sign("ada", timedelta(minutes=5))
    assert desk.support.open().sign_in(token).level is Level.VERIFIED
    desk.now += timedelta(minutes=5)
    with pytest.raises(NotIdentified):
        desk.support.open().sign_in(token)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 60), other=st.characters(codec="ascii"), text=st.text(max_size=30))
def test_a_token_that_was_touched_is_worth_nothing(
    desk: Desk, at: int, other: str, text: str
) -> None:
    token = desk.support.sign("ada")
    changed = token[:at] + other + token[at + 1 :]
    for forged in (changed if changed != token else "x", text, token + text or "x", token[:-1]):
        if forged != token:
            with pytest.raises(NotIdentified):
                desk.support.open().sign_in(forged)


def test_another_shops_signature_is_worth_nothing(desk: Desk) -> None:
    other = Support(desk.database, b"o" * 32, desk.mail, clock=lambda: desk.now)
    with pytest.raises(NotIdentified):
        desk.support.open().sign_in(other.sign("ada"))


def test_a_conversation_is_about_one_customer(desk: Desk) -> None:
    talk = desk.ada()
    with pytest.raises(OtherCustomer):
        talk.identify(email="bob@example.com")
    with pytest.raises(OtherCustomer):
        talk.sign_in(desk.support.sign("bob"))
    assert talk.state.customer == "ada"


def test_a_lesser_proof_does_not_lower_the_level(desk: Desk) -> None:
    talk = desk.ada()
    assert talk.identify(email="ada@example.com").level is Level.VERIFIED


def test_a_session_runs_out_and_the_conversation_stays_the_customers(desk: Desk) -> None:
    talk = desk.ada()
    desk.now += timedelta(minutes=61)
    assert talk.state.level is Level.NOBODY
    with pytest.raises(NotAllowed):
        talk.orders()
    with pytest.raises(OtherCustomer):
        talk.identify(email="bob@example.com")
    assert talk.identify(email="ada@example.com").level is Level.MATCHED


def test_nobody_reads_anything(desk: Desk) -> None:
    talk = desk.support.open()
    for read in (
        talk.orders,
        talk.customer,
        lambda: talk.order("#W1001"),
        lambda: talk.track("#W1001"),
    ):
        with pytest.raises(Refused):
            read()


def test_who_was_only_matched_sees_orders_without_addresses_and_payments(desk: Desk) -> None:
    talk = desk.support.open()
    talk.identify(email="ada@example.com")
    seen = talk.order("1001")
    assert seen.lines and seen.shipping_address is None and seen.payments == ()
    for read in (
        talk.customer,
        lambda: talk.address("profile"),
        lambda: talk.address("order:1001"),
    ):
        with pytest.raises(NotAllowed, match="sign in"):
            read()


def test_who_was_only_matched_learns_nothing_of_payments_by_asking_what_is_allowed(
    desk: Desk,
) -> None:
    talk = desk.support.open()
    talk.identify(email="ada@example.com")
    swap = Action(
        ActionKind.CHANGE_ITEMS, "1001", ("mug-blue",), ("lamp-high-ac",), method_id="gift-1"
    )
    said = {c.rule_id: c.holds for c in talk.explain(swap).checks}
    assert said["same-product"] is False
    assert said["gift-card-covers"] is said["own-payment-method"] is said["verified"] is None
    with pytest.raises(NotAllowed) as caught:
        talk.propose(swap)
    assert caught.value.decision.rule_ids == ("verified",)
    with pytest.raises(NotAllowed, match="sign in"):
        talk.quote(swap)


def test_the_database_holds_no_code_and_no_address_of_who_tried(desk: Desk) -> None:
    talk = desk.support.open()
    talk.send_code("ada@example.com")
    with pytest.raises(NotIdentified):
        talk.identify(email="eve@example.com", client="203.0.113.7")
    with desk.database.connection() as conn:
        rows = [
            str(row) for table in ("support_codes", "support_tries", "support_audit", "support_conversations")
            for row in conn.execute(f"select {table}::text from {table}".encode())
        ]  # fmt: skip
    assert rows
    for secret in (desk.mail.code, "example.com", "203.0.113.7"):
        assert not any(secret in row for row in rows)
