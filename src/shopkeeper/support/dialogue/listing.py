"""How orders, items, variants and payment methods are read out in one line each."""

from shopkeeper.shop.records import Money, Order, Variant
from shopkeeper.support.dialogue.desk import Desk, Piece_
from shopkeeper.support.dialogue.writing import in_words
from shopkeeper.support.facts import item_id
from shopkeeper.support.outside import label, named
from shopkeeper.support.wording import method_name, money, words_of


def order_line(order: Order, language: str) -> str:
    """An order with its status and items."""
    items = ", ".join(named(line.title, item_id(line)) for line in order.lines)
    return f"- {order.id} ({in_words('status', order.status, language)}): {items}"


def item_line(piece: Piece_) -> str:
    """An item with its options and what was paid for it."""
    line = piece.piece.line
    title = named(line.title, piece.item)
    options = ", ".join(v for o in line.options if (v := label(o.value)))
    price = money(Money(piece.piece.paid, line.total.currency))
    return f"{title} ({options}), {price}" if options else f"{title}, {price}"


def variant_line(variant: Variant) -> str:
    """A variant with its price."""
    options = ", ".join(f"{label(o.name)} {v}" for o in variant.options if (v := label(o.value)))
    return f"{options or named(variant.title, variant.id)}: {money(variant.price)}"


def method_line(desk: Desk, method_id: str, language: str) -> str:
    """A payment method by kind and last digits."""
    return method_name(desk.customer, method_id, words_of(language))


def listed(desk: Desk, options: tuple[str, ...], slot: str, language: str) -> str:
    """The options of a question, one a line; of methods, in one line."""
    if slot == "method":
        return ", ".join(method_line(desk, m, language) for m in options)
    if slot in ("order",):
        return "\n".join(order_line(o, language) for i in options if (o := desk.order(i)))
    if slot in ("which", "items"):
        by_name = {f"{p.order.id}|{p.item}": p for p in desk.pieces()}
        kept = [by_name[o] for o in dict.fromkeys(options) if o in by_name]
        return "\n".join(f"- {p.order.id}: {item_line(p)}" for p in kept[:12])
    if slot == "variant":
        found = [desk.variant_by_id(o) for o in options]
        return "\n".join(f"- {variant_line(v)}" for v in found if v is not None)
    return "\n".join(f"- {o}" for o in options)
