"""What somebody will buy next time, from what they buy and how often: candidates of a moment and their features.

Letters: `P` people, `N` items, `C` candidates of all people asked about together, `F` features.

Candidates are what a person bought, the most usual first, then what is popular, what people alike buy, and what is
much bought of the kinds the person buys. Times count in days and in baskets back from the moment; nothing after it is
looked at. Sources: Hu et al. 2020 (TIFU-KNN: decayed baskets, people alike), Faggioli et al. 2020 (recency beside
frequency in each person's own rhythm).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from shopkeeper.recommend.histories import Ints, Sparse, Table
from shopkeeper.recommend.purchases import DAY, Bools, Floats, Purchases

HALF_LIVES = (7, 21, 60, 120, 365)  # days
BACK = (0.7, 0.9, 0.97)  # what a basket counts beside the one after it
POPULAR = (7, 30, 90, 365)  # half-lives of what everybody buys
USUAL, WANTED, ALIKE, OF_KIND = 150, 100, 60, 20  # candidates of each source
NEIGHBOURS = 100
LEAST_PEOPLE = 5  # buyers that an item needs to be new for somebody
RHYTHM = 60.0  # days between purchases, before anything is known


@dataclass(frozen=True, slots=True)
class Candidates:
    """person, item: (C,), one person after the other; start: (asked + 1,); usual: (C,) bought before by that person;
    features: (C, F)."""

    person: Ints
    item: Ints
    start: Ints
    usual: Bools
    features: Table


def candidates(past: Purchases, moment: int, people: Ints) -> Candidates:
    """What these people could buy from a moment on. past: purchases before it."""
    pairs, items, rows = _Pairs(past, moment), _Items(past, moment), _People(past, moment)
    company = _Company(pairs, items, rows, past)
    offered = [_offer(person, pairs, items, rows, company) for person in people.tolist()]
    length = [len(item) for item, _ in offered]
    person = np.repeat(people, length)
    item = np.concatenate([i for i, _ in offered] or [np.zeros(0, np.intp)])
    pair = np.concatenate([p for _, p in offered] or [np.zeros(0, np.intp)])
    columns = [
        *_own(person, item, pair, pairs, items, rows),
        *_others(person, item, pair, items, rows, company),
        *(
            column
            for kind in past.kinds
            for column in _of_kind(person, kind[item], kind, past, moment)
        ),
    ]
    start = np.concatenate([[0], np.cumsum(length)]).astype(np.intp)
    return Candidates(person, item, start, pair >= 0, np.stack(columns, 1).astype(np.float32))


def half(days: Floats, half_life: float) -> Floats:
    """What something so old counts."""
    return np.asarray(0.5 ** (days / half_life))


class _Pairs:
    """One row for each person and item that was bought: how often, how lately, how regularly."""

    def __init__(self, past: Purchases, moment: int) -> None:
        person = past.person[past.basket]
        days = (moment - past.at[past.basket]) / DAY
        total = np.bincount(past.person, minlength=past.people)
        order = np.arange(len(past.person)) - np.searchsorted(past.person, past.person)
        back = (total[past.person] - 1 - order)[past.basket]  # baskets since
        found, of = np.unique(person * past.count + past.item, return_inverse=True)
        self.person, self.item, size = found // past.count, found % past.count, len(found)
        self.start = np.searchsorted(self.person, np.arange(past.people + 1))
        self.number = np.bincount(of, minlength=size).astype(np.float64)
        self.by_days = {h: np.bincount(of, half(days, h), size) for h in HALF_LIVES}
        self.by_baskets = {r: np.bincount(of, r ** back.astype(float), size) for r in BACK}
        self.last, self.first = np.full(size, np.inf), np.zeros(size)
        np.minimum.at(self.last, of, days)
        np.maximum.at(self.first, of, days)
        self.last_back = np.full(size, np.inf)
        np.minimum.at(self.last_back, of, back)
        dates = np.bincount(np.unique(of * 1000 + days.astype(np.intp)) // 1000, minlength=size)
        self.rhythm = np.where(
            dates > 1, (self.first - self.last) / np.maximum(dates - 1, 1), np.nan
        )
        self.lines = (person, days, back)


class _Items:
    """One row for each item: who buys it, how often again, how it goes."""

    def __init__(self, past: Purchases, moment: int) -> None:
        days = (moment - past.at[past.basket]) / DAY
        self.popular = {h: np.bincount(past.item, half(days, h), past.count) for h in POPULAR}
        buyers = np.unique(past.person[past.basket] * past.count + past.item, return_counts=True)
        item = buyers[0] % past.count
        self.buyers = np.bincount(item, minlength=past.count).astype(np.float64)
        self.again = (np.bincount(item, buyers[1] > 1, past.count) + 1) / (self.buyers + 5)
        self.trend = (self.popular[7] + 1) / (self.popular[90] / 8 + 1)
        self.kinds = past.kinds
        self.in_kind = [
            self.popular[90] / np.maximum(np.bincount(k, self.popular[90])[k], 1e-9)
            for k in past.kinds
        ]
        self.order = np.argsort(-self.popular[30], kind="stable")


class _People:
    """One row for each person: how much they buy, and of which kinds."""

    def __init__(self, past: Purchases, moment: int) -> None:
        days = (moment - past.at) / DAY
        self.baskets = np.bincount(past.person, minlength=past.people)
        self.weight = {h: np.bincount(past.person, half(days, h), past.people) for h in HALF_LIVES}
        lines = np.bincount(past.person[past.basket], minlength=past.people)
        self.size = lines / np.maximum(self.baskets, 1)
        fresh = half(days, 60)[past.basket]
        person = past.person[past.basket]
        self.kinds = [
            sparse.csr_array(
                (fresh, (person, kind[past.item])), shape=(past.people, int(kind.max(initial=0)) + 1)
            ).toarray().astype(np.float32)
            for kind in past.kinds
        ]  # fmt: skip


class _Company:
    """What people alike buy, and what is bought together with the newest baskets; over items with some buyers."""

    def __init__(self, pairs: _Pairs, items: _Items, rows: _People, past: Purchases) -> None:
        self.items = np.flatnonzero(items.buyers >= LEAST_PEOPLE)
        self.place = np.full(past.count, -1, np.intp)
        self.place[self.items] = np.arange(len(self.items))
        share = pairs.by_days[120] / np.maximum(rows.weight[120][pairs.person], 1e-9)
        shape = (past.people, past.count)
        usual = sparse.csr_array((share, (pairs.person, pairs.item)), shape=shape)
        self.alike: Table = _people_alike(usual, items) @ usual[:, self.items].toarray().astype(
            "f4"
        )
        self.together = _together(pairs, past, self.items)


def _people_alike(usual: Sparse, items: _Items) -> Table:
    """(P, P) how much each counts for each other: cosine of what they buy, rare items more, the nearest alone."""
    rarity = np.log(usual.shape[0] / (1 + items.buyers)).clip(0.1)
    rows = sparse.csr_array(usual.sqrt() @ sparse.diags_array(rarity))
    length = np.maximum(np.sqrt(np.asarray((rows * rows).sum(axis=1)).ravel()), 1e-9)
    rows = sparse.diags_array(1 / length) @ rows
    cosine: Table = (rows @ rows.T).toarray().astype(np.float32)
    np.fill_diagonal(cosine, 0)
    if len(cosine) > NEIGHBOURS:
        least = np.partition(cosine, -NEIGHBOURS, axis=1)[:, -NEIGHBOURS]
        cosine[cosine < least[:, None]] = 0
    total: Table = cosine / np.maximum(cosine.sum(axis=1, keepdims=True), 1e-9)
    return total


def _together(pairs: _Pairs, past: Purchases, items: Ints) -> Table:
    """(P, items) chance that an item is in a basket with one of the newest baskets, these counting 0.6 each back."""
    person, _, back = pairs.lines
    ones = np.ones(len(past.item), np.float32)
    shape = (len(past.person), past.count)
    baskets = sparse.csr_array((ones, (past.basket, past.item)), shape=shape)[:, items]
    both = sparse.csr_array(baskets.T @ baskets)
    both.setdiag(0)
    both = sparse.diags_array(1 / (np.asarray(baskets.sum(axis=0)).ravel() + 20)) @ both
    new = back < 5
    weight = (0.6 ** back[new].astype(float), (person[new], past.item[new]))
    newest = sparse.csr_array(weight, shape=(past.people, past.count))[:, items]
    total = np.maximum(np.asarray(newest.sum(axis=1)), 1)[:, None]
    return np.asarray((newest @ both).toarray() / total, np.float32)


def _offer(
    person: int, pairs: _Pairs, items: _Items, rows: _People, company: _Company
) -> tuple[Ints, Ints]:
    """Candidates of one person, and their rows among the pairs, -1 where there is none."""
    mine = np.arange(pairs.start[person], pairs.start[person + 1])
    had = pairs.item[mine]
    usual = pairs.by_days[120][mine] + 0.3 * pairs.by_days[21][mine]
    mine = mine[np.argsort(-usual, kind="stable")[:USUAL]]
    known = company.place[had]
    alike = company.alike[person].copy()
    of_kind = rows.kinds[0][person][items.kinds[0][company.items]] * items.in_kind[0][company.items]
    alike[known[known >= 0]] = of_kind[known[known >= 0]] = -1
    popular = items.order[:WANTED]
    new = np.unique(
        np.concatenate(
            [
                popular[~np.isin(popular, had)],
                company.items[_best(alike, ALIKE)],
                company.items[_best(of_kind, OF_KIND)],
            ]
        )
    )
    new = new[~np.isin(new, had)]
    return np.concatenate([pairs.item[mine], new]), np.concatenate([mine, np.full(len(new), -1)])


def _best(values: npt.NDArray[np.floating], most: int) -> Ints:
    most = min(most, len(values))
    return np.argpartition(-values, most - 1)[:most] if most else np.zeros(0, np.intp)


def _own(
    person: Ints, item: Ints, pair: Ints, pairs: _Pairs, items: _Items, rows: _People
) -> Iterator[Floats]:
    """Features of what this person did with this item; for new items, constants."""
    new = pair < 0

    def of(values: npt.NDArray[Any], otherwise: float = 0.0) -> Floats:
        return np.where(new, otherwise, values[pair]).astype(np.float64)

    yield new.astype(float)
    for half_life, floor in zip(HALF_LIVES, (0.02, 0.01, 0.005, 0.005, 0.003), strict=True):
        weight = np.maximum(rows.weight[half_life][person], 0.3)
        yield np.log(of(pairs.by_days[half_life]) / weight + floor)
    for ratio in BACK:
        yield np.log(of(pairs.by_baskets[ratio]) + 0.02)
    share = np.log(of(pairs.number) / np.maximum(rows.baskets[person], 1) + 0.002)
    yield share
    yield np.log1p(of(pairs.number))
    yield (of(pairs.number) == 1).astype(float)
    yield np.log1p(of(pairs.last))
    yield np.log1p(of(pairs.last_back))
    yield (of(pairs.last_back, 1.0) == 0).astype(float)
    due = np.nan_to_num(of(pairs.last / pairs.rhythm, 1.0), nan=1.0, posinf=3.0)
    yield np.minimum(due, 3)
    yield np.log(due + 0.1)
    seen = ~np.isnan(pairs.rhythm)
    number = np.bincount(pairs.item[seen], minlength=len(items.buyers))
    usual = np.bincount(pairs.item[seen], pairs.rhythm[seen], len(items.buyers))
    rhythm = (usual + 2 * RHYTHM) / (number + 2)
    yield np.where(new, 0, np.log(of(pairs.last) / rhythm[item] + 0.1))
    yield np.where(new, 0, np.log(rhythm[item]))
    yield np.where(new, 0, np.log(items.again[item] + 0.02))
    kind = np.maximum(rows.kinds[0][person, items.kinds[0][item]], 1e-9)
    yield np.log(of(pairs.by_days[60]) / kind + 0.02)
    for size in (rows.size, rows.baskets):
        yield np.where(new, 0, share * np.log(np.maximum(size[person], 1)))


def _others(
    person: Ints, item: Ints, pair: Ints, items: _Items, rows: _People, company: _Company
) -> Iterator[Floats]:
    """Features of what others do with this item, and what this person does with its kinds."""
    new = (pair < 0).astype(float)
    place = company.place[item]
    known = place >= 0
    alike = np.log(np.where(known, company.alike[person, place], 0) + 1e-3)
    yield alike
    yield np.log(np.where(known, company.together[person, place], 0) + 1e-3)
    weight = np.maximum(rows.weight[60][person], 0.3)
    affinity = np.zeros(len(item))
    for level, kind in enumerate(items.kinds):
        mine = rows.kinds[level][person, kind[item]] / weight
        inside = items.in_kind[level][item]
        yield np.log(mine + 0.01)
        yield np.log(inside + 0.01)
        both = np.log(mine * inside + 1e-4)
        yield both
        affinity = both if level == 0 else affinity
    for half_life in POPULAR:
        yield np.log1p(items.popular[half_life][item])
    yield np.log1p(items.buyers[item])
    yield np.log(items.trend[item])
    yield np.log(items.again[item] + 0.02)
    for column in (alike, affinity, np.log1p(items.popular[30][item])):
        yield new * column
    for size in (rows.size, rows.baskets):
        yield new * np.log(np.maximum(size[person], 1))


def _of_kind(
    person: Ints, asked: Ints, kind: Ints, past: Purchases, moment: int
) -> Iterator[Floats]:
    """Features of what this person did with a kind of item: how lately, how regularly, how much, how variedly."""
    count = int(kind.max(initial=0)) + 1
    who, days = past.person[past.basket], (moment - past.at[past.basket]) / DAY
    pairs, of = np.unique(who * count + kind[past.item], return_inverse=True)
    last, first = np.full(len(pairs), np.inf), np.zeros(len(pairs))
    np.minimum.at(last, of, days)
    np.maximum.at(first, of, days)
    dates = _different(of, days.astype(np.intp), len(pairs))
    wanted = person * count + asked
    at = np.minimum(np.searchsorted(pairs, wanted), max(len(pairs) - 1, 0))
    known = pairs[at] == wanted if len(pairs) else np.zeros(len(wanted), np.bool_)

    def of_pair(values: npt.NDArray[Any], otherwise: float) -> Floats:
        return (
            np.where(known, values[at], otherwise) if len(values) else np.full(len(at), otherwise)
        )

    all_lately = np.bincount(past.person, half((moment - past.at) / DAY, 30), past.people)
    lately = of_pair(np.bincount(of, half(days, 30), len(pairs)), 0)
    due = np.minimum(of_pair(last / ((first - last + RHYTHM) / np.maximum(dates, 1)), 3), 6)
    yield np.log1p(of_pair(last, 400))
    yield due
    yield np.log(due + 0.1)
    yield np.log(lately / np.maximum(all_lately[person], 0.3) + 0.005)
    yield np.log(of_pair(np.bincount(of, half(days, 120), len(pairs)), 0) + 0.05)
    yield np.log1p(of_pair(dates, 0))
    yield np.log1p(of_pair(_different(of, past.item, len(pairs)), 0))


def _different(of: Ints, values: Ints, size: int) -> Floats:
    """(size,) how many different values each has."""
    count = int(values.max(initial=0)) + 1
    return np.bincount(np.unique(of * count + values) // count, minlength=size).astype(np.float64)
