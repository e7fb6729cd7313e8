"""What people type into the search box when they want a certain product, in their words, now and then misspelt."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from shopkeeper.shop.demo.demand import Choice
from shopkeeper.shop.demo.nouns import noun_of
from shopkeeper.shop.demo.phrases import table
from shopkeeper.shop.demo.records import Stocked

TYPO = 0.07
FORMS = ("plain", "colour", "brand", "material", "price", "title", "size", "wish")
SHARES = (46, 16, 9, 8, 6, 5, 3, 7)
KEYS = {"a": "s", "e": "r", "i": "o", "o": "i", "n": "m", "t": "r", "s": "d", "r": "t", "l": "k"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A search text and what was meant by it.

    product_id: empty if the shop has nothing like it. wanted: words that narrow the kind (colour, brand, …).
    """

    text: str
    language: str
    kind: str = ""
    product_id: str = ""
    wanted: Mapping[str, str] | None = None
    typo: bool = False

    def suits(self, stocked: Stocked) -> bool:
        """Whether a product has all that was asked for."""
        product = stocked.product
        options = {o.value for v in product.variants for o in v.options}
        has: Mapping[str, Callable[[str], bool]] = {
            "colour": options.__contains__,
            "brand": product.brand.__eq__,
            "material": product.attributes.get("Material", ()).__contains__,
            "size": options.__contains__,
            "max_price": lambda word: product.variants[0].price.amount <= int(word),
            "title": product.id.__eq__,
        }
        return all(has[name](word) for name, word in (self.wanted or {}).items())


def ask(rng: random.Random, language: str, choice: Choice) -> Asked:
    """A search for this product as somebody of this language would type it."""
    stocked, noun = choice.stocked, noun_of(choice.stocked)
    zh = language == "zh" and "zh" in stocked.product.translations
    searches = (noun.searches_zh if zh else noun.searches_en) or (noun.zh if zh else noun.en,)
    weights = [1 / (i + 1) for i in range(len(searches))]
    base = rng.choices(searches, weights)[0]
    text, wanted = _narrowed(rng, base, choice, zh=zh)
    meant = Asked(text, "zh" if zh else "en", stocked.kind, stocked.product.id, wanted)
    if rng.random() < TYPO:
        wrong = mistyped_zh(rng, text) if zh else mistyped(rng, text)
        if wrong != text:
            return Asked(wrong, meant.language, meant.kind, meant.product_id, wanted, typo=True)
    return meant


def ask_elsewhere(rng: random.Random, language: str) -> Asked:
    """A search for something that this shop does not sell."""
    name = "elsewhere_zh" if language == "zh" else "elsewhere_en"
    return Asked(rng.choice(table("queries")[name]), "zh" if language == "zh" else "en")


def _narrowed(
    rng: random.Random, base: str, choice: Choice, *, zh: bool
) -> tuple[str, dict[str, str]]:
    product = choice.stocked.product
    terms = product.translations["zh"].terms if zh else {}
    options = {o.name: o.value for o in choice.variant.options}
    form = rng.choices(FORMS, SHARES)[0]

    def said(word: str) -> str:
        return terms.get(word, word) if zh else word.lower()

    def joined(first: str, second: str) -> str:
        return first + second if zh and not (first + second).isascii() else f"{first} {second}"

    if form == "colour" and "Color" in options:
        return joined(said(options["Color"]), base), {"colour": options["Color"]}
    if form == "brand" and product.brand:
        brand = product.brand if zh or rng.random() < 0.3 else product.brand.lower()
        return f"{brand} {base}", {"brand": product.brand}
    if form == "material" and product.attributes.get("Material"):
        material = product.attributes["Material"][0]
        return joined(said(material), base), {"material": material}
    if form == "size" and "Size" in options:
        return f"{base} {said(options['Size'])}", {"size": options["Size"]}
    if form == "price":
        limit = 10 * (int(product.variants[0].price.amount) // 10 + 1)
        words = (
            (f"{base} {limit}美元以内",)
            if zh
            else (f"{base} under {limit}", f"{base} under ${limit}")
        )
        return rng.choice(words), {"max_price": str(limit)}
    if form == "title":
        title = product.translations["zh"].title if zh else product.title.lower()
        return title, {"title": product.id}
    if form == "wish":
        worn = noun_of(choice.stocked).group in ("wear", "shoe") and rng.random() < 0.6
        name = f"{'worn' if worn else 'wish'}_{'zh' if zh else 'en'}"
        return rng.choice(table("queries")[name]).format(base), {}
    return base, {}


def mistyped(rng: random.Random, text: str) -> str:
    """One slip of the finger in a long word: a letter swapped, lost, doubled, or its neighbour on the keyboard."""
    words = text.split()
    long = [i for i, w in enumerate(words) if len(w) >= 5 and w.isalpha()]
    if not long:
        return text
    i = rng.choice(long)
    word, at = words[i], rng.randrange(1, len(words[i]) - 1)
    slip = rng.randrange(4)
    if slip == 0:
        words[i] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    elif slip == 1:
        words[i] = word[:at] + word[at + 1 :]
    elif slip == 2:
        words[i] = word[:at] + word[at] + word[at:]
    else:
        words[i] = word[:at] + KEYS.get(word[at], word[at]) + word[at + 1 :]
    return " ".join(words)


def mistyped_zh(rng: random.Random, text: str) -> str:
    """A character of the same sound picked by mistake, as input by sound goes wrong."""
    sounds: Mapping[str, str] = table("queries")["same_sound"]
    known: Sequence[int] = [i for i, c in enumerate(text) if c in sounds]
    if not known:
        return text
    i = rng.choice(known)
    return text[:i] + rng.choice(sounds[text[i]]) + text[i + 1 :]
