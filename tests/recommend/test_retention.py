"""Old lists go, and what was counted of them is told as before."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from shopkeeper.errors import NotFound
from shopkeeper.recommend import (
    Recommended,
    RecommendedList,
    Slot,
    Visitor,
    lists,
    retention,
    trials,
)
from shopkeeper.recommend.lists import Kept
from shopkeeper.shop import events
from shopkeeper.shop.bulk import Connection
from shopkeeper.shop.database import Database
from shopkeeper.shop.records import Event, EventId, QueryId

NOW = datetime(2026, 6, 1, 15, 30, tzinfo=UTC)
WINDOW = timedelta(days=7)
DAY = timedelta(days=1)
LONG_AGO = NOW - 400 * DAY


def shown(conn: Connection, id_: str, ago: timedelta, *, visitor: str = "v1", experiment: str = "", arm: str = "") -> None:  # fmt: skip
    """A list of three products."""
    items = tuple(Recommended(name, 1.0) for name in ("cup", "pot", "jug"))
    made = RecommendedList(id_, Slot.HOME, items, NOW - ago, (), 1, experiment, arm)
    lists.save(conn, [Kept(made, Visitor(visitor, visitor))])


def does(conn: Connection, action: str, product: str, ago: timedelta, *, visitor: str = "v1", of: str = "") -> None:  # fmt: skip
    """Something that a visitor does, from a list or not."""
    id_ = EventId(f"{action} {product} {ago} {visitor} {of}")
    events.add(conn, [Event(id_, action, NOW - ago, visitor, visitor, query_id=QueryId(of) if of else None, object_id=product)])  # fmt: skip


def forget(db: Database, *, now: datetime = NOW) -> int:
    return retention.forget(db, keep_days=90, window=WINDOW, now=now)


def credit(db: Database) -> list[lists.Credit]:
    with db.connection() as conn:
        return lists.credit(conn, since=LONG_AGO, until=NOW + 300 * DAY, window=WINDOW)


def ids(db: Database) -> set[str]:
    with db.connection() as conn:
        return {row[0] for row in conn.execute("select id from recommendations").fetchall()}


def test_credit_is_the_same_before_and_after_lists_went(db: Database) -> None:
    chance = Random(5)
    with db.connection() as conn:
        for n in range(120):
            ago = timedelta(days=chance.uniform(60, 130))
            shown(conn, f"l{n}", ago, visitor=f"v{n % 15}")
            clicked = ago
            for product in chance.sample(("cup", "pot", "jug"), chance.randint(0, 2)):
                clicked -= timedelta(days=chance.expovariate(0.3))  # some come back after weeks
                does(conn, "click", product, clicked, visitor=f"v{n % 15}", of=f"l{n}")
                if chance.random() < 0.6:
                    bought = clicked - timedelta(days=chance.uniform(0, 10))
                    does(conn, chance.choice(("purchase", "add_to_cart")), product, bought, visitor=f"v{n % 15}")  # fmt: skip
    before = credit(db)
    assert before[0].lists == 120 and before[0].bought > 9
    left = [len(ids(db))]
    for days in (0, 3, 20, 200):
        forget(db, now=NOW + days * DAY)
        left.append(len(ids(db)))
        assert credit(db) == before
    assert left == sorted(left, reverse=True) and len(set(left)) > 2
    assert ids(db) == set()


def test_who_clicked_an_old_list_lately_keeps_all_of_theirs(db: Database) -> None:
    with db.connection() as conn:
        shown(conn, "young", 90 * DAY)
        shown(conn, "old", 95 * DAY)
        shown(conn, "clicked lately", 95 * DAY, visitor="v2")
        shown(conn, "another of v2", 99 * DAY, visitor="v2")
        does(conn, "click", "cup", 6 * DAY, visitor="v2", of="clicked lately")
    assert forget(db) == 1 and ids(db) == {"young", "clicked lately", "another of v2"}
    assert forget(db, now=NOW + 85 * DAY) == 3
    with db.connection() as conn, pytest.raises(NotFound, match="'old'"):
        lists.get(conn, "old")


def test_what_an_experiment_counted_outlives_its_lists(db: Database) -> None:
    with db.connection() as conn:
        conn.execute(
            "insert into recommendation_experiments (name, slot, kind, control, challenger, share, outcome, window_hours, least, started_at)"
            " values ('one', 'home', 'ab', 1, 2, 0.5, 'click', 24, 0, %s)",
            [NOW - 120 * DAY],
        )
        for n in range(20):
            arm = "challenger" if n % 2 else "control"
            shown(conn, f"e{n}", 110 * DAY, visitor=f"v{n}", experiment="one", arm=arm)
            if n % 4 == 1:
                does(conn, "click", "cup", 110 * DAY - timedelta(hours=1), visitor=f"v{n}", of=f"e{n}")  # fmt: skip
        before = trials.standing(conn, "one", now=NOW)
    assert forget(db) == 0 and len(ids(db)) == 20  # it still runs
    with db.connection() as conn:
        conn.execute("update recommendation_experiments set ended_at = %s", [NOW - 100 * DAY])
    assert forget(db) == 20
    with db.connection() as conn:
        after = trials.standing(conn, "one", now=NOW)
    assert after.result.visitors == before.result.visitors == (10, 10)
    assert after.result.difference == before.result.difference and after.waiting == 0
