"""Rules as data: what is said of a file that is wrong, and what no file can take away."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from shopkeeper.errors import FeedError
from shopkeeper.shop.order_requests import OrderRequest, RequestedItem, RequestKind
from shopkeeper.shop.records import Address, OrderId, StatusChange
from shopkeeper.support import TOOLS, Action, ActionKind, Level, default_policy, parse
from shopkeeper.support.facts import Facts, Offered
from shopkeeper.support.policy import FLOOR
from shopkeeper.support.predicates import PREDICATES
from tests.support.conftest import ADA, BOB, HOME, LAMP, MUG, NOW, ORDERS, usd

SOURCE = default_policy().source
PENDING, DELIVERED, OLD, BY_CARD, BOBS = ORDERS
OFFERED = {str(v.id): Offered(p, v) for p in (LAMP, MUG) for v in p.variants}
SWAP = Action(
    ActionKind.CHANGE_ITEMS, "#W1001", ("lamp-mid-ac",), ("lamp-high-ac",), method_id="card-1"
)
RETURN = Action(ActionKind.RETURN, "#W1002", ("mug-blue",), method_id="pay-1")
ASKED = OrderRequest(
    "r", OrderId("#W1002"), RequestKind.RETURN, (RequestedItem("mug-blue"),) * 3, "pay-1", usd("20"), NOW,
)  # fmt: skip


def facts(action: Action = SWAP, **more: object) -> Facts:
    base = Facts(action, Level.VERIFIED, ADA, NOW, PENDING, (), OFFERED)
    return replace(base, **more)  # type: ignore[arg-type]  # fields of Facts


def swap(old: str = "lamp-mid-ac", new: str = "lamp-high-ac", method: str = "card-1") -> Facts:
    return facts(replace(SWAP, items=(old,), new_items=(new,), method_id=method))


UNKNOWN_ORDER = facts(replace(SWAP, order_id=""), order=None)
BARE = facts(replace(SWAP, items=(), new_items=(), method_id=""))
MOVE = facts(Action(ActionKind.CHANGE_ADDRESS, "#W1001", address=HOME))
SEASON = {"days": 30, "ordered_from": "11-01", "ordered_until": "12-24", "returned_until": "01-31"}
GONE = replace(LAMP.variants[0], quantity=0)

# Predicate, what it is asked with, and facts for which it says yes, no and nothing.
CASES = [
    ("order_exists", True, facts(), facts(order=None), UNKNOWN_ORDER),
    ("owner", True, facts(), facts(order=BOBS), facts(customer=None)),
    ("authenticated", 2, facts(), facts(level=Level.MATCHED), None),
    ("status_in", ["Pending"], facts(), facts(order=DELIVERED), facts(order=None)),
    ("reason_in", ["no longer needed"],
     facts(Action(ActionKind.CANCEL, "#W1001", reason=" No longer needed")),
     facts(Action(ActionKind.CANCEL, "#W1001", reason="no longer")), facts(Action(ActionKind.CANCEL, "#W1001"))),
    ("within_days", 30, facts(RETURN, order=DELIVERED), facts(RETURN, order=OLD), facts()),
    ("no_open_request", True, facts(), facts(requests=(ASKED,)), facts(order=None)),
    ("items_in_order", True, facts(), swap("mug-red"), BARE),
    ("items_in_order", True, facts(RETURN, order=DELIVERED), facts(RETURN, order=DELIVERED, requests=(ASKED,)), BARE),
    ("pairs_equal_length", True, facts(), facts(replace(SWAP, new_items=("a", "b"))), BARE),
    ("same_product", True, facts(), swap(new="mug-red"), BARE),
    ("same_product", True, facts(), swap(new="nothing"), swap("not-there")),
    ("different_variant", True, facts(), swap(new="lamp-mid-ac"), BARE),
    ("variant_available", True, facts(), swap(new="lamp-high-bat"), BARE),
    ("variant_available", True, facts(), facts(
        replace(SWAP, new_items=("lamp-low-usb",)), offered={"lamp-low-usb": Offered(LAMP, GONE)}), BARE),
    ("payment_owned", True, facts(), swap(method="card-2"), BARE),
    ("payment_differs", True, swap(method="gift-1"), swap(method="card-1"), BARE),
    ("gift_card_covers", True, swap(method="gift-1"), swap("mug-blue", "lamp-high-ac", "gift-1"), BARE),
    ("gift_card_covers", True, swap("lamp-mid-ac", "lamp-low-ac", "gift-1"), facts(
        Action(ActionKind.CHANGE_PAYMENT, "#W1001", method_id="gift-1")), facts(customer=BOB)),
    ("refund_to_original_or_gift_card", True, facts(RETURN, order=DELIVERED),
     facts(replace(RETURN, method_id="card-1"), order=DELIVERED), BARE),
    ("refund_to_original_or_gift_card", True, facts(replace(RETURN, method_id="gift-1"), order=DELIVERED),
     facts(replace(RETURN, method_id="card-2"), order=DELIVERED), facts(order=None)),
    ("address_complete", ["line1", "city"], MOVE,
     facts(Action(ActionKind.CHANGE_ADDRESS, "#W1001", address=Address("1 Elm St", city=" "))), facts()),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "yes", "no", "unknown"), CASES)
def test_a_question_is_answered_with_yes_no_or_not_known(
    name: str, value: object, yes: Facts, no: Facts, unknown: Facts | None
) -> None:
    predicate = PREDICATES[name]
    allowed = predicate.parse(value)
    assert predicate.ask(yes, allowed) is True
    assert predicate.ask(no, allowed) is False
    assert unknown is None or predicate.ask(unknown, allowed) is None


def test_every_question_is_tested_here_or_where_undoing_is() -> None:
    asked_elsewhere = {"undoes_one_of", "within_minutes", "still_as_left"}
    assert {c[0] for c in CASES} | asked_elsewhere == set(PREDICATES)


def test_the_last_day_of_the_window_is_within_it() -> None:
    delivered = NOW - timedelta(days=30)
    on_time = replace(DELIVERED, history=(StatusChange("delivered", delivered),))
    late = replace(
        DELIVERED, history=(StatusChange("delivered", delivered - timedelta(seconds=1)),)
    )
    ask, window = PREDICATES["within_days"].ask, PREDICATES["within_days"].parse(30)
    assert (ask(facts(order=on_time), window), ask(facts(order=late), window)) == (True, False)


@pytest.mark.parametrize(
    ("placed", "now", "longer"),
    [
        ("2025-11-01", "2026-01-31", True),
        ("2025-12-24", "2026-02-01", False),
        ("2025-12-25", "2026-01-31", False),
        ("2025-10-31", "2026-01-31", False),
    ],
)
def test_what_was_ordered_in_a_season_goes_back_longer(placed: str, now: str, longer: bool) -> None:
    placed_at, at = (datetime.fromisoformat(f"{day}T12:00Z") for day in (placed, now))
    order = replace(OLD, placed_at=placed_at, history=(StatusChange("delivered", placed_at),))
    window = PREDICATES["within_days"].parse(
        {"days": 30, "ordered_from": "11-01", "ordered_until": "12-24", "returned_until": "01-31"}
    )
    assert PREDICATES["within_days"].ask(facts(RETURN, order=order, now=at), window) is longer


def without(kind: ActionKind, predicate: str) -> str:
    """The default policy with no rule on this kind that asks this question."""
    blocks = SOURCE.split("[[rules]]")
    kept = []
    for block in blocks:
        if f'"{kind.value}"' in block and f"{predicate}" in block.split("require", 1)[-1][:60]:
            on, rest = block.split("]", 1)
            block = (
                on.replace(f'"{kind.value}"', "").replace(", ,", ",").replace("[,", "[")
                + "]"
                + rest
            )
            if "[]" in block.replace(" ", ""):
                continue
        kept.append(block)
    return "[[rules]]".join(kept)


@pytest.mark.parametrize(
    ("kind", "predicate"), [(k, p) for k, needed in FLOOR.items() for p in needed]
)
def test_no_file_can_take_away_what_every_write_needs(kind: ActionKind, predicate: str) -> None:
    with pytest.raises(FeedError, match=f"no rule on '{kind.value}' requires '{predicate}'"):
        parse(without(kind, predicate))


def test_an_action_without_rules_is_not_offered() -> None:
    blocks = SOURCE.split("[[rules]]")
    text = "[[rules]]".join(b for b in blocks if 'on = ["cancel"]' not in b)
    policy = parse(text.replace('"cancel", ', ""))
    decision = policy.decide(facts(Action(ActionKind.CANCEL, "#W1001", reason="other")))
    assert (decision.allowed, decision.possible) == (False, False)


@pytest.mark.parametrize(
    ("change", "said", "hint"),
    [
        (("status_in =", "status_on ="), "requires 'status_on', which is no question", "did you mean status_in?"),
        (('["pending"]', '"pending"'), "status_in needs a list of texts", "docs/support.md"),
        (("authenticated = 2", "authenticated = 3"), "authenticated needs a level", ""),
        (("within_days = 30", "within_days = -1"), "within_days needs a whole number", ""),
        (('id = "cancel-reason"', 'id = "same-product"'), "two rules have the id 'same-product'", "rename"),
        (('require = "owner"', 'require = { owner = 5 }'), "owner is either there or not", ""),
        (('en = "The new item is in stock."', 'fr = "x"'), "'new-item-available' has no English text", 'add en'),
        (('return = "return requested"', ""), "statuses has no 'return'", "say what"),
        (("other = {", "others = {"), "refund_times has no 'other'", "add other"),
        (("proposal_minutes = 15", "proposal_minutes = 0"), "proposal_minutes", "docs/support.md"),
        (("proposal_minutes = 15", "proposal_minuets = 15"), "proposal_minuets", "docs/support.md"),
        (("[statuses]", "[statuses"), "not valid TOML", "mend the line"),
        (('"line1", ', '"street", '), "address_complete has 'street'", ""),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_what_to_do(change: tuple[str, str], said: str, hint: str) -> None:
    assert change[0] in SOURCE
    with pytest.raises(FeedError) as caught:
        parse(SOURCE.replace(change[0], change[1], 1), "policy.toml")
    assert said in caught.value.message and caught.value.message.startswith("policy.toml: ")
    assert hint in caught.value.hint


def test_every_rule_is_said_in_english_and_chinese() -> None:
    for rule in default_policy().rules:
        assert rule.check(facts(), "en").text != rule.check(facts(), "zh").text
        assert rule.check(facts(), "fr").text == rule.check(facts(), "en").text


def test_every_question_and_every_action_is_on_the_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "support.md").read_text(encoding="utf-8")
    for name in PREDICATES:
        assert f"| `{name}" in page, name
    for name in (*ActionKind, *TOOLS):
        assert f"`{name}`" in page, name
