"""Questions of people who only look: what needs nobody's records is answered before it is asked who writes, and products
that somebody looks for are shown.

What is meant of a customer's own ("my order", "the lamp I bought") is none of that.
"""

import re
from collections.abc import Sequence
from decimal import Decimal

from shopkeeper.shop.records import Product
from shopkeeper.support.dialogue.records import WRITES, Command, Do, Evidence, Flow, Question
from shopkeeper.support.dialogue.saying import Line
from shopkeeper.support.dialogue.shown import title_of
from shopkeeper.support.wording import money
from shopkeeper.text.normalise import normalise

SHOWN = 4  # products

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
_SEEKS = re.compile(
    r"(?:do|would) you (?:have|sell|carry|stock|recommend|suggest)|have you got|looking for|can you (?:show|recommend|suggest)(?: me)?"
    r"|(?:show|recommend|suggest) me|i(?:'m| am|'d| would)? (?:need|want|like|search)(?:ing)?(?: to (?:buy|find|see))?(?: for)?"
    r"|is there an?|are there any|有没有|有什么|想买|想要|在找|找一|买[个件款双条份盏把台些点]|礼物|推荐|有卖|卖不卖"
)
_AT_MOST = re.compile(
    r"(?:under|below|less than|cheaper than|at most|up to|around|about|for) ?[$€£¥]? ?(\d+(?:\.\d+)?)(?: ?(?:dollars?|usd|bucks))?"
    r"|(\d+(?:\.\d+)?) ?(?:美元|美金|元|块)?(?:以下|以内|之内)"
)
_FILLER = re.compile(r"\b(?:please|some|any|an?|the|me|of|kind|sort)\b|请|吗|呢|[?？!！.。,，]")
_OPTIONS = re.compile(
    r"\b(?:what|which|how many|sizes?|colou?rs?|options?|kinds?|do|does|come|in|have|there|are|is)\b|尺码|颜色|款式|哪些"
)
_CHANGES = re.compile(r"\b(?:chang|updat|modif|edit|correct)\w*|改|换")
_ASKING = frozenset({Flow.ITEM, Flow.OPTIONS, Flow.TOTAL, Flow.ADDRESS, Flow.REFUNDS})


def is_general(text: str, commands: Sequence[Command], question: Question | None) -> bool:
    """True for a question about the shop, as far as can be seen without looking anything up."""
    plain = normalise(text)
    if not leaves_room(question) or is_own(plain):
        return False
    if not (_QUESTION.search(plain) or _SEEKS.search(plain)):
        return False
    return wants_nothing_done(commands) and not any(c.do is Do.SET for c in commands)


def leaves_room(question: Question | None) -> bool:
    """True unless something was asked back that the message is to answer."""
    return question is None or question.slot in ("more", "identity", "person")


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


def limit_of(plain: str) -> Decimal | None:
    """The highest price that a text in normal form names."""
    found = _AT_MOST.search(plain)
    return Decimal(found[1] or found[2]) if found else None


def sought(text: str, commands: Sequence[Command]) -> tuple[str, Decimal | None] | None:
    """The words for what is looked for, and the highest price; None if nothing is, or if it is clear which product."""
    plain = normalise(text)
    wishes = [c.wish for c in commands if c.wish is not None]
    options = any(w.flow is Flow.OPTIONS for w in wishes)
    if any(w.mentions for w in wishes) or not (options or _SEEKS.search(plain)):
        return None
    words = _SEEKS.sub(" ", _AT_MOST.sub(" ", plain))
    words = _FILLER.sub(" ", _OPTIONS.sub(" ", words) if options else words)
    return (" ".join(words.split()), limit_of(plain)) if words.strip() else None


def shown(products: Sequence[Product], at_most: Decimal | None, language: str) -> Line | None:
    """The first of these products that can be bought and cost no more, as a line; None if there is none."""
    lines: list[str] = []
    evidence: list[Evidence] = []
    for product in products:
        there = [v for v in product.variants if v.availability.buyable and v.quantity != 0]
        there = [v for v in there if at_most is None or v.price.amount <= at_most]
        if not there or len(lines) == SHOWN:
            continue
        cheapest = min(there, key=lambda v: v.price.amount)
        lines.append(f"- {title_of(product, language)}: {money(cheapest.price)}")
        evidence.append(Evidence("product", str(product.id)))
    return Line("products", {"options": "\n".join(lines)}, tuple(evidence)) if lines else None
