"""What buyers say of a product: how many, how many stars, and a sentence of two of them. Opinions, told as such.

A sentence is quoted only if it speaks of nothing but the product: none with links, addresses, amounts, codes or promises,
and none that speaks to programs. What is left out is left out; nothing is put in other words.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from shopkeeper.shop import reviews
from shopkeeper.shop.bulk import Connection
from shopkeeper.shop.records import ProductId, Review
from shopkeeper.support.outside import clean, gives_orders, has_address, has_link, promises
from shopkeeper.text.language import guess_language

LOOKED_AT = 40  # reviews of which sentences are taken
GOOD, BAD = Decimal("0.8"), Decimal("0.5")  # shares of the scale
_SHORTEST = {"en": 20, "zh": 8}  # characters of a sentence that says something
_LONGEST = 200
# A sentence is quoted as praise or blame only if a word in it says so: "this gets used a lot" says neither.
_PRAISES = re.compile(
    r"\b(?:love[sd]?|great|good|nice|lovely|perfect\w*|excellent|happy|pleased|comfort\w*|comfy|soft|warm|light|lightweight|sturdy|solid|quality|beautiful\w*|easy|easily|fast|quick\w*|quiet|well|best|worth|recommend\w*|delicious|sharp|bright|clear|fits?|exactly|favou?rite|difference|impress\w*|surprised?|smooth)\b"
    r"|[好棒赞美香爱]|喜欢|满意|舒服|舒适|柔软|暖|轻便|结实|质量|方便|值|快|安静|推荐|合身|清晰|惊喜|不错"
)
_BLAMES = re.compile(
    r"\b(?:not|no|never|too|bad|poor\w*|broke\w*|came (?:off|apart|loose)|f[ea]ll(?:s|ing)? (?:off|apart)|tore|ripped|died|dead|useless|loud|noisy|slow\w*|disappoint\w*|waste|fail\w*|leak\w*|cheap|flimsy|worse|worst|problem\w*|small|tight|thin|hard|uncomfortable|stopp?(?:ed|s)|missing|scratch\w*|crack\w*|smells?|fad(?:e|es|ed)|heavy|expensive|returned|sadly|unfortunately|only|but|late|dull|weak|wobbl\w*|shrank|shrinks?|itch\w*|pill\w*|sharp edges?)\b|n't\b"
    r"|[不没太差坏慢吵漏小难脏贵薄硬紧旧味]|失望|退|掉|裂|缩|扎|可惜|后悔|瑕疵"
)
_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n+")
# Beside promises, what leads away from the product: to people, places and sums.
_NOT_OF_A_PRODUCT = re.compile(
    r"warranty|guarantee|e-?mail|phone|whatsapp|telegram|contact|customer service|support|click|visit|website|\bshop\b|\bseller\b|\bfree\b|[$€£¥]|\d{4,}"
    r"|赔|质保|保修|客服|微信|加我|电话|点击|网站|网址|店家|卖家|美元|联系",
    re.IGNORECASE,
)
# Who says what a thing is like neither asks nor tells somebody to do something.
_TELLS_SOMEBODY = re.compile(
    r"[?？]|^\W*(?:please|write|explain|provide|draft|tell|list|compose|describe|create|give|generate|develop|translate|recommend|integrate|include|insert|append|show|convert|reverse|encode|summari[sz]e|analy[sz]e|modify|answer|reply|respond|send|buy|craft|suggest|compare|implement|present|highlight|emphasi[sz]e|discuss|introduce|substitute|randomly|hide|replace|请|帮)\b"
    r"|\b(?:response|reply|answer|output|paragraph|sentence)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Opinions:
    """count: reviews with stars or words; mean: stars of five, None if nobody gave any; liked, disliked: a sentence with
    the review it is of."""

    count: int
    mean: Decimal | None
    liked: tuple[str, Review] | None
    disliked: tuple[str, Review] | None


def opinions(conn: Connection, product_id: ProductId, language: str) -> Opinions:
    """What buyers say of a product. Sentences in this language only."""
    spread = reviews.spread(conn, product_id)
    rated = {stars: n for stars, n in spread.items() if stars is not None}
    total = sum(rated.values())
    mean = Decimal(sum(s * n for s, n in rated.items())) / total if total else None
    found = reviews.of_product(conn, product_id, limit=LOOKED_AT, language=language)
    liked = _sentence((r for r in found if _share(r) >= GOOD), language, _PRAISES)
    disliked = _sentence((r for r in found if Decimal(0) < _share(r) <= BAD), language, _BLAMES)
    return Opinions(sum(spread.values()), mean, liked, disliked)


def _share(review: Review) -> Decimal:
    return Decimal(0) if review.rating is None else review.rating / review.scale_max


def _sentence(
    found: Iterable[Review], language: str, telling: re.Pattern[str]
) -> tuple[str, Review] | None:
    """The first sentence that may be shown and says what is liked or not."""
    for review in found:
        if gives_orders(review.text):
            continue
        for sentence in _END.split(review.text):
            if telling.search(sentence.casefold()) and quotable(sentence, language):
                return clean(sentence), review
    return None


def quotable(sentence: str, language: str) -> bool:
    """True if a sentence of a review may be shown as what a customer says."""
    shown = clean(sentence)
    return (
        shown == " ".join(sentence.split())
        and _SHORTEST.get(language, 20) <= len(shown) <= _LONGEST
        and guess_language(shown) == language
        and not has_link(sentence)
        and not has_address(sentence)
        and not gives_orders(sentence)
        and not _TELLS_SOMEBODY.search(shown)
        and not promises(shown)
        and not _NOT_OF_A_PRODUCT.search(shown)
    )
