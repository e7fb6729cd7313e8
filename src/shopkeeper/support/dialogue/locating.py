"""Which orders and items a wish is about: found among the customer's own, or what has to be asked first."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from shopkeeper.shop.records import Order, Product, Variant
from shopkeeper.support.dialogue import slots
from shopkeeper.support.dialogue.desk import Desk, Piece_
from shopkeeper.support.dialogue.lexicon import Lexicon
from shopkeeper.support.dialogue.options_said import describes, said
from shopkeeper.support.dialogue.records import Flow, Mention, Pick, Question, Wish
from shopkeeper.support.finding import find_variants
from shopkeeper.support.records import Check
from shopkeeper.text.normalise import normalise


@dataclass(frozen=True, slots=True)
class Need:
    """Something to be asked. say: the template, with its values."""

    question: Question
    say: str
    values: dict[str, str]
    order_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a wish cannot be done. checks: the rules that stand against it."""

    say: str
    values: dict[str, str]
    checks: tuple[Check, ...] = ()
    order_id: str = ""


FURTHER = re.compile(r"\b(?:another|other|second)\b|另")
"""Words by which a second of the same is meant."""
Outcome = Need | Problem | None
"""None where it is settled."""


def order_by_number(desk: Desk, written: str) -> Order | None:
    """The customer's order with this number, however it is written."""
    plain = re.sub(r"\W", "", written).casefold()
    for order in desk.orders:
        own = re.sub(r"\W", "", order.id).casefold()
        if plain == own or re.sub(r"^[a-z]{0,3}", "", plain) == re.sub(r"^[a-z]{0,3}", "", own):
            return order
    return None


def orders_meant(desk: Desk, wish: Wish) -> list[Order] | Need:
    """The orders that a wish names or hints at; all of them if it does neither."""
    if wish.orders:
        found = [order_by_number(desk, n) for n in wish.orders]
        missing = [n for n, o in zip(wish.orders, found, strict=True) if o is None]
        known = [o for o in found if o is not None]
        if missing and not known:
            values = {"number": missing[0], "orders": ", ".join(o.id for o in desk.orders)}
            return Need(Question("order", wish.number), "no_such_order", values)
        return known
    return hinted(desk, wish.hint)


def hinted(desk: Desk, hint: str) -> list[Order]:
    """The orders that words hint at: by status, by where they go, by when they were placed."""
    left = list(desk.orders)
    said = {h.name for h in desk.lexicon.hits("statuses", hint)}
    by_status = [o for o in left if any(normalise(o.status).startswith(s) for s in said)]
    left = by_status or left
    by_place = [o for o in left if _goes_to(o, hint)]
    left = by_place or left
    newest = desk.lexicon.says("newest", hint) and re.search(r"order|订单", hint) and not said
    if newest and left and any(o.placed_at for o in left):
        left = left[:1]
    return left


def _goes_to(order: Order, hint: str) -> bool:
    address = order.shipping_address
    if address is None:
        return False
    return any(
        re.search(
            rf"(?:\b(?:to|in|my)\s+(?:the )?){re.escape(p)}\b[^.]*\border|\border\b[^.]*?\b(?:sent|shipped|going|for|in|to)\b (?:\w+ ){{0,2}}{re.escape(p)}\b",
            hint,
        )
        for p in place_names(address.city, address.region)
    )


def place_names(city: str, region: str) -> list[str]:
    """How people call a place: its city, its short name, its region."""
    plain = normalise(city)
    short = [s for s, full in slots.PLACES.items() if full == plain]
    return [n for n in (plain, *short, *slots.region_names(region)) if n]


def locate(desk: Desk, wish: Wish, flow: Flow, others: Sequence[Wish] = ()) -> Outcome:
    """Find what a wish is about and keep it in `wish.picks`. others: wishes that have found theirs."""
    orders = orders_meant(desk, wish)
    if isinstance(orders, Need):
        return orders
    if wish.whole and not wish.mentions:
        return _whole(desk, wish, flow, orders)
    if not wish.mentions:
        return _order_only(desk, wish, flow, orders)
    picks: list[Pick] = []
    taken = [(p.order_id, p.item) for w in others if w.flow is wish.flow for p in w.picks]
    pool = [p for p in desk.pieces() if p.order in orders]
    found = [_candidates(desk, m, pool) for m in wish.mentions]
    for index, mention in enumerate(wish.mentions):
        if any(p.mention == index for p in wish.picks):
            kept = [p for p in wish.picks if p.mention == index]
            picks += kept
            continue
        outcome = _one_mention(desk, wish, flow, index, mention, found, picks, taken)
        if outcome is not None:
            return outcome
    wish.picks = picks
    wish.located = True
    return None


def _candidates(desk: Desk, mention: Mention, pool: list[Piece_]) -> list[Piece_]:
    """Pieces that a mention may mean: of the right product, and fitting what is said of them."""
    if mention.code:
        named = desk.by_code(mention.code)
        exact = [p for p in pool if p.item == mention.code]
        if exact or named is None:
            return exact
        return [p for p in pool if p.piece.line.product_id == named[0].id]
    if not mention.products:
        return list(pool) if not mention.words else []
    found = [p for p in pool if p.piece.line.product_id in mention.products]
    text = f"{mention.described} {mention.words}"
    return described(desk, found, text)


def described(desk: Desk, found: list[Piece_], text: str) -> list[Piece_]:
    """Those of several that the words describe best."""
    if len({p.item for p in found}) > 1:
        scored = [(_fit(desk, p, text), p) for p in found]
        best = max(s for s, _ in scored)
        if best >= 0:
            found = (
                [p for s, p in scored if s == best]
                if best > 0
                else [p for s, p in scored if s >= 0]
            )
    if len(found) > 1:
        lexicon = desk.lexicon
        if lexicon.says("dearer", text):
            return _by_price(found, dearest=True)
        if lexicon.says("cheaper", text):
            return _by_price(found, dearest=False)
    return found


def _fit(desk: Desk, piece: Piece_, text: str) -> int:
    product = desk.product(piece.piece.line.product_id)
    variant = desk.variant(piece.piece)
    return describes(product, variant, text, desk.lexicon.language) if product and variant else 0


def _by_price(found: list[Piece_], *, dearest: bool) -> list[Piece_]:
    prices: list[Decimal] = [p.piece.paid for p in found]
    wanted = max(prices) if dearest else min(prices)
    return [p for p in found if p.piece.paid == wanted]


def _one_mention(
    desk: Desk,
    wish: Wish,
    flow: Flow,
    index: int,
    mention: Mention,
    found: list[list[Piece_]],
    picks: list[Pick],
    taken: list[tuple[str, str]],
) -> Outcome:
    """Settle one mention: add its picks, or say what is to be asked."""
    candidates = found[index]
    if not candidates:
        return _not_found(desk, wish, index, mention)
    fitting = [p for p in candidates if desk.kind_for(flow, p.order)[0]]
    if not fitting:
        return refused(desk, flow, candidates[0].order, mention.words)
    fitting = _not_taken(fitting, taken, further=FURTHER.search(mention.described) is not None)
    wanted = len(fitting) if mention.count == 0 else mention.count
    if len(fitting) > wanted:
        fitting = _beside_the_others(fitting, index, found, wish, desk, wanted)
    alike = {(p.order.id, p.item) for p in fitting}
    if len(fitting) > wanted and len(alike) > 1:
        options = tuple(f"{p.order.id}|{p.item}" for p in fitting)
        question = Question("which", wish.number, index, options)
        values = {"item": mention.words, "options": "", "wanted": str(wanted)}
        key = "which_item" if mention.words else "which_item_of_all"
        return Need(question, key, values, tuple(dict.fromkeys(p.order.id for p in fitting)))
    for piece in fitting[:wanted]:
        taken.append((piece.order.id, piece.item))
        picks.append(Pick(piece.order.id, piece.item, index))
    return None


def _not_taken(
    fitting: list[Piece_], taken: Sequence[tuple[str, str]], *, further: bool
) -> list[Piece_]:
    """Pieces that no other mention has; where orders are left open, those of orders in which others were found."""
    left = list(fitting)
    for order_id, item in taken:
        mine = next((p for p in left if (p.order.id, p.item) == (order_id, item)), None)
        if mine is not None and len(left) > 1:
            left.remove(mine)
    found = {order_id for order_id, _ in taken}
    beside = [p for p in left if p.order.id in found]
    alike = len({p.item for p in left}) == 1
    return beside if beside and (alike or further) else left


def _key(piece: Piece_) -> int:
    return id(piece.piece.line) * 1000 + piece.piece.position


def _beside_the_others(
    fitting: list[Piece_],
    index: int,
    found: list[list[Piece_]],
    wish: Wish,
    desk: Desk,
    wanted: int,
) -> list[Piece_]:
    """Those in an order that has the other items of the wish too."""
    others = [f for i, f in enumerate(found) if i != index and f]
    if not others:
        near = desk.shelf.named(wish.mentions[index].described)
        beside = [
            p for p in fitting
            if any(
                any(line.product_id in n.products and line.product_id not in wish.mentions[index].products for n in near)
                for line in p.order.lines
            )
        ]  # fmt: skip
        return beside or fitting
    shared = [
        p for p in fitting if all(any(o.order.id == p.order.id for o in other) for other in others)
    ]
    return shared if len(shared) >= wanted else fitting


def _not_found(desk: Desk, wish: Wish, index: int, mention: Mention) -> Need:
    words = mention.words or mention.code
    options = tuple(f"{p.order.id}|{p.item}" for p in desk.pieces())
    question = Question("which", wish.number, index, options)
    return Need(
        question, "no_such_item" if words else "which_item_of_all", {"item": words, "options": ""}
    )


def refused(desk: Desk, flow: Flow, order: Order, words: str = "") -> Problem:
    """Why the rules allow a flow for an order not."""
    _, decision = desk.kind_for(flow, order)
    checks = tuple(c for c in decision.broken if c.holds is False) or decision.broken
    values = {"order": order.id, "status": order.status, "item": words}
    return Problem("refused", values, checks, order.id)


def _whole(desk: Desk, wish: Wish, flow: Flow, orders: list[Order]) -> Outcome:
    """All items of the orders meant, but for those that are left out."""
    out = [
        p
        for m in wish.excepted
        for p in _candidates(desk, m, [p for p in desk.pieces() if p.order in orders])
    ]
    fitting = [o for o in orders if desk.kind_for(flow, o)[0]]
    unknown = any("?" in m.products for m in wish.excepted)
    if unknown and orders:
        order = next((o for o in orders if desk.kind_for(flow, o)[0]), orders[0])
        wish.settled = (order.id,)
        options = tuple(
            dict.fromkeys(f"{p.order.id}|{p.item}" for p in desk.pieces() if p.order is order)
        )
        return Need(
            Question("items", wish.number, options=options),
            "which_items",
            {"order": order.id, "options": ""},
        )
    left_out = {_key(p) for p in out}
    rest = [
        o for o in fitting if any(p.order is o and _key(p) not in left_out for p in desk.pieces())
    ]
    holding = [o for o in rest if any(p.order.id == o.id for p in out)]
    meant = holding or rest
    if not meant:
        return refused(desk, flow, orders[0]) if orders else _ask_order(desk, wish)
    if len(meant) > 1 and not wish.every and not wish.orders and not _all_of_them(wish):
        return _ask_order(desk, wish, meant)
    wish.picks = [
        Pick(p.order.id, p.item, -1)
        for p in desk.pieces()
        if p.order in meant and _key(p) not in left_out
    ]
    wish.located = True
    wish.settled = tuple(o.id for o in meant)
    return None


def _all_of_them(wish: Wish) -> bool:
    return (
        re.search(
            r"\b(?:all|everything) (?:i|that i|things i|items i)(?: have|'ve)? (?:ever )?(?:ordered|bought|received)|both orders|all (?:my |the )?orders|all things",
            wish.hint,
        )
        is not None
    )


def _order_only(desk: Desk, wish: Wish, flow: Flow, orders: list[Order]) -> Outcome:
    """An order, with none of its items named."""
    fitting = [o for o in orders if desk.kind_for(flow, o)[0]]
    if wish.orders and not fitting:
        return refused(desk, flow, orders[0])
    if not fitting:
        return (
            refused(desk, flow, orders[0])
            if len(orders) == 1
            else Problem("nothing_fits", {"flow": flow.value})
        )
    if len(fitting) > 1 and not wish.every and not wish.orders:
        return _ask_order(desk, wish, fitting)
    wish.settled = tuple(o.id for o in fitting)
    wish.located = True
    return None


def _ask_order(desk: Desk, wish: Wish, orders: list[Order] | None = None) -> Need:
    options = tuple(o.id for o in (orders or desk.orders))
    return Need(
        Question("order", wish.number, options=options), "which_order", {"options": ""}, options
    )


def variants_like(
    product: Product, offered: list[Variant], like: Variant | None, text: str, lexicon: Lexicon
) -> list[Variant]:
    """Those of the variants that were read out which the words describe."""
    scored = [(describes(product, v, text, lexicon.language), v) for v in offered]
    best = max(s for s, _ in scored)
    left = [v for s, v in scored if s == best] if best > 0 else list(offered)
    if best < 0:
        return []
    for name, sign in (("dearer", -1), ("cheaper", 1)):
        if lexicon.says(name, text):
            left.sort(key=lambda v: sign * v.price.amount)
            return left[:1]
    if best > 0 and len(left) < len(offered):
        return left
    meant = said(product, like, text, lexicon.language)
    ids = [v.id for v in offered]
    if not meant.nothing:
        found = find_variants(product, meant.wanted(like.id if like else "", keep=False))
        fitting = [v for v in found.variants if v.id in ids]
        return fitting[:1] if meant.prefer or len(fitting) == 1 else fitting
    return left if len(left) == 1 and lexicon.only_says("yes", text) else []
