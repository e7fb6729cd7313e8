"""What the retail shop of tau-bench should hold after a task: written from its rules, apart from our own code.

Works on the benchmark's own database (plain dicts). Where the tools of its second version are known to be wrong (a
change of several items gives all of them the price and options of the last), the first version is followed.
"""

import copy
from decimal import Decimal
from typing import Any

from benchmarks.tau_shop import Write


class Broken(Exception):
    """The shop's rules forbid it."""


def outcome(raw: dict[str, Any], writes: list[Write]) -> tuple[dict[str, Any], list[str]]:
    """The database after these writes, and why those that the rules forbid were left out."""
    shop = {"orders": {}, "users": {}, "products": raw["products"]}
    refused = []
    for name, given in writes:
        order_id = given.get("order_id", "")
        if order_id:
            shop["orders"].setdefault(order_id, copy.deepcopy(raw["orders"][order_id]))
        user_id = given.get("user_id") or shop["orders"][order_id]["user_id"]
        shop["users"].setdefault(user_id, copy.deepcopy(raw["users"][user_id]))
        try:
            _TOOLS[name](shop, shop["users"][user_id], shop["orders"].get(order_id), given)
        except Broken as error:
            refused.append(f"{name}({order_id or user_id}): {error}")
    return shop, refused


def in_form(shop: dict[str, Any]) -> dict[str, Any]:
    """Its orders and users in the form of `tau_shop.state_of`."""
    return {
        "orders": {i: _order(o) for i, o in shop["orders"].items()},
        "users": {i: _user(u) for i, u in shop["users"].items()},
    }


def _need(holds: bool, why: str) -> None:
    if not holds:
        raise Broken(why)


def _cents(value: Any) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.01"))


def _pay(order: dict[str, Any], kind: str, amount: Decimal, method: str) -> None:
    order["payment_history"].append(
        {"transaction_type": kind, "amount": amount, "payment_method_id": method}
    )


def _put_on_card(user: dict[str, Any], method: str, amount: Decimal) -> None:
    if method.startswith("gift_card"):
        card = user["payment_methods"][method]
        card["balance"] = _cents(card["balance"]) + amount


def _cancel(shop: Any, user: Any, order: Any, given: Any) -> None:
    _need(order["status"] == "pending", f"status is {order['status']}")
    _need(given["reason"] in ("no longer needed", "ordered by mistake"), "reason")
    for payment in list(order["payment_history"]):
        amount, method = _cents(payment["amount"]), payment["payment_method_id"]
        _pay(order, "refund", amount, method)
        _put_on_card(user, method, amount)
    order["status"], order["cancel_reason"] = "cancelled", given["reason"]


def _difference(shop: Any, user: Any, order: Any, given: Any) -> Decimal:
    """Of the prices of new and old items, after all that must hold of a swap."""
    old, new = given["item_ids"], given["new_item_ids"]
    held = [i["item_id"] for i in order["items"]]
    _need(all(old.count(i) <= held.count(i) for i in old), "an item is not in the order")
    _need(len(old) == len(new), "unequal numbers of items")
    total = Decimal(0)
    for one, other in zip(old, new, strict=True):
        item = next(i for i in order["items"] if i["item_id"] == one)
        variants = shop["products"][item["product_id"]]["variants"]
        _need(one != other, "an item is swapped for itself")
        _need(other in variants and variants[other]["available"], f"{other} is not available")
        total += _cents(variants[other]["price"]) - _cents(item["price"])
    method = given["payment_method_id"]
    _need(method in user["payment_methods"], "payment method")
    if method.startswith("gift_card"):
        balance = _cents(user["payment_methods"][method]["balance"])
        _need(balance >= total, f"gift card holds {balance}, the difference is {total}")
    return total


def _change_items(shop: Any, user: Any, order: Any, given: Any) -> None:
    _need(order["status"] == "pending", f"status is {order['status']}")
    total, method = _difference(shop, user, order, given), given["payment_method_id"]
    if total:
        _pay(order, "payment" if total > 0 else "refund", abs(total), method)
        _put_on_card(user, method, -total)
    for one, other in zip(given["item_ids"], given["new_item_ids"], strict=True):
        item = next(i for i in order["items"] if i["item_id"] == one)
        variant = shop["products"][item["product_id"]]["variants"][other]
        item |= {"item_id": other, "price": variant["price"], "options": variant["options"]}
    order["status"] = "pending (item modified)"


def _change_payment(shop: Any, user: Any, order: Any, given: Any) -> None:
    _need(order["status"] == "pending", f"status is {order['status']}")
    history, method = order["payment_history"], given["payment_method_id"]
    _need(len(history) == 1, "several payments")
    amount, before = _cents(history[0]["amount"]), history[0]["payment_method_id"]
    _need(method in user["payment_methods"] and method != before, "payment method")
    if method.startswith("gift_card"):
        _need(_cents(user["payment_methods"][method]["balance"]) >= amount, "gift card too small")
    _pay(order, "payment", amount, method)
    _pay(order, "refund", amount, before)
    _put_on_card(user, method, -amount)
    _put_on_card(user, before, amount)


def _set_address(owner: Any, given: Any) -> None:
    names = ("address1", "address2", "city", "state", "zip", "country")
    owner["address"] = {name: given[name] for name in names}


def _change_address(shop: Any, user: Any, order: Any, given: Any) -> None:
    _need(order["status"] == "pending", f"status is {order['status']}")
    _set_address(order, given)


def _change_profile(shop: Any, user: Any, order: Any, given: Any) -> None:
    _set_address(user, given)


def _return(shop: Any, user: Any, order: Any, given: Any) -> None:
    _need(order["status"] == "delivered", f"status is {order['status']}")
    items, method = given["item_ids"], given["payment_method_id"]
    held = [i["item_id"] for i in order["items"]]
    _need(all(items.count(i) <= held.count(i) for i in items), "an item is not in the order")
    original = order["payment_history"][0]["payment_method_id"]
    owned = method in user["payment_methods"]
    _need(owned and (method == original or method.startswith("gift_card")), "refund method")
    order["status"], order["return"] = "return requested", [sorted(items), [], method]


def _exchange(shop: Any, user: Any, order: Any, given: Any) -> None:
    _need(order["status"] == "delivered", f"status is {order['status']}")
    order["difference"] = f"{_difference(shop, user, order, given):.2f}"
    old, new = sorted(given["item_ids"]), sorted(given["new_item_ids"])
    order["status"], order["exchange"] = (
        "exchange requested",
        [old, new, given["payment_method_id"]],
    )


_TOOLS = {
    "cancel_pending_order": _cancel,
    "modify_pending_order_items": _change_items,
    "modify_pending_order_address": _change_address,
    "modify_pending_order_payment": _change_payment,
    "modify_user_address": _change_profile,
    "return_delivered_order_items": _return,
    "exchange_delivered_order_items": _exchange,
}


def _order(order: Any) -> dict[str, Any]:
    raw = {
        "status": order["status"],
        "address": _address(order["address"]),
        "items": [
            [i["product_id"], i["item_id"], str(_cents(i["price"])), i["options"]]
            for i in order["items"]
        ],
        "payments": [
            [p["transaction_type"], str(_cents(p["amount"])), p["payment_method_id"]]
            for p in order["payment_history"]
        ],
    }
    extra = ("cancel_reason", "return", "exchange", "difference")
    return raw | {k: order[k] for k in extra if k in order}


def _user(user: Any) -> dict[str, Any]:
    methods = user["payment_methods"]
    return {
        "address": _address(user["address"]),
        "balances": {i: str(_cents(m["balance"])) for i, m in methods.items() if "balance" in m},
    }


def _address(data: Any) -> list[str]:
    return [data[n] for n in ("address1", "address2", "city", "state", "zip", "country")]
