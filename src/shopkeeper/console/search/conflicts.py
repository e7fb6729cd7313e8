"""Which rules work against each other: where both can hold for one list and are about the same product."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from shopkeeper.rules import Action, Condition, Match, Rule
from shopkeeper.text.normalise import normalise

UNDONE = 0.5  # share of a rule's products that another moves the other way, from which that is worth saying


class Kind(StrEnum):
    """How two rules work against each other."""

    HIDDEN = "hidden"  # one hides what the other shows on purpose
    PLACE = "place"  # both pin, to the same places
    AGAINST = "against"  # one raises what the other lowers


@dataclass(frozen=True, slots=True)
class Ruling:
    """A rule and the ids of the products that it is about now."""

    id: int
    rule: Rule
    ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class Conflict:
    """The other rule, and the products over which the two are at odds."""

    kind: Kind
    other: Ruling
    ids: tuple[str, ...]


def conflicts(one: Ruling, others: Iterable[Ruling]) -> list[Conflict]:
    """What works against a rule."""
    found = []
    for other in others:
        kind = _kind(one.rule.action, other.rule.action)
        if other.id == one.id or kind is None:
            continue
        shared = _shared(one, other, kind)
        if not shared or (kind is Kind.AGAINST and len(shared) < UNDONE * len(one.ids)):
            continue
        if together(one.rule.condition, other.rule.condition):
            found.append(Conflict(kind, other, shared))
    return found


def _kind(one: Action, other: Action) -> Kind | None:
    both = {one, other}
    if Action.HIDE in both and len(both) == 2 and Action.BURY not in both:
        return Kind.HIDDEN
    if both == {Action.PIN}:
        return Kind.PLACE
    return Kind.AGAINST if both == {Action.BOOST, Action.BURY} else None


def _shared(one: Ruling, other: Ruling, kind: Kind) -> tuple[str, ...]:
    if kind is not Kind.PLACE:
        theirs = set(other.ids)
        return tuple(i for i in one.ids if i in theirs)
    taken = range(other.rule.place, other.rule.place + len(other.ids))
    return tuple(i for place, i in enumerate(one.ids, one.rule.place) if place in taken)


def together(one: Condition, other: Condition) -> bool:
    """True if both hold for some list that shoppers are likely to see: two rules for quite different words can meet
    in one query, but seldom do."""
    if (one.ends_at and other.starts_at and one.ends_at <= other.starts_at) or (
        other.ends_at and one.starts_at and other.ends_at <= one.starts_at
    ):
        return False
    depth = min(len(one.category), len(other.category))
    if one.category[:depth] != other.category[:depth]:
        return False
    return not one.query or not other.query or _within(one, other) or _within(other, one)


def _within(narrow: Condition, wide: Condition) -> bool:
    """True if the wide one holds for the very words of the narrow one."""
    asked, wanted = normalise(narrow.query), normalise(wide.query)
    if wide.match is Match.EXACT:
        return asked == wanted
    return set(wanted.split()) <= set(asked.split()) or (not wanted.isascii() and wanted in asked)
