"""Facets as a shopper sees them: what is shown at once, in which order, under which words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from shopkeeper.pages import Visit, labels
from shopkeeper.pages.links import SearchLinks
from shopkeeper.search import Facet, FacetValue, SearchResponse
from shopkeeper.shop.records import Availability
from shopkeeper.storefront.swatches import hue_of

MOST = 30  # values of a facet, so that a page stays light; ticked ones come first in an answer
AT_ONCE = 6  # values of a facet that are shown; the others are behind «more»
OPEN_FACETS = 5
BRAND, AVAILABILITY = "brand", "availability"  # facets that every shop has
SIZES = ("XXXS", "XXS", "XS", "S", "M", "L", "XL", "XXL", "2XL", "XXXL", "3XL", "4XL", "5XL")
_RANK = {size: n for n, size in enumerate(SIZES)}
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)(\D*)")


@dataclass(frozen=True, slots=True)
class Tick:
    """A value to tick. id: the same whenever the page is drawn, so that the focus stays on it. hue: of a colour."""

    id: str
    name: str
    label: str
    count: int
    ticked: bool
    hue: str


@dataclass(frozen=True, slots=True)
class Group:
    """A facet: what is shown at once, and the rest."""

    id: str
    label: str
    first: list[Tick]
    rest: list[Tick]
    open: bool
    rest_open: bool


def groups_of(visit: Visit, links: SearchLinks, answer: SearchResponse) -> list[Group]:
    """The facets of an answer. Availability has a tick of its own, and is here only where an address asks for it."""
    shown = [f for f in answer.facets if f.name != AVAILABILITY or _any_set(links, f.name)]
    return [_group(visit, links, facet, place) for place, facet in enumerate(shown)]


def _group(visit: Visit, links: SearchLinks, facet: Facet, place: int) -> Group:
    ticks = [
        Tick(
            id=_id_of(facet.name, v.value),
            name=f"{facet.name}:{v.value}",
            label=value_label(visit, facet.name, v.label),
            count=v.count,
            ticked=v.selected,
            hue=hue_of(facet.name, v.value),
        )
        for v in in_order(facet.values[:MOST])
    ]
    at_once = AT_ONCE if len(ticks) > AT_ONCE + 1 else len(ticks)
    rest = ticks[at_once:]
    return Group(
        id=_id_of(facet.name),
        label=facet_label(visit, facet.name, facet.label),
        first=ticks[:at_once],
        rest=rest,
        open=place < OPEN_FACETS or _any_set(links, facet.name),
        rest_open=any(tick.ticked for tick in rest),
    )


def in_order(values: Sequence[FacetValue]) -> list[FacetValue]:
    """Sizes and numbers as people line them up, others by their counts.

    Never by what is ticked: a list must not jump about under the hand that ticks it.
    """
    names = [v.value for v in values]
    if all(name.upper() in _RANK for name in names):
        return sorted(values, key=lambda v: _RANK[v.value.upper()])
    numbers = {name: match for name in names if (match := _NUMBER.fullmatch(name))}
    if len(numbers) == len(names) and len({match[2] for match in numbers.values()}) == 1:
        return sorted(values, key=lambda v: float(numbers[v.value][1]))
    return sorted(values, key=lambda v: (-v.count, v.label))


def facet_label(visit: Visit, name: str, label: str) -> str:
    """What a facet is called."""
    return {BRAND: visit.t("Brand"), AVAILABILITY: visit.t("Availability")}.get(name, label)


def value_label(visit: Visit, name: str, label: str) -> str:
    """What a value of a facet is called."""
    if name == AVAILABILITY and label in set(Availability):
        return visit.t(labels.AVAILABILITY[Availability(label)])
    return label


def _any_set(links: SearchLinks, name: str) -> bool:
    return any(n == name for n, _ in links.filters)


def _id_of(*parts: str) -> str:
    return "f" + sha256("\0".join(parts).encode()).hexdigest()[:10]
