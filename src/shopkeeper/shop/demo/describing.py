"""A product's title and description, in English and Chinese, from its facts alone."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape

from shopkeeper.shop.demo.words import Article, Brand, bullets, chinese

Attributes = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Facts:
    """What there is to say about a product. tell: the value that stands in its title, or ""."""

    brand: Brand
    model: str
    article: Article
    tell: str
    note: tuple[str, str]
    attributes: Attributes


def title(facts: Facts) -> str:
    """Brand, model, what it is, and what tells it from its like."""
    name = " ".join(filter(None, (facts.brand.name, facts.model, facts.article.title)))
    return f"{name}, {facts.tell}" if facts.tell else name


def title_zh(facts: Facts) -> str:
    """The same as a Chinese shop writes it."""
    tell = chinese(facts.tell) if facts.tell else ""
    return " ".join(filter(None, (facts.brand.name, facts.model, facts.article.title_zh, tell)))


def description(facts: Facts) -> str:
    """The article's opening line, a sentence of facts, one about the brand, and the facts as a list. HTML."""
    note = _filled(facts.note[0], facts.attributes, _as_written)
    points = [_bullet(name, ", ".join(values)) for name, values in facts.attributes.items()]
    return _html(f"{facts.article.opening} {note} {facts.brand.voice[0]}", points)


def description_zh(facts: Facts) -> str:
    """The same in Chinese."""
    note = _filled(facts.note[1], facts.attributes, chinese)
    points = [
        _bullet_zh(name, "、".join(map(chinese, values)))
        for name, values in facts.attributes.items()
    ]
    return _html(f"{facts.article.opening_zh}{note}{facts.brand.voice[1]}", points)


def _html(sentences: str, points: list[str]) -> str:
    rows = "".join(f"<li>{escape(point, quote=False)}</li>" for point in points)
    return f"<p>{escape(sentences, quote=False)}</p><ul>{rows}</ul>"


def _bullet(name: str, value: str) -> str:
    sentence = bullets().get(name, (f"{name}: {{}}", ""))[0]
    return sentence.replace("{}", value)


def _bullet_zh(name: str, value: str) -> str:
    sentence = bullets().get(name, ("", f"{chinese(name)}：{{}}"))[1]
    return sentence.replace("{}", value)


def _as_written(value: str) -> str:
    return value


def _filled(sentence: str, attributes: Attributes, said: Callable[[str], str]) -> str:
    """The sentence with {name} filled in; in lower case unless the name is written with a capital."""
    values = {name.lower(): said(found[0]) for name, found in attributes.items()}

    def fill(place: re.Match[str]) -> str:
        name = place[1]
        value = values[name.lower()]
        return _lowered(value) if name[0].islower() else value

    return re.sub(r"\{(\w[\w ]*)\}", fill, sentence)


def _lowered(value: str) -> str:
    """The value inside a sentence: "Merino wool" -> "merino wool", but "V-neck" and "USB-C" stay."""
    first = value.split(" ")[0]
    return value[0].lower() + value[1:] if first[1:2].islower() else value
