"""Why an item stands in a list: the evidence behind its score, each piece with what the score would lose without it.

Nothing is made up here. A score is a sum of logarithms of sums of evidence (`scoring.py`), all of it at least 0 and
each piece independent of the others, so what taking a piece away does can be computed, and it always lowers.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from shopkeeper.recommend.histories import Ints, Sparse, Table
from shopkeeper.recommend.scoring import (
    FLOORS,
    LINKS,
    Floats,
    Scored,
    Scorer,
    Trail,
    columns_of,
)
from shopkeeper.recommend.shelf import Shelf
from shopkeeper.recommend.slots import Reason, Why
from shopkeeper.recommend.text import About, terms_of

MOST = 2  # reasons of an item
MOST_WORDS = 3
LEAST_SHARE = 0.1  # of a score: what moves it less is no reason


@dataclass(frozen=True, slots=True)
class Explained:
    """What reasons are told of. why: what the visitor had to do with each item of the trail."""

    scorer: Scorer
    shelf: Shelf
    trail: Trail
    why: Mapping[int, Why]


def reasons(asked: Explained, scored: Scored, rows: Ints) -> list[tuple[Reason, ...]]:
    """The strongest evidence behind the scores of some candidates (rows of `scored`), strongest first."""
    shares = _shares(asked, scored.candidates[rows])  # (links, I, E)
    searched = _searched(asked, scored.candidates[rows])
    found = []
    for n, row in enumerate(rows.tolist()):
        evidence, place = scored.evidence[row], int(scored.candidates[row])
        lost = _lost(asked, scored.theta, evidence, shares[:, n])
        told = [
            Reason(asked.why.get(int(of), Why.LOOKED), float(lost[e]), product_id=asked.scorer.model.items.ids[of])
            for e, of in enumerate(asked.trail.places)
        ]  # fmt: skip
        told += [
            Reason(Why.SEARCHED, _without(evidence, scored.theta, -2, part[n]), words=(text,))
            for text, part in searched
        ]
        popular = _without(evidence, scored.theta, -1, evidence[-1])
        people = int(asked.scorer.model.people[place])
        told += [Reason(Why.POPULAR, popular, people=people)] if people else []
        least = max(LEAST_SHARE * float(scored.score[row]), 1e-9)
        best = sorted((r for r in told if r.weight >= least), key=lambda r: -r.weight)[:MOST]
        found.append(
            tuple(_with_detail(asked, reason, place, shares[:, n], scored.theta) for reason in best)
        )
    return found


def _shares(asked: Explained, places: Ints) -> Floats:
    """(links, I, E) the link from each item of the trail to each of these."""
    links, trail = asked.scorer.model.links, asked.trail.places
    found = np.zeros((len(LINKS), len(places), len(trail)))
    for number, name in enumerate(LINKS):
        if name in links and len(trail):
            same = links[name].of[trail][None] == places[:, None, None]  # (I, E, K)
            found[number] = np.where(same, links[name].value[trail][None], 0).sum(axis=2)
    return found


def _lost(asked: Explained, theta: Floats, evidence: Floats, shares: Floats) -> Floats:
    """(E,) what a score loses without each item of the trail. shares: (links, E)."""
    parts = shares[:, :, None] * asked.trail.weight[None]  # (links, E, trails)
    parts = parts.transpose(1, 0, 2).reshape(len(asked.trail.places), len(theta) - 2)
    left = np.maximum(evidence[:-2] - parts, 0)
    floors = FLOORS[:-2]
    lost: Floats = (np.log1p(evidence[:-2] / floors) - np.log1p(left / floors)) @ theta[:-2]
    return lost


def _without(evidence: Floats, theta: Floats, at: int, part: float) -> float:
    left = max(evidence[at] - part, 0.0)
    return float(theta[at] * (np.log1p(evidence[at] / FLOORS[at]) - np.log1p(left / FLOORS[at])))


def _searched(asked: Explained, places: Ints) -> list[tuple[str, Floats]]:
    """Each search, and what it adds to the evidence of each of these items."""
    rows = asked.scorer.model.words.rows[places]
    return [
        (text, weight * asked.scorer.likeness(rows, text)) for text, weight in asked.trail.words
    ]


def _with_detail(
    asked: Explained, reason: Reason, place: int, shares: Floats, theta: Floats
) -> Reason:
    """A reason about another product, with the words both have and how many had both, where these count."""
    if not reason.product_id:
        return reason
    model = asked.scorer.model
    event = int(np.flatnonzero(asked.trail.places == model.items.place[reason.product_id])[0])
    counts = {
        name: shares[n, event] if theta[columns_of(n)].any() else 0.0
        for n, name in enumerate(LINKS)
    }
    other = int(asked.trail.places[event])
    words = _in_common(asked, other, place) if counts["text"] > 0 else ()
    times = _both(counts["bought"], model.baskets, other, place, model.shrinkage)
    people = _both(counts["near"], model.people, other, place, model.shrinkage)
    return replace(reason, words=words, people=people, times=times)


def _both(link: float, number: Table, one: int, other: int, shrinkage: float) -> int:
    """How many had both, from the cosine that they make (`neighbours.py`)."""
    if not number[one] or not number[other]:
        return 0  # the link is lent
    return round(float(link * (np.sqrt(number[one] * number[other]) + shrinkage)))


def _in_common(asked: Explained, one: int, other: int) -> tuple[str, ...]:
    """What makes two products alike, the weightiest first: values and words of the title, as they are written there."""
    rows, terms = asked.scorer.model.words.rows, asked.scorer.model.words.terms.ids
    ours, theirs = _row(rows, one), _row(rows, other)
    shared = sorted(ours.keys() & theirs.keys(), key=lambda t: -ours[t] * theirs[t])
    good = asked.shelf.goods[one]
    if good is None:
        return ()
    written = _written(good.values) | {
        w.casefold(): w for w in re.findall(r"[^\W\d_]{3,}", good.title)
    }
    found: list[str] = []
    for word in filter(None, (written.get(terms[t]) for t in shared)):
        if not any(
            word.casefold() in f.casefold() or f.casefold() in word.casefold() for f in found
        ):
            found.append(word)
    return tuple(found[:MOST_WORDS])


def _row(rows: Sparse, place: int) -> dict[int, float]:
    start, end = rows.indptr[place], rows.indptr[place + 1]
    at = rows.indices[start:end].tolist()
    return dict(zip(at, rows.data[start:end].tolist(), strict=True))


def _written(values: Sequence[str]) -> dict[str, str]:
    """The term of each value, and the value as people read it."""
    return {
        next(iter(terms_of(About("", (value,))))): value.partition("=")[2].rpartition(" > ")[2]
        for value in values
    }
