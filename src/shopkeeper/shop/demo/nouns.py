"""How people speak of a kind of product: its everyday name, what they type to find it, what goes with it."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from shopkeeper.shop.demo.records import Stocked


@dataclass(frozen=True, slots=True)
class Noun:
    """The words for a kind.

    en, zh: what one calls it in a sentence. plural: "these trousers". group: kinds of which one speaks alike (`wear`).
    used_up: bought again when it is empty. searches: what people type. goes_with: kinds often bought together.
    """

    en: str
    zh: str
    group: str
    plural: bool = False
    used_up: bool = False
    searches_en: tuple[str, ...] = ()
    searches_zh: tuple[str, ...] = ()
    goes_with: tuple[str, ...] = ()


@cache
def nouns() -> Mapping[str, Noun]:
    """kind -> its words."""
    text = files(__package__).joinpath("data/nouns.toml").read_text(encoding="utf-8")
    found = {}
    for kind, (en, zh, group, searches_en, searches_zh, goes_with) in tomllib.loads(text).items():
        found[kind] = Noun(
            en=en.rstrip("*+"),
            zh=zh,
            group=group,
            plural="*" in en,
            used_up="+" in en,
            searches_en=_split(searches_en),
            searches_zh=_split(searches_zh),
            goes_with=tuple(goes_with.split()),
        )
    return found


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def noun_of(stocked: Stocked) -> Noun:
    """The words for a product's kind. A kind that nobody has described goes by its name and category."""
    known = nouns().get(stocked.kind)
    if known is not None:
        return known
    plain = stocked.kind.replace("-", " ")
    chinese = stocked.product.translations.get("zh")
    zh = chinese.category[-1] if chinese is not None and chinese.category else plain
    return Noun(plain, zh, "thing", searches_en=(plain,), searches_zh=(zh,))
