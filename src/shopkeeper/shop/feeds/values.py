"""Single values as people and programs write them: prices, numbers, codes, times.

Each function takes the field's name and the text, and raises RowError with a reason a merchant understands. Rules for
numbers: a point or comma with another sign before it is the decimal mark (1.179,99 and 1 179,99); a comma before exactly
three digits groups thousands (1,179); any other comma ("12,50") is refused unless the feed's decimal mark is a comma.
An apostrophe in front, by which spreadsheets mark a cell as text, is no part of the value.
"""

import re
import unicodedata
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from functools import lru_cache

from shopkeeper.shop.feeds.rows import RowError
from shopkeeper.shop.records import MAX_AMOUNT, Availability, Money

MAX_ID_BYTES = 800  # keys of the database's indexes have a limit
MAX_QUANTITY = 2_147_483_647
_FOUR_DECIMALS = Decimal("0.0001")

_SYMBOLS = {
    "€": "EUR", "£": "GBP", "₩": "KRW", "₹": "INR", "₽": "RUB", "₫": "VND", "₺": "TRY", "฿": "THB",
    "₪": "ILS", "₴": "UAH", "zł": "PLN", "Kč": "CZK", "R$": "BRL", "A$": "AUD", "AU$": "AUD",
    "C$": "CAD", "CA$": "CAD", "HK$": "HKD", "NT$": "TWD", "S$": "SGD", "US$": "USD", "NZ$": "NZD",
    "RMB": "CNY", "元": "CNY", "円": "JPY", "圆": "CNY",
}  # fmt: skip
_SHARED = {
    "$": ("USD", ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "ARS", "CLP", "COP")),
    "¥": ("JPY", ("JPY", "CNY")),
    "kr": ("SEK", ("SEK", "NOK", "DKK", "ISK")),
}  # fmt: skip
_CURRENCY = r"[A-Z]{3}|" + "|".join(
    re.escape(s) for s in sorted((*_SYMBOLS, *_SHARED), key=len, reverse=True)
)
_PRICE = re.compile(
    rf"(?P<sign>[-−]?)\s*(?P<before>{_CURRENCY})?\s*(?P<inner>[-−+]?)"
    rf"(?P<number>\d(?:[\d.,' \u00a0\u2009\u202f]*\d)?|[.,]\d+)\s*(?P<after>{_CURRENCY})?(?:[,.]-)?\Z"
)
_SCIENTIFIC = re.compile(r"[-+]?\d+(\.\d+)?[eE][-+]?\d+\Z")
_NUMBERS = re.compile(r"\d+(?:[.,]\d+)*")
_RANGE = re.compile(r"\d\D{0,6}\s*(-|–|—|~|～|to|bis|至|到)\s*\D{0,6}\d")


def price(field: str, text: str, currency: str, decimal: str = ".") -> Money:
    """The amount written in `text`; in `currency` where it names none. Not negative, below 10^12."""
    if len(text) > 40:  # never kept in the cache: it may be megabytes
        return _price(field, text, currency, decimal)
    return _known_price(field, text, currency, decimal)


def _price(field: str, text: str, currency: str, decimal: str) -> Money:
    shown = _shown(text)
    plain = _bare(text).replace("￥", "¥")
    if _SCIENTIFIC.match(plain):
        raise RowError(
            field, f"{shown} is in short form, as spreadsheets show large numbers",
            "format the column as a plain number and export again",
        )  # fmt: skip
    found = _PRICE.match(plain) if len(plain) <= 100 else None
    if found is None:
        if len(plain) <= 100 and _RANGE.search(plain):
            raise RowError(
                field, f"{shown} is a range of prices", "write one price, or one row a variant"
            )
        if len(plain) <= 100 and len(_NUMBERS.findall(plain)) > 1:
            raise RowError(field, f"{shown} holds more than one number", "write the one price")
        raise RowError(field, f"{shown} is not a price", "write a number such as 12.50")
    if found["sign"] in ("-", "−") or found["inner"] in ("-", "−"):
        raise RowError(field, f"{shown} is negative", "a price cannot be below 0")
    amount = number(field, found["number"], decimal=decimal)
    if amount >= MAX_AMOUNT - 1:
        raise RowError(field, f"{shown} is 1,000,000,000,000 or more", "check the price")
    named = _currency(field, found["before"] or found["after"], currency)
    return Money(amount.quantize(_FOUR_DECIMALS), named)


_known_price = lru_cache(20_000)(_price)


def _currency(field: str, sign: str | None, default: str) -> str:
    if not sign:
        return default
    if sign in _SYMBOLS:
        return _SYMBOLS[sign]
    if sign in _SHARED:
        usual, all_with_it = _SHARED[sign]
        return default if default in all_with_it else usual
    return sign


_PLAIN = re.compile(r"-?\d{1,20}(\.\d{1,20})?\Z", re.ASCII)


def number(field: str, text: str, *, decimal: str = ".") -> Decimal:
    """The number written in `text`, by the rules of this module."""
    if decimal == "." and _PLAIN.match(text):
        return Decimal(text)  # the common case, quickly
    digits = re.sub(r"[ '\u00a0\u2009\u202f]", "", text.strip())
    comma, point = digits.rfind(","), digits.rfind(".")
    if comma >= 0 and point >= 0:
        group, mark = (",", ".") if point > comma else (".", ",")
        digits = digits.replace(group, "").replace(mark, ".")
    elif comma >= 0:
        grouped = re.fullmatch(r"[-+]?\d{1,3}(,\d{3})+", digits) is not None
        spaced = re.search(r"\d[ '\u00a0\u2009\u202f]\d{3},\d+\Z", text.strip())
        if decimal == "," or spaced:
            digits = digits.replace(",", ".", 1)
        elif grouped:
            digits = digits.replace(",", "")
        else:
            raise RowError(
                field, f"{_shown(text)} may be {digits.replace(',', '.')} or {digits.replace(',', '')}",
                'write 12.50, or set the decimal mark of the feed: --map decimal=","',
            )  # fmt: skip
    elif point >= 0 and decimal == "," and re.fullmatch(r"[-+]?\d{1,3}(\.\d{3})+", digits):
        digits = digits.replace(".", "")
    try:
        value = Decimal(digits)
    except InvalidOperation:
        raise RowError(field, f"{_shown(text)} is not a number", "write digits only") from None
    if not value.is_finite() or value.adjusted() > 20:
        raise RowError(field, f"{_shown(text)} is out of every range", "check the number")
    return value


def decimal_mark(samples: "list[str]") -> str:
    """The decimal mark of a column, by its values: a comma if it is one in several values and in nearly all."""
    marked = [s for s in samples if re.search(r"\d[.,]\d", s)]
    commas = [
        s for s in marked if re.search(r"\d,\d{1,2}(?!\d)", s) and not re.search(r",\d.*\.", s)
    ]
    points = [s for s in marked if re.search(r"\d\.\d{1,2}(?!\d)", s)]
    return "," if len(commas) >= 3 and len(commas) > 9 * len(points) else "."


def quantity(field: str, text: str) -> int:
    """A whole number of pieces, also negative."""
    if len(text) < 10 and text.isascii() and text.isdigit():
        return int(text)  # the common case, quickly
    try:
        value = number(field, _bare(text))
    except RowError:
        value = None
    if value is None or value != value.to_integral_value():
        raise RowError(field, f"{_shown(text)} is not a number of pieces", "write a whole number")
    if abs(value) > MAX_QUANTITY:
        raise RowError(field, f"{_shown(text)} is more than {MAX_QUANTITY:,}", "check the stock")
    return int(value)


_WEIGHT = re.compile(r"([\d.,]+)\s*([^\W\d]*)\.?\Z")
_GRAMS: dict[str, int | str] = {
    "": 1, "g": 1, "gram": 1, "grams": 1, "gr": 1, "克": 1, "kg": 1000, "kilogram": 1000, "kilograms": 1000,
    "kgs": 1000, "公斤": 1000, "千克": 1000, "斤": 500, "lb": "453.59237", "lbs": "453.59237",
    "pound": "453.59237", "pounds": "453.59237", "oz": "28.349523125", "ounce": "28.349523125",
    "ounces": "28.349523125", "mg": "0.001", "t": 1_000_000,
}  # fmt: skip


def grams(field: str, text: str, *, unit: str = "g", decimal: str = ".") -> Decimal:
    """A weight in grams; `unit` is meant where the text names none."""
    found = _WEIGHT.match(_bare(text))
    factor = _GRAMS.get((found[2] or unit).lower()) if found else None
    if found is None or factor is None:
        raise RowError(field, f"{_shown(text)} is not a weight", "write it as 250 g or 1.5 kg")
    value = number(field, found[1], decimal=decimal) * Decimal(factor)
    if value > Decimal("1e12"):
        raise RowError(field, f"{_shown(text)} is heavier than a mountain", "check the weight")
    return plain(value.quantize(Decimal("0.000001")))


def plain(value: Decimal) -> Decimal:
    """The number without zeros behind the point: one number, one text."""
    short = value.normalize()
    return short.quantize(Decimal(1)) if int(short.as_tuple().exponent) > 0 else short


_AVAILABILITY = {
    Availability.IN_STOCK: (
        "in stock", "instock", "available", "low stock", "limited availability", "in store only",
        "online only", "instoreonly", "onlineonly", "limitedavailability", "yes", "true", "1", "有货", "现货",
        "有库存", "在售", "是", "en stock", "auf lager", "lieferbar",
    ),
    Availability.OUT_OF_STOCK: (
        "out of stock", "outofstock", "sold out", "soldout", "unavailable", "not available", "no", "false", "0",
        "缺货", "无货", "售罄", "断货", "否", "agotado", "ausverkauft", "reserved",
    ),
    Availability.PREORDER: ("preorder", "pre order", "presale", "pre sale", "预售", "预订", "预购"),
    Availability.BACKORDER: ("backorder", "back order", "on backorder", "available for order", "made to order",
                             "madetoorder", "onbackorder"),
    Availability.DISCONTINUED: ("discontinued", "停产", "下架", "已下架", "end of life"),
}  # fmt: skip
_AVAILABILITY_OF = {word: a for a, words in _AVAILABILITY.items() for word in words}


def availability(field: str, text: str) -> Availability:
    """What a feed's word says: in_stock, InStock, https://schema.org/InStock, 有货, 1."""
    word = unicodedata.normalize("NFKC", text).strip().casefold()
    word = re.sub(r"^https?://schema\.org/", "", word)
    word = re.sub(r"[_\-\s]+", " ", word)
    found = _AVAILABILITY_OF.get(word)
    if found is None:
        raise RowError(
            field, f"{_shown(text)} is no availability",
            "write in_stock, out_of_stock, preorder, backorder or discontinued",
        )  # fmt: skip
    return found


_TRUE = {"true", "yes", "1", "y", "t", "wahr", "oui", "是", "verified"}
_FALSE = {"false", "no", "0", "n", "f", "falsch", "non", "否", "", "-1"}


def boolean(field: str, text: str) -> bool:
    """Yes or no."""
    word = text.strip().casefold()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise RowError(field, f"{_shown(text)} is neither yes nor no", "write true or false")


def identifier(field: str, text: str, *, required: bool = True) -> str:
    """A code or key, trimmed, not too long for an index."""
    found = text.strip()
    if not found and required:
        raise RowError(field, "is blank", "every row needs one")
    if len(found) * 4 > MAX_ID_BYTES and len(found.encode()) > MAX_ID_BYTES:
        raise RowError(field, f"{_shown(found)} is longer than {MAX_ID_BYTES} bytes", "shorten it")
    return found


def is_gtin(code: str) -> bool:
    """True for 8, 12, 13 or 14 digits whose last is the check digit of the others (GS1 General Specifications 7.9)."""
    if len(code) not in (8, 12, 13, 14) or not (code.isascii() and code.isdigit()):
        return False
    weights = [3 if i % 2 == 0 else 1 for i in range(len(code) - 1)]
    total = sum(int(d) * w for d, w in zip(reversed(code[:-1]), weights, strict=True))
    return (10 - total % 10) % 10 == int(code[-1])


def gtin(text: str) -> str:
    """The code as digits if it is a sound GTIN, else empty: a wrong one is worse than none."""
    code = re.sub(r"[\s\-]", "", text.strip().lstrip("'"))
    return code if is_gtin(code) else ""


_EPOCHS = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (1e20, 1e9))  # below: seconds, milli, micro, nano


def when(field: str, text: str) -> datetime:
    """A moment, in UTC; one without a zone is taken as UTC."""
    plain_text = _bare(text)
    try:
        moment = _epoch(plain_text) or _calendar(plain_text)
        if moment is None:
            raise ValueError
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError, TypeError, IndexError):
        if re.fullmatch(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}.*", plain_text):
            reason = f"{_shown(text)} does not say which is the day and which the month"
        else:
            reason = f"{_shown(text)} is no date"
        raise RowError(field, reason, "write 2025-12-31 or 2025-12-31T23:59:59Z") from None
    return moment


def _epoch(text: str) -> datetime | None:
    if not re.fullmatch(r"\d{9,20}(\.\d+)?", text):
        return None
    value = float(text)  # at most 20 digits
    scale = next((scale for limit, scale in _EPOCHS if value < limit), None)
    if scale is None:
        return None
    if scale == 1.0:
        return datetime.fromtimestamp(value, UTC)
    whole = int(text.partition(".")[0])
    micro = whole * 10**6 // int(scale)
    return datetime.fromtimestamp(micro // 10**6, UTC).replace(microsecond=micro % 10**6)


def _calendar(text: str) -> datetime | None:
    text = re.sub(r"(\d{4})年(\d{1,2})月(\d{1,2})日", _dashed, text)
    text = re.sub(r"\A(\d{4})[/.](\d{1,2})[/.](\d{1,2})", _dashed, text)
    if text[:4].isdigit():
        text = re.sub(r"\s+(UTC|GMT)\Z", "Z", text)
    try:
        return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    except ValueError:
        return parsedate_to_datetime(text)


def _dashed(found: "re.Match[str]") -> str:
    return f"{found[1]}-{int(found[2]):02}-{int(found[3]):02}"


def _bare(text: str) -> str:
    """The value in the usual signs (１２ -> 12), without blanks around it or a spreadsheet's apostrophe."""
    return unicodedata.normalize("NFKC", text).strip().removeprefix("'")


def _shown(text: str) -> str:
    """The value in quotes, cut to a readable length."""
    text = " ".join(text.split())
    return f'"{text[:60]}…"' if len(text) > 60 else f'"{text}"'
