"""The variant that takes the place of an item: by its number, by another item of the customer's, or by what is said."""

import re
from dataclasses import replace

from shopkeeper.shop.records import Product, Variant
from shopkeeper.support.dialogue.desk import Desk, Piece_
from shopkeeper.support.dialogue.locating import Need, Outcome, Problem
from shopkeeper.support.dialogue.options_said import Said, said
from shopkeeper.support.dialogue.records import Pick, Question, Wish
from shopkeeper.support.finding import Found, Order, Wanted, find_variants
from shopkeeper.support.outside import named
from shopkeeper.support.wording import money

SHOWN = 6  # variants that are read out at once
_CODE = re.compile(r"(?<!\w)\d{6,}(?!\w)")


def choose(desk: Desk, wish: Wish, pick: Pick) -> Outcome:
    """Settle `pick.new_item`, or say what is to be asked."""
    piece = next(
        (p for p in desk.pieces() if p.order.id == pick.order_id and p.item == pick.item), None
    )
    product = desk.product(piece.piece.line.product_id) if piece else None
    if piece is None or product is None:
        return Problem(
            "not_sold", {"item": named(piece.piece.line.title, pick.item) if piece else pick.item}
        )
    like = desk.variant(piece.piece)
    text = (
        wish.mentions[pick.mention].wanted if 0 <= pick.mention < len(wish.mentions) else wish.hint
    )
    coded = _by_code(desk, product, text)
    if isinstance(coded, (Need, Problem)):
        return coded
    chosen = coded or _like_another(desk, piece, product, text, pick)
    if chosen is not None:
        pick.new_item = chosen.id
        return None
    meant = said(product, like, text, desk.lexicon.language)
    if meant.missing and not meant.want:
        return _offer(wish, pick, product, like, meant, "not_available")
    if meant.nothing:
        if meant.keep_rest and like is not None and _same_item(text):
            every = find_variants(product, Wanted(like=like.id))
            return _ask(wish, pick, product, list(every.variants), "same_item")
        offered = find_variants(product, Wanted(like=like.id if like else ""))
        return _ask(wish, pick, product, list(offered.variants), "which_variant")
    found = _search(product, like, meant, keep=True)
    if (
        found
        and like is not None
        and meant.order is Order.CHEAPEST
        and not meant.want
        and like.price.amount <= found[0].price.amount
    ):
        return Problem(
            "already_cheapest",
            {"item": named(product.title, product.id), "amount": money(like.price)},
            order_id=pick.order_id,
        )
    if len(found) == 1 or _is_clear(found, like, meant):
        pick.new_item = found[0].id
        return None
    if not found:
        loose = _search(product, like, meant, keep=False)
        if meant.missing or not loose:
            return _offer(wish, pick, product, like, meant, "not_available")
        if len(loose) == 1 and meant.keep_rest is None:
            pick.new_item = loose[0].id
            return None
        if _is_clear(loose, like, meant) and (meant.prefer or meant.keep_rest is not True):
            pick.new_item = loose[0].id
            return None
        return _ask(
            wish,
            pick,
            product,
            loose,
            "closest_variants" if meant.keep_rest is not False else "which_variant",
        )
    return _ask(wish, pick, product, found, "which_variant")


def _same_item(text: str) -> bool:
    return (
        re.search(r"\bsame\b|\bidentical\b|\bnew (?:one|pair)\b|同样|一样|同款", text) is not None
    )


def _search(product: Product, like: Variant | None, meant: Said, *, keep: bool) -> list[Variant]:
    found = find_variants(product, meant.wanted(like.id if like else "", keep=keep))
    variants = list(found.variants)
    if meant.cheaper and like is not None:
        variants = [v for v in variants if v.price.amount < like.price.amount]
        variants.sort(key=lambda v: v.price.amount)
    return variants


def _is_clear(found: list[Variant], like: Variant | None, meant: Said) -> bool:
    """True if the first is plainly the one: by price, by a preference that it alone meets, or by being closest."""
    if len(found) < 2:
        return bool(found)
    first, second = found[0], found[1]
    if meant.order is not Order.CLOSEST or meant.cheaper:
        return first.price != second.price
    if meant.prefer:
        return _missed(first, meant) != _missed(second, meant)
    several = [n for n, w in meant.want.items() if len(w.is_) > 1]
    if several:
        return _values(first)[several[0]] != _values(second)[several[0]]
    return False


def _missed(variant: Variant, meant: Said) -> list[bool]:
    mine = _values(variant)
    return [not all(mine.get(n) in w.is_ for n, w in wishes.items()) for wishes in meant.prefer]


def _values(variant: Variant) -> dict[str, str]:
    return {o.name: o.value for o in variant.options}


def _by_code(desk: Desk, product: Product, text: str) -> Variant | Outcome:
    """The variant whose number is given."""
    code = _CODE.search(text)
    if code is None:
        return None
    found = desk.by_code(code[0])
    if found is None:
        return None
    other, variant = found
    if other.id != product.id:
        return Problem(
            "other_product",
            {"item": named(product.title, product.id), "other": named(other.title, other.id)},
        )
    return variant


def _like_another(
    desk: Desk, piece: Piece_, product: Product, text: str, pick: Pick
) -> Variant | None:
    """The variant of the same product that the customer has in another order: "the type that I already received"."""
    match = desk.lexicon.says("same_as", text)
    if match is None or re.search(r"\b(?:before|now|current|mine|as the old)\b", text):
        return None
    others = [
        p for p in desk.pieces()
        if p.piece.line.product_id == product.id and p.order.id != pick.order_id and p.item != pick.item
    ]  # fmt: skip
    statuses = {h.name for h in desk.lexicon.hits("statuses", text)}
    fitting = [p for p in others if any(p.order.status.startswith(s) for s in statuses)] or others
    items = {p.item for p in fitting}
    if len(items) != 1:
        return None
    return desk.variant(fitting[0].piece)


def _ask(wish: Wish, pick: Pick, product: Product, variants: list[Variant], say: str) -> Need:
    """Read out what there is. The position of the pick stands in `mention`."""
    ordered = sorted(variants, key=lambda v: v.price.amount) if len(variants) > SHOWN else variants
    question = Question(
        "variant", wish.number, wish.picks.index(pick), tuple(v.id for v in ordered)
    )
    return Need(
        question,
        say,
        {"item": named(product.title, product.id), "options": "", "count": str(len(ordered))},
    )


def _offer(
    wish: Wish, pick: Pick, product: Product, like: Variant | None, meant: Said, say: str
) -> Outcome:
    """What was asked for is not there: the nearest that is."""
    options = {o.name for v in product.variants for o in v.options}
    near: list[Variant] = []
    for name in [n for n in meant.want if n in options]:
        fewer = {n: w for n, w in meant.want.items() if n != name}
        if fewer:
            near += _search(product, like, replace(meant, want=fewer), keep=False)
    unique = list({v.id: v for v in near}.values())
    if not unique:
        whole: Found = find_variants(product, Wanted(like=like.id if like else ""))
        unique = list(whole.variants)
    return _ask(wish, pick, product, unique[:SHOWN], say)
