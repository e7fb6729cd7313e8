"""Text from outside, made harmless before anyone reads it: product texts, reviews, pages, messages, names, addresses.

What is left is one line or a few of plain text: no HTML, no characters that do not show or that turn the direction of
writing, no links but to places that the shop allows. Nothing here decides what a text may bring about: that no text
can bring anything about is the business of the rules and of the customer's yes.
"""

import re
import unicodedata
from collections.abc import Collection

from shopkeeper.text.normalise import plain_text

_LINK = re.compile(
    r"(?:https?|ftp|javascript|data|mailto|tel|file)\s*:(?://)?[^\s<>\"'（）()，。；]+"
    r"|\bwww\.[^\s<>\"'（）()，。；]+"
    r"|(?<![\w@.])(?:[a-z0-9-]+\.)+(?:com|net|org|io|cn|info|biz|xyz|top|shop|site|online|example|ru|de|uk|co|me|app|dev|link|click|ly)\b(?:/[^\s<>\"'（）()，。；]*)?",
    re.IGNORECASE,
)
_MARKDOWN = re.compile(r"!?\[([^\]\n]*)\]\(([^)\n]*)\)")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_KEPT_JOINERS = "\u200d"  # stands inside emoji, where it shows
# Who is spoken to or what is done gives a text away that is written for a program and not for a reader.
_ORDERS = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:previous|prior|above|earlier|instruction|rule|polic|prompt|guideline)"
    r"|\b(?:system|developer|hidden)\s*(?:prompt|message|note|instruction)|\bprompt\b.{0,20}\b(?:injection|leak)"
    r"|\b(?:ai|assistant|chat\s*bot|bot|agent|language model|llm|gpt|claude)\b.{0,60}\b(?:must|should|shall|will|please|now|are to|has to|have to|need to|instead|to (?:reply|respond|say|tell|refund|send|add|issue))\b"
    r"|^\W*(?:system|admin|administrator|developer|assistant|ai|user)\s*(?:note|update|override)?\s*:"
    r"|\byou are (?:now|an? (?:ai|assistant|agent|bot|language model))|\bact as\b|\bpretend to be\b|\bnew instructions?\b"
    r"|\b(?:note|message|attention|hint|word|memo)\s+(?:to|for)\s+(?:the |any |all |every |our |your )?(?:ai|assistant|chat\s*bot|bot|agent|language model|model|llm|gpt|claude)s?\b"
    r"|\b(?:ai|assistant|bot|agent|model|llm)s?\s+(?:that |who |which )?(?:reads?|reading|process\w*|summari[sz]\w*)\b"
    r"|\b(?:do not|don't|never)\s+(?:mention|reveal|disclose)\s+(?:this|these|that|the above)\b|\b(?:do not|don't)\s+tell\s+(?:the\s+)?(?:customer|user|buyer)"
    r"|\b(?:modif|alter|adjust|rewrit|begin|end|start|finish|append|add|insert|includ|incorporat|embed)\w*\s+(?:[\w'-]+\s+){0,8}?your\s+(?:answer|reply|replies|response|output)s?\b"
    r"|<\s*/?\s*(?:information|system|user|assistant|important|inst)\b|\[/?inst\]|<\|"
    r"|忽略.{0,12}(?:指令|指示|规则|提示|以上|之前)|系统(?:提示|指令|消息)|(?:助手|机器人|客服|人工智能|AI).{0,12}(?:必须|应该|请|要|务必|立即)|你现在是|扮演|新的?指令"
    r"|(?:给|致)\s*(?:AI|助手|机器人|模型|客服).{0,4}(?:备注|留言|提示|的话|消息)|(?:不要|别|勿)(?:向|跟|对|和)?(?:告诉|透露给|提醒)?(?:客户|用户|顾客|买家)(?:提起|透露|说明|说)?(?:这|此|本)",
    re.IGNORECASE,
)  # fmt: skip
_PROMISE = re.compile(
    r"refund|discount|coupon|voucher|gift card|\bcodes?\b|promo|\bfree (?:of charge|shipping|delivery|gift|replacement)|\bfor free\b|% off|compensat|password|cash ?back|"
    r"退款|折扣|优惠|免费|代金|礼品卡|返现|赔偿|赔付|密码|半价|免单",
    re.IGNORECASE,
)
_PHRASE_END = re.compile(
    r"(?<=[A-Za-z]{3}[.!?;])\s+(?=[A-Z<\[])|[。！？；|]"
)  # not that of "No. 5"
_REMOVED = "[…]"
MAX_TITLE = 120  # characters of a title, or of a line of an address, that are read out


def clean(text: str, *, hosts: Collection[str] = ()) -> str:
    """The text as it may be shown: plain, one line, without links to other places than `hosts`.

    E-mail addresses stay: pages name the shop's own. Doing it twice changes nothing.
    """
    seen = _visible(plain_text(_visible(text)))
    while (again := _visible(plain_text(seen))) != seen:  # "&lt;b&gt;" is markup once more
        seen = again
    shown = _MARKDOWN.sub(lambda m: m[1], seen)
    return " ".join(without_links(shown, hosts=hosts).split())


def without_links(text: str, *, hosts: Collection[str] = ()) -> str:
    """The text with every link to another place than `hosts` taken out."""
    addresses = [m.span() for m in _EMAIL.finditer(text)]

    def kept(match: re.Match[str]) -> str:
        inside = any(a <= match.start() < b for a, b in addresses)
        return match[0] if inside or _host(match[0]) in hosts else _REMOVED

    return _LINK.sub(kept, text)


def has_link(text: str, *, hosts: Collection[str] = ()) -> bool:
    """True if there is a link to another place than `hosts`, in whatever form."""
    if _MARKDOWN.search(text):
        return True
    return without_links(text, hosts=hosts) != text


def has_address(text: str) -> bool:
    """True if there is an e-mail address."""
    return bool(_EMAIL.search(text))


def gives_orders(text: str) -> bool:
    """True if a text speaks to a program: it is then not quoted. No defence by itself, only good manners."""
    return bool(_ORDERS.search(unicodedata.normalize("NFKC", _visible(text))))


def label(text: str, *, limit: int = 90) -> str:
    """A short text from outside as it may stand in a sentence of ours: a title, a value, a name. One phrase of at most
    so many characters; empty if it is none but speaks to programs, leads elsewhere or promises something."""
    first = _PHRASE_END.split(clean(text), maxsplit=1)[0].strip()
    if (
        len(first) > limit
        or gives_orders(text)
        or has_link(text)
        or has_address(text)
        or promises(first)
    ):
        return ""
    return first


def named(title: str, otherwise: str) -> str:
    """A thing's title as it may stand in a sentence of ours; `otherwise` where it is none."""
    return label(title, limit=MAX_TITLE) or otherwise


def written(part: str) -> str:
    """A line of an address as it may be read out."""
    shown = clean(part)
    hides = gives_orders(part) or has_link(part) or has_address(part) or promises(shown)
    return _REMOVED if hides or len(shown) > MAX_TITLE else shown


def promises(text: str) -> bool:
    """True if a text speaks of what only the shop's rules and pages may promise."""
    return bool(_PROMISE.search(text))


def _visible(text: str) -> str:
    """Without characters that do not show: zero-width ones, directions of writing, tags, controls."""
    return "".join(
        c if unicodedata.category(c) not in ("Cf", "Cc", "Co", "Cs") or c in _KEPT_JOINERS
        else " " if c in "\n\r\t" else ""
        for c in text
    )  # fmt: skip


def _host(link: str) -> str:
    rest = link.split("://", 1)[-1]
    return re.split(r"[/?#:]", rest, maxsplit=1)[0].lower().removeprefix("www.")
