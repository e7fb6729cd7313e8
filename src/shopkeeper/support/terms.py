"""Terms: what holds in which case, for questions that no write stands behind ("is it free from 60 dollars on?").

A term is a rule over what a customer says of their case: so many days, such an amount, to that country, opened or
faulty. Merchants write terms into the policy beside the rules, in the same file:

    [[terms]]
    id = "price-fell"
    about = "price_fall"
    unless = { said = ["sale_event"] }
    require = { at_most_days = 14 }
    text = { en = "If the price falls within 14 days, we refund the difference." }

They answer questions and stand before nothing: what a customer says of an item is not on record.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

MONTH_DAYS = 365.25 / 12
_EU = frozenset(("AT", "BE", "DE", "DK", "ES", "FI", "FR", "IE", "IT", "NL", "PL", "PT", "SE"))


class Case(Protocol):
    """What is said of a case."""

    @property
    def days(self) -> float | None: ...
    @property
    def amount(self) -> Decimal | None: ...
    @property
    def countries(self) -> frozenset[str]: ...
    @property
    def tags(self) -> frozenset[str]: ...


class Conditions(BaseModel):
    """Conditions that must all hold. Countries are codes (US), EU or EUROPE; tags those of `concepts.toml`.

    said, also_said: one of these tags at least.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    at_most_days: int | None = Field(None, ge=0)
    at_most_months: int | None = Field(None, ge=0)
    at_least_amount: Decimal | None = None
    at_most_amount: Decimal | None = None
    country_in: frozenset[str] = frozenset()
    country_not_in: frozenset[str] = frozenset()
    said: frozenset[str] = frozenset()
    also_said: frozenset[str] = frozenset()

    def hold(self, case: Case) -> bool | None:
        """Whether all hold; None if it depends on what was not said. Without any, True."""
        verdicts = [ask(self, case) for name, ask in _ASKED.items() if getattr(self, name)]
        return False if False in verdicts else None if None in verdicts else True

    @property
    def used(self) -> frozenset[str]:
        """Which parts of a case they look at: days, amount, countries, and tags by name."""
        parts = {
            "days": self.at_most_days is not None or self.at_most_months is not None,
            "amount": self.at_least_amount is not None or self.at_most_amount is not None,
            "countries": bool(self.country_in or self.country_not_in),
        }
        return frozenset(n for n, is_used in parts.items() if is_used) | {
            f"tag {t}" for t in self.said | self.also_said
        }


class TermFile(BaseModel):
    """A term as it is written. answer: where it needs no further condition."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,79}$")
    about: str
    when: Conditions = Conditions()
    unless: Conditions | None = None
    require: Conditions | None = None
    answer: Literal["yes", "no"] | None = None
    text: dict[str, str]


@dataclass(frozen=True, slots=True)
class Term:
    """A term of the policy."""

    id: str
    about: str
    when: Conditions
    unless: Conditions | None
    require: Conditions | None
    answer: Literal["yes", "no"] | None
    text: Mapping[str, str]

    def applies(self, case: Case) -> bool | None:
        """Whether it is about such a case; None if that was not said."""
        if self.unless is not None and self.unless.hold(case):
            return False
        return self.when.hold(case)

    def holds(self, case: Case) -> bool | None:
        """Its verdict on a case it is about."""
        if self.require is not None:
            return self.require.hold(case)
        return self.answer == "yes"

    @property
    def used(self) -> frozenset[str]:
        """Which parts of a case it looks at."""
        parts = (self.when, self.unless, self.require)
        return frozenset().union(*(p.used for p in parts if p is not None))


def term(written: TermFile) -> Term:
    """The term that is written. Raises ValueError saying what is wrong with it."""
    if (written.require is None) == (written.answer is None):
        raise ValueError("needs either require or answer")
    return Term(
        written.id, written.about, written.when, written.unless, written.require, written.answer,
        written.text,
    )  # fmt: skip


def about(terms: Sequence[Term], topic: str) -> list[Term]:
    """The terms about a topic."""
    return [t for t in terms if t.about == topic]


def _in(codes: frozenset[str], case: Case) -> bool | None:
    if not case.countries:
        return None
    return all(_is_one_of(c, codes) for c in case.countries)


def _is_one_of(country: str, codes: frozenset[str]) -> bool:
    return not codes.isdisjoint((country, *wider(country)))


def wider(country: str) -> tuple[str, ...]:
    """What a country is a part of, the smallest first."""
    if country in _EU:
        return ("EU", "EUROPE")
    return ("EUROPE",) if country in ("EU", "GB") else ()


def _not_in(codes: frozenset[str], case: Case) -> bool | None:
    if not case.countries:
        return None
    return not any(_is_one_of(c, codes) for c in case.countries)


def _days(most: float, case: Case) -> bool | None:
    return None if case.days is None else case.days <= most


_ASKED: Mapping[str, Callable[[Any, Case], bool | None]] = {
    "at_most_days": lambda c, case: _days(c.at_most_days, case),
    "at_most_months": lambda c, case: _days(c.at_most_months * MONTH_DAYS + 0.5, case),
    "at_least_amount": lambda c, case: None if case.amount is None else case.amount >= c.at_least_amount,
    "at_most_amount": lambda c, case: None if case.amount is None else case.amount <= c.at_most_amount,
    "country_in": lambda c, case: _in(c.country_in, case),
    "country_not_in": lambda c, case: _not_in(c.country_not_in, case),
    "said": lambda c, case: bool(c.said & case.tags),
    "also_said": lambda c, case: bool(c.also_said & case.tags),
}  # fmt: skip
