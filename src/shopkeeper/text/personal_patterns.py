"""What personal data looks like: one pattern a form, each with the check that tells it from a number of a product.

Patterns are bounded, so that no text makes them slow. They see text with full-width letters and digits made plain,
which keeps every position. `personal` is the way in.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["EMAIL", "PHONE", "CARD", "IBAN", "ID", "IP", "ADDRESS", "NAME"]

Check = Callable[[re.Match[str]], bool]
BEFORE = 32  # characters before a number that may say what it is


@dataclass(frozen=True, slots=True)
class Form:
    """One way in which a kind of personal data is written. `group` holds the data, what stands around it does not go."""

    kind: Kind
    pattern: re.Pattern[str]
    check: Check
    group: int = 0


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())


# Numbers that a shop writes and that belong to nobody.
_OF_A_THING = re.compile(
    r"(?:\b(?:sku|upc|ean|gtin|isbn|asin|mpn|part|model|item|article|order|purchase|invoice|tracking|parcel|shipment|ref|reference|serial"
    r"|version|firmware|fw|release|kernel|build|chapters?|section|code|id|rma|batch|lot|customer|po)\b|订单|单号|编号|货号|型号|条码|条形码|款号|批次|编码|尺寸|规格)"
    r"(?:[^\n.;。；]|\.(?=\d)){0,20}$",
    re.IGNORECASE,
)
_OF_A_PERSON = re.compile(
    r"(?:\b(?:phone|tel|telephone|telefon|mobile|cell|call|ring|text|sms|fax|whatsapp|contact|reach)\b|\btél|电话|手机|微信|联系|致电|拨打"
    r"|号码)[^\n.;。；\d]{0,16}$",
    re.IGNORECASE,
)


def _before(match: re.Match[str], group: int = 0) -> str:
    start = match.start(group)
    return match.string[max(0, start - BEFORE) : start]


def _always(_: re.Match[str]) -> bool:
    return True


def _not_of_a_thing(match: re.Match[str]) -> bool:
    before = _before(match)
    return bool(_OF_A_PERSON.search(before)) or not _OF_A_THING.search(before)


def _said_to_be_a_phone(match: re.Match[str]) -> bool:
    return bool(_OF_A_PERSON.search(_before(match))) and 7 <= len(_digits(match.group())) <= 15


def _international(match: re.Match[str]) -> bool:
    return 8 <= len(_digits(match.group())) <= 15


def luhn(number: str) -> bool:
    """True if the last digit is right for those before it (ISO/IEC 7812)."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


# First digits of the card schemes and the lengths of their numbers. Those of 13 and 14 digits would be GTINs.
_CARDS = (
    (re.compile(r"4"), (16, 19)),
    (re.compile(r"5[1-5]|2[2-7]"), (16,)),
    (re.compile(r"3[47]"), (15,)),
    (re.compile(r"35|6011|64[4-9]|65"), (16,)),
    (re.compile(r"62|81"), (16, 17, 18, 19)),
    (re.compile(r"50|5[6-9]|6[3-9]"), (16, 18, 19)),
)


def _card(match: re.Match[str]) -> bool:
    number = _digits(match.group())
    known = any(p.match(number) and len(number) in lengths for p, lengths in _CARDS)
    return known and luhn(number) and _not_of_a_thing(match)


# Length of an IBAN by country (SWIFT's registry of IBANs).
_IBAN = {
    **dict.fromkeys(("NO",), 15), **dict.fromkeys(("BE",), 16), **dict.fromkeys(("DK", "FI", "FK", "FO", "GL", "NL", "SD"), 18),
    **dict.fromkeys(("MK", "SI"), 19), **dict.fromkeys(("AT", "BA", "EE", "KZ", "LT", "LU", "XK", "MN"), 20),
    **dict.fromkeys(("CH", "CR", "HR", "LI", "LV"), 21),
    **dict.fromkeys(("BG", "BH", "DE", "GB", "GE", "IE", "ME", "RS", "VA"), 22),
    **dict.fromkeys(("AE", "GI", "IL", "IQ", "OM", "SO", "TL"), 23), **dict.fromkeys(("AD", "CZ", "ES", "MD", "PK", "RO", "SA", "SE", "SK", "TN", "VG"), 24),
    **dict.fromkeys(("LY", "PT", "ST"), 25), **dict.fromkeys(("IS", "TR"), 26), **dict.fromkeys(("BI", "DJ", "FR", "GR", "IT", "MC", "MR", "SM"), 27),
    **dict.fromkeys(("AL", "AZ", "BY", "CY", "DO", "GT", "HU", "LB", "NI", "PL", "SV"), 28),
    **dict.fromkeys(("BR", "EG", "PS", "QA", "UA"), 29), **dict.fromkeys(("JO", "KW", "MU", "YE"), 30), "MT": 31, "SC": 31, "LC": 32, "RU": 33,
}  # fmt: skip


def _mod_97(iban: str) -> int:
    turned = iban[4:] + iban[:4]
    return int("".join(str(int(c, 36)) for c in turned)) % 97


def _ibans() -> re.Pattern[str]:
    """Each country's own length, so that a word that follows is not taken in."""
    ways = (f"(?:{'|'.join(c)})\\d\\d(?:[ -]?[A-Z0-9]){{{n - 4}}}" for n, c in _by_length().items())
    return re.compile(rf"(?<![A-Z0-9])(?:{'|'.join(ways)})(?![A-Z0-9])", re.IGNORECASE | re.ASCII)


def _by_length() -> dict[int, list[str]]:
    lengths: dict[int, list[str]] = {}
    for country, length in _IBAN.items():
        lengths.setdefault(length, []).append(country)
    return lengths


def _iban(match: re.Match[str]) -> bool:
    return _mod_97("".join(c for c in match.group().upper() if c.isalnum())) == 1


_RESIDENT_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def _resident(match: re.Match[str]) -> bool:
    """Check digit of a Chinese identity number (GB 11643-1999)."""
    number = match.group().upper()
    total = sum(w * int(c) for w, c in zip(_RESIDENT_WEIGHTS, number, strict=False))
    return "10X98765432"[total % 11] == number[17]


_BRANDS = re.compile(
    r"(?:Dr\.? ?(?:Martens|Brown|Bronner|Scholl|Seuss|Pepper|Squatch|Jart|Oetker|Teal|Talbot|Elsa|Tung|Barbara|Hauschka|Infrared)"
    r"|Mr\.? ?(?:Coffee|Clean|Potato|Beams?|Heater|Bean|Bubble|Sketch|Kipling|Lid|Mister)|Mrs\.? ?(?:Meyer|Dash|Fields|Grossman|Potts|Claus)"
    r"|Madame (?:Alexander|Tussauds)|Miss (?:Dior|Universe|Sixty|Jessie|Mouth))",
)


def _name(match: re.Match[str]) -> bool:
    return not _BRANDS.match(match.group())


_PART = r"[A-ZÀ-ÖØ-Þ](?:[a-zß-öø-ÿ]{1,20}|['’]?[A-ZÀ-Þ]?[a-zß-öø-ÿ]{1,20}|\.)(?:[-'’][A-ZÀ-Þ][a-zß-öø-ÿ]{1,20})?"
_FULL = rf"{_PART}(?: (?:(?:van|von|de|der|den|da|di|la|le|bin|al) ){{0,2}}{_PART}){{0,3}}"
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石"
    "廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
_CHINESE_NAME = rf"(?:欧阳|司马|上官|诸葛|[{_SURNAMES}])[一-鿿]{{1,2}}"
_L = "A-Za-z0-9À-ɏ"  # Latin letters and digits
_HAN = r"[一-鿿]"
_PLACE = r"[^\W\d_到在是寄送往于至址给从为了和的，。：]"  # a character of a place's name
_PROVINCES = (
    "北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|台湾"
    "|内蒙古|广西|西藏|宁夏|新疆|香港|澳门"
)
_STREET = r"(?:Street|Avenue|Road|Lane|Drive|Boulevard|Court|Terrace|Crescent|Parkway|Highway|Gardens|Square|Close|Place|Way|Ave|Rd|Ln|Blvd|Hwy|Pkwy|St|Dr|Ct|Pl)"
_CITY = r"[A-Z][A-Za-zÀ-ÿ.'-]{1,24}(?: [A-Z][A-Za-zÀ-ÿ.'-]{1,24}){0,2}"
_POSTCODE = r"(?:[A-Z]{2},? \d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d|\d{5})"


def _ascii(pattern: str) -> re.Pattern[str]:
    """For numbers, which Chinese characters may touch: only Latin letters and digits make words."""
    return re.compile(pattern, re.ASCII)


FORMS: tuple[Form, ...] = (
    Form("EMAIL", _ascii(
        rf"(?<![{_L}_.+%'-])[{_L}_.+%'-]{{1,64}}@(?:[{_L}](?:[{_L}_-]{{0,61}}[{_L}])?\.){{1,6}}[A-Za-z]{{2,24}}(?![\w-])"), _always),
    Form("IBAN", _ibans(), _iban),
    Form("ID", _ascii(
        r"(?<![A-Za-z\d])[1-8]\d{5}(?:18|19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![A-Za-z\d])"), _resident),
    Form("ID", _ascii(
        r"(?<![\w-])(?!000|666|9)\d{3}([- ])(?!00)\d\d\1(?!0000)\d{4}(?![\w-])"), _not_of_a_thing),
    Form("CARD", _ascii(r"(?<![\w.-])\d(?:[ -]?\d){14,18}(?![\w-])"), _card),
    Form("PHONE", _ascii(r"(?<![\w+])(?:\+|(?<!\d[ -])00(?=[1-9]))[1-9](?:[ ./-]?(?:\(0?\d{0,4}\)[ -]?)?\d){6,14}(?!\d)"), _international),
    Form("PHONE", _ascii(r"(?<![\w.-])(?:86[ -]?)?1[3-9]\d(?:\d{8}|([ -])\d{4}\1\d{4})(?![A-Za-z\d])(?![.-]\d)"), _not_of_a_thing),
    Form("PHONE", _ascii(r"(?<![\w.-])(?:\(0\d{2,3}\) ?|0\d{2,3}[- ])[2-8]\d{6,7}(?![\w-])"), _not_of_a_thing),
    Form("PHONE", _ascii(r"(?<![\w.-])[48]00([- ])\d{3}\1\d{4}(?![\w-])|(?<![\w.-])[48]00-\d{4}-\d{3}(?![\w-])"), _not_of_a_thing),
    Form("PHONE", _ascii(
        r"(?<![\w.-])(?:1[ .-])?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}([ .-]))[2-9]\d{2}(?:(?<=\d)[ .-])\d{4}(?![\w-])(?!\.\d)"), _not_of_a_thing),
    Form("PHONE", _ascii(
        r"(?<![\w.-])0(?:7\d{3} ?\d{3} ?\d{3}|[12]\d{1,3} \d{3,4} \d{3,4}|[1-9](?:[ .]\d\d){4}|\d{2,4}[ /-]{1,3}\d{5,8})(?![\w-])"), _not_of_a_thing),
    Form("PHONE", _ascii(r"(?<![\w.+-])\(?\d(?:[ ./()-]{0,2}\d){6,14}(?![\w-])"), _said_to_be_a_phone),
    Form("IP", _ascii(
        r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w]|\.\d)"), _not_of_a_thing),
    Form("IP", _ascii(
        r"(?<![\w:])(?:[0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}(?![\w:])|(?<![\w:])(?:[0-9a-fA-F]{1,4}:){1,6}(?::[0-9a-fA-F]{1,4}){1,6}(?![\w:])"), _always),
    Form("ADDRESS", re.compile(
        rf"(?<![\w.$€£-])\d{{1,5}}[A-Za-z]?,? (?:(?:N|S|E|W|North|South|East|West)\.? )?(?:[A-Z][A-Za-z'-]{{1,20}}|\d{{1,3}}(?:st|nd|rd|th))"
        rf"(?: [A-Z][A-Za-z'-]{{1,20}}){{0,2}} {_STREET}\b\.?(?! (?:Set|Mat|Card|Speaker|Light|Bottle|Shoe|Bike|Tire)|[’'-])"
        rf"(?=[,.;:!?)\n]|$| (?:Apt|Apartment|Suite|Unit|Flat|and|or|in|is|was|has|near|by|but|not|on|from|since|last|next|please|instead|\#|\d))"
        rf"(?:,? (?:Apt|Apartment|Suite|Ste|Unit|Flat)\.? ?\w{{1,5}}|,? \#\w{{1,5}})?(?:, {_CITY})?(?:,? {_POSTCODE}\b)?"), _always),
    Form("ADDRESS", re.compile(
        rf"(?<![\w.$€£-])\d{{1,5}}[A-Za-z]? [A-Z][A-Za-z'-]{{1,20}}(?: [A-Z][A-Za-z'-]{{1,20}}){{0,2}}"
        rf"(?:, (?:Apt|Apartment|Suite|Ste|Unit|Flat)\.? ?\w{{1,5}})?, {_CITY},? [A-Z]{{2}},? \d{{5}}(?:-\d{{4}})?\b"), _always),
    Form("ADDRESS", re.compile(
        rf"(?<!\w)(?:(?:Am|An der|Auf der|Zum|Zur) )?[A-ZÄÖÜ][a-zäöüß-]{{1,25}}(?:straße|strasse|str\.|weg|platz|allee|gasse|ufer|damm) ?\d{{1,4}}[a-z]?\b"
        rf"(?:, ?\d{{5}} {_CITY})?"), _always),
    Form("ADDRESS", re.compile(
        rf"(?<!\w)\d{{1,4}}(?: bis)?,? (?:rue|avenue|boulevard|place|chemin|impasse|allée|quai) (?:(?:de|du|des|la|le|les) |de l['’]|d['’]|l['’]){{0,2}}{_PART}"
        rf"(?: {_PART}){{0,2}}(?:,? ?\d{{5}} {_CITY})?"), _always),
    Form("ADDRESS", re.compile(
        rf"(?:(?:{_PROVINCES})(?:省|市|壮族自治区|回族自治区|维吾尔自治区|自治区|特别行政区)? ?)?(?:{_PLACE}{{2,4}}市 ?)?(?:{_PLACE}{{1,6}}?[区县镇乡] ?)?"
        rf"{_PLACE}{{1,8}}?(?:大道|大街|路|街|道|巷|弄|胡同|里)(?:{_HAN}段)?(?:\d{{1,5}}弄)?\d{{1,5}}(?:-\d{{1,4}})?号"
        rf"(?:院|楼)?(?:{_PLACE}{{2,10}}(?=\d))?(?:[A-Za-z]?\d{{1,4}}(?:号楼|幢|栋|座|单元|楼|层|室|房))*(?:\d{{2,4}}室?)?"), _always),
    Form("NAME", re.compile(rf"(?<!\w)(?:Mrs|Mr|Ms|Miss|Mx|Dr|Prof|Herr|Frau|Mme|Monsieur|Madame)\.? ({_FULL})(?!\w)"), _name, 1),
    Form("NAME", re.compile(
        rf"(?<!\w)(?:[Mm]y name is|[Mm]y name['’]s|[Nn]ame:|[Rr]ecipient:|[Cc]ustomer:|[Ss]hip to:?|[Dd]eliver(?:ed)? to|[Ss]igned by|[Oo]n behalf of"
        rf"|[Ii]ch heiße|[Jj]e m['’]appelle) ({_FULL})(?!\w)"), _always, 1),
    Form("NAME", re.compile(rf"(?:^|\n)[ \t]*(?:Dear|Hi|Hello|Hey|Hallo|Liebe|Lieber|Bonjour) (?!There|Team|All|Customer|Sir|Madam|Shop|Support)({_FULL})(?=[ \t]*[,!\n])"), _always, 1),
    Form("NAME", re.compile(
        rf"(?:[Rr]egards|[Tt]hanks|[Tt]hank you|[Ss]incerely|[Cc]heers|[Bb]est|[Gg]rüße|[Gg]rüßen|[Cc]ordialement)[,.!]?[ \t]*\n\s{{0,4}}[-–]?({_FULL})(?=\s*(?:\n|$))"), _always, 1),
    Form("NAME", re.compile(rf"(?:我叫|我是|我的名字是|姓名[:：为是]? ?|收件人[:：为是]? ?|收货人[:：为是]? ?|联系人[:：为是]? ?|签收人[:：为是]? ?)({_CHINESE_NAME})(?![一-鿿]{{3}})"), _always, 1),
    Form("NAME", re.compile(rf"((?:欧阳|司马|上官|诸葛|[{_SURNAMES}])[一-鿿]{{0,2}})(?=先生|女士|小姐|太太)"), _always, 1),
)  # fmt: skip
