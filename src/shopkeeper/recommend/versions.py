"""Versions of the recommender: fitted beside the one in use, let in by a gate, switched to at once, and back.

    version = keep(database, folder, model, score)     # a row of `artifacts`, and the model under the data folder
    put_to_use(conn, version.id)                       # raises Refused where the gate keeps it out
    model = in_use(conn, folder)                       # what serves: None where no version is in use

A version's score is what `learning.py` measured, with what the gate says in `against` (empty: nothing).
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shopkeeper import artifacts
from shopkeeper.artifacts import Artifact, State
from shopkeeper.errors import NotFound, Refused, StorageError
from shopkeeper.recommend.model import Model
from shopkeeper.shop.bulk import Connection
from shopkeeper.shop.database import Database

KIND = "recommend"
FOLDER = "recommend"  # below the data folder
KEPT = 5  # versions whose files are kept; older ones go when a new one is put to use


def folder_of(data_folder: Path, version: int) -> Path:
    """Where the model of a version lies."""
    return data_folder / FOLDER / str(version)


def keep(database: Database, data_folder: Path, model: Model, score: Mapping[str, Any]) -> Artifact:
    """A new version that is ready, its model saved. Raises StorageError."""
    spec = {"until": model.made.until, "events": model.made.events, "people": model.made.people}
    with database.connection() as conn:
        for left in artifacts.listing(conn, KIND):
            if left.state is State.BUILDING:
                artifacts.fail(conn, left.id, "the program ended while it was fitted")
        version = artifacts.begin(conn, KIND, spec)
    folder = folder_of(data_folder, version.id)
    part = folder.with_name(f".{version.id}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        model.numbered(version.id).save(part)
        part.replace(folder)
    except OSError as error:
        raise StorageError(
            f"{folder} cannot be written: {error.strerror}", hint="free some space"
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    with database.connection() as conn:
        artifacts.finish(conn, version.id, score)
        return artifacts.get(conn, version.id)


def put_to_use(conn: Connection, version_id: int, *, gate: bool = True) -> Artifact:
    """Serve this version from now on. Raises Refused if the gate keeps it out, NotFound, Conflict if it is not finished."""
    version = get(conn, version_id, lock=True)
    against = str(version.score.get("against", ""))
    if gate and against and version.state is State.READY:
        raise Refused(
            f"version {version.id} stays out: {against}",
            hint="put it to use without the gate, or wait for more behaviour and train again",
        )
    return artifacts.switch(conn, version.id)


def roll_back(conn: Connection) -> Artifact | None:
    """Serve the version before; None if there was none. Raises Conflict."""
    return artifacts.roll_back(conn, KIND)


def in_use_id(conn: Connection) -> int | None:
    """The version that serves."""
    found = artifacts.in_use(conn, KIND)
    return None if found is None else found.id


def in_use(conn: Connection, data_folder: Path) -> Model | None:
    """The model that serves; None where no version is in use. Raises ArtifactError if its files are lacking."""
    version = in_use_id(conn)
    return None if version is None else load(data_folder, version)


def load(data_folder: Path, version_id: int) -> Model:
    """The model of a version. Raises ArtifactError."""
    return Model.load(folder_of(data_folder, version_id)).numbered(version_id)


def get(conn: Connection, version_id: int, *, lock: bool = False) -> Artifact:
    """The version with this id. Raises NotFound."""
    version = artifacts.get(conn, version_id, lock=lock)
    if version.kind != KIND:
        raise NotFound(
            f"no version of the recommender has the id {version_id}", hint="list the versions"
        )
    return version


def listing(conn: Connection) -> list[Artifact]:
    """All versions, the newest first."""
    return artifacts.listing(conn, KIND)


def discard(database: Database, data_folder: Path, version_id: int) -> None:
    """Delete a version that is not in use, with its files. Raises NotFound, Conflict."""
    with database.connection() as conn:
        get(conn, version_id, lock=True)
        artifacts.delete(conn, version_id)
    shutil.rmtree(folder_of(data_folder, version_id), ignore_errors=True)


def tidy(database: Database, data_folder: Path) -> None:
    """Delete versions beyond the newest few, but for the one in use, the one before it, and those that are being tried."""
    with database.connection() as conn:
        known = listing(conn)
        tried = conn.execute(
            "select control, challenger from recommendation_experiments where ended_at is null"
        ).fetchall()
    needed = {version for pair in tried for version in pair}
    for used in (v for v in known if v.state is State.IN_USE):
        needed |= {used.id, used.was_in_use}
    for old in known[KEPT:]:
        if old.id not in needed and old.state is not State.BUILDING:
            discard(database, data_folder, old.id)
