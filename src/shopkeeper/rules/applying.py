"""Which rules hold for a list, and what they do to each product."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shopkeeper.rules.records import Action, Rule, Selection

Finder = Callable[[Selection], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Effects:
    """What happens to the products of one list. moved: id -> how far, up if positive. because: id -> rules' names.

    pinned: (place, id), by place; the same place twice keeps the order of the rules.
    """

    pinned: tuple[tuple[int, str], ...] = ()
    hidden: frozenset[str] = frozenset()
    moved: dict[str, float] = field(default_factory=dict)
    because: dict[str, tuple[str, ...]] = field(default_factory=dict)


def holding(
    rules: Iterable[Rule],
    *,
    query: str,
    category: tuple[str, ...],
    at: datetime,
    lists: str = "search",
) -> list[Rule]:
    """The rules that hold for a list of this kind, of these words and category at this time."""
    return [rule for rule in rules if rule.holds(query, category, at, lists)]


def effects(rules: Sequence[Rule], find: Finder) -> Effects:
    """What these rules do. find: the ids of the products that a selection is about, ids it names included.

    Hiding beats everything, the first pin of a product its later ones; boosts and buries of a product add up.
    """
    places: dict[str, int] = {}
    hidden: set[str] = set()
    moved: dict[str, float] = {}
    because: dict[str, list[str]] = {}
    for rule in rules:
        for offset, product_id in enumerate(find(rule.selection)):
            if rule.action is Action.PIN:
                places.setdefault(product_id, rule.place + offset)
            elif rule.action is Action.HIDE:
                hidden.add(product_id)
            else:
                sign = 1.0 if rule.action is Action.BOOST else -1.0
                moved[product_id] = moved.get(product_id, 0.0) + sign * rule.strength
            because.setdefault(product_id, []).append(rule.name)
    pinned = sorted((place, i) for i, place in places.items() if i not in hidden)
    return Effects(
        tuple(pinned), frozenset(hidden), moved, {i: tuple(names) for i, names in because.items()}
    )


def arranged(ids: Sequence[str], effect: Effects) -> list[str]:
    """A list with the pinned ones at their places and the hidden ones gone; the rest in the order they came."""
    pinned = {i for _, i in effect.pinned}
    rest = [i for i in ids if i not in pinned and i not in effect.hidden]
    for place, product_id in effect.pinned:
        rest.insert(min(place - 1, len(rest)), product_id)
    return rest
