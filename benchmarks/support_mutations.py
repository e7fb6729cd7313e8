"""Writes made wrong in one way each, put to the service desk: none may be done.

Two families. *Wrong by the rules*: the write itself is changed (another's order, an item that is not there, a card that
does not cover it), and must not become a proposal. *Wrong by the way*: a sound write is proposed, and something is
missing or happens between (no yes, a yes to something else, the order moved on, the price changed), so that it must not
be done. Every step is undone before the next. A write that the rules refuse as it stands is not counted.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.tau_shop import START, TauShop, Write, action, customer_of, digests
from shopkeeper.errors import ShopkeeperError
from shopkeeper.shop.records import Address
from shopkeeper.support import Action, ActionKind, Conversation, NotAllowed, Proposal

SWAPS = (ActionKind.CHANGE_ITEMS, ActionKind.EXCHANGE)
WITH_ITEMS = (*SWAPS, ActionKind.RETURN)
ONCE = (*WITH_ITEMS, ActionKind.CANCEL, ActionKind.CHANGE_PAYMENT)
WAYS_PER_WRITE = 2  # of the second family, which takes most of the time
YES_BUT = (
    "yes, but use another card",
    "yes?",
    "yes and also the other one",
    "ok but wait",
    "not yet, yes later",
)


@dataclass(frozen=True)
class Case:
    """A write, whose it is, and dice."""

    shop: TauShop
    action: Action
    customer_id: str
    rng: random.Random
    desk: Conversation  # where this customer is known, after their first words

    @property
    def user(self) -> Any:
        """The customer in the raw data."""
        return self.shop.raw["users"][self.customer_id]

    @property
    def order(self) -> Any:
        """The order in the raw data."""
        return self.shop.raw["orders"].get(self.action.order_id)

    def other_user(self) -> str:
        """Some other customer."""
        others = [u for u in self.shop.raw["users"] if u != self.customer_id]
        return str(self.rng.choice(others))

    def other_order(self) -> str:
        """Some other customer's order in the same status."""
        found = [
            i for i, o in self.shop.raw["orders"].items()
            if o["user_id"] != self.customer_id and o["status"] == self.order["status"]
        ]  # fmt: skip
        return str(self.rng.choice(found))


def mutate_all(shop: TauShop, writes: list[Write], *, seed: int) -> dict[str, Any]:
    """Figures over all mutations of all sound writes."""
    rng = random.Random(seed)
    tried: Counter[str] = Counter()
    admitted: Counter[str] = Counter()
    unexpected: Counter[str] = Counter()
    skipped = 0
    start = digests(shop.database.conn)
    shop.database.keep()
    for write in writes:
        customer_id = customer_of(shop.raw, write)
        desk = shop.conversation(customer_id)
        desk.hear("please")
        shop.database.mark()
        case = Case(shop, action(write), customer_id, rng, desk)
        if not _sound(case):
            skipped += 1
            continue
        for name, wrong, expected in _wrong_by_rules(case):
            rules = _refusing(case, name, wrong)
            tried[name] += 1
            admitted[name] += rules is None
            unexpected[name] += rules is not None and expected not in rules
            shop.database.back()
        for name, go in rng.sample(list(WAYS.items()), WAYS_PER_WRITE):
            prepared = go(case)
            if prepared is None:
                continue
            tried[name] += 1
            admitted[name] += prepared
            shop.clock.now = START
            shop.database.back()
        shop.database.rewind()
    if digests(shop.database.conn) != start:
        raise RuntimeError("the mutations left something behind")
    shop.database.rewind()
    for name in sorted(tried):
        print(
            f"  {name:22} {tried[name]:5} tried, {admitted[name]} admitted, {unexpected[name]} by another rule"
        )
    return {
        "mutations": sum(tried.values()),
        "mutation_kinds": len(tried),
        "mutated_admitted": sum(admitted.values()),
        "mutated_by_another_rule": sum(unexpected.values()),
        "unsound_writes_skipped": skipped,
    }


def _sound(case: Case) -> bool:
    try:
        case.desk.propose(case.action)
    except NotAllowed:
        return False
    finally:
        case.shop.database.back()
    return True


def _refusing(case: Case, name: str, wrong: Action) -> list[str] | None:
    """The rules that refuse it; None if it became a proposal."""
    conversation = case.desk
    if name == "foreign_login":
        conversation = case.shop.conversation(case.other_user())
    elif name == "no_login":
        conversation = case.shop.support.open()
    elif name == "gift_card_short":
        case.shop.database.conn.execute(
            "update customers set payment_methods = (select jsonb_agg(case when m->>'kind' = 'gift_card' "
            "then jsonb_set(m, '{balance,amount}', '\"0.00\"') else m end) "
            "from jsonb_array_elements(payment_methods) m) where id = %s",
            [case.customer_id],
        )
    elif name == "wrong_status":
        case.shop.database.conn.execute(
            "update orders set status = %s where id = %s",
            [case.rng.choice(("processed", "cancelled", "return requested")), case.action.order_id],
        )
    try:
        conversation.propose(wrong)
    except NotAllowed as error:
        return [c.rule_id for c in error.decision.broken]
    return None


def _wrong_by_rules(case: Case) -> Iterator[tuple[str, Action, str]]:
    """(kind of mutation, the wrong action, the rule that should refuse it)."""
    a, raw, rng = case.action, case.shop.raw, case.rng
    if a.kind is not ActionKind.CHANGE_PROFILE_ADDRESS:
        yield "foreign_order", replace(a, order_id=case.other_order()), "own-order"
        yield "unknown_order", replace(a, order_id="#W0000000"), "own-order"
        yield "foreign_login", a, "own-order"
        yield (
            "wrong_status",
            a,
            "delivered"
            if case.order["status"] == "delivered"
            else ("cancel-pending" if a.kind is ActionKind.CANCEL else "modify-pending"),
        )
    yield "no_login", a, "authenticated"
    if a.kind is ActionKind.CANCEL:
        reason = rng.choice(("too expensive", "no longer", "ordered by mistake!!", "because", "0"))
        yield "bad_reason", replace(a, reason=reason), "cancel-reason"
        yield "no_reason", replace(a, reason=""), "cancel-reason"
    if a.address is not None:
        field = rng.choice(("line1", "city", "region", "postcode", "country"))
        yield (
            "incomplete_address",
            replace(a, address=replace(a.address, **{field: " "})),
            "address-complete",
        )
        yield "no_address", replace(a, address=Address()), "address-complete"
    if a.method_id:
        methods = raw["users"][case.other_user()]["payment_methods"]
        yield "foreign_payment", replace(a, method_id=rng.choice(list(methods))), "payment-owned"
        yield "unknown_payment", replace(a, method_id="credit_card_0000000"), "payment-owned"
    if a.kind in WITH_ITEMS:
        held = {i["item_id"] for i in case.order["items"]}
        stranger = rng.choice(
            [v for p in raw["products"].values() for v in p["variants"] if v not in held]
        )
        at = rng.randrange(len(a.items))
        yield "item_not_in_order", replace(a, items=_put(a.items, at, stranger)), "items-in-order"
        many = (a.items[at],) * (len(case.order["items"]) + 1)
        new = (a.new_items[at],) * len(many) if a.new_items else ()
        yield "more_than_bought", replace(a, items=many, new_items=new), "items-in-order"
    if a.kind is ActionKind.RETURN:
        original = case.order["payment_history"][0]["payment_method_id"]
        wrong = [m for m in case.user["payment_methods"] if m != original and "gift" not in m]
        if wrong:
            yield (
                "refund_elsewhere",
                replace(a, method_id=rng.choice(wrong)),
                "refund-original-or-gift-card",
            )
    if a.kind in SWAPS:
        yield from _wrong_swaps(case)
    cards = [m for m in case.user["payment_methods"] if "gift" in m]
    if cards and a.kind in SWAPS and _difference(case) > 0:
        yield "gift_card_short", replace(a, method_id=cards[0]), "gift-card-covers"


def _wrong_swaps(case: Case) -> Iterator[tuple[str, Action, str]]:
    a, raw, rng = case.action, case.shop.raw, case.rng
    at = rng.randrange(len(a.items))
    product_id = next(i["product_id"] for i in case.order["items"] if i["item_id"] == a.items[at])
    here = raw["products"][product_id]["variants"]
    elsewhere = [
        v for i, p in raw["products"].items() if i != product_id
        for v, x in p["variants"].items() if x["available"]
    ]  # fmt: skip
    yield "wrong_product", _swap(a, at, rng.choice(elsewhere)), "same-product"
    yield "unknown_variant", _swap(a, at, "0000000000"), "same-product"
    yield "product_as_variant", _swap(a, at, product_id), "same-product"
    if gone := [v for v, x in here.items() if not x["available"] and v != a.items[at]]:
        yield "unavailable_variant", _swap(a, at, rng.choice(gone)), "available"
    if here.get(a.items[at], {}).get("available"):
        yield "item_for_itself", _swap(a, at, a.items[at]), "different-option"
    yield "unequal_pairs", replace(a, new_items=(*a.new_items, a.new_items[-1])), "pairs"


def _swap(a: Action, at: int, new: str) -> Action:
    return replace(a, new_items=_put(a.new_items, at, new))


def _put(values: tuple[str, ...], at: int, value: str) -> tuple[str, ...]:
    return (*values[:at], value, *values[at + 1 :])


def _difference(case: Case) -> float:
    products = case.shop.raw["products"]
    items = {i["item_id"]: i for i in case.order["items"]}
    return float(
        sum(
            products[items[o]["product_id"]]["variants"][n]["price"] - items[o]["price"]
            for o, n in zip(case.action.items, case.action.new_items, strict=True)
        )
    )


# The second family: True if the write was done against the rules, None where the mutation does not apply.


def _never_done(case: Case, conversation: Conversation, proposal: Proposal) -> bool:
    """Try to do it all the same. True if the shop was changed."""
    conn = case.shop.database.conn
    before = _touched(case)
    with suppress(ShopkeeperError):
        conversation.commit(proposal.id)
    done = conn.execute("select count(*) from support_audit where event = 'done'").fetchone()
    return before != _touched(case) or done != (0,)


def _touched(case: Case) -> Any:
    return case.shop.database.conn.execute(
        "select (select hash from orders where id = %s), (select hash from customers where id = %s)",
        [case.action.order_id, case.customer_id],
    ).fetchone()


def _proposed(case: Case) -> tuple[Conversation, Proposal]:
    conversation = case.desk
    return conversation, conversation.propose(case.action)


def no_yes(case: Case) -> bool | None:
    return _never_done(case, *_proposed(case))


def said_no(case: Case) -> bool | None:
    conversation, proposal = _proposed(case)
    conversation.hear("No, leave it.")
    return _never_done(case, conversation, proposal)


def yes_but(case: Case) -> bool | None:
    conversation, proposal = _proposed(case)
    conversation.hear(case.rng.choice(YES_BUT))
    return _never_done(case, conversation, proposal)


def yes_too_late(case: Case) -> bool | None:
    conversation, proposal = _proposed(case)
    conversation.hear("How long will that take?")
    conversation.hear("yes")
    return _never_done(case, conversation, proposal)


def yes_used_later(case: Case) -> bool | None:
    conversation, proposal = _proposed(case)
    conversation.hear("yes")
    conversation.hear("thanks")
    return _never_done(case, conversation, proposal)


def yes_before(case: Case) -> bool | None:
    conversation = case.desk
    conversation.hear("yes, yes, do it")
    return _never_done(case, conversation, conversation.propose(case.action))


def expired(case: Case) -> bool | None:
    conversation, proposal = _proposed(case)
    case.shop.clock.move(minutes=16)
    conversation.hear("yes")
    return _never_done(case, conversation, proposal)


def expired_after_yes(case: Case) -> bool | None:
    conversation, proposal = _proposed(case)
    case.shop.clock.move(minutes=14)
    conversation.hear("yes")
    case.shop.clock.move(minutes=2)
    return _never_done(case, conversation, proposal)


def logged_out(case: Case) -> bool | None:
    conversation = case.desk
    case.shop.clock.move(minutes=55)
    proposal = conversation.propose(case.action)
    conversation.hear("yes")
    case.shop.clock.move(minutes=6)
    return _never_done(case, conversation, proposal)


def replaced(case: Case) -> bool | None:
    conversation, first = _proposed(case)
    conversation.propose(case.action)
    conversation.hear("yes")
    return _never_done(case, conversation, first)


def elsewhere(case: Case) -> bool | None:
    """The yes of one conversation for the proposal of another of the same customer."""
    _, proposal = _proposed(case)
    other = case.shop.conversation(case.customer_id)
    other.hear("please")
    other.propose(case.action)
    other.hear("yes")
    return _never_done(case, other, proposal)


def order_moved_on(case: Case) -> bool | None:
    if not case.action.order_id:
        return None
    conversation, proposal = _proposed(case)
    conversation.hear("yes")
    case.shop.database.conn.execute(
        "update orders set status = 'processed' where id = %s", [case.action.order_id]
    )
    return _never_done(case, conversation, proposal)


def price_changed(case: Case) -> bool | None:
    if case.action.kind not in SWAPS:
        return None
    conversation, proposal = _proposed(case)
    conversation.hear("yes")
    case.shop.database.conn.execute(
        "update variants set price = price + 1 where id = %s", [case.action.new_items[0]]
    )
    return _never_done(case, conversation, proposal)


def sold_out(case: Case) -> bool | None:
    if case.action.kind not in SWAPS:
        return None
    conversation, proposal = _proposed(case)
    conversation.hear("yes")
    case.shop.database.conn.execute(
        "update variants set availability = 'out_of_stock' where id = %s",
        [case.action.new_items[0]],
    )
    return _never_done(case, conversation, proposal)


def done_twice(case: Case) -> bool | None:
    """The same proposal committed again, and the same action proposed again where it can be done once."""
    conversation, proposal = _proposed(case)
    conversation.hear("yes")
    conversation.commit(proposal.id)
    after = _touched(case)
    conversation.commit(proposal.id)
    rows = case.shop.database.conn.execute(
        "select count(*) from support_audit where event = 'done'"
    ).fetchone()
    if after != _touched(case) or rows != (1,):
        return True
    if case.action.kind not in ONCE:
        return False
    try:
        conversation.propose(case.action)
    except NotAllowed:
        return False
    return True


WAYS: dict[str, Callable[[Case], bool | None]] = {
    f.__name__: f
    for f in (
        no_yes, said_no, yes_but, yes_too_late, yes_used_later, yes_before, expired, expired_after_yes, logged_out,
        replaced, elsewhere, order_moved_on, price_changed, sold_out, done_twice,
    )
}  # fmt: skip
