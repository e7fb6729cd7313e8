"""Trainings of models in the database: what was chosen, how far each is, what it said, how it ended.

The process that trains writes `seen_at` every few seconds. A run that says it is running but has not been seen for
SILENT was killed, and reads as interrupted; beginning it again makes it run again.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from shopkeeper.errors import NotFound
from shopkeeper.shop.bulk import Connection, jsonb

State = Literal["running", "stopped", "failed", "done", "interrupted"]
SILENT = timedelta(seconds=45)

_SELECT = """
    select id, name, kind, folder, settings,
        case when state = 'running' and seen_at < now() - %(silent)s then 'interrupted' else state end,
        reason, stop_wanted, started_at, seen_at, ended_at, step, steps, best, measures
    from training_runs
"""


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """One training. best: the name of the best checkpoint in the folder. measures: of the last evaluation."""

    id: int
    name: str
    kind: str
    folder: str
    settings: Mapping[str, Any]
    state: State
    reason: str
    stop_wanted: bool
    started_at: datetime
    seen_at: datetime
    ended_at: datetime | None
    step: int
    steps: int
    best: str
    measures: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Point:
    """Something that a training said after so many steps. kind: as of training's events."""

    step: int
    kind: str
    numbers: Mapping[str, float]
    text: str = ""
    at: datetime | None = None


def begin(
    conn: Connection, name: str, *, kind: str, folder: str, settings: Mapping[str, Any], steps: int
) -> int:
    """Write that this run runs, for the first time or again. Returns its id."""
    row = conn.execute(
        "insert into training_runs (name, kind, folder, settings, state, steps) "
        "values (%s, %s, %s, %s, 'running', %s) on conflict (name) do update set kind = excluded.kind, "
        "folder = excluded.folder, settings = excluded.settings, state = 'running', reason = '', stop_wanted = false, "
        "seen_at = now(), ended_at = null, steps = excluded.steps returning id",
        [name, kind, folder, jsonb(dict(settings)), steps],
    ).fetchone()
    assert row is not None
    return int(row[0])


def add(conn: Connection, run: int, points: Sequence[Point]) -> None:
    """Write what the run said. A start after some step takes back what was said of later ones: they come again."""
    for point in points:
        if point.kind == "started":
            conn.execute(
                "delete from training_points where run = %s and step > %s", [run, point.step]
            )
    with conn.cursor() as cursor:
        cursor.executemany(
            "insert into training_points (run, step, kind, numbers, text, at) "
            "values (%s, %s, %s, %s, %s, coalesce(%s, now()))",
            [(run, p.step, p.kind, jsonb(_finite(p.numbers)), p.text, p.at) for p in points],
        )
    if points:
        measured = [p.numbers for p in points if p.kind == "evaluated"]
        conn.execute(
            "update training_runs set step = %s, measures = coalesce(%s, measures) where id = %s",
            [points[-1].step, jsonb(_finite(measured[-1])) if measured else None, run],
        )


def _finite(numbers: Mapping[str, float]) -> dict[str, float]:
    """JSON has no infinity."""
    return {name: value for name, value in numbers.items() if math.isfinite(value)}


def seen(conn: Connection, run: int) -> bool:
    """Write that the run is alive. Returns whether somebody wants it to stop; so does a run that was removed."""
    row = conn.execute(
        "update training_runs set seen_at = now() where id = %s returning stop_wanted", [run]
    ).fetchone()
    return row is None or bool(row[0])


def end(conn: Connection, run: int, state: State, *, reason: str = "", best: str = "") -> None:
    """Write how the run ended."""
    conn.execute(
        "update training_runs set state = %s, reason = %s, best = %s, stop_wanted = false, seen_at = now(), "
        "ended_at = now() where id = %s",
        [state, reason, best, run],
    )


def get(conn: Connection, name: str) -> TrainingRun:
    """The run of this name. Raises NotFound."""
    row = conn.execute(
        _SELECT + "where name = %(name)s", {"silent": SILENT, "name": name}
    ).fetchone()
    if row is None:
        raise NotFound(f"no training has the name {name!r}", hint="see `shopkeeper lm runs list`")
    return TrainingRun(*row)


def newest(conn: Connection, *, limit: int = 50, before: int | None = None) -> list[TrainingRun]:
    """Runs, the one that began last first; those with an id below `before`."""
    rows = conn.execute(
        _SELECT
        + "where %(before)s::bigint is null or id < %(before)s order by id desc limit %(limit)s",
        {"silent": SILENT, "before": before, "limit": limit},
    ).fetchall()
    return [TrainingRun(*row) for row in rows]


def points(conn: Connection, run: int, kind: str, *, most: int = 400) -> list[Point]:
    """What the run said of this kind, by step; of more than `most` every nth, and the last."""
    rows = conn.execute(
        "select step, kind, numbers, text, at from (select *, row_number() over (order by step desc, number desc) as n, "
        "count(*) over () as total from training_points where run = %s and kind = %s) found "
        "where (n - 1) %% greatest(1, ceil(total / %s::numeric)) = 0 order by step, number",
        [run, kind, most],
    ).fetchall()
    return [Point(*row) for row in rows]


def ask_to_stop(conn: Connection, name: str) -> bool:
    """Have the run stop after its step, with a checkpoint. False if it does not run. Raises NotFound."""
    run = get(conn, name)
    if run.state == "running":
        conn.execute("update training_runs set stop_wanted = true where id = %s", [run.id])
    return run.state == "running"


def remove(conn: Connection, name: str) -> None:
    """Forget the run and all it said. Its folder is not touched. Raises NotFound."""
    conn.execute("delete from training_runs where id = %s", [get(conn, name).id])
