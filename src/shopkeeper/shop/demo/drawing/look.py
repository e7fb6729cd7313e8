"""How a product looks: its kind, its colour, and what its words say of its shape."""

import re
import zlib
from dataclasses import dataclass
from functools import cache

from shopkeeper.shop.demo.drawing.canvas import BLACK, INK, WHITE, lightness, mix
from shopkeeper.shop.demo.words import colours, picture_words, scents
from shopkeeper.shop.records import Product, Variant

PALETTE = (
    "#9db097", "#c46f4d", "#d0992f", "#2d3e5f", "#91bcd9", "#d9a5a0", "#35594a", "#ddd0b8", "#7a2f3c", "#3c8586",
)  # fmt: skip
ACCENTS = ("#d0992f", "#c46f4d", "#35594a", "#2d3e5f", "#d9a5a0", "#91bcd9")
TINTS = {
    "clothing": "#ece6dd",
    "shoes_bags": "#efe5d5",
    "outdoor": "#dde8dd",
    "kitchen": "#e0e8ea",
    "home": "#f1e4dc",
    "furniture_lighting": "#eae6da",
    "electronics": "#dfe5ee",
    "beauty": "#f4e3e1",
    "toys_games": "#f5ebd0",
    "garden": "#e0ebd6",
    "stationery": "#e6e3f0",
    "tea_coffee": "#f0e4d1",
}
NEUTRAL_TINT = "#eae7e1"


@dataclass(frozen=True, slots=True)
class Look:
    """What a drawing needs to know. words: title and attribute values in lower case; number: the same for a
    product. initial: the first letter of its title, to be escaped."""

    main: str
    tint: str
    words: str
    number: int
    initial: str

    @property
    def light(self) -> str:
        """The main colour in the light."""
        return mix(self.main, WHITE, 0.28)

    @property
    def dark(self) -> str:
        """The main colour in the shade; on black, a little lighter, or it would not be seen."""
        return (
            mix(self.main, INK, 0.2) if lightness(self.main) > 0.2 else mix(self.main, WHITE, 0.12)
        )

    @property
    def deep(self) -> str:
        """The main colour inside something, or under it."""
        return (
            mix(self.main, INK, 0.42) if lightness(self.main) > 0.2 else mix(self.main, BLACK, 0.4)
        )

    @property
    def seam(self) -> str:
        """A line on the main colour that can be seen, be it dark or light."""
        return (
            mix(self.main, INK, 0.26) if lightness(self.main) > 0.3 else mix(self.main, WHITE, 0.3)
        )

    @property
    def accent(self) -> str:
        """A second colour that stands out from the first: one of the three that do most."""
        own = lightness(self.main)
        clearest = sorted(ACCENTS, key=lambda accent: -abs(lightness(accent) - own))
        return clearest[self.number % 3]

    def says(self, *words: str) -> bool:
        """True if one of the words stands in the product's texts."""
        return any(word in self.words for word in words)

    def pick(self, *choices: str) -> str:
        """One of the choices, always the same for a product."""
        return choices[self.number // 7 % len(choices)]


def look_of(product: Product, variant: Variant | None = None) -> Look:
    """The look of a product, or of one of its variants."""
    number = zlib.crc32(product.id.encode())
    variant = variant or next(iter(product.variants), None)
    values = [v for vs in product.attributes.values() for v in vs]
    named = [o.value for o in variant.options] if variant else []
    scent = next((scents()[v] for v in named if v in scents()), "")
    main = scent or _first_colour([*named, *product.attributes.get("Color", ()), product.title])
    return Look(
        main=main or PALETTE[number % len(PALETTE)],
        tint=TINTS.get(product.metadata.get("department", ""), NEUTRAL_TINT),
        words=" ".join([product.title, *values]).lower(),
        number=number,
        initial=next((c for c in product.title.upper() if c.isalnum()), ""),
    )


def kind_of(product: Product) -> str:
    """What to draw: the kind the catalogue noted, else the one its title or category speaks of, else ""."""
    noted = product.metadata.get("kind", "")
    if noted in picture_words():
        return noted
    for text in (product.title, *reversed(product.category)):
        found = _last_kind(text.lower())
        if found:
            return found
    return ""


@cache
def _names() -> tuple[re.Pattern[str], dict[str, str]]:
    words = {word: kind for kind, words in picture_words().items() for word in words}
    return _any_of(words), words


def _last_kind(text: str) -> str:
    """The last word that names a kind: a "laptop backpack" is a backpack."""
    pattern, kinds = _names()
    found = pattern.findall(text)
    return kinds[found[-1]] if found else ""


@cache
def _colour_names() -> tuple[re.Pattern[str], dict[str, str]]:
    looks = {}
    for name, (chinese, look) in colours().items():
        looks[name.lower()] = looks[chinese] = looks[chinese.removesuffix("色")] = look
    looks.pop("", None)
    return _any_of(looks), looks


def _first_colour(texts: list[str]) -> str:
    pattern, looks = _colour_names()
    for text in texts:
        found = pattern.search(text.lower())
        if found:
            return looks[found[0]]
    return ""


def _any_of(words: dict[str, str]) -> re.Pattern[str]:
    """Any of the words, the longest first; English ones as whole words, with a plural s."""
    parts = [
        rf"\b{re.escape(w)}(?=e?s?\b)" if w.isascii() else re.escape(w)
        for w in sorted(words, key=len, reverse=True)
    ]
    return re.compile("|".join(parts))
