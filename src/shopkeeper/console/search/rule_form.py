"""A rule as a form has it: text in fields, with what is wrong said at the field."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Self

from starlette.datastructures import FormData, QueryParams

from shopkeeper.rules import Action, Condition, Match, Rule, Selection
from shopkeeper.rules.records import MAX_STRENGTH
from shopkeeper.search.documents import BRAND, PATH

MAX_IDS = 100
MAX_FACTS = 12
MAX_TEXT = 300
DAY = timedelta(days=1)


class BadRule(Exception):
    """What a form says is no rule. problems: field -> why."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(problems.values()))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Draft:
    """The fields of the form. when: always, contains or exact. starts, ends: days, the last one included.

    facts: (facet, value) pairs; those of one facet are alternatives. attempt: the words that the rule is tried with.
    """

    name: str = ""
    when: str = "contains"
    query: str = ""
    category: str = ""
    starts: str = ""
    ends: str = ""
    ids: tuple[str, ...] = ()
    brand: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    of_category: str = ""
    price_min: str = ""
    price_max: str = ""
    sold_out: bool = False
    action: str = "pin"
    place: str = "1"
    strength: str = "1"
    attempt: str = ""
    keep: Rule | None = field(default=None, repr=False)  # what it was; its exact times stay

    @classmethod
    def of_form(cls, form: FormData | QueryParams, keep: Rule | None = None) -> Self:
        """The form as it came. Buttons beside a product add it, drop it, or move it to the front."""

        def text(name: str, default: str = "") -> str:
            value = form.get(name, default)
            return value.replace("\0", "")[:MAX_TEXT].strip() if isinstance(value, str) else default

        def texts(name: str) -> list[str]:
            found = form.getlist(name)
            return [v.replace("\0", "")[:MAX_TEXT].strip() for v in found if isinstance(v, str)]

        ids = [i for i in dict.fromkeys([*texts("ids"), text("add")]) if i and i != text("drop")]
        first = text("first")
        ids.sort(key=lambda i: i != first)
        pairs = zip(texts("fact_name"), texts("fact_value"), strict=False)
        action, when = text("action", "pin"), text("when", "contains")
        return cls(
            name=text("name"), when=when if when in ("always", "exact") else "contains", query=text("query"),
            category=text("category"), starts=text("starts"), ends=text("ends"), ids=tuple(ids[:MAX_IDS]),
            brand=text("brand"), facts=tuple(p for p in pairs if any(p))[:MAX_FACTS], of_category=text("of_category"),
            price_min=text("price_min"), price_max=text("price_max"), sold_out=text("sold_out") == "1",
            action=action if action in {a.value for a in Action} else "pin", place=text("place", "1"),
            strength=text("strength", "1"), attempt=text("attempt"), keep=keep,
        )  # fmt: skip

    @classmethod
    def of_rule(cls, rule: Rule) -> Self:
        """The form that says this rule."""
        when, what = rule.condition, rule.selection
        facts = [(name, value) for name, values in what.values.items() for value in values]
        brands = [value for name, value in facts if name == BRAND]
        if len(brands) == 1:
            facts.remove((BRAND, brands[0]))
        return cls(
            name=rule.name, when=when.match.value if when.query else "always", query=when.query,
            category=PATH.join(when.category), starts=_day(when.starts_at), ends=_day(when.ends_at, last=True),
            ids=what.ids, brand=brands[0] if len(brands) == 1 else "", facts=tuple(facts), of_category=PATH.join(what.category),
            price_min=_amount(what.price_min), price_max=_amount(what.price_max), sold_out=what.sold_out,
            action=rule.action.value, place=str(rule.place), strength=f"{rule.strength:g}", keep=rule,
        )  # fmt: skip

    def rule(self, default_name: str) -> Rule:
        """The rule that it says. Raises BadRule."""
        problems: dict[str, str] = {}
        read = _Reading(problems)
        starts, ends = read.day("starts", self.starts), read.day("ends", self.ends)
        low, high = read.amount("price_min", self.price_min), read.amount("price_max", self.price_max)  # fmt: skip
        place = read.whole("place", self.place) if self.action == "pin" else 1
        strength = read.strength("strength", self.strength) if self.action in ("boost", "bury") else 1.0  # fmt: skip
        if self.when != "always" and not self.query:
            problems["query"] = "Write the words, or choose “always”."
        if starts and ends and ends < starts:
            problems["ends"] = "The last day is before the first."
        if low is not None and high is not None and high < low:
            problems["price_max"] = "The highest price is below the lowest."
        if any(not (name and value) for name, value in self.facts):
            problems["facts"] = "An attribute needs its name and its value."
        chosen = Selection(
            self.ids, self._values(), _path(self.of_category), low, high, self.sold_out
        )
        if not chosen.ids and not chosen.by_facts:
            problems["products"] = "Say which products: choose some, or say what they are like."
        elif self.action == "pin" and (not chosen.ids or chosen.by_facts):
            problems["products"] = "To pin, choose single products and leave the rest of this part empty."  # fmt: skip
        if problems:
            raise BadRule(problems)
        query = "" if self.when == "always" else self.query
        match = Match.EXACT if self.when == "exact" else Match.CONTAINS
        begins, stops = self._moments(starts, ends)
        condition = Condition(
            query, match, _path(self.category), self.keep.condition.lists if self.keep else (),
            starts_at=begins, ends_at=stops,
        )  # fmt: skip
        return Rule(self.name or default_name, Action(self.action), chosen, condition, place, strength)  # fmt: skip

    def at_any_time(self) -> Self:
        """The same without its days, to see what it does when it holds."""
        return replace(self, starts="", ends="", keep=None)

    def _values(self) -> dict[str, tuple[str, ...]]:
        values: dict[str, tuple[str, ...]] = {BRAND: (self.brand,)} if self.brand else {}
        for name, value in self.facts:
            values[name] = (*values.get(name, ()), value)
        return values

    def _moments(
        self, starts: date | None, ends: date | None
    ) -> tuple[datetime | None, datetime | None]:
        """From the first moment of a day to the last of another, in UTC; exactly what it was where no day changed."""
        begin, end = _moment(starts), _moment(None if ends is None else ends + DAY)
        if self.keep is not None:
            was = self.keep.condition
            begin = was.starts_at if _day(was.starts_at) == self.starts else begin
            end = was.ends_at if _day(was.ends_at, last=True) == self.ends else end
        return begin, end


@dataclass(frozen=True, slots=True)
class _Reading:
    """Numbers and days out of fields; what is none is noted."""

    problems: dict[str, str]

    def day(self, name: str, text: str) -> date | None:
        try:
            return date.fromisoformat(text) if text else None
        except ValueError:
            self.problems[name] = "This is not a day; write 2026-12-24."
            return None

    def amount(self, name: str, text: str) -> Decimal | None:
        try:
            amount = Decimal(text) if text else None
        except InvalidOperation:
            amount = Decimal(-1)
        if amount is not None and not (amount.is_finite() and 0 <= amount < 10**12):
            self.problems[name] = "This is not an amount; write 12.50."
            return None
        return amount

    def whole(self, name: str, text: str) -> int:
        if text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= 1000:
            return int(text)
        self.problems[name] = "This is not a place from 1 to 1000."
        return 1

    def strength(self, name: str, text: str) -> float:
        try:
            strength = float(text)
        except ValueError:
            strength = 0.0
        if 0 < strength <= MAX_STRENGTH:
            return strength
        self.problems[name] = "This is not a number above 0 and at most 10."
        return 1.0


def _path(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(PATH.strip()) if part.strip())


def _moment(day: date | None) -> datetime | None:
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC)


def _day(at: datetime | None, *, last: bool = False) -> str:
    """The day of a moment; of an end, the last day that has something before it."""
    if at is None:
        return ""
    return (at - timedelta(microseconds=1) if last else at).astimezone(UTC).date().isoformat()


def _amount(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:f}"
