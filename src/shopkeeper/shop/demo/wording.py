"""The words of reviews: from what somebody thinks of a product to what they write, in English or Chinese.

A *remark* is one aspect at one of four levels. A review strings some of them together, the good ones first for those
who are content, with an opening, what it was bought for, a closing, and the habits of the hand that writes.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from shopkeeper.shop.demo.asking import mistyped, mistyped_zh
from shopkeeper.shop.demo.demand import Choice
from shopkeeper.shop.demo.nouns import Noun, noun_of
from shopkeeper.shop.demo.people import Hand, Person
from shopkeeper.shop.demo.phrases import Varied, expand, table

STARS = {5: "five", 4: "four", 3: "three", 2: "two", 1: "one"}
LEVELS = {"love": 1, "good": 1, "poor": -1, "bad": -1}


@dataclass(frozen=True, slots=True)
class Remark:
    """An aspect and how it is found: love, good, poor or bad."""

    aspect: str
    level: str

    @property
    def polarity(self) -> int:
        """1 praise, -1 complaint."""
        return LEVELS[self.level]


@dataclass(frozen=True, slots=True)
class Task:
    """A review to be written. days: how long the thing has been used. service: late, fast, wrong or nothing."""

    person: Person
    choice: Choice
    rating: int
    remarks: tuple[Remark, ...]
    days: int
    service: str = ""
    faulty: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """A review's words, and the aspects they speak of: 1 praised, -1 complained of."""

    title: str
    text: str
    aspects: Mapping[str, int]


@cache
def sayings(language: str, aspect: str, kind: str, group: str) -> Mapping[str, tuple[str, ...]]:
    """level or tags -> what is said of an aspect of such a kind; what is said of the kind itself goes first."""
    plain = table(f"reviews/{language}")[aspect]
    special: Mapping[str, Any] = {}
    for key, section in table(f"reviews/{language}").items():
        name, _, whom = key.partition("/")
        if name == aspect and (
            kind in whom.split(",") or (group in whom.split(",") and not special)
        ):
            special = section
    inherits = special.get("inherit", not special)
    return {
        level: (*special.get(level, ()), *(templates if inherits or level not in special else ()))
        for level, templates in plain.items()
    }


class Writer:
    """Writes reviews, trying not to repeat itself within a product."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self._varied = Varied()

    def write(self, task: Task) -> Written:
        """The review."""
        language, said = task.person.language, _Said(self.rng, self._varied, task)
        if not task.faulty and self.rng.random() < 0.28 * (1.2 - task.person.hand.wordiness):
            text, aspects = said.few_words()
        else:
            text, aspects = said.sentences()
        if language == "en":
            text = _in_hand(self.rng, text, task.person.hand, happy=task.rating >= 4)
        else:
            text = _in_hand_zh(self.rng, text, task.person.hand, happy=task.rating >= 4)
        return Written(said.title(text), text, aspects)

    def line(self, task: Task, section: str, key: str = "lines") -> str:
        """One line of a section of the frames, ready to stand in a text."""
        return _Said(self.rng, self._varied, task).frame(section, key)

    def praise(self, task: Task) -> str:
        """What is remarked, without anything around it."""
        return _Said(self.rng, self._varied, task).remarks()

    def strung(self, person: Person, lines: Sequence[str]) -> str:
        """Ready lines as one text in the person's hand, now and then two in one breath."""
        text = lines[0]
        for line in lines[1:]:
            if self.rng.random() < 0.3 and line[:2] not in ("I ", "I'"):
                comma = ", " if person.language == "en" else "，"
                text = text.rstrip(".。!！") + comma + line[:1].lower() + line[1:]
            else:
                text += (" " if person.language == "en" else "") + line
        if self.rng.random() < person.hand.exclaims:
            text = text.rstrip(".。") + ("!" if person.language == "en" else "！")
        return text.lower() if person.hand.lower_case else text

    def read(self, task: Task, template: str, **slots: str) -> str:
        """One reading of this template."""
        return _Said(self.rng, self._varied, task, **slots).reading(template)


class _Said:
    """One review in the making."""

    def __init__(self, rng: random.Random, varied: Varied, task: Task, **slots: str) -> None:
        self.rng, self._varied, self.task = rng, varied, task
        self.language = task.person.language
        self.noun = noun_of(task.choice.stocked)
        self._frames = table(f"reviews/frames_{self.language}")
        self._slots = _slots(rng, task, self.noun, self._frames) | slots
        self._topic = f"{task.choice.stocked.product.id}{self.language}"

    def _pick(self, templates: Sequence[str]) -> str:
        return self.reading(self._varied.pick(self.rng, self._topic, templates))

    def reading(self, template: str) -> str:
        """The template with one of its alternatives, and with this product's words."""
        text = _with_pronouns(template, plural=self.noun.plural)
        return expand(self.rng, text, self._slots)

    def frame(self, section: str, key: str) -> str:
        return self._pick(self._frames[section][key])

    def title(self, text: str) -> str:
        """A heading, or none: not all give one, and few repeat what they say below."""
        if self.rng.random() > (0.6 if self.language == "en" else 0.25):
            return ""
        if self._agreeing and self.rng.random() < 0.4:
            tag = self._tag(self._agreeing[0])
            if tag not in text.lower():
                return self._capital(tag)
        return self.frame("title", STARS[self.task.rating])

    @property
    def _agreeing(self) -> list[Remark]:
        """The remarks that say the same as the stars."""
        return [r for r in self.task.remarks if (r.polarity > 0) == (self.task.rating >= 4)]

    def _tag(self, remark: Remark) -> str:
        key = "tags_good" if remark.polarity > 0 else "tags_bad"
        kind = self.task.choice.stocked.kind
        return self._pick(sayings(self.language, remark.aspect, kind, self.noun.group)[key])

    def few_words(self) -> tuple[str, dict[str, int]]:
        """Three to a dozen words."""
        remarks = self._agreeing[: self.rng.choice((1, 2, 2, 3))]
        if not remarks or self.rng.random() < 0.4:
            return self.frame("short", STARS[self.task.rating]), {}
        stop, comma = (".", ", ") if self.language == "en" else ("。", "，")
        text = comma.join(map(self._tag, remarks))
        return self._capital(text) + stop, {r.aspect: r.polarity for r in remarks}

    def sentences(self) -> tuple[str, dict[str, int]]:
        """One to six sentences."""
        rng, task = self.rng, self.task
        talk = task.person.hand.wordiness
        star = STARS[task.rating]
        parts = [self.frame("opening", star)] if rng.random() < 0.2 + 0.4 * talk else []
        if rng.random() < 0.15 + 0.4 * talk:
            key = self.noun.group if self.noun.group in self._frames["context"] else "thing"
            parts.append(self.frame("context", key))
        if rng.random() < 0.12:
            parts += self._detail()
        if task.rating == 5 and rng.random() < (0.32 if task.remarks else 0.8):
            parts.append(self.frame("praise", "lines"))
        if task.rating <= 2 and rng.random() < (0.12 if task.remarks else 0.6):
            parts.append(self.frame("complaint", "lines"))
        if task.remarks or task.faulty:
            parts.append(self.remarks())
        if task.service:
            parts.append(self.frame("service", task.service))
        if task.rating <= 2 and rng.random() < 0.15:
            parts.append(self.frame("support", "lines"))
        if not parts or rng.random() < 0.2 + 0.3 * talk:
            parts.append(self.frame("closing", star))
        gap = " " if self.language == "en" else ""
        aspects = {r.aspect: r.polarity for r in task.remarks}
        if task.faulty:
            aspects["durability"] = -1
        return gap.join(parts), aspects

    def _detail(self) -> list[str]:
        return [
            self.frame("detail", key)
            for key in ("colour", "size")
            if self._slots[key] and self.rng.random() < 0.6
        ][:1]

    def remarks(self) -> str:
        """All remarks as sentences: those that agree with the rating first, a bridge, then the others."""
        sign = (
            1
            if self.task.rating >= 4 or (self.task.rating == 3 and self.rng.random() < 0.5)
            else -1
        )
        sides: dict[int, list[str]] = {1: [], -1: []}
        for r in self.task.remarks:
            kind = self.task.choice.stocked.kind
            said = sayings(self.language, r.aspect, kind, self.noun.group)
            if not (self.task.faulty and r.aspect == "durability"):
                sides[r.polarity].append(self._pick(said[r.level]))
        if self.task.faulty:
            sides[-1].insert(0, self.frame("defect", "lines"))
        first, second = sides[sign], sides[-sign]
        text = self._joined(first)
        if first and second:
            bridge = self.frame("bridge", "to_bad" if sign > 0 else "to_good")
            text += self._bridged(bridge, self._joined(second))
        else:
            text = text or self._joined(second)
        return self._capital(text) + ("." if self.language == "en" else "。")

    def _bridged(self, bridge: str, rest: str) -> str:
        if self.language == "zh":
            return bridge + rest
        return f"{bridge} {rest}" if bridge[0] in ",." else f" {bridge} {rest}"

    def _joined(self, clauses: Sequence[str]) -> str:
        """Clauses that agree, one after the other."""
        text = ""
        for place, clause in enumerate(clauses):
            if not text:
                text = clause
            elif self.language == "zh":
                last = place == len(clauses) - 1
                text += self.rng.choice(("，", "，", "。", "，而且" if last else "，")) + clause
            else:
                glue = self.rng.choice((". ", ". ", ". ", ", and ", " and ", ", "))
                text += glue + (self._capital(clause) if glue == ". " else clause)
        return text

    @staticmethod
    def _capital(text: str) -> str:
        return text[:1].upper() + text[1:]


def _slots(
    rng: random.Random, task: Task, noun: Noun, frames: Mapping[str, Mapping[str, Sequence[str]]]
) -> dict[str, str]:
    options = {o.name: o.value for o in task.choice.variant.options}
    zh = task.person.language == "zh"
    translated = task.choice.stocked.product.translations.get("zh")
    terms = translated.terms if zh and translated is not None else {}
    colour = options.get("Color", "")
    limit = next(limit for limit in frames["after"] if task.days <= int(limit))
    many = noun.plural
    return {
        "noun": noun.zh if zh else noun.en,
        "after": rng.choice(frames["after"][limit]),
        "colour": terms.get(colour, colour) if zh else colour.lower(),
        "size": options.get("Size", ""),
        "this": "these" if many else "this",
        "they": "they" if many else "it",
        "them": "them" if many else "it",
        "its": "their" if many else "its",
        "is": "are" if many else "is",
        "was": "were" if many else "was",
        "has": "have" if many else "has",
        "s": "" if many else "s",
    }


_VERBS = ("<is>", "<was>", "<has>", "will", "still", "already", "arrived", "came")


def _with_pronouns(template: str, *, plural: bool) -> str:
    """`<it>` as subject or object, which differ in the plural."""
    if not plural:
        return template.replace("<it>", "it")
    before, *rest = template.split("<it>")
    text = before
    for part in rest:
        following = part.split(" ")[1] if part.startswith(" ") and len(part) > 1 else ""
        subject = following.startswith(_VERBS) or "<s>" in following
        text += ("they" if subject else "them") + part
    return text


def _in_hand(rng: random.Random, text: str, hand: Hand, *, happy: bool) -> str:
    """The text with the writer's habits."""
    if rng.random() < hand.typos:
        text = mistyped(rng, text)
    if hand.lower_case:
        text = text.lower()
        text = text.removesuffix(".") if rng.random() < 0.6 else text
    if rng.random() < hand.exclaims and text.endswith("."):
        text = text[:-1] + rng.choice(("!", "!", "!!"))
    if happy and rng.random() < hand.emoji:
        text += rng.choice((" 👍", " 😊", " ❤️", " 🙂"))
    return text


def _in_hand_zh(rng: random.Random, text: str, hand: Hand, *, happy: bool) -> str:
    if rng.random() < hand.typos / 2:
        text = mistyped_zh(rng, text)
    if rng.random() < 0.35:
        text = text.removesuffix("。")
    elif rng.random() < hand.exclaims:
        text = text.removesuffix("。") + rng.choice(("！", "！！", "～"))
    if rng.random() < 0.1:
        text = text.replace("，", " ")
    if happy and rng.random() < hand.emoji:
        text += rng.choice(("👍", "😊", "❤️", "[赞]"))
    return text
