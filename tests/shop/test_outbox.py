"""The outbox of changed products: whoever follows it misses nothing, whatever runs at the same time."""

import random
import threading
import time
from collections.abc import Callable

import pytest

from shopkeeper.shop import products
from shopkeeper.shop.database import Connection, Database
from tests.shop.test_queries import a_product


class _Undo(Exception):
    """Rolls a transaction back."""


def changed(database: Database, position: int) -> tuple[set[str], int]:
    with database.connection() as conn:
        ids, position = products.changes_since(conn, position)
    return set(ids), position


def start(database: Database) -> int:
    return changed(database, 0)[1]


@pytest.mark.parametrize(
    "change",
    [
        lambda conn: products.upsert(conn, [a_product("new")]),
        lambda conn: products.upsert(conn, [a_product("old", title="another")]),
        lambda conn: products.delete(conn, ["old"]),
        lambda conn: conn.execute("update variants set quantity = 3 where product_id = 'old'"),
        lambda conn: conn.execute("delete from variants where product_id = 'old'"),
    ],
    ids=["created", "updated", "deleted", "variant updated", "variant deleted"],
)
def test_every_kind_of_change_is_noted(db: Database, change: Callable[[Connection], None]) -> None:
    with db.connection() as conn:
        products.upsert(conn, [a_product("old"), a_product("same")])
    position = start(db)
    with db.connection() as conn:
        change(conn)
    found, position = changed(db, position)
    assert len(found) == 1 and found <= {"new", "old"}
    assert changed(db, position)[0] == set()


def test_writing_the_same_again_notes_nothing(db: Database) -> None:
    with db.connection() as conn:
        products.upsert(conn, [a_product("a")])
    position = start(db)
    with db.connection() as conn:
        products.upsert(conn, [a_product("a")])
    assert changed(db, position)[0] == set()


def test_a_change_that_was_rolled_back_is_not_noted(db: Database) -> None:
    position = start(db)
    with pytest.raises(_Undo), db.connection() as conn:
        products.upsert(conn, [a_product("a")])
        raise _Undo
    assert changed(db, position)[0] == set()


def test_a_slow_transaction_is_not_overtaken(db: Database) -> None:
    position = start(db)
    with db.connection() as slow:
        products.upsert(slow, [a_product("slow")])
        with db.connection() as quick:
            products.upsert(quick, [a_product("quick")])
        found, position = changed(db, position)
        assert "slow" not in found  # nor may the position pass it
    later, position = changed(db, position)
    assert found | later == {"slow", "quick"}


def test_followers_of_many_writers_see_every_committed_change(db: Database) -> None:
    position, committed, seen = start(db), set[str](), set[str]()

    def write(seed: int) -> None:
        rng = random.Random(seed)
        for number in range(12):
            product_id = f"{seed}-{number}"
            try:
                with db.connection() as conn:
                    products.upsert(conn, [a_product(product_id)])
                    time.sleep(rng.uniform(0, 0.01))
                    if rng.random() < 0.3:
                        raise _Undo
            except _Undo:
                continue
            committed.add(product_id)

    writers = [threading.Thread(target=write, args=(seed,)) for seed in range(4)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        found, position = changed(db, position)
        seen |= found
    seen |= changed(db, position)[0]
    assert seen == committed
