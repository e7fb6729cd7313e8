"""Which payment method is meant by a kind, a brand, four digits, "the original one" or "the other card"."""

from shopkeeper.shop.records import Order, PaymentMethod
from shopkeeper.support.dialogue.desk import Desk


def method_meant(desk: Desk, named: str, order: Order | None) -> str:
    """The id of the method; empty if the customer has none such, or several."""
    paid = {p.method_id for p in order.payments if p.kind != "refund"} if order else set()
    if named == "original":
        return next(iter(paid)) if len(paid) == 1 else ""
    if named == "other":
        others = [m for m in desk.methods if m.id not in paid]
        cards = [m for m in others if m.kind == "credit_card"]
        kept = cards or others
        return kept[0].id if len(kept) == 1 else ""
    found = [m for m in desk.methods if _is(m, named)]
    if len(found) > 1:
        found = [m for m in found if m.id in paid] or found
    return found[0].id if len(found) == 1 else ""


def _is(method: PaymentMethod, named: str) -> bool:
    brands = {
        "amex": ("amex", "american express"),
        "mastercard": ("mastercard",),
        "visa": ("visa",),
    }
    if named in brands:
        return method.brand.casefold() in brands[named]
    return named in (method.id, method.kind, method.last_four)
