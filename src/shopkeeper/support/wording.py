"""What the customer is told before the yes, made from the records in English and Chinese: no model writes a word of it."""

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

from shopkeeper.shop.records import Address, Customer, Money, Option
from shopkeeper.support.facts import Facts, item_id
from shopkeeper.support.outside import label, written
from shopkeeper.support.outside import named as named_thing
from shopkeeper.support.pieces import Piece, free, named, net_paid
from shopkeeper.support.policy import Policy
from shopkeeper.support.quoting import quote
from shopkeeper.support.records import ActionKind, Movement, Quote, Shown


@cache
def _words() -> dict[str, dict[str, str]]:
    text = files(__package__).joinpath("data/words.toml").read_text(encoding="utf-8")
    data: dict[str, dict[str, str]] = tomllib.loads(text)
    return data


def words_of(language: str) -> Mapping[str, str]:
    """The words of a language, English where there are none."""
    return _words().get(language, _words()["en"])


def show(facts: Facts, policy: Policy, language: str) -> Shown:
    """The action in plain words, with what it costs and what must be said before. The action passed the rules."""
    words = _words().get(language, _words()["en"])
    costs = quote(facts) or Quote()
    sentences = [words[facts.action.kind.value].format_map(_values(facts, words))]
    sentences += [_movement(m, facts, policy, language) for m in costs.movements]
    if costs.difference is not None and costs.difference.amount == 0:
        sentences.append(words["no_difference"])
    if costs.fee is not None:
        sentences.append(words["fee"].format(fee=money(costs.fee)))
    return Shown(" ".join(sentences), policy.notes_on(facts.action.kind, language), costs)


def _values(facts: Facts, words: Mapping[str, str]) -> dict[str, str]:
    action, order = facts.action, facts.order
    reason = words.get(f"reason {action.reason}", action.reason)
    values = {"order": action.order_id, "reason": reason}
    if action.address is not None:
        values["address"] = address_line(action.address)
    if action.method_id:
        values["method"] = method_name(facts.customer, action.method_id, words)
    if facts.done is not None:
        values["undone"] = facts.done.shown.summary
    if order is None:
        return values
    join = words["list"].join
    values["all_items"] = join(
        f"{line.quantity} × {_named(named_thing(line.title, item_id(line)), line.options)}"
        for line in order.lines
    )
    values["old_methods"] = join(method_name(facts.customer, m, words) for m in net_paid(order))
    chosen = named(free(order, facts.requests), action.items) or []
    values["items"] = join(map(_piece, chosen))
    if action.kind in (ActionKind.CHANGE_ITEMS, ActionKind.EXCHANGE):
        swaps = zip(chosen, action.new_items, strict=True)
        values["swaps"] = join(
            words["swap"].format(old=_piece(p), new=_options(facts.offered[n].variant.options, n))
            for p, n in swaps
        )
    return values


def _movement(movement: Movement, facts: Facts, policy: Policy, language: str) -> str:
    words = _words().get(language, _words()["en"])
    template = "charge"
    if movement.kind == "refund":
        template = "refund_returned" if movement.returned else "refund"
    return words[template].format(
        amount=money(movement.amount),
        method=method_name(facts.customer, movement.method_id, words),
        when=policy.refund_time(movement.settled, language),
    )


def code_message(code: str, shop_name: str, language: str) -> tuple[str, str]:
    """Subject and text of the message that brings a one-time code."""
    words = _words().get(language, _words()["en"])
    values = {"code": code, "shop": shop_name or words["shop"]}
    return words["code_subject"].format_map(values), words["code_body"].format_map(values) + "\n"


def money(amount: Money) -> str:
    """An amount as customers read it."""
    return f"{amount.amount} {amount.currency}"


def method_name(customer: Customer | None, method_id: str, words: Mapping[str, str]) -> str:
    """A payment method by its kind and last digits, never by more."""
    methods = customer.payment_methods if customer else ()
    method = next((m for m in methods if m.id == method_id), None)
    if method is None:
        return words["unknown_method"]
    kind = words.get(method.kind, method.kind.replace("_", " "))
    return (
        words["ending"].format(kind=kind, last_four=method.last_four) if method.last_four else kind
    )


def address_line(address: Address) -> str:
    """An address in one line."""
    parts = (
        address.name, address.line1, address.line2, address.city,
        f"{address.region} {address.postcode}".strip(), address.country,
    )  # fmt: skip
    return ", ".join(written(p) for p in parts if p)


def _piece(piece: Piece) -> str:
    return _named(named_thing(piece.line.title, piece.item_id), piece.line.options)


def _named(title: str, options: Iterable[Option]) -> str:
    values = ", ".join(v for o in options if (v := label(o.value)))
    return f"{title} ({values})" if values else title


def _options(options: Iterable[Option], otherwise: str) -> str:
    return ", ".join(v for o in options if (v := label(o.value))) or otherwise
