"""Runs on record: what a training says reaches the database, whatever ends it."""

import json
import threading
from pathlib import Path

import pytest

from shopkeeper.errors import Conflict, ModelError, SettingsError
from shopkeeper.shop import training_runs
from shopkeeper.shop.database import Database
from shopkeeper.shop.training_runs import Point, TrainingRun
from shopkeeper.training.progress import Event
from shopkeeper.training.runs import folder_of, is_trained, recorded


def event(step: int, kind: str = "step", text: str = "", **values: float) -> Event:
    return Event(kind, step, 10, values, text)  # type: ignore[arg-type]


def run_of(db: Database, name: str = "first") -> TrainingRun:
    with db.connection() as conn:
        return training_runs.get(conn, name)


def points(db: Database, kind: str) -> list[Point]:
    with db.connection() as conn:
        return training_runs.points(conn, run_of(db).id, kind)


def record(
    db: Database | None, folder: Path, *events: Event, error: BaseException | None = None
) -> None:
    with recorded(
        folder, name="first", kind="pretrain", settings={"width": 32}, steps=10, database=db
    ) as recording:
        for each in events:
            recording.observer(each)
        if error is not None:
            raise error


def test_what_is_said_is_kept_in_the_database_and_in_a_file(db: Database, tmp_path: Path) -> None:
    said = (
        event(0, "started"),
        event(5, loss=2.5),
        event(10, "evaluated", loss=2.0),
        event(10, "ended"),
    )
    record(db, tmp_path, *said)
    run = run_of(db)
    assert (run.state, run.step, run.steps, run.measures) == ("done", 10, 10, {"loss": 2.0})
    assert run.settings == {"width": 32} and run.folder == str(tmp_path)
    assert [p.numbers for p in points(db, "step")] == [{"loss": 2.5}]
    lines = (tmp_path / "progress.jsonl").read_text().splitlines()
    assert [json.loads(line)["kind"] for line in lines] == [e.kind for e in said]


def test_a_run_needs_no_shop(tmp_path: Path) -> None:
    record(None, tmp_path, event(5, loss=2.5))
    assert json.loads((tmp_path / "progress.jsonl").read_text())["values"] == {"loss": 2.5}


@pytest.mark.parametrize(
    ("error", "state", "reason"),
    [
        (ModelError("the loss became nan by step 5"), "failed", "the loss became nan by step 5"),
        (KeyboardInterrupt(), "stopped", ""),
        (ZeroDivisionError("by zero"), "failed", "ZeroDivisionError: by zero"),
    ],
)
def test_how_a_run_ended_is_kept(
    db: Database, tmp_path: Path, error: BaseException, state: str, reason: str
) -> None:
    with pytest.raises(type(error)):
        record(db, tmp_path, event(5, loss=2.5), error=error)
    assert (run_of(db).state, run_of(db).reason) == (state, reason)


def test_a_run_that_was_stopped_says_so(db: Database, tmp_path: Path) -> None:
    record(db, tmp_path, event(5, "ended", "stopped"))
    assert run_of(db).state == "stopped"


def test_a_run_that_goes_on_says_again_what_came_after_its_checkpoint(
    db: Database, tmp_path: Path
) -> None:
    record(db, tmp_path, *(event(step, loss=float(step)) for step in range(1, 8)))
    record(db, tmp_path, event(4, "started"), event(5, loss=50.0))
    assert [p.numbers["loss"] for p in points(db, "step")] == [1, 2, 3, 4, 50]


def test_a_run_whose_process_is_gone_reads_as_interrupted(db: Database, tmp_path: Path) -> None:
    with db.connection() as conn:
        training_runs.begin(conn, "first", kind="pretrain", folder="", settings={}, steps=10)
        assert training_runs.get(conn, "first").state == "running"
        conn.execute("update training_runs set seen_at = now() - interval '1 min'")
    assert run_of(db).state == "interrupted"
    record(db, tmp_path, event(10, "ended"))
    assert run_of(db).state == "done"


def test_one_process_at_a_time_trains_in_a_folder(tmp_path: Path) -> None:
    with recorded(tmp_path, name="first", kind="pretrain", settings={}, steps=1):
        assert is_trained(tmp_path)
        with pytest.raises(Conflict, match="trains the run 'first' already"):
            record(None, tmp_path)
    assert not is_trained(tmp_path)


def test_a_run_hears_that_it_is_to_stop(db: Database, tmp_path: Path) -> None:
    with recorded(
        tmp_path, name="first", kind="pretrain", settings={}, steps=10, database=db
    ) as recording:
        assert not recording.should_stop()
        with db.connection() as conn:
            assert training_runs.ask_to_stop(conn, "first")
        waiting = threading.Event()
        while not recording.should_stop():
            waiting.wait(0.05)
    with db.connection() as conn:
        assert not training_runs.ask_to_stop(conn, "first")  # it does not run any more


def test_many_points_are_thinned_and_the_last_is_kept(db: Database, tmp_path: Path) -> None:
    record(db, tmp_path, *(event(step, loss=float(step)) for step in range(1, 101)))
    with db.connection() as conn:
        thin = training_runs.points(conn, run_of(db).id, "step", most=10)
    assert len(thin) == 10 and thin[-1].step == 100
    assert [p.step for p in thin] == sorted(p.step for p in thin)


def test_a_removed_run_leaves_nothing(db: Database, tmp_path: Path) -> None:
    record(db, tmp_path, event(5, loss=2.5))
    with db.connection() as conn:
        training_runs.remove(conn, "first")
        assert conn.execute("select count(*) from training_points").fetchone() == (0,)
        assert training_runs.newest(conn) == []


@pytest.mark.parametrize("name", ["", "../else", "a b", ".hidden", "x" * 81])
def test_a_name_that_is_no_plain_one_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="no name for a run"):
        folder_of(tmp_path, name)
