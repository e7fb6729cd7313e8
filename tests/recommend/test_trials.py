"""Experiments in the shop: what visitors are shown, what counts, and when."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shopkeeper.errors import Conflict, NotFound, Refused
from shopkeeper.recommend import (
    Asked,
    Controls,
    Recommendations,
    Slot,
    Visitor,
    controls,
    learning,
    trials,
    versions,
)
from shopkeeper.recommend.experiments import Kind, Team
from shopkeeper.recommend.looking_back import estimate_version
from shopkeeper.recommend.trials import Experiment, Outcome
from shopkeeper.shop import events
from shopkeeper.shop.database import Connection, Database
from shopkeeper.shop.records import Event, EventId, QueryId
from tests.recommend.lived_in import fill

SECRET = b"s" * 32


@pytest.fixture
def served(db: Database, tmp_path: Path) -> Iterator[Recommendations]:
    """A shop with two versions, the first of which is in use."""
    fill(db)
    learning.learn(db, tmp_path)
    learning.learn(db, tmp_path, switch=False)
    opened = Recommendations(db, find=lambda selection: [], folder=tmp_path, secret=SECRET)
    yield opened
    opened.close()


def tried(db: Database, *, kind: Kind = Kind.AB, outcome: Outcome = Outcome.CLICK) -> Experiment:
    with db.connection() as conn:
        known = sorted(v.id for v in versions.listing(conn))
        return trials.begin(conn, Experiment("one", Slot.HOME, kind, known[0], known[1], outcome=outcome))  # fmt: skip


def click(conn: Connection, list_id: str, product: str, device: str, *, action: str = "click", after: timedelta = timedelta(seconds=1)) -> None:  # fmt: skip
    at = datetime.now(UTC) + after
    id_ = EventId(f"{action}-{list_id}-{product}")
    events.add(conn, [Event(id_, action, at, device, device, query_id=QueryId(list_id), object_id=product)])  # fmt: skip


def visits(served: Recommendations, number: int) -> list[tuple[str, tuple[str, ...], str, str]]:
    """List id, products, arm and device of so many visitors."""
    found = []
    for n in range(number):
        made = served.home(Visitor(f"new{n}", f"new{n}"), limit=6)
        found.append((made.id, tuple(i.product_id for i in made.items), made.arm, f"new{n}"))
    return found


def test_visitors_are_shown_one_side_each_and_counted_when_their_time_is_up(
    db: Database, served: Recommendations
) -> None:
    experiment = tried(db)
    shown = visits(served, 40)
    arms = [arm for _, _, arm, _ in shown]
    assert set(arms) == {"control", "challenger"}
    assert arms == [experiment.team(SECRET, device).value for *_, device in shown]
    with db.connection() as conn:
        for list_id, products, arm, device in shown:
            if arm == Team.CHALLENGER.value:
                click(conn, list_id, products[0], device)
        now = datetime.now(UTC)
        early = trials.standing(conn, "one", now=now)
        late = trials.standing(conn, "one", now=now + timedelta(hours=25))
    assert (early.waiting, sum(early.result.visitors)) == (40, 0)
    assert late.waiting == 0 and late.result.visitors == (
        arms.count("control"),
        arms.count("challenger"),
    )
    assert late.result.rates == (0, 1)


def test_what_is_done_after_the_window_does_not_count(
    db: Database, served: Recommendations
) -> None:
    tried(db, outcome=Outcome.CART)
    list_id, products, _, device = visits(served, 1)[0]
    with db.connection() as conn:
        click(conn, list_id, products[0], device)
        click(conn, "", products[0], device, action="add_to_cart", after=timedelta(hours=25))
        later = datetime.now(UTC) + timedelta(hours=48)
        assert sum(trials.standing(conn, "one", now=later).result.rates) == 0
        click(conn, "x", products[0], device, action="add_to_cart", after=timedelta(hours=2))
        assert sum(trials.standing(conn, "one", now=later).result.rates) == 1


def test_interleaved_lists_are_varied_and_say_whose_each_item_is(
    db: Database, served: Recommendations
) -> None:
    tried(db, kind=Kind.INTERLEAVING)
    shown = visits(served, 10)
    assert all(len(arm) == len(products) == len(set(products)) for _, products, arm, _ in shown)
    with db.connection() as conn:
        for list_id, products, arm, device in shown:
            click(conn, list_id, products[arm.index("n")], device)
        found = trials.standing(conn, "one", now=datetime.now(UTC) + timedelta(hours=25))
    assert found.result.rates == (0, 1) and found.result.difference.high == 1


def test_who_is_not_known_and_what_is_not_kept_is_in_no_experiment(
    db: Database, served: Recommendations
) -> None:
    tried(db)
    assert served.home(Visitor()).experiment == ""
    assert served.ask(Asked(Slot.HOME, Visitor("a", "a"), record=False)).experiment == ""


def test_one_experiment_a_slot_and_none_of_what_is_not_there(
    db: Database, served: Recommendations
) -> None:
    experiment = tried(db)
    with db.connection() as conn:
        with pytest.raises(Conflict, match="'one' already"):
            trials.begin(conn, experiment)
        with pytest.raises(NotFound):
            trials.begin(conn, Experiment("two", Slot.HOME, Kind.AB, experiment.control, 999))
        trials.end(conn, "one")
        assert trials.running(conn) == {}
    assert visits(served, 1)[0][2] == ""


def test_a_version_is_judged_by_drawn_lists_or_honestly_not(
    db: Database, served: Recommendations, tmp_path: Path
) -> None:
    with db.connection() as conn:
        version = versions.listing(conn)[0].id
    with pytest.raises(Refused, match="no list was drawn"):
        estimate_version(db, served, tmp_path, version)
    with db.connection() as conn:
        controls.save(conn, Slot.HOME, Controls(explore=0.5))
    with db.connection() as conn:
        for list_id, products, _, device in visits(served, 30):
            click(conn, list_id, products[0], device)
    with pytest.raises(Refused, match="100 are needed"):
        estimate_version(db, served, tmp_path, version)
