"""The words of the demo shop: kinds of products, brands, colours, and what everything is called in Chinese.

They are read from `data/`, one file a department and a few shared ones. A *kind* is a type of product (`kettle`), an
*article* what a shop would call one of them ("Gooseneck Kettle") with its own opening line. In a kind's file:

    path         category, from the widest to the narrowest
    count        how many products there are of it
    price, grams ranges; the price within it follows from the brand, the numbers among the attributes, and chance
    colours      of which each product has one to `colour_count`; sizes: the name of a set in vocabulary.toml
    options      further choices that make variants; each value costs `step` times the one before
    attributes   name -> values to draw from; lists of numbers run from cheap to dear
    tell         the attribute that stands in the title
    code         the letter of its model numbers, of brands that number their products
    unnamed      true where the article is a name of its own (a board game) and no model stands before it
    notes        second sentences, English and Chinese; {material} is the value in lower case, {Material} as it is
    articles     [English, Chinese, opening line, the same in Chinese, attributes that are fixed
                 ("" leaves one out), how much dearer (1: from the lowest price to the highest)]
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

DEPARTMENTS = (
    "clothing",
    "shoes_bags",
    "outdoor",
    "kitchen",
    "home",
    "furniture_lighting",
    "electronics",
    "beauty",
    "toys_games",
    "garden",
    "stationery",
    "tea_coffee",
)


@dataclass(frozen=True, slots=True)
class Article:
    """What a shop would call one sort of a kind."""

    title: str
    title_zh: str
    opening: str
    opening_zh: str
    fixed: Mapping[str, str]
    dear: float = 0.0


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of product; the fields are explained at the head of this module."""

    name: str
    department: str
    path: tuple[str, ...]
    count: int
    price: tuple[float, float]
    grams: tuple[int, int]
    brands: tuple[str, ...]
    styles: tuple[str, ...]
    qualities: tuple[str, ...]
    articles: tuple[Article, ...]
    notes: tuple[tuple[str, str], ...]
    attributes: Mapping[str, tuple[str, ...]]
    options: Mapping[str, tuple[str, ...]]
    colours: tuple[str, ...]
    colour_count: int
    sizes: str
    step: float
    tell: str
    code: str
    unnamed: bool


@dataclass(frozen=True, slots=True)
class Brand:
    """A maker. level: 0 cheap to 1 dear. models: where its product names come from, or "code".

    voice: a sentence about it, in English and Chinese. prefix: the first letter of its model numbers.
    """

    name: str
    level: float
    made_in: str
    models: str
    styles: tuple[str, ...]
    voice: tuple[str, str]
    prefix: str = ""


def _read(name: str) -> dict[str, Any]:
    text = files("shopkeeper.shop.demo").joinpath("data", f"{name}.toml").read_text("utf-8")
    return tomllib.loads(text)


@cache
def kinds() -> Mapping[str, Kind]:
    """All kinds by name, in the order of the files."""
    return {
        name: _kind(name, department, fields)
        for department in DEPARTMENTS
        for name, fields in _read(department).items()
    }


def _kind(name: str, department: str, fields: Mapping[str, Any]) -> Kind:
    low, high = fields["price"]
    light, heavy = fields["grams"]
    return Kind(
        name=name,
        department=department,
        path=tuple(fields["path"].split(" > ")),
        count=fields["count"],
        price=(low, high),
        grams=(light, heavy),
        brands=tuple(fields["brands"]),
        styles=tuple(fields["styles"]),
        qualities=tuple(fields["qualities"]),
        articles=tuple(Article(*article) for article in fields["articles"]),
        notes=tuple((english, chinese) for english, chinese in fields["notes"]),
        attributes={k: tuple(v) for k, v in fields.get("attributes", {}).items()},
        options={k: tuple(v) for k, v in fields.get("options", {}).items()},
        colours=tuple(fields.get("colours", ())),
        colour_count=fields.get("colour_count", 3),
        sizes=fields.get("sizes", ""),
        step=fields.get("step", 1.0),
        tell=fields.get("tell", ""),
        code=fields.get("code", ""),
        unnamed=fields.get("unnamed", False),
    )


@cache
def brands() -> Mapping[str, Brand]:
    """All brands by name."""
    return {
        name: Brand(
            name, **{**fields, "styles": tuple(fields["styles"]), "voice": tuple(fields["voice"])}
        )
        for name, fields in _read("brands").items()
    }


@cache
def models() -> Mapping[str, tuple[str, ...]]:
    """Pools of model names."""
    return {pool: tuple(names) for pool, names in _read("vocabulary")["models"].items()}


@cache
def sizes() -> Mapping[str, tuple[str, ...]]:
    """Sets of sizes, each from small to large."""
    return {name: tuple(values) for name, values in _read("vocabulary")["sizes"].items()}


@cache
def bullets() -> Mapping[str, tuple[str, str]]:
    """Attribute -> how it reads as a bullet point, in English and Chinese, with {} for the value."""
    return {name: (en, zh) for name, (en, zh) in _read("vocabulary")["bullets"].items()}


@cache
def _terms() -> Mapping[str, str]:
    names = {en: zh for en, (zh, _) in colours().items()}
    groups = {k: v for k, v in _read("terms").items() if k != "units"} | _read("values")
    return names | {en: zh for group in groups.values() for en, zh in group.items()}


@cache
def _units() -> Mapping[str, str]:
    units: dict[str, str] = _read("terms")["units"]
    return units


@cache
def colours() -> Mapping[str, tuple[str, str]]:
    """Colour -> its Chinese name and how it looks (#rrggbb)."""
    return {name: (zh, look) for name, (zh, look) in _read("colours")["colours"].items()}


@cache
def scents() -> Mapping[str, str]:
    """Scent -> the colour (#rrggbb) that things smelling of it are drawn in."""
    found: dict[str, str] = _read("colours")["scents"]
    return found


_MEASURE = re.compile(r"(?P<number>[\d.,–× -]*\d) ?(?P<unit>[A-Za-z°%²/+]+(?: [a-z]+)?)")
_SHOE_SIZE = re.compile(r"(?P<unit>EU) (?P<number>[\d–]+)")


@cache
def chinese(term: str) -> str:
    """The term in Chinese: looked up, or a number with its unit. Raises KeyError for one without translation."""
    if term in _terms():
        return _terms()[term]
    measure = _MEASURE.fullmatch(term) or _SHOE_SIZE.fullmatch(term)
    if measure:
        return f"{measure['number'].replace(',', '')} {_units()[measure['unit']]}"
    if re.search(r"[a-z]{2}", term):
        raise KeyError(term)
    return term  # S, XL, IPX7, USB-C: the same in Chinese


@cache
def picture_words() -> Mapping[str, tuple[str, ...]]:
    """Kind -> words of titles and categories that it can be told by, for products that do not say their kind."""
    return {kind: tuple(words) for kind, words in _read("picture_words").items()}
