"""Counts as facets to show: which ones, in which order, with labels in the shopper's language."""

from collections.abc import Mapping, Sequence
from heapq import nlargest

from shopkeeper.search.documents import AVAILABILITY, BRAND, CATEGORY, PATH
from shopkeeper.search.records import Facet, FacetValue

MAX_FACETS = 16
MAX_VALUES = 60  # of one facet

Counts = Mapping[str, Mapping[str, int]]


def facets_of(
    counts: Counts, selected: Mapping[str, Sequence[str]], labels: Mapping[str, str], total: int
) -> tuple[Facet, ...]:
    """The facets worth showing: those chosen from, brand and availability, then those that most hits have.

    One that would not narrow anything is left out.
    """
    names = {*counts, *(n for n, v in selected.items() if v)} - {CATEGORY}
    useful = [n for n in names if selected.get(n) or _narrows(counts.get(n, {}), total)]
    useful.sort(
        key=lambda n: (
            not selected.get(n),
            n not in (BRAND, AVAILABILITY),
            -sum(counts.get(n, {}).values()),
            n,
        )
    )
    return tuple(
        Facet(
            name,
            _values(counts.get(name, {}), selected.get(name, ()), labels),
            labels.get(name, name),
        )
        for name in useful[:MAX_FACETS]
    )


def _narrows(values: Mapping[str, int], total: int) -> bool:
    return len(values) > 1 or any(n < total for n in values.values())


def _values(
    counts: Mapping[str, int], selected: Sequence[str], labels: Mapping[str, str]
) -> tuple[FacetValue, ...]:
    values = {**dict.fromkeys(selected, 0), **_most_frequent(counts, selected)}
    ordered = sorted(values, key=lambda v: (v not in selected, -values[v], v))
    return tuple(
        FacetValue(v, values[v], v in selected, labels.get(v, v)) for v in ordered[:MAX_VALUES]
    )


def _most_frequent(counts: Mapping[str, int], selected: Sequence[str]) -> Mapping[str, int]:
    """Those of the values that can be among the first `MAX_VALUES`: a brand may be one of thousands."""
    if len(counts) <= MAX_VALUES:
        return counts
    least = nlargest(MAX_VALUES, counts.values())[-1]
    return {v: n for v, n in counts.items() if n >= least or v in selected}


def categories_of(
    counts: Counts, category: Sequence[str], labels: Mapping[str, str]
) -> tuple[FacetValue, ...]:
    """The categories one level below the one chosen, the fullest first."""
    prefix = PATH.join(category) + PATH if category else ""
    below = {
        path.removeprefix(prefix): n
        for path, n in counts.get(CATEGORY, {}).items()
        if path.startswith(prefix) and PATH not in path.removeprefix(prefix)
    }
    ordered = sorted(below, key=lambda name: (-below[name], name))
    return tuple(FacetValue(name, below[name], label=labels.get(name, name)) for name in ordered)
