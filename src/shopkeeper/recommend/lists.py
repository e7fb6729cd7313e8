"""Lists as they were shown, kept so that what follows can be credited to them.

Events name a list by its id as their `query_id`, as they name a search. A click on an item of a list, and a look that
came from it, is the list's; what the same visitor then puts in the cart or buys of that item within the window is credited to
the last list on which they clicked it.
"""

import logging
import queue
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import psycopg

from shopkeeper.errors import DatabaseError, NotFound
from shopkeeper.recommend.slots import Recommended, RecommendedList, Slot, Visitor
from shopkeeper.shop import bulk
from shopkeeper.shop.bulk import Connection
from shopkeeper.shop.database import Database

log = logging.getLogger(__name__)

_COLUMNS = (
    "id", "slot", "made_at", "session_id", "client_id", "customer_id", "anchors", "items", "model",
    "experiment", "arm", "propensities",
)  # fmt: skip
WAIT_S = 0.2  # that lists wait to be written together
MOST_WAITING = 50_000  # lists; beyond, new ones are not kept, and clicks on them not credited
WINDOW = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Kept:
    """A list, whom it was for, and the chance of each item to stand where it does (empty: it was certain)."""

    list: RecommendedList
    visitor: Visitor
    propensities: tuple[float, ...] = ()


def save(conn: Connection, kept: Sequence[Kept]) -> None:
    """Write lists."""
    bulk.copy_rows(conn, "recommendations", _COLUMNS, map(_row, kept))


def _row(kept: Kept) -> tuple[Any, ...]:
    found, visitor = kept.list, kept.visitor
    return (
        found.id, found.slot.value, found.made_at, visitor.session_id, visitor.client_id,
        visitor.customer_id or None, list(found.anchors), [item.product_id for item in found.items],
        found.model, found.experiment, found.arm, list(kept.propensities),
    )  # fmt: skip


def get(conn: Connection, list_id: str) -> Kept:
    """A list as it was shown, without scores and reasons. Raises NotFound."""
    row = conn.execute(
        f"select {', '.join(_COLUMNS)} from recommendations where id = %s",  # noqa: S608
        [list_id],
    ).fetchone()
    if row is None:
        raise NotFound(
            f"no list of recommendations has the id {list_id!r}",
            hint="lists are written a moment after they are answered, only where that was asked for, and go after "
            "`keep_lists_days` of the settings",
        )
    id_, slot, made_at, session, client, customer, anchors, items, model, experiment, arm, chances = row  # fmt: skip
    shown = tuple(Recommended(item, 0.0) for item in items)
    found = RecommendedList(id_, Slot(slot), shown, made_at, tuple(anchors), model, experiment, arm)
    return Kept(found, Visitor(session, client, customer or ""), tuple(chances))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What followed a list. visitor: as `Visitor.key`; clicked, carted, bought: ids of its items."""

    id: str
    slot: Slot
    made_at: datetime
    visitor: str
    items: tuple[str, ...]
    model: int
    experiment: str
    arm: str
    clicked: frozenset[str]
    carted: frozenset[str]
    bought: frozenset[str]


_OUTCOMES = """
with shown as (
    select * from recommendations where made_at >= %(since)s and made_at < %(until)s + %(later)s
),
clicked as (
    select s.id, e.object_id as item, min(e.at) as at, s.session_id, s.client_id, s.customer_id,
           coalesce(s.customer_id, nullif(s.client_id, ''), nullif(s.session_id, ''), s.id) as visitor
    from shown s join events e on e.query_id = s.id
    where e.action in ('click', 'view') and e.object_id = any(s.items)
    group by s.id, e.object_id, s.session_id, s.client_id, s.customer_id
),
credited as (  -- up to the next click of the same visitor on the same item, or to the end of the window
    select *, least(at + %(window)s,
                    coalesce(lead(at) over (partition by visitor, item order by at, id), 'infinity')) as ends_at
    from clicked
),
later as (
    select c.id, c.item, e.action from credited c join events e
        on e.object_id = c.item and e.action in ('add_to_cart', 'purchase') and e.at >= c.at and e.at < c.ends_at
        and ((c.session_id <> '' and e.session_id = c.session_id) or (c.client_id <> '' and e.client_id = c.client_id)
             or e.customer_id = c.customer_id)
    union
    select c.id, c.item, 'purchase' from credited c
        join orders o on o.customer_id = c.customer_id and o.placed_at >= c.at and o.placed_at < c.ends_at
        join order_lines l on l.order_id = o.id and l.product_id = c.item
)
select s.id, s.slot, s.made_at, coalesce(s.customer_id, nullif(s.client_id, ''), s.session_id), s.items, s.model,
       s.experiment, s.arm,
       array(select item from credited c where c.id = s.id),
       array(select distinct item from later l where l.id = s.id and l.action = 'add_to_cart'),
       array(select distinct item from later l where l.id = s.id and l.action = 'purchase')
from shown s where s.made_at < %(until)s order by s.made_at, s.id
"""


def outcomes(
    conn: Connection,
    *,
    since: datetime,
    until: datetime,
    window: timedelta = WINDOW,
    later: timedelta = timedelta(0),
) -> Iterator[Outcome]:
    """What followed each list that was made between two moments, in the order they were made. window: how long after a
    click what is put in the cart or bought is credited to it. later: lists made up to so long after `until` may take
    credit over."""
    asked = {"since": since, "until": until, "window": window, "later": later}
    with conn.cursor("outcomes") as cursor:
        cursor.execute(_OUTCOMES, asked)
        for id_, slot, made_at, visitor, items, model, experiment, arm, *then in cursor:
            clicked, carted, bought = map(frozenset, then)
            yield Outcome(
                id_, Slot(slot), made_at, visitor, tuple(items), model, experiment, arm,
                clicked, carted, bought,
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Credit:
    """What lists of one kind brought: lists, items shown, items clicked, carted and bought after a click."""

    slot: Slot
    model: int
    experiment: str
    arm: str
    lists: int
    shown: int
    clicks: int
    carts: int
    bought: int


def credit(
    conn: Connection, *, since: datetime, until: datetime, window: timedelta = WINDOW
) -> list[Credit]:
    """Outcomes added up for each slot, model and arm. Of days whose lists are gone, the sums of whole days count."""
    counted = summed(outcomes(conn, since=since, until=until, window=window))
    return _added([*counted, *_kept_sums(conn, since, until)])


def summed(found: Iterable[Outcome]) -> list[Credit]:
    """Outcomes added up for each slot, model and arm."""
    return _added(
        Credit(
            one.slot, one.model, one.experiment, one.arm,
            1, len(one.items), len(one.clicked), len(one.carted), len(one.bought),
        )
        for one in found
    )  # fmt: skip


def _added(credits: Iterable[Credit]) -> list[Credit]:
    sums: dict[tuple[Slot, int, str, str], list[int]] = {}
    for one in credits:
        key = (one.slot, one.model, one.experiment, one.arm)
        parts = (one.lists, one.shown, one.clicks, one.carts, one.bought)
        sums[key] = [a + b for a, b in zip(sums.get(key, [0] * 5), parts, strict=True)]
    return [Credit(*key, *numbers) for key, numbers in sorted(sums.items())]


_SUMS = ("slot", "model", "experiment", "arm", "lists", "shown", "clicks", "carts", "bought")


def keep_sums(conn: Connection, day: date, sums: Iterable[Credit]) -> None:
    """Add to what remains of the lists of a day."""
    with conn.cursor() as cursor:
        cursor.executemany(
            f"insert into recommendation_credit as kept (day, {', '.join(_SUMS)}) "  # noqa: S608  # our own names
            "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict (day, slot, model, experiment, arm) do update "
            + "set " + ", ".join(f"{name} = kept.{name} + excluded.{name}" for name in _SUMS[4:]),
            [
                (day, one.slot.value, one.model, one.experiment, one.arm,
                 one.lists, one.shown, one.clicks, one.carts, one.bought)
                for one in sums
            ],
        )  # fmt: skip


def _kept_sums(conn: Connection, since: datetime, until: datetime) -> list[Credit]:
    rows = conn.execute(
        f"select {', '.join(_SUMS)} from recommendation_credit "  # noqa: S608  # our own names
        "where day >= (%s at time zone 'UTC') and day < (%s at time zone 'UTC')",
        [since, until],
    ).fetchall()
    return [Credit(Slot(slot), *numbers) for slot, *numbers in rows]


class Keeper:
    """Writes lists in the background, many at a time, so that nobody waits for it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: queue.Queue[Kept | None] = queue.Queue(MOST_WAITING)
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Write in the background from now on."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="recommendations", daemon=True)
            self._thread.start()

    def keep(self, kept: Kept) -> None:
        """Write a list: soon where `start` was called, else now."""
        if self._thread is None:
            with self._database.connection() as conn:
                save(conn, [kept])
            return
        try:
            self._waiting.put_nowait(kept)
        except queue.Full:
            log.warning("lists=1 were not kept: the database does not keep up")

    def close(self) -> None:
        """Write what waits and end the thread."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join(timeout=10)
            self._thread = None

    def _run(self) -> None:
        ended = False
        while not ended:
            batch = [self._waiting.get()]
            threading.Event().wait(WAIT_S)
            while not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            ended = None in batch
            kept = [one for one in batch if one is not None]
            try:
                if kept:
                    with self._database.connection() as conn:
                        save(conn, kept)
            except (DatabaseError, psycopg.Error) as error:
                log.warning("lists=%d were not kept: %s", len(kept), error)
