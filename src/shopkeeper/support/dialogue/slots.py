"""What can be read off a message by its form: order numbers, item numbers, e-mail addresses, postcodes, names, payment
methods, reasons and postal addresses.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shopkeeper.shop.records import Address
from shopkeeper.support.dialogue.lexicon import Lexicon
from shopkeeper.text.language import is_han
from shopkeeper.text.normalise import normalise

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_NUMBER = re.compile(r"(?<![\w.$€£-])#?\s?[a-zA-Z]{0,3}-?\d{4,}(?![\w@]|\.\d)")
_CODE_DIGITS = (
    9  # item numbers are at least so long, order numbers shorter, where no order is known
)
_ORDER_WORD = re.compile(r"(?:order|订单|单号|编号)\D{0,14}$", re.IGNORECASE)
_POSTCODE = re.compile(r"(?<![\w#-])\d{5}(?:-\d{4})?(?!\w|\.\d)")
_POSTCODE_NAMED = re.compile(
    r"(?:zip|post|postal)(?:\s?code)?(?:\s+is|:|\s)+([A-Za-z]{0,2}\d[\w]{1,4}(?:[ -]?\d\w{2})?)",
    re.IGNORECASE,
)
_CHINESE_POSTCODE = re.compile(r"(?:邮编|邮政编码)\D{0,4}(\d{5,6})")
_LAST_FOUR = re.compile(
    r"(?:ending(?: in| with)?|ends in|last (?:four|4)(?: digits)?(?: are)?|尾号(?:是|为)?)\s*(\d{4})(?!\d)"
)
_NAME = r"[A-Z][\w'-]+(?:\s+[A-Z][\w'-]+){1,2}"
_STREET = re.compile(r"(?<![\w#])\d{1,5}[A-Za-z]?\s+(?:[A-Za-z][\w.'-]*\s*){1,4}(?=,|\n|\s+in\s)")
_ZIP_BEFORE = re.compile(r"(?:\b(?:zip|postal|post)(?: ?code)?(?: is)?|邮编是?)\W*$", re.IGNORECASE)
_UNIT = re.compile(
    r"^(?:suite|apt|apartment|unit|floor|room|#|flat|building|bldg)\b", re.IGNORECASE
)
REGIONS = {
    "alabama": "AL", "alaska": "AK", "arizona": "AZ", "arkansas": "AR", "california": "CA", "colorado": "CO",
    "connecticut": "CT", "delaware": "DE", "florida": "FL", "georgia": "GA", "hawaii": "HI", "idaho": "ID",
    "illinois": "IL", "indiana": "IN", "iowa": "IA", "kansas": "KS", "kentucky": "KY", "louisiana": "LA",
    "maine": "ME", "maryland": "MD", "massachusetts": "MA", "michigan": "MI", "minnesota": "MN", "mississippi": "MS",
    "missouri": "MO", "montana": "MT", "nebraska": "NE", "nevada": "NV", "new hampshire": "NH", "new jersey": "NJ",
    "new mexico": "NM", "new york": "NY", "north carolina": "NC", "north dakota": "ND", "ohio": "OH", "oklahoma": "OK",
    "oregon": "OR", "pennsylvania": "PA", "rhode island": "RI", "south carolina": "SC", "south dakota": "SD",
    "tennessee": "TN", "texas": "TX", "utah": "UT", "vermont": "VT", "virginia": "VA", "washington": "WA",
    "west virginia": "WV", "wisconsin": "WI", "wyoming": "WY", "district of columbia": "DC",
}  # fmt: skip
PLACES = {"nyc": "new york", "big apple": "new york", "la": "los angeles", "sf": "san francisco", "dc": "washington", "philly": "philadelphia"}  # fmt: skip
"""How cities are called for short."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a message and where it stands."""

    start: int
    end: int
    written: str
    is_order: bool


def numbers(text: str, orders: Iterable[str] = ()) -> list[Number]:
    """Order and item numbers of a message. orders: the customer's, as far as they are known."""
    known = {_digits(o) for o in orders}
    found = []
    postcodes = [m.span() for m in _POSTCODE.finditer(text)]
    for match in _NUMBER.finditer(text):
        written = match[0].strip()
        digits = _digits(written)
        spoken_of = bool(_ORDER_WORD.search(text[: match.start()]))
        named = spoken_of or written[0] == "#" or written[0].isalpha()
        lettered = re.match(r"[a-zA-Z]{1,3}-?\d{5,}$", written) is not None
        if written[0].isalpha() and not (lettered or spoken_of or digits in known):
            continue
        if digits in known:
            found.append(Number(match.start(), match.end(), written, True))
        elif (match.start(), match.end()) in postcodes and not named:
            continue
        elif len(digits) >= _CODE_DIGITS and not (named and len(digits) < 10):
            found.append(Number(match.start(), match.end(), written.lstrip("# "), False))
        elif named or len(digits) >= 6:
            found.append(Number(match.start(), match.end(), written, True))
    return found


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())


def emails(text: str) -> list[str]:
    """E-mail addresses, in order."""
    return [m.rstrip(".") for m in _EMAIL.findall(text)]


def postcode(text: str, *, asked: bool = False) -> str:
    """A postcode that is named as such, stands behind a place, or is what was asked for; empty if there is none."""
    for pattern in (_POSTCODE_NAMED, _CHINESE_POSTCODE):
        named = pattern.search(text)
        if named:
            return named[1]
    found = _POSTCODE.findall(text)
    if found:
        return str(found[-1])
    if asked:
        bare = re.fullmatch(r"\s*([A-Za-z]{0,2}\d[\w]{1,4}(?:[ -]?\d\w{2})?)\W*", text)
        return bare[1] if bare else ""
    return ""


def name(text: str, lexicon: Lexicon, *, asked: bool = False) -> tuple[str, str] | None:
    """First and last name where they are introduced, stand before a postcode, or are what was asked for."""
    plain = text.replace("’", "'")
    for match in re.finditer(lexicon.introduced.pattern, plain, re.IGNORECASE):
        found = re.match(rf"[\s:,]*({_NAME})", plain[match.end() :])
        if found:
            return _parted(found[1])
        handle = re.match(r"[\s:,]*(?:user )?([a-z]+)_([a-z]+)_\d+", plain[match.end() :])
        if handle:
            return handle[1].capitalize(), handle[2].capitalize()
        if any(map(is_han, plain)):
            chinese = re.match(
                r"[\s:：]*([\u4e00-\u9fff])([\u4e00-\u9fff]{1,2})(?![\u4e00-\u9fff])",
                plain[match.end() :],
            )
            if chinese:
                return chinese[2], chinese[1]
            latin = re.match(r"[\s:：]*([A-Za-z][\w'-]+)\s+([A-Za-z][\w'-]+)", plain[match.end() :])
            if latin:
                return latin[1], latin[2]
    handle = re.search(r"(?<![\w@.])([a-z]+)_([a-z]+)_\d+", plain)
    if handle:
        return handle[1].capitalize(), handle[2].capitalize()
    before_code = re.search(
        rf"(?:^|[\s(])({_NAME})[\s,;:–-]+(?:(?:and|my|the|zip|code|postcode|is|from|in|living|with|I|live)[\s,:]*)*(?=\d{{5}})",
        plain,
    )
    if before_code:
        return _parted(before_code[1])
    if asked:
        alone = re.search(rf"(?:^|[.!,:\s])({_NAME})(?=\W|$)", plain)
        if alone:
            return _parted(alone[1])
        small = re.fullmatch(r"\W*([a-z][\w'-]+)\s+([a-z][\w'-]+)\W*", plain)
        if small:
            return small[1], small[2]
    return None


_NOT_NAMES = frozenset(
    {
        "hi",
        "hello",
        "hey",
        "sure",
        "yes",
        "ok",
        "okay",
        "well",
        "the",
        "my",
        "please",
        "thanks",
        "name",
        "zip",
    }
)


def _parted(found: str) -> tuple[str, str]:
    words = [w for w in found.split() if w.casefold() not in _NOT_NAMES] or found.split()
    return words[0], " ".join(words[1:]) or words[0]


def method(text: str, lexicon: Lexicon) -> str:
    """The payment method that a text in normal form names: a kind, a brand, four digits, `original` or `other`."""
    ends = _LAST_FOUR.search(text)
    if ends:
        return ends[1]
    hits = lexicon.hits("ways", text)
    if not hits:
        return ""
    exact = [h for h in hits if h.name != "other"] or hits
    named = [h for h in exact if not _is_refused(text, h.start)]
    chosen = (named or hits)[-1 if _prefers_last(text) else 0]
    return chosen.name


def _is_refused(text: str, start: int) -> bool:
    return (
        re.search(
            r"(?:\bnot|n't|instead of|rather than|without|不要|不是|不用)\s*(?:\w+\s){0,3}$",
            text[:start],
        )
        is not None
    )


def _prefers_last(text: str) -> bool:
    return re.search(r"\b(?:actually|no,? wait|i mean|make that)\b", text) is not None


def reason(text: str, lexicon: Lexicon) -> str:
    """Why they cancel, in the words of the lexicon; empty if they do not say."""
    hits = [h for h in lexicon.hits("reasons", text) if h.name != "other"] or lexicon.hits(
        "reasons", text
    )
    return hits[0].name if hits else ""


def _street(text: str) -> re.Match[str] | None:
    """Where a street with its number is written; not a postcode and the words behind it."""
    found = (m for m in _STREET.finditer(text) if not _ZIP_BEFORE.search(text[: m.start()]))
    return next(found, None)


def without_address(text: str) -> str:
    """The text without the postal address in it: its city is no name, its postcode nobody's proof."""
    street = _street(text)
    if street is None:
        return text
    code = re.search(r"\d{5}(?:-\d{4})?", text[street.end() :])
    end = street.end() + code.end() if code else street.end()
    return text[: street.start()] + text[end:]


def address(text: str, country: str, regions: Sequence[str] = ()) -> Address | None:
    """A postal address that is written out; None if there is none. country: where none is named. regions: how the shop
    writes them, full names or letters."""
    street = _street(text)
    if street is None:
        return None
    rest = text[street.end() :].replace("\n", ",")
    code = re.search(r"\d{5}(?:-\d{4})?", rest)
    tail = rest[: code.end()] if code else rest
    parts = [p.strip(" .") for p in re.sub(r"\d{5}(?:-\d{4})?", "", tail).split(",")]
    parts = [re.sub(r"^(?:and|in|at|zip(?: code)?)\s+", "", p) for p in parts if p]
    line2 = parts.pop(0) if parts and _UNIT.match(parts[0]) else ""
    city = parts.pop(0) if parts else ""
    region = parts.pop(0) if parts and len(parts[0]) < 25 else ""
    after = (
        re.match(r"[\s,]*(USA|US|United States|Canada|China)\b", rest[code.end() :])
        if code
        else None
    )
    if after is None and normalise(region) in ("usa", "us", "united states"):
        region = ""
    inside = re.fullmatch(r"(.+?)\s+([A-Z]{2})", city)
    if inside and not region:
        city, region = inside[1], inside[2]
    return Address(
        street[0].strip(), line2, city, _region(region, city, regions), code[0] if code else "",
        _country(after[1] if after else "", country),
    )  # fmt: skip


def _region(region: str, city: str, regions: Sequence[str]) -> str:
    short = not regions or any(len(r) == 2 for r in regions)
    plain = normalise(region)
    if not plain and normalise(city) == "new york":
        plain = "new york"
    letters = REGIONS.get(plain)
    if letters and short:
        return letters
    return region.upper() if len(region) == 2 else region


def _country(written: str, default: str) -> str:
    return (
        default if not written or normalise(written) in ("us", "usa", "united states") else written
    )


def region_names(letters: str) -> list[str]:
    """The full names of a region that is written in letters."""
    return [name for name, short in REGIONS.items() if short == letters.upper()]
