"""Why an item stands in a list: the evidence behind its score, each piece with what the score would lose without it.

Nothing is made up here. A score is a sum of logarithms of sums of evidence (`scoring.py`), all of it at least 0 and
each piece independent of the others, so what taking a piece away does can be computed, and it always lowers.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

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
REMEMBERED = 5000  # products whose words were cited lately
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
    places, evidence, theta = scored.candidates[rows], scored.evidence[rows], scored.theta
    shares = _shares(asked, theta, places)  # (links, I, E)
    searches = asked.trail.words
    weights = [  # of each piece of evidence: items of the trail, searches, being popular
        *_lost(asked, theta, evidence, shares).T,
        *(_without(evidence, theta, -2, part) for part in _searched(asked, places)),
        _without(evidence, theta, -1, evidence[:, -1]),
    ]
    people = asked.scorer.model.people[places].tolist()
    least = np.maximum(LEAST_SHARE * scored.score[rows], 1e-9).tolist()
    found = []
    for n, (place, each) in enumerate(
        zip(places.tolist(), np.array(weights).T.tolist(), strict=True)
    ):
        if not people[n]:
            each = each[:-1]  # that it is popular is no reason where nobody can be named
        best = sorted((i for i, w in enumerate(each) if w >= least[n]), key=lambda i: -each[i])[
            :MOST
        ]
        told = []
        for i in best:
            if i < len(asked.trail.places):
                told.append(_about(asked, each[i], i, place, shares[:, n, i]))
            elif i < len(asked.trail.places) + len(searches):
                text = searches[i - len(asked.trail.places)][0]
                told.append(Reason(Why.SEARCHED, each[i], words=(text,)))
            else:
                told.append(Reason(Why.POPULAR, each[i], people=int(people[n])))
        found.append(tuple(told))
    return found


def _shares(asked: Explained, theta: Floats, places: Ints) -> Floats:
    """(links, I, E) the link from each item of the trail to each of these, of the kinds that count."""
    links, trail = asked.scorer.model.links, asked.trail.places
    found = np.zeros((len(LINKS), len(places), len(trail)))
    for number, name in enumerate(LINKS):
        if name in links and len(trail) and theta[columns_of(number)].any():
            same = links[name].of[trail][None] == places[:, None, None]  # (I, E, K)
            found[number] = np.where(same, links[name].value[trail][None], 0).sum(axis=2)
    return found


def _lost(asked: Explained, theta: Floats, evidence: Floats, shares: Floats) -> Floats:
    """(I, E) what each score loses without each item of the trail. evidence: (I, F); shares: (links, I, E)."""
    parts = shares[..., None] * asked.trail.weight  # (links, I, E, trails)
    parts = parts.transpose(1, 2, 0, 3).reshape(*shares.shape[1:], len(theta) - 2)
    there, floors = evidence[:, None, :-2], FLOORS[:-2]
    left = np.maximum(there - parts, 0)
    lost: Floats = (np.log1p(there / floors) - np.log1p(left / floors)) @ theta[:-2]
    return lost


def _without(evidence: Floats, theta: Floats, at: int, part: Floats) -> Floats:
    """(I,) what each score loses without a part of one kind of evidence."""
    left = np.maximum(evidence[:, at] - part, 0)
    lost: Floats = theta[at] * (
        np.log1p(evidence[:, at] / FLOORS[at]) - np.log1p(left / FLOORS[at])
    )
    return lost


def _searched(asked: Explained, places: Ints) -> list[Floats]:
    """What each search adds to the evidence of each of these items."""
    if not asked.trail.words:
        return []
    rows = asked.scorer.model.words.rows[places]
    return [weight * asked.scorer.likeness(rows, text) for text, weight in asked.trail.words]


def _about(asked: Explained, weight: float, event: int, place: int, shares: Floats) -> Reason:
    """A reason about an item of the trail, with the words both have and how many had both. shares: (links,) between the
    two, of the kinds that count."""
    model, other = asked.scorer.model, int(asked.trail.places[event])
    counts = dict(zip(LINKS, shares.tolist(), strict=True))
    return Reason(
        asked.why.get(other, Why.LOOKED),
        weight,
        product_id=model.items.ids[other],
        words=_in_common(asked, other, place) if counts["text"] > 0 else (),
        people=_both(counts["near"], model.people, other, place, model.shrinkage),
        times=_both(counts["bought"], model.baskets, other, place, model.shrinkage),
    )


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
    written = _written(good.title, good.values)
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


@lru_cache(maxsize=REMEMBERED)
def _written(title: str, values: tuple[str, ...]) -> Mapping[str, str]:
    """The term of each value and of each word of a title, and how people read it."""
    return {
        next(iter(terms_of(About("", (value,))))): value.partition("=")[2].rpartition(" > ")[2]
        for value in values
    } | {word.casefold(): word for word in re.findall(r"[^\W\d_]{3,}", title)}
