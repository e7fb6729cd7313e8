"""Questions of people who only look: what needs nobody's records is answered before it is asked who writes.

What is meant of a customer's own ("my order", "the lamp I bought") is none of that.
"""

import re
from collections.abc import Sequence
from decimal import Decimal

from shopkeeper.shop.records import Product, Variant
from shopkeeper.support.dialogue.records import WRITES, Command, Do, Evidence, Flow, Question
from shopkeeper.support.dialogue.saying import Line
from shopkeeper.support.dialogue.seeking import SEEKS, is_bare, is_present, shelf_of
from shopkeeper.support.dialogue.shown import mentioned, title_of, wants_comparison
from shopkeeper.support.wording import money
from shopkeeper.text.normalise import normalise

SHOWN = 4  # products
MOST_WAITING = 20  # messages that are followed once it is known who writes

_OWN = re.compile(
    r"\b(?:my|mine|our|ours|i(?:'ve| have)? (?:just )?(?:ordered|bought|got|received|returned|paid))\b|我的|我们的|我(?:刚|已经)?(?:买|订|下|收|退|付)"
)
_FOR_SOMEBODY = re.compile(
    r"\bfor (?:my|our) (?!order\b|account\b|parcel\b|package\b|refund\b|return\b)\w+|给我的?(?:妈|爸|母|父|孩|女|儿|老|朋|丈|妻|男|同)"
)
_QUESTION = re.compile(
    r"[?？]\s*$|^(?:what|which|how|when|where|who|why|is|are|do|does|can|could|will|would|may)\b"
    r"|吗|多少|多久|什么|怎么|哪|几|有没有|是否|能不能|可不可以"
)
_CHANGES = re.compile(r"\b(?:chang|updat|modif|edit|correct)\w*|改|换")
_ASKING = frozenset({Flow.ITEM, Flow.OPTIONS, Flow.TOTAL, Flow.ADDRESS, Flow.REFUNDS})


def is_general(text: str, commands: Sequence[Command], question: Question | None) -> bool:
    """True for a question about the shop, as far as can be seen without looking anything up."""
    plain = normalise(text)
    if not leaves_room(question) or is_own(plain):
        return False
    looks = SEEKS.search(plain) or shelf_of(plain) or is_present(plain) or wants_comparison(plain)
    asks = _QUESTION.search(plain) or looks
    bare = (question is None or question.slot != "identity") and is_bare(plain, commands)
    if not (asks or bare):
        return False
    answers = any(
        c.do is Do.SET and c.slot != "method" for c in commands
    )  # "do you have gift cards?" answers nothing
    return wants_nothing_done(commands) and not answers


def leaves_room(question: Question | None) -> bool:
    """True unless something was asked back that the message is to answer."""
    return question is None or question.slot in ("more", "identity", "person", "needs")


def wants_nothing_done(commands: Sequence[Command]) -> bool:
    """True if nothing is wanted but what a question about goods may be taken for; nothing of an order that is named."""
    wishes = [c.wish for c in commands if c.wish is not None]
    return all(w.flow in _ASKING and not w.orders for w in wishes)


def is_question(plain: str) -> bool:
    """True for a text in normal form that asks something."""
    return _QUESTION.search(plain) is not None


def puts_rule(text: str, commands: Sequence[Command]) -> bool:
    """True for a question whether something may be done that names nothing of one's own: "can I return opened tea?"."""
    plain = normalise(text)
    wishes = [c.wish for c in commands if c.wish is not None]
    return bool(
        _QUESTION.search(plain)
        and not is_own(plain)
        and wishes
        and not is_misread(commands)
        and all(w.flow in WRITES and not w.orders for w in wishes)
    )


def is_own(plain: str) -> bool:
    """True for what is about the customer's own things. "For my mother" tells who a present is for."""
    return _OWN.search(_FOR_SOMEBODY.sub(" ", plain)) is not None


def is_misread(commands: Sequence[Command]) -> bool:
    """True where a general question was taken for an answer, for an address that nobody wants changed, or for nothing."""
    return bool(commands) and all(
        c.do in (Do.CONFIRM, Do.DENY, Do.UNCLEAR)
        or (c.wish is not None and c.wish.flow is Flow.ADDRESS and not _CHANGES.search(c.wish.said))
        for c in commands
    )


def shown(
    products: Sequence[Product],
    at_most: Decimal | None,
    language: str,
    key: str = "products",
    words: str = "",
) -> Line | None:
    """The first of these products that can be bought and cost no more, as a line; None if there is none. words: what was
    looked for; products that have it in what the words name ("navy") come first, and that version is shown."""
    offers = [(p, o) for p in products if (o := _offer(p, at_most, language, words)) is not None]
    offers.sort(key=lambda offer: -offer[1][1])
    lines = [f"- {title_of(p, language)}: {_price(v, language)}" for p, (v, _) in offers[:SHOWN]]
    evidence: list[Evidence] = []
    for product, (variant, named) in offers[:SHOWN]:
        evidence.append(Evidence("product", str(product.id)))
        if named:
            evidence.append(Evidence("variant", str(variant.id)))
    return Line(key, {"options": "\n".join(lines)}, tuple(evidence)) if lines else None


def _offer(
    product: Product, at_most: Decimal | None, language: str, words: str
) -> tuple[Variant, int] | None:
    """The cheapest variant that can be bought of those with most of the options that words name, and how many."""
    there = [v for v in product.variants if v.for_sale]
    there = [v for v in there if at_most is None or v.price.amount <= at_most]
    named = {v.id: mentioned(v, words, product, language) if words else 0 for v in there}
    most = max(named.values(), default=0)
    fit = [v for v in there if named[v.id] == most]
    return (min(fit, key=lambda v: v.price.amount), most) if fit else None


def _price(variant: Variant, language: str) -> str:
    """Its price, with what it was where it is reduced."""
    if variant.list_price is None or variant.list_price.amount <= variant.price.amount:
        return money(variant.price)
    before = money(variant.list_price)
    return f"{money(variant.price)}" + (f"（原价 {before}）" if language == "zh" else f" (was {before})")  # fmt: skip
