"""Text into the tokens that search compares.

Latin words and numbers stay whole, and compounds are kept both whole and in parts: `WH-1000XM5` gives `wh`, `1000xm5`
and `wh1000xm5`; `5.5 l` gives `5.5`, `l` and `5.5l`. Runs of Chinese characters give every pair of neighbours and, in
the index, every single one: no dictionary to maintain, and what is asked is found wherever words are cut.
"""

import re
from collections.abc import Iterator

from shopkeeper.text.language import is_han
from shopkeeper.text.normalise import normalise

MAX_TOKEN = 64  # characters; longer runs are no words
_HAN = "一-鿿㐀-䶿\U00020000-\U0003ffff"
_RUN = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+(?:[.,](?=\d)\d+)*(?:'s\b|'(?=[^\W\d_]))?", re.UNICODE)
_PARTICLE = re.compile(rf"(?<=[{_HAN}])[的吗呢吧]")  # what stands behind is another word
# «a», «this», «which» with the measure word of what follows: 一个, 这款, 哪种. 两件 is kept: a set may be of two.
_ARTICLE = re.compile(
    rf"(?<![第统唯万])[一这那哪几][个款件种台双盏把张条瓶只支本套块部副顶](?=[{_HAN}])"
)
_JOINED = re.compile(r"[-/.+&']")
_UNIT = re.compile(r"[a-z]{1,4}|\"|'")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def index_tokens(text: str) -> list[str]:
    """Tokens of a text that is to be found."""
    return list(_tokens(normalise(text), singles=True))


def query_tokens(text: str) -> list[str]:
    """Tokens of a text that is asked for: without the single characters of longer Chinese runs, and cut at particles and
    articles, which products do without: 一双防水的鞋 asks for 防水 and 鞋."""
    words = _PARTICLE.sub(" ", _ARTICLE.sub(" ", normalise(text)))
    return list(_tokens(words, singles=False))


def _tokens(text: str, *, singles: bool) -> Iterator[str]:
    previous, end = "", -2
    for match in _RUN.finditer(text):
        token = match.group()
        if is_han(token[0]):
            yield from _pairs(token, singles=singles)
            previous = ""
            continue
        token = token.removesuffix("'s").replace("'", "").replace(",", "")
        if not token or len(token) > MAX_TOKEN:
            previous = ""
            continue
        yield token
        if singles and previous and _belongs(previous, token, text[end : match.start()]):
            yield previous + token
            token = previous + token if len(previous + token) <= MAX_TOKEN else token
        previous, end = token, match.end()


def _belongs(left: str, right: str, between: str) -> bool:
    """True if two neighbours are also written as one word: joined by a mark, or a number with its unit."""
    if _JOINED.fullmatch(between):
        return any(c.isdigit() for c in left + right) or between in "-'"
    return between == " " and bool(_NUMBER.fullmatch(left)) and bool(_UNIT.fullmatch(right))


def _pairs(run: str, *, singles: bool) -> Iterator[str]:
    if singles or len(run) == 1:
        yield from run
    for i in range(len(run) - 1):
        yield run[i : i + 2]
