"""Which products words may name: "the lamp", "t shirts", "my watch", "ereader".

A shelf knows some products by their titles (the customer's own, or those that a search found). A title is called by the
whole of it or by its last words; plural, hyphens and spaces make no difference. What is called alike stays open: "watch"
names a smart watch and a wristwatch, and what is known of orders decides.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from shopkeeper.support.dialogue.lexicon import Lexicon
from shopkeeper.text.language import is_han
from shopkeeper.text.normalise import normalise

_WORD = re.compile(r"[a-z0-9]+(?:['-][a-z0-9]+)*")
_LONGEST = 4  # words of a name
_SUFFIX = 5  # letters by which a compound is called: "watch" of "wristwatch"


@dataclass(frozen=True, slots=True)
class Named:
    """text[start:end] names one of these products; the words as they stand. tails: by their last word."""

    start: int
    end: int
    products: tuple[str, ...]
    words: str


def stem(word: str) -> str:
    """A word without its plural."""
    for end, instead in (("ies", "y"), ("ves", "f")):
        if word.endswith(end) and len(word) > 4:
            return word[: -len(end)] + instead
    if re.search(r"(ss|x|ch|sh)es$", word):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word


@dataclass
class Shelf:
    """Products by what they are called."""

    lexicon: Lexicon
    _names: dict[str, dict[str, int]] = field(
        default_factory=dict
    )  # compact name -> product -> words of it
    _tails: dict[str, set[str]] = field(default_factory=dict)  # last word -> products
    _chinese: dict[str, set[str]] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)

    def add(self, product_id: str, titles: Iterable[str]) -> None:
        """Know a product by these titles."""
        for title in titles:
            plain = normalise(title)
            self.titles.setdefault(product_id, title)
            if any(map(is_han, plain)):
                self._add_chinese(product_id, plain)
            words = [stem(w) for w in _WORD.findall(plain)]
            for name in _called(words, self.lexicon):
                compact = "".join(name).replace("-", "")
                weights = self._names.setdefault(compact, {})
                weights[product_id] = max(weights.get(product_id, 0), len(name))
            if words:
                self._tails.setdefault(words[-1].replace("-", ""), set()).add(product_id)

    def _add_chinese(self, product_id: str, plain: str) -> None:
        """Chinese titles are called by their ends, from two characters on."""
        for run in re.findall(r"[\u3400-\u9fff]+", plain):
            for size in range(2, min(len(run), 8) + 1):
                self._chinese.setdefault(run[-size:], set()).add(product_id)

    def named(self, text: str) -> list[Named]:
        """The products that a text in normal form names, in order, not overlapping."""
        words = list(_WORD.finditer(text))
        found: list[Named] = []
        position = 0
        while position < len(words):
            step = 1
            for size in range(min(_LONGEST, len(words) - position), 0, -1):
                start, end = words[position].start(), words[position + size - 1].end()
                if size > 1 and re.search(r"[.,;:!?()]", text[start:end]):
                    continue
                products = self._products([w[0] for w in words[position : position + size]])
                if products:
                    found.append(Named(start, end, products, text[start:end]))
                    step = size
                    break
            position += step
        return sorted([*found, *self._named_in_chinese(text)], key=lambda n: n.start)

    def _named_in_chinese(self, text: str) -> list[Named]:
        found: list[Named] = []
        for name in sorted(self._chinese, key=len, reverse=True):
            for match in re.finditer(re.escape(name), text):
                if all(match.end() <= n.start or n.end <= match.start() for n in found):
                    products = tuple(sorted(self._chinese[name]))
                    found.append(Named(match.start(), match.end(), products, name))
        return found

    def _products(self, words: list[str]) -> tuple[str, ...]:
        stems = [stem(w) for w in words]
        compact = "".join(stems).replace("-", "")
        weights = dict(self._names.get(compact, {}))
        for title in self.lexicon.aliases.get(" ".join(stems), ()):
            name = "".join(stem(w) for w in _WORD.findall(normalise(title))).replace("-", "")
            for product in self._names.get(name, {}):
                weights.setdefault(product, 1)
        if not weights and len(words) == 1 and len(compact) >= _SUFFIX:
            for tail, products in self._tails.items():
                if tail.endswith(compact) and tail != compact:
                    weights.update(dict.fromkeys(products, 1))
        return tuple(sorted(weights))


def _called(words: list[str], lexicon: Lexicon) -> list[list[str]]:
    """The runs of a title's words by which it is called: all of it, its ends, and its beginning where the end says
    little ("luggage" of "luggage set") or the word stands for itself ("jigsaw" of "jigsaw puzzle")."""
    if not words:
        return []
    names = [words[start:] for start in range(len(words))]
    if words[-1] in lexicon.containers:
        names = [n for n in names if len(n) > 1 or len(words) == 1]
        if words[-1] == "cleaner":
            names.append(words[-1:])
    for word in words[:-1]:
        if len(word) >= 5 and word not in lexicon.modifiers:
            names.append([word])
    if len(words) > 2:
        names.append(words[:-1])
    return names


def shelf_of(titles: Mapping[str, Iterable[str]], lexicon: Lexicon) -> Shelf:
    """A shelf with these products: id -> titles."""
    made = Shelf(lexicon)
    for product_id, called in titles.items():
        made.add(product_id, called)
    return made
