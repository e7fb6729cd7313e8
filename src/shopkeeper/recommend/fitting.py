"""From what people did and what the products are to a model that serves: links between items, and how much each counts.

    model = fit(goods, behaviour)         # seconds for a thousand products, minutes for a hundred thousand

The weights are learnt inside the behaviour that is given: links are fitted on the most of it, what they offer is held
against what people did after that, and then the links are fitted anew on everything. Without behaviour there is a
model too: products that are alike, and nothing else.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse

from shopkeeper.recommend import choosing, neighbours, next_item, text
from shopkeeper.recommend.behaviour import ACTIONS, DAY, Behaviour, Floats
from shopkeeper.recommend.goods import Good, about
from shopkeeper.recommend.histories import Histories, Ints, Places, Sparse, Table
from shopkeeper.recommend.lending import LENT, lent
from shopkeeper.recommend.model import Made, Model, Neighbours, Weights, Words
from shopkeeper.recommend.scoring import (
    FEATURES,
    FLOORS,
    NOW,
    PLAIN,
    SEGMENTS,
    TRAILS,
    Scorer,
    Trail,
    theta_of,
    weights_of,
)
from shopkeeper.recommend.text import About
from shopkeeper.shop.bulk import Connection

Strings = npt.NDArray[np.str_]

COMMONEST = 0.5  # share of the items that a word may be in: in a small shop kinds are that common
SEARCHED = 1.5  # times what all links count in a session
CATEGORY_PRIOR = 5.0  # steps within a category that are taken for granted
AGAIN_PRIOR = 10.0  # buyers of the same category that stand in for an item's own
BLOCK = 4_000_000  # pairs of items that are compared together


@dataclass(frozen=True, slots=True)
class Plan:
    """most: neighbours kept of each item. popular_days: half-life of popularity. shrinkage: people who would have to
    have had both, for a link to count half of what it looks like. asked: the share of events, the newest, from which
    the weights are learnt, and questions: how many of them at most; offered: candidates of each; enough: questions that a segment needs for weights of its own; ridge: of
    the weights. pairs: of alike items, that one term may make, times the number of items."""

    most: int = 100
    popular_days: float = 30.0
    shrinkage: float = 20.0
    asked: float = 0.2
    questions: int = 8000
    offered: int = 100
    enough: int = 400
    ridge: float = 1.0
    following: next_item.Plan = field(default_factory=lambda: next_item.Plan(ridge=30.0))
    pairs: float = 60e6


def fit(goods: Sequence[Good], behaviour: Behaviour, plan: Plan | None = None) -> Model:
    """The model of these products and of nothing later than `behaviour.until`. Places are in the order of `goods`."""
    plan, begun = plan or Plan(), time.monotonic()
    items = Places(tuple(good.id for good in goods))
    known = _known(goods, plan)
    weights = _weights(items, known, behaviour, plan)
    return replace(
        _fitted(items, known, behaviour, plan),
        weights=weights,
        again=_again(known.category, behaviour),
        made=Made(
            until=behaviour.until,
            events=len(behaviour.histories.items),
            people=len(behaviour.histories),
            orders=len(behaviour.bought),
            seconds=round(time.monotonic() - begun, 2),
        ),
    )


def popular(conn: Connection, goods: Sequence[Good], *, days: int = 30) -> Model:
    """What there is at once, before anything is fitted: what many looked at or bought in the shop's latest days."""
    items = Places(tuple(good.id for good in goods))
    rows = conn.execute(
        "select object_id, count(distinct session_id) from events where object_id <> '' and action = any(%s) "
        "and at > (select max(at) from events) - make_interval(days => %s) group by object_id",
        [list(ACTIONS), days],
    ).fetchall()
    number = np.zeros(len(items), np.float32)
    for item, visits in rows:
        if item in items.place:
            number[items.place[item]] = visits
    nothing = np.zeros(len(items), np.float32)
    nobody = Words(Places(()), nothing[:0], sparse.csr_array((len(items), 0), dtype=np.float32))
    return Model(
        items=items,
        links={},
        words=nobody,
        values=nobody,
        popular=number / max(float(number.sum()), 1.0),
        people=number,
        baskets=nothing,
        again=nothing,
        weights=dict.fromkeys(SEGMENTS, PLAIN),
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """What needs no behaviour."""

    words: Words
    values: Words
    links: dict[str, Neighbours]
    category: Ints  # (N,) the number of each item's


def _known(goods: Sequence[Good], plan: Plan) -> _Known:
    items, number = about(goods), dict[tuple[str, ...], int]()
    categories = np.array([number.setdefault(g.category, len(number)) for g in goods], np.intp)
    few = max(len(items), 1)
    commonest = min(1.0, max(200.0, plan.pairs / few) / few)
    words = words_of(items, commonest=min(COMMONEST, commonest))
    values = words_of([About("", item.values) for item in items], commonest=commonest)
    links = {"text": alike(words.rows, plan.most), "values": alike(values.rows, plan.most)}
    return _Known(words, values, links, categories)


def words_of(items: Sequence[About], *, commonest: float) -> Words:
    """The terms that at least two of these items have, and not more than this share of them."""
    terms, rarity, rows = text.vocabulary(items, commonest=commonest)
    return Words(Places(terms), rarity, rows)


def alike(rows: Sparse, most: int) -> Neighbours:
    """The `most` nearest of each unit row by cosine, itself left out."""
    count = rows.shape[0]
    others = sparse.csr_array(rows.T)
    step = max(1, BLOCK // max(count, 1))
    of = np.zeros((count, min(most, max(count - 1, 1))), np.int32)
    value = np.zeros(of.shape, np.float32)
    for start in range(0, count, step):
        pairs = sparse.csr_array(rows[start : start + step] @ others)
        row = np.repeat(np.arange(pairs.shape[0]), np.diff(pairs.indptr))
        pairs.data[pairs.indices == row + start] = 0
        found = Neighbours.nearest(pairs, of.shape[1])
        of[start : start + step, : found.of.shape[1]] = found.of
        value[start : start + step, : found.of.shape[1]] = found.value
    return Neighbours(of, value)


def _fitted(items: Places[str], known: _Known, behaviour: Behaviour, plan: Plan) -> Model:
    """Links and popularity, with weights by judgement."""
    histories, bought = behaviour.histories, behaviour.bought
    links = dict(known.links)
    if len(histories.items):
        following = next_item.fit(histories, plan.following).weights
        following.setdiag(0)
        links["next"] = Neighbours.nearest(following, plan.most)
        near = neighbours.fit(histories, shrinkage=plan.shrinkage).weights
        links["near"] = Neighbours.nearest(near, plan.most)
    if len(bought.items):
        together = neighbours.fit(bought, shrinkage=plan.shrinkage).weights
        links["bought"] = Neighbours.nearest(together, plan.most)
    fresh = 0.5 ** ((behaviour.until - behaviour.at) / (plan.popular_days * DAY))
    popular: Floats = np.bincount(histories.items, fresh, len(items)).astype(np.float64)
    links["category"] = _by_category(known.category, histories, popular, plan)
    model = Model(
        items=items,
        links=links,
        words=known.words,
        values=known.values,
        popular=(popular / max(popular.sum(), 1e-12)).astype(np.float32),
        people=_different(histories),
        baskets=_different(bought),
        again=np.zeros(len(items), np.float32),
        weights=dict.fromkeys(SEGMENTS, PLAIN),
        shrinkage=plan.shrinkage,
    )
    return lent(model, np.flatnonzero(model.people == 0), LENT)


def _by_category(category: Ints, histories: Histories, popular: Floats, plan: Plan) -> Neighbours:
    """Items of the categories that people turn to next, the same one mostly: P(category | category), from the nearest
    steps of all people; where nobody went anywhere, the same category. The most wanted items of each are kept."""
    count, many = len(category), int(category.max(initial=-1)) + 1
    of = sparse.csr_array((np.ones(count), (np.arange(count), category)), shape=(count, many))
    before, after = next_item.rows(histories, plan.following)
    steps = (before @ of).T @ (after @ of) + CATEGORY_PRIOR * sparse.eye_array(many)
    chance = sparse.csr_array(sparse.diags_array(1 / np.maximum(steps.sum(axis=1), 1e-9)) @ steps)
    best = _most_wanted(category, popular, plan.most)
    found = Neighbours.nearest(chance @ best, plan.most)  # by chance, and by how wanted
    likely = np.zeros(found.of.shape, np.float32)
    for number in range(many):
        there = found.value[number] > 0
        to = category[found.of[number]]
        likely[number] = np.where(there, chance[[number]].toarray()[0, to], 0)
    own = found.of[category], likely[category]
    own[1][own[0] == np.arange(count)[:, None]] = 0  # not itself
    return Neighbours(*own)


def _most_wanted(category: Ints, popular: Floats, most: int) -> Sparse:
    """(categories, N) how wanted the most wanted items of each category are beside the best of it."""
    top = np.zeros(int(category.max(initial=-1)) + 1)
    np.maximum.at(top, category, popular)
    value = (popular + 1e-3) / (top[category] + 1e-3)
    whole = sparse.csr_array(
        (value, (category, np.arange(len(category)))), shape=(len(top), len(category))
    )
    return Neighbours.nearest(whole, most).matrix(len(category))


def _different(histories: Histories) -> Table:
    """(N,) how many histories have each item."""
    return np.bincount(histories.matrix().indices, minlength=histories.count).astype(np.float32)


def _again(category: Ints, behaviour: Behaviour) -> Table:
    """(N,) the share of an item's buyers who bought it again; where few bought it, as in its category."""
    count = len(category)
    owner = behaviour.buyers[behaviour.bought.people]
    known = owner >= 0
    pairs, times = np.unique(
        owner[known] * count + behaviour.bought.items[known], return_counts=True
    )
    item = pairs % max(count, 1)
    buyers = np.bincount(item, minlength=count)
    repeated = np.bincount(item[times > 1], minlength=count)
    of_category = np.bincount(category, repeated) / (np.bincount(category, buyers) + AGAIN_PRIOR)
    return np.asarray(
        (repeated + AGAIN_PRIOR * of_category[category]) / (buyers + AGAIN_PRIOR), np.float32
    )


def _weights(
    items: Places[str], known: _Known, behaviour: Behaviour, plan: Plan
) -> dict[str, Weights]:
    """Weights of each segment, from what people did last."""
    histories, at = behaviour.histories, behaviour.at
    cut = float(np.quantile(at, 1 - plan.asked)) if len(at) else 0.0
    asked = _questions(histories, at, cut, plan.questions)
    if len(asked) < plan.enough:
        return dict.fromkeys(SEGMENTS, PLAIN)
    scorer = Scorer(_fitted(items, known, behaviour.before(cut), plan))
    tables, places, segments = _tables(scorer, histories, at, asked, plan.offered)
    if len(tables) < plan.enough:
        return dict.fromkeys(SEGMENTS, PLAIN)
    together = choosing.fit(tables, places, ridge=plan.ridge, least=0.0).weights
    found = {}
    for segment in SEGMENTS:
        of = segments == segment
        own = tables[of], places[of]
        theta = (
            choosing.fit(*own, ridge=plan.ridge, least=0.0).weights
            if of.sum() >= plan.enough
            else together
        )
        found[segment] = _with_words(theta)
    return found


def _with_words(theta: Table) -> Weights:
    """Histories hold no searches, so what a search counts is by judgement: more than a look at the same moment counts for
    what is like it, all its links together, since it says what is wanted next."""
    weights = theta.astype(np.float64)
    session = [i for i, name in enumerate(FEATURES[:-2]) if not name.endswith(" ever")]
    weights[-2] = max(float(weights[session].sum()) * SEARCHED, theta_of(PLAIN)[-2])
    weights[-1] = max(weights[-1], 0.05)
    return weights_of(weights)


def _questions(histories: Histories, at: Floats, cut: float, most: int) -> Ints:
    """Places of events that are asked about: those from the cut on, of items that the person did not have and with
    something before them; at most so many, evenly drawn."""
    person_item = histories.people * histories.count + histories.items
    first = np.zeros(len(at), np.bool_)
    first[np.unique(person_item, return_index=True)[1]] = True
    asked = np.flatnonzero((at >= cut) & first & (histories.position >= 1))
    if len(asked) > most:
        asked = asked[np.linspace(0, len(asked) - 1, most).astype(np.intp)]
    return asked


def _tables(
    scorer: Scorer, histories: Histories, at: Floats, asked: Ints, offered: int
) -> tuple[Table, Ints, Strings]:
    """(Q, offered, F) evidence in logarithms of the candidates of each question, the place of what was taken, and the
    segment; questions whose answer is not offered are left out."""
    tables, places, segments = [], [], []
    for event, person in zip(asked, histories.people[asked], strict=True):
        past = slice(histories.start[person], event)
        trail = Trail.of(
            histories.items[past], histories.weight[past].astype(np.float64), at[event] - at[past]
        )
        scored = scorer.score(trail)
        value = np.where(np.isin(scored.candidates, trail.places), -np.inf, scored.score)
        best = np.argsort(-value, kind="stable")[:offered]
        hit = np.flatnonzero(scored.candidates[best] == histories.items[event])
        if len(hit) and np.isfinite(value[best[hit[0]]]):
            table = np.zeros((offered, len(FLOORS)), np.float32)  # what is missing has no evidence
            table[: len(best)] = np.log1p(scored.evidence[best] / FLOORS)
            if trail.segment == "back":
                for trail_of_session in range(NOW + 1):  # what is wanted now is not known
                    table[:, trail_of_session : len(FLOORS) - 2 : len(TRAILS)] = 0
            tables.append(table)
            places.append(hit[0])
            segments.append(trail.segment)
    if not tables:
        return np.zeros((0, offered, len(FLOORS)), np.float32), np.zeros(0, np.intp), np.array([])
    return np.stack(tables), np.array(places, np.intp), np.array(segments)
