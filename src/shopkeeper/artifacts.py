"""Versions of indexes and models: built beside the one in use, measured, switched to in one transaction, and back.

A version is a row: its kind (`search`), what it is made with (`spec`), its measured score, and its state. What it
consists of (vectors, files) belongs to whoever builds it. Of a kind exactly one is in use; switching remembers the
one before, so that rolling back is one call. A build that is killed stays `building` and is taken up again by the
next `begin` with the same spec.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from shopkeeper.errors import Conflict, NotFound
from shopkeeper.shop import bulk
from shopkeeper.shop.bulk import Connection

_SELECT = (
    "select id, kind, spec, state, score, note, made_at, switched_at, was_in_use from artifacts "
)


class State(StrEnum):
    """Where a version stands."""

    BUILDING = "building"
    READY = "ready"
    IN_USE = "in_use"
    RETIRED = "retired"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Artifact:
    """One version. was_in_use: the id of the one it replaced, None for the first."""

    id: int
    kind: str
    spec: Mapping[str, Any]
    state: State
    score: Mapping[str, Any]
    note: str
    made_at: datetime
    switched_at: datetime | None
    was_in_use: int | None


def begin(conn: Connection, kind: str, spec: Mapping[str, Any]) -> Artifact:
    """A version to build: the unfinished one of this spec if there is one, else a new one."""
    row = conn.execute(
        _SELECT + "where kind = %s and spec = %s and state = 'building' order by id limit 1",
        [kind, bulk.jsonb(dict(spec))],
    ).fetchone()
    if row is None:
        row = conn.execute(
            "insert into artifacts (kind, spec, state) values (%s, %s, 'building') "
            "returning id, kind, spec, state, score, note, made_at, switched_at, was_in_use",
            [kind, bulk.jsonb(dict(spec))],
        ).fetchone()
    assert row is not None
    return _artifact(row)


def finish(conn: Connection, artifact_id: int, score: Mapping[str, Any]) -> None:
    """Say that a version is whole, and what it scored. It can be switched to from now on."""
    conn.execute(
        "update artifacts set state = 'ready', score = %s, finished_at = now() "
        "where id = %s and state in ('building', 'ready')",
        [bulk.jsonb(dict(score)), artifact_id],
    )


def fail(conn: Connection, artifact_id: int, why: str) -> None:
    """Say that a version will not be finished, and why."""
    conn.execute(
        "update artifacts set state = 'failed', note = %s, finished_at = now() "
        "where id = %s and state in ('building', 'ready')",
        [why, artifact_id],
    )


def switch(conn: Connection, artifact_id: int) -> Artifact:
    """Put a finished version to use instead of the one that is. Raises NotFound, Conflict if it is not finished."""
    _one_at_a_time(conn, get(conn, artifact_id).kind)
    wanted = get(conn, artifact_id, lock=True)
    if wanted.state is State.IN_USE:
        return wanted
    if wanted.state not in (State.READY, State.RETIRED):
        raise Conflict(
            f"version {wanted.id} of {wanted.kind} is {wanted.state.value}",
            hint="only a finished version can be put to use",
        )
    before = in_use(conn, wanted.kind, lock=True)
    if before is not None:
        conn.execute("update artifacts set state = 'retired' where id = %s", [before.id])
    conn.execute(
        "update artifacts set state = 'in_use', switched_at = now(), was_in_use = %s where id = %s",
        [None if before is None else before.id, wanted.id],
    )
    return get(conn, wanted.id)


def roll_back(conn: Connection, kind: str) -> Artifact | None:
    """Put the version before the one in use to use again; without one before, use none. Raises Conflict."""
    _one_at_a_time(conn, kind)
    now = in_use(conn, kind, lock=True)
    if now is None:
        raise Conflict(f"no version of {kind} is in use", hint="there is nothing to go back from")
    conn.execute("update artifacts set state = 'retired' where id = %s", [now.id])
    if now.was_in_use is None:
        return None
    conn.execute(
        "update artifacts set state = 'in_use', switched_at = now() where id = %s", [now.was_in_use]
    )
    return get(conn, now.was_in_use)


def _one_at_a_time(conn: Connection, kind: str) -> None:
    """Wait for whoever else switches versions of this kind: while none is in use there is no row to be locked."""
    lock = f"shopkeeper artifact {kind}"
    conn.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [lock])


def delete(conn: Connection, artifact_id: int) -> None:
    """Forget a version that is not in use. Raises NotFound, Conflict."""
    wanted = get(conn, artifact_id, lock=True)
    if wanted.state is State.IN_USE:
        raise Conflict(
            f"version {wanted.id} is in use", hint="switch to another, or roll back, first"
        )
    conn.execute("delete from artifacts where id = %s", [artifact_id])


def get(conn: Connection, artifact_id: int, *, lock: bool = False) -> Artifact:
    """The version with this id. Raises NotFound."""
    row = conn.execute(
        _SELECT + "where id = %s" + (" for update" if lock else ""), [artifact_id]
    ).fetchone()
    if row is None:
        raise NotFound(f"no version has the id {artifact_id}", hint="list the versions first")
    return _artifact(row)


def in_use(conn: Connection, kind: str, *, lock: bool = False) -> Artifact | None:
    """The version of a kind that is in use, if there is one."""
    row = conn.execute(
        _SELECT + "where kind = %s and state = 'in_use'" + (" for update" if lock else ""), [kind]
    ).fetchone()
    return None if row is None else _artifact(row)


def listing(conn: Connection, kind: str) -> list[Artifact]:
    """All versions of a kind, the newest first."""
    rows = conn.execute(_SELECT + "where kind = %s order by id desc", [kind]).fetchall()
    return [_artifact(row) for row in rows]


def _artifact(row: Sequence[Any]) -> Artifact:
    id_, kind, spec, state, score, note, made_at, switched_at, was_in_use = row
    return Artifact(id_, kind, spec, State(state), score, note, made_at, switched_at, was_in_use)
