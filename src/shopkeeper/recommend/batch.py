"""Lists for everybody at once: for e-mails, exports and caches, in memory that does not grow with the number of people.

Letters: `B` people of a block, `N` items, `K` neighbours.

People come out of the database one after the other with all they did, `BLOCK` of them are scored together by products
of sparse matrices, and each list is arranged by the same rules and for the same variety as in the live shop
(`merchandising.py`). Scores are those of `scoring.py`, number for number; searches play no part here.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

import numpy as np
from scipy import sparse

from shopkeeper.recommend import behaviour as acts
from shopkeeper.recommend.behaviour import Floats
from shopkeeper.recommend.controls import DEFAULT
from shopkeeper.recommend.following import State
from shopkeeper.recommend.histories import Histories, Ints, Sparse
from shopkeeper.recommend.merchandising import Left, arrange
from shopkeeper.recommend.model import Neighbours
from shopkeeper.recommend.scoring import (
    FLOORS,
    LINKS,
    SEGMENTS,
    TRAILS,
    Scored,
    segment,
)
from shopkeeper.recommend.slots import Slot
from shopkeeper.shop import customers, products
from shopkeeper.shop.bulk import Connection
from shopkeeper.shop.database import Database
from shopkeeper.shop.records import CustomerId, Product, ProductId

BLOCK = 256
MOST_EVENTS = 400  # of one person, the newest, that are read
POOL = 200  # best candidates of each that are arranged

_EVERYBODY = """
with owner as (
    select client_id, min(customer_id) as customer_id from events
    where client_id <> '' and customer_id is not null and at < %(until)s
    group by client_id having count(distinct customer_id) = 1
)
select who, object_id, action, at, rating from (
    select coalesce('c' || e.customer_id, 'c' || owner.customer_id, 'd' || nullif(e.client_id, '')) as who,
           e.object_id, e.action, extract(epoch from e.at)::float8 as at, e.attributes -> 'rating' as rating
    from events e left join owner on owner.client_id = e.client_id
    where e.object_id <> '' and e.action = any(%(actions)s) and e.at < %(until)s
    union all
    select 'c' || o.customer_id, l.product_id, 'purchase', extract(epoch from o.placed_at)::float8, null
    from orders o join order_lines l on l.order_id = o.id
    where o.placed_at < %(until)s and o.status not in ('cancelled', 'canceled') and o.customer_id <> ''
) acted where who is not null and mod(hashtext(who)::bigint + 2147483648, %(shards)s) = %(shard)s
order by who, at desc
"""


@dataclass(frozen=True, slots=True)
class Listed:
    """The list of one person. who: as `Behaviour.who`: c and a customer's id, d and a device's."""

    who: str
    products: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class People:
    """A block of people with what they did."""

    who: tuple[str, ...]
    histories: Histories
    at: Floats


@dataclass(frozen=True, slots=True)
class Shard:
    """One part of the people, from 1, of so many parts; each person is in one of them, always the same."""

    part: int = 1
    of: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.part <= self.of:
            raise ValueError(f"there is no part {self.part} of {self.of}")


ALL = Shard()


def everybody(
    conn: Connection,
    place: Mapping[str, int],
    *,
    until: datetime,
    shard: Shard = ALL,
    block: int = BLOCK,
) -> Iterator[People]:
    """All customers and devices that did anything before a moment, a block at a time; shard: these alone."""
    who: list[str] = []
    rows: list[tuple[int, int, float, float]] = []
    number = 0
    with conn.cursor("everybody") as cursor:
        cursor.itersize = acts.BATCH
        asked = {"until": until, "actions": list(acts.ACTIONS)}
        cursor.execute(_EVERYBODY, {**asked, "shard": shard.part - 1, "shards": shard.of})
        for name, item, action, at, rating in cursor:
            if not who or name != who[-1]:
                if len(who) == block:
                    yield _people(who, rows, len(place))
                    who, rows = [], []
                who.append(name)
                number = 0
            if (found := place.get(item)) is not None and number < MOST_EVENTS:
                number += 1
                rows.append((len(who) - 1, found, at, acts.weight_of(action, rating)))
    if who:
        yield _people(who, rows, len(place))


def _people(
    who: Sequence[str], rows: Sequence[tuple[int, int, float, float]], count: int
) -> People:
    person, item, at, weight = (np.array(column) for column in zip(*rows, strict=True)) if rows else (np.zeros(0),) * 4  # fmt: skip
    histories, times = acts.of_events(
        person.astype(np.intp), item.astype(np.intp), at.astype(np.float64), weight.astype(np.float64),
        people=len(who), count=count,
    )  # fmt: skip
    return People(tuple(who), histories, times)


class Batch:
    """Makes the lists of blocks of people as a state of the shop serves them."""

    def __init__(self, state: State, *, limit: int, now: datetime) -> None:
        self._state, self._limit, self._now = state, limit, now
        model = state.scorer.model
        self._links = {name: _matrix(links) for name, links in model.links.items()}
        self._effect = state.effects(Slot.HOME, (), now)
        self._controls = state.controls.get(Slot.HOME, DEFAULT[Slot.HOME])
        self._nothing = np.zeros((0, len(FLOORS)))
        self._sum = np.zeros(state.scorer.count)
        self._stamp = np.zeros(state.scorer.count, np.int64)
        popular = np.log1p(state.scorer.popular / FLOORS[-1])
        self._popular = {s: popular * state.scorer.theta[s][-1] for s in SEGMENTS}

    def __call__(self, people: People) -> Iterator[Listed]:
        """The list of each person, shorter where little can be shown."""
        histories = people.histories
        fresh = histories.weight * 0.5 ** (self._ages(people) / TRAILS["now"])
        now = np.bincount(histories.people, fresh, len(histories)).astype(np.float64)
        of = np.array(list(map(segment, _different(histories).tolist(), now.tolist())))
        for name in SEGMENTS:
            chosen = np.flatnonzero(of == name)
            if len(chosen):
                for person, scored in self._scored(people, chosen, name):
                    items = histories[person]
                    yield Listed(people.who[person], self._arranged(scored, items, people, person))

    def _scored(self, people: People, chosen: Ints, segment: str) -> Iterator[tuple[int, Scored]]:
        theta = self._state.scorer.theta[segment]
        found = list(self._evidence(people, chosen, theta))
        fallback, popular = self._state.scorer.fallback, self._popular[segment]
        for row, person in enumerate(chosen.tolist()):
            columns = [fallback]
            for rows in found:
                at = slice(rows.indptr[row], rows.indptr[row + 1])
                columns.append(rows.indices[at])
                self._sum[rows.indices[at]] += rows.data[at]
            candidates = np.concatenate(columns)
            number = np.arange(len(candidates))
            self._stamp[candidates] = number
            candidates = candidates[self._stamp[candidates] == number]  # each once
            score = self._sum[candidates] + popular[candidates]
            self._sum[candidates] = 0
            yield person, Scored(candidates, self._nothing, theta, score)

    def _evidence(self, people: People, chosen: Ints, theta: Floats) -> Iterator[Sparse]:
        """(B, N) what each kind of link adds to the scores."""
        histories = people.histories
        ages = self._ages(people)
        for t, half_life in enumerate(TRAILS.values()):
            weight = histories.weight * 0.5 ** (ages / half_life)
            shape = (len(histories), histories.count)
            trails = sparse.csr_array((weight, histories.items, histories.start), shape=shape)[
                chosen
            ]
            for i, name in enumerate(LINKS):
                column = len(TRAILS) * i + t
                if name in self._links and theta[column] > 0:
                    rows = trails @ self._links[name]
                    rows.data = np.log1p(rows.data / FLOORS[column]) * theta[column]
                    yield rows

    def _ages(self, people: People) -> Floats:
        """(E,) seconds ago."""
        return np.maximum(self._now.timestamp() - people.at, 0)

    def _arranged(
        self, scored: Scored, items: Ints, people: People, person: int
    ) -> tuple[str, ...]:
        state = self._state
        if len(scored.candidates) > POOL:
            shown = np.where(state.shelf.sellable[scored.candidates], scored.score, -np.inf)
            best = np.argpartition(-shown, POOL)[:POOL]
            scored = Scored(
                scored.candidates[best], self._nothing, scored.theta, scored.score[best]
            )
        events = slice(people.histories.start[person], people.histories.start[person + 1])
        bought = items[people.histories.weight[events] >= acts.PURCHASE]
        placed = arrange(
            scored, state.shelf, effect=self._effect, controls=self._controls,
            left=Left(items, state.shelf.thing[bought]), popular=state.scorer.popular,
            terms=state.scorer.model.words.rows, limit=self._limit,
        )  # fmt: skip
        ids = state.scorer.model.items.ids
        return tuple(ids[item.place] for item in placed)


def lists_for(
    conn: Connection,
    state: State,
    *,
    limit: int,
    now: datetime,
    shard: Shard = ALL,
    on_progress: Callable[[int], None] | None = None,
) -> Iterator[Listed]:
    """The list of everybody, or of one part of them."""
    batch, done = Batch(state, limit=limit, now=now), 0
    for people in everybody(conn, state.shelf.place, until=now, shard=shard):
        yield from batch(people)
        done += len(people.who)
        if on_progress is not None:
            on_progress(done)


def _matrix(links: Neighbours) -> Sparse:
    """Neighbours as a sparse matrix over the same memory."""
    count, width = links.of.shape
    start = np.arange(0, count * width + 1, width)
    return sparse.csr_array((links.value.ravel(), links.of.ravel(), start), shape=(count, count))


def _different(histories: Histories) -> Ints:
    """(P,) how many different items each has."""
    pairs = np.unique(histories.people * histories.count + histories.items)
    return np.bincount(pairs // max(histories.count, 1), minlength=len(histories))


def as_line(listed: Listed) -> Mapping[str, object]:
    """A list as it is exported."""
    kind = "customer_id" if listed.who[0] == "c" else "client_id"
    return {kind: listed.who[1:], "products": list(listed.products)}


def for_emails(database: Database, lists: Iterable[Listed]) -> Iterator[Mapping[str, object]]:
    """Lists of customers who have an address, with what a letter needs: address, name, language and titles."""
    waiting = iter(lists)
    while block := list(islice(waiting, BLOCK)):
        with database.connection() as conn:
            people = customers.get_many(conn, [one.who[1:] for one in block if one.who[0] == "c"])
            shown = products.get_many(conn, {p for one in block for p in one.products})
        for one in block:
            person = people.get(CustomerId(one.who[1:])) if one.who[0] == "c" else None
            if person is None or not person.email or not one.products:
                continue
            yield {
                "customer_id": person.id,
                "email": person.email,
                "first_name": person.first_name,
                "language": person.language,
                "products": [
                    {"id": i, "title": _title(shown[ProductId(i)], person.language)}
                    for i in one.products
                    if ProductId(i) in shown
                ],
            }


def _title(product: Product, language: str) -> str:
    translated = product.translations.get(language)
    return (translated.title if translated else "") or product.title
