"""Versions: one in use, switched at once, and back."""

from threading import Thread

import pytest

from shopkeeper import artifacts
from shopkeeper.artifacts import State
from shopkeeper.errors import Conflict, NotFound
from shopkeeper.shop.database import Database


def build(db: Database, spec: str) -> int:
    """A finished version."""
    with db.connection() as conn:
        made = artifacts.begin(conn, "search", {"embedder": spec})
        artifacts.finish(conn, made.id, {"ndcg@10": 0.5})
    return made.id


def test_a_version_is_used_only_after_it_was_switched_to(db: Database) -> None:
    first = build(db, "a")
    with db.connection() as conn:
        assert artifacts.in_use(conn, "search") is None
        artifacts.switch(conn, first)
        used = artifacts.in_use(conn, "search")
    assert used is not None
    assert (used.id, used.spec, used.score) == (first, {"embedder": "a"}, {"ndcg@10": 0.5})


def test_rolling_back_returns_to_the_version_before_and_then_to_none(db: Database) -> None:
    first, second = build(db, "a"), build(db, "b")
    with db.connection() as conn:
        artifacts.switch(conn, first)
        artifacts.switch(conn, second)
        back = artifacts.roll_back(conn, "search")
        assert back is not None and back.id == first
        assert artifacts.roll_back(conn, "search") is None
        assert {a.state for a in artifacts.listing(conn, "search")} == {State.RETIRED}
        with pytest.raises(Conflict):
            artifacts.roll_back(conn, "search")


def test_a_version_rolled_back_from_can_be_switched_to_again(db: Database) -> None:
    first, second = build(db, "a"), build(db, "b")
    with db.connection() as conn:
        for wanted in (first, second):
            artifacts.switch(conn, wanted)
        artifacts.roll_back(conn, "search")
        assert artifacts.switch(conn, second).was_in_use == first


def test_who_switches_while_another_does_waits_for_them(db: Database) -> None:
    first, second = build(db, "a"), build(db, "b")

    def switch_to_second() -> None:
        with db.connection() as other:
            artifacts.switch(other, second)

    late = Thread(target=switch_to_second)
    with db.connection() as conn:
        artifacts.switch(conn, first)
        late.start()
        late.join(0.3)
        assert late.is_alive()
    late.join(10)
    with db.connection() as conn:
        used = artifacts.in_use(conn, "search")
    assert used is not None and (used.id, used.was_in_use) == (second, first)


def test_what_is_not_finished_is_not_switched_to(db: Database) -> None:
    with db.connection() as conn:
        made = artifacts.begin(conn, "search", {})
        with pytest.raises(Conflict, match="building"):
            artifacts.switch(conn, made.id)
        artifacts.fail(conn, made.id, "the disk was full")
        with pytest.raises(Conflict, match="failed"):
            artifacts.switch(conn, made.id)
        assert artifacts.get(conn, made.id).note == "the disk was full"


def test_an_interrupted_build_is_taken_up_again_and_another_spec_begins_anew(db: Database) -> None:
    with db.connection() as conn:
        made = artifacts.begin(conn, "search", {"embedder": "a"})
    with db.connection() as conn:
        assert artifacts.begin(conn, "search", {"embedder": "a"}).id == made.id
        assert artifacts.begin(conn, "search", {"embedder": "b"}).id != made.id


def test_a_switch_that_is_not_committed_changes_nothing(db: Database) -> None:
    first, second = build(db, "a"), build(db, "b")
    with db.connection() as conn:
        artifacts.switch(conn, first)
    with pytest.raises(KeyboardInterrupt), db.connection() as conn:
        artifacts.switch(conn, second)
        raise KeyboardInterrupt
    with db.connection() as conn:
        used = artifacts.in_use(conn, "search")
    assert used is not None and used.id == first


def test_an_unknown_version_is_named(db: Database) -> None:
    with pytest.raises(NotFound, match="77"), db.connection() as conn:
        artifacts.switch(conn, 77)


def test_a_version_is_deleted_only_when_it_is_not_in_use(db: Database) -> None:
    first = build(db, "a")
    with db.connection() as conn:
        artifacts.switch(conn, first)
        with pytest.raises(Conflict, match="in use"):
            artifacts.delete(conn, first)
        artifacts.roll_back(conn, "search")
        artifacts.delete(conn, first)
        assert artifacts.listing(conn, "search") == []
