"""What somebody who looks around wants to see: products of a kind, under a price, as a present; or one of the shop's shelves.

Read from words alone. Which products there are is asked of the shop's window (`window.py`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from shopkeeper.shop.records import Product
from shopkeeper.support.dialogue.records import Command, Do, Flow
from shopkeeper.support.dialogue.shelf import stem
from shopkeeper.text.normalise import normalise, plain_text

if TYPE_CHECKING:
    from shopkeeper.support.dialogue.window import Beside, ShelfName

SEEKS = re.compile(
    r"(?:do|would) you (?:have|sell|carry|stock|recommend|suggest)|have you got|help me (?:to )?(?:choose|find|pick|select)|(?:i am |i'm )?looking for|can you (?:show|recommend|suggest)(?: me)?"
    r"|(?:show|recommend|suggest) me|i(?:'m| am|'d| would)? (?:need|want|like|search)(?:ing)?(?: to (?:buy|find|see))?(?: for)?"
    r"|is there an?|are there any|有没有|有什么|想买|想要|在找|找一|买[个件款条份盏把台些点]|礼物|推荐|有卖|卖不卖"
)
# Said as a wish to buy, and not only asked: no page of the shop is the answer to it.
_OUTRIGHT = re.compile(
    r"looking for|help me (?:to )?(?:choose|find|pick|select)|\bto (?:buy|find)\b|\b(?:any|some)thing for\b|(?:recommend|suggest|show) me|想买|要买|在找|找一|推荐"
)
_FOR_SALE = re.compile(rf"{_OUTRIGHT.pattern}|\b(?:sell|stock|carry|need|want|like)\b|卖|买|想要")
_WHICH = re.compile(
    r"^(?:which|what) (?:of your )?(?!ones?\b|of\b)(?P<kind>[a-z][a-z -]*?)(?: (?:do|would) you (?:have|sell|carry|stock|recommend|suggest))?(?: that)? (?:are|is|have|has|can|come|comes|do|does|work|works)\b(?P<rest>.*)"
    r"|^(?:which|what) (?P<alone>[a-z][a-z -]*?) (?:do|would) you (?:have|sell|carry|stock|recommend|suggest)\b"
    r"|^(?:你们|请问)?(?:的)?哪(?:个|款|些|种|几款)(?P<zh>[\u3400-\u9fff]{1,6}?)(?:有|是|能|可以|带|支持|适合)(?P<zh_rest>[^?？]*)"
)
_AT_MOST = re.compile(
    r"(?:under|below|less than|cheaper than|at most|up to|around|about) ?[$€£¥]? ?(\d+(?:\.\d+)?)(?: ?(?:dollars?|usd|bucks))?"
    r"|for (?:[$€£¥] ?(\d+(?:\.\d+)?)|(\d+(?:\.\d+)?) ?(?:dollars?|usd|bucks))"
    r"|(\d+(?:\.\d+)?) ?(?:美元|美金|元|块)?(?:以下|以内|之内)"
)
_FILLER = re.compile(
    r"\b(?:please|some|any|anything|something|an?|the|me|my|of|kind|sort|new|good|nice|maybe|hi|hello|also)\b|请|吗|呢|^我|一[款件个双把台盏]|[?？!！.。,，]|你好|您好|\bcheaper\b|\bless expensive\b|更便宜的?|便宜一?[点些]的?"
)
_OPTIONS = re.compile(
    r"\b(?:what|which|how many|sizes?|colou?rs?|options?|kinds?|do|does|come|in|have|there|are|is)\b|尺码|颜色|款式|哪些"
)
_PRESENT = re.compile(
    r"(?:\b(?:birthday|christmas|wedding|anniversary|housewarming|farewell|thank[- ]you) )?\b(?:gifts?|presents?)\b(?! ?-?(?:cards?|wrap\w*|box\w*|receipt|vouchers?))(?: ideas?)?"
    r"|(?:生日|圣诞|新年|结婚|乔迁)?(?:礼物|礼品)(?!卡|包装|盒)"
)
_RECIPIENT = re.compile(
    r"\bfor (?:my|our|a|an|the|his|her|their|him|her|them|mum|mom|dad)\b[^,.;!?]*|\b(?:to|i can) give (?:to )?[^,.;!?]*"
    r"|(?:给|送)(?:我|他|她)?的?[^，。,.买挑选送]{1,6}(?:买|挑|选|送|的)?|\d+岁的?[^，。,.]{0,4}"
)
_REFINED = re.compile(
    r"^(?:and |ok |but )?(?:(?:do you have|have you got|is there|are there|got|any|what about|how about|i(?:'d| would)? (?:like|prefer|want|need)) )?(?:it|them|one|ones|any|some|something|anything|these|those)? ?(?P<en>(?:in|with|without|made of|made from) .{2,40}?)[?!.]*$"
    r"|^(?:那|还)?(?:有没有|有|要|想要|我要|我想要)(?P<zh>[^，。,.?？]{1,6})的(?:吗|呢|么)?[?？。]?$"
)
_OF_PRESENTS = re.compile(
    r"\b(?:nice|good|great|perfect|suitable|small|little|special|idea|buy|find|give|get|birthday|christmas)\b|适合|合适|实用|特别|有意义|我?想?[买送挑选]|我想要?|我要|[一两]?[个份点些款件]|的"
)
_INTEREST = re.compile(
    r"(?<!would )(?<!'d )\b(?:likes?|loves?|enjoys?|adores?|is (?:really )?(?:into|fond of|interested in)|are into|a (?:big )?fan of)\b(?: to)?(?P<en>[^.;!?]*)|(?:喜欢|爱(?!好)|热爱)(?P<zh>[^，。,.！!？?]+)"
)
_OF_SOMEBODY = re.compile(r"\b(?:he|she|they|who|dad|mum|mom|\w+)(?= (?:really )?(?:likes?|loves?|enjoys?|adores?|is|are)\b)|[他她]|妈妈|爸爸")  # fmt: skip
_DRINKS = re.compile(r"^[喝吃看玩做用听去](?=[\u3400-\u9fff])|^(?:drink|drinking|eating|playing|reading|doing) ")  # fmt: skip
_CUT = re.compile(r"\b(?:with|that|which|made|in|under|from|for|of|and|or|to)\b")
_COMPOUND = 3  # letters by which a compound is called: "pot" of "teapot"
_NO_THING = re.compile(r"\b(?:i|we|you|he|she|they|can|could|is|are|will|to|if)\b|我|你|您")
_BESIDE: tuple[tuple["Beside", re.Pattern[str]], ...] = (
    ("goes_with", re.compile(r"\b(?:go(?:es)?|pairs?|match(?:es)?|works?) (?:well |nicely |best |together )?with\b|\bto go with\b|\baccessor(?:y|ies)\b|搭配|配什么|配套|一起买")),
    ("is_like", re.compile(r"\b(?:similar|alternatives?)\b|\b(?:something|anything|others?|ones?) (?:else )?like\b|类似|同类|差不多的|替代")),
)  # fmt: skip
_BARE, _BARE_WORDS = 40, 6
_HEAD = re.compile(r"[a-z]+(?:'[a-z]+)?")
_HAN_RUN = re.compile(r"[\u3400-\u9fff]+")

_SHELVES: tuple[tuple["ShelfName", re.Pattern[str]], ...] = (
    ("popular", re.compile(r"\b(?:best[- ]?sell(?:er|ers|ing)|most popular|top[- ]selling|what(?:'s| is) popular|what sells best)\b|畅销|热销|热卖|卖得最好|最受欢迎|爆款")),
    ("reduced", re.compile(r"\b(?:on sale|reduced|discounted|special offers?|on offer|deals?|bargains?|clearance)\b|打折|特价|促销|降价|减价")),
    ("newest", re.compile(r"\bwhat(?:'s| is) new\b|\b(?:new arrivals?|newest|latest|new products?|just in)\b|新品|上新|新款|新到")),
    ("best_rated", re.compile(r"\b(?:best|highest|top)[- ]rated\b|\bloved by\b|评[分价]最[高好]|好评最多|口碑最好")),
)  # fmt: skip
_OF_SHELF = re.compile(
    r"\b(?:what(?:'s| is| are)?|which|your|our|the|is|are|there|any(?:thing)?|something|do|you|have|got|show|me|see|products?|items?|things?|stuff|right now|at the moment|today|currently|please|any|a|of|and|in|this|shop|store|i|can|could|tell|about|currently|some)\b"
    r"|有没有|有什么|什么|哪些|商品|东西|产品|最近|最新|近期|本店|现在|目前|你们|店里|的|吗|呢|是|有|在|请|看看|[?？!！.。,，]"
)
_DISCOUNT = re.compile(
    r"\b(?:discounts?|coupons?|promo(?:tion)?(?:al)? codes?|voucher codes?|money off|better price|lower price|price cut)\b|优惠|折扣|便宜[点些一]|打[个点]?折|少[点算]"
)


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for. words: empty where a present is wanted and nothing is known of what it may be. kind: what the
    thing is called, the last of its words. outright: said as a wish, and not only asked; for_sale: so, or as what is sold.
    vague: it may be no thing at all
    ("a shop I can visit"), so that only products of that kind count."""

    words: str
    at_most: Decimal | None = None
    kind: str = ""
    outright: bool = False
    present: bool = False
    vague: bool = False
    for_sale: bool = False


def sought(text: str, commands: Sequence[Command]) -> Sought | None:
    """What is looked for; None if nothing is, or if it is clear which product is meant."""
    plain = normalise(text)
    wishes = [c.wish for c in commands if c.wish is not None]
    options = any(w.flow is Flow.OPTIONS for w in wishes)
    which = _WHICH.search(plain)
    if any(w.mentions for w in wishes) and which is None:
        return None
    if which is not None:
        kind = (which["kind"] or which["alone"] or which["zh"]).strip()
        words = _without_filler(f"{which['rest'] or which['zh_rest'] or ''} {kind}")
        return Sought(words, limit_of(plain), kind_of(kind), outright=False) if words else None
    present = is_present(plain)
    if not (options or present or SEEKS.search(plain) or is_bare(plain, commands)):
        return None
    if present:
        return Sought(_of_present(plain), limit_of(plain), outright=True, present=True)
    words = SEEKS.sub(" ", _AT_MOST.sub(" ", plain))
    words = _without_filler(_OPTIONS.sub(" ", words) if options else words)
    if not words:
        return None
    vague = is_bare(plain, commands) or _NO_THING.search(words) is not None
    outright = _OUTRIGHT.search(plain) is not None
    for_sale = _FOR_SALE.search(plain) is not None
    return Sought(words, limit_of(plain), kind_of(words), outright, vague=vague, for_sale=for_sale)


def is_bare(plain: str, commands: Sequence[Command]) -> bool:
    """True for a few words of which nothing else is understood: "noise cancelling headphones"."""
    nothing = bool(commands) and all(c.do is Do.UNCLEAR for c in commands)
    return nothing and len(plain) <= _BARE and len(plain.split()) <= _BARE_WORDS


def limit_of(plain: str) -> Decimal | None:
    """The highest price that a text in normal form names."""
    found = _AT_MOST.search(plain)
    return Decimal(next(g for g in found.groups() if g)) if found else None


def interest_of(plain: str) -> str:
    """What somebody is said to like in a text in normal form: "he likes coffee"; empty if nothing is said of it."""
    found = _INTEREST.search(plain)
    if found is None or _OF_SOMEBODY.search(plain) is None:
        return ""
    words = _without_filler(_AT_MOST.sub(" ", (found["en"] or found["zh"]).strip()))
    return _DRINKS.sub("", words)


def refinement_of(plain: str) -> str:
    """What is wanted of things that were shown, in a text in normal form that names no thing: "do you have it in black?"."""
    found = _REFINED.search(plain)
    words = (found["en"] or found["zh"] or "").strip() if found else ""
    return _without_filler(words)


def needs_of(plain: str) -> str:
    """The words for what somebody may like, of a text in normal form that says what a present may be."""
    interest = interest_of(plain)
    return interest or _without_filler(
        _RECIPIENT.sub(" ", SEEKS.sub(" ", _AT_MOST.sub(" ", plain)))
    )


def shelf_of(plain: str) -> tuple["ShelfName", str] | None:
    """The shelf that a text in normal form asks to see, and the words that say of which products; None if it asks for
    none."""
    for name, pattern in _SHELVES:
        if pattern.search(plain):
            return name, " ".join(_OF_SHELF.sub(" ", pattern.sub(" ", plain)).split())
    return None


def beside_of(plain: str) -> "Beside | None":
    """Whether a text in normal form asks for what goes with a product, or for what is like it."""
    return next((key for key, pattern in _BESIDE if pattern.search(plain)), None)


def is_present(plain: str) -> bool:
    """True if a text in normal form is about a present that is looked for."""
    return _PRESENT.search(plain) is not None


def wants_discount(plain: str) -> bool:
    """True if a lower price is asked for."""
    return _DISCOUNT.search(plain) is not None


def kind_of(words: str) -> str:
    """What the thing is called, of words that may say more of it: "jackets" of "waterproof jackets for hiking"."""
    han = _HAN_RUN.findall(words.split("的")[-1])
    if han:
        return str(han[-1])
    found = _HEAD.findall(_CUT.split(words)[0])
    return found[-1] if found else ""


def is_of_kind(kind: str, product: Product) -> bool:
    """True if a product is called so, or one of its categories is: "jackets" are hooded jackets, and jackets by category."""
    if not kind:
        return False
    others = product.translations.values()
    called = [product.title, *product.category, *(t.title for t in others)]
    called += [name for t in others for name in t.category]
    if _HAN_RUN.search(kind):
        told = [plain_text(w) for w in (product.description, *(t.description for t in others))]
        return any(kind in name or _ends_alike(kind, name) for name in called) or any(
            kind in w for w in told
        )
    wanted = stem(kind)
    return any(head == wanted or (len(wanted) >= _COMPOUND and head.endswith(wanted)) for name in called for head in _heads(name))  # fmt: skip


def _heads(name: str) -> set[str]:
    """The words that say what a thing is: the last before each comma or "&"."""
    parts = re.split(r"[,(&]| and ", normalise(name))
    return {stem(words[-1]) for part in parts if (words := _HEAD.findall(part))}


def _ends_alike(kind: str, name: str) -> bool:
    """True if both end in the same two characters at least, in the words in which Chinese puts what a thing is last."""
    return any(run[-2:] == kind[-2:] for run in _HAN_RUN.findall(name) if len(run) >= 2)


def _of_present(plain: str) -> str:
    """What is known of what a present may be."""
    interest = interest_of(plain)
    if interest:
        return interest
    words = _AT_MOST.sub(" ", _INTEREST.sub(" ", plain))
    words = SEEKS.sub(" ", _RECIPIENT.sub(" ", _PRESENT.sub(" ", words)))
    return _without_filler(_OF_PRESENTS.sub(" ", words))


def _without_filler(words: str) -> str:
    return " ".join(_FILLER.sub(" ", words).split())
