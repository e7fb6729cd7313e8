"""A rule and its parts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

from pydantic import ConfigDict

from shopkeeper.text.normalise import normalise

MAX_STRENGTH = 10.0
_STRICT = ConfigDict(
    extra="forbid"
)  # a field that is misspelt would be a condition that is not there


class Action(StrEnum):
    """What happens to the products of a rule."""

    PIN = "pin"  # stand at a place, from 1; found or not
    HIDE = "hide"
    BOOST = "boost"
    BURY = "bury"


class Match(StrEnum):
    """How a query is compared with a condition's words, both in normal form."""

    EXACT = "exact"
    CONTAINS = "contains"  # all its words, in any order


@dataclass(frozen=True, slots=True)
class Condition:
    """When a rule holds: always, if nothing is said. category: the list shown is of it or below it. lists: kinds of
    lists, `search` or the slots of recommendations; none: all.

    Times without a zone are UTC.
    """

    __pydantic_config__ = _STRICT

    query: str = ""
    match: Match = Match.CONTAINS
    category: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def __post_init__(self) -> None:
        for name in ("starts_at", "ends_at"):
            moment: datetime | None = getattr(self, name)
            if moment is not None and moment.tzinfo is None:
                object.__setattr__(self, name, moment.replace(tzinfo=UTC))
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise ValueError(f"the rule would end at {self.ends_at}, before it begins")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which products a rule is about: those with these ids, and those that satisfy all the rest (if any is said).

    values: facet name -> alternatives, as in a search's filters.
    """

    __pydantic_config__ = _STRICT

    ids: tuple[str, ...] = ()
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    category: tuple[str, ...] = ()
    price_min: Decimal | None = None
    price_max: Decimal | None = None
    sold_out: bool = False

    @property
    def by_facts(self) -> bool:
        """True if products are chosen by what they are, and not by id alone."""
        narrowed = self.values or self.category or self.sold_out
        return bool(narrowed) or self.price_min is not None or self.price_max is not None


@dataclass(frozen=True, slots=True)
class Rule:
    """One decision. place: where the first pinned product stands. strength: of a boost or bury, above 0, at most 10;
    1 moves a product about as much as matching one more word of the query does."""

    __pydantic_config__ = _STRICT

    name: str
    action: Action
    selection: Selection
    condition: Condition = Condition()
    place: int = 1
    strength: float = 1.0

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ValueError("a rule needs a name")
        if not self.selection.ids and not self.selection.by_facts:
            raise ValueError("a rule says which products it is about")
        if self.action is Action.PIN and (not self.selection.ids or self.selection.by_facts):
            raise ValueError("pinned products are named by their ids")
        if not 1 <= self.place <= 1000:
            raise ValueError(f"place {self.place} is not from 1 to 1000")
        if not 0 < self.strength <= MAX_STRENGTH:
            raise ValueError(f"strength {self.strength} is not above 0 and at most {MAX_STRENGTH}")

    def holds(
        self, query: str, category: tuple[str, ...], at: datetime, lists: str = "search"
    ) -> bool:
        """True for a list of this kind, of these words and category at this time."""
        when = self.condition
        if when.lists and lists not in when.lists:
            return False
        if (when.starts_at and at < when.starts_at) or (when.ends_at and at >= when.ends_at):
            return False
        if when.category and category[: len(when.category)] != when.category:
            return False
        if not when.query:
            return True
        asked, wanted = normalise(query), normalise(when.query)
        if when.match is Match.EXACT or not wanted.isascii():
            return asked == wanted or (when.match is Match.CONTAINS and wanted in asked)
        return set(wanted.split()) <= set(asked.split())
