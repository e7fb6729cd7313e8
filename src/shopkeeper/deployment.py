"""Models of one's own put to use: kept with their hashes, card and score, let in by a gate, switched to and back.

    kept = keep(database, folder, name="shop-encoder", store=…, card=…, score={"direction": 0.99})
    put_to_use(database, kept.id, cache_folder=…, gate=Gate("direction", margin=0.01))
    roll_back(database, "shop-encoder", cache_folder=…)

A deployed model is a version of the kind `model/NAME` (see `artifacts`), whose files lie under their hash in the data
folder and are not changed any more. Whatever takes a model by name (engines, routes, `load_embedder`) finds the one in
use under NAME. No torch here.
"""

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from shopkeeper import artifacts
from shopkeeper.artifacts import Artifact, State
from shopkeeper.errors import ArtifactError, Conflict, Refused, StorageError
from shopkeeper.models import added
from shopkeeper.models.checkpoint import check
from shopkeeper.models.embed.folder import CARD, read_card
from shopkeeper.models.gguf import read_header
from shopkeeper.models.hub_pages import plain_id
from shopkeeper.models.lock import Entry, File, entries, folder_digest
from shopkeeper.shop.bulk import Connection
from shopkeeper.shop.database import Database

KIND = "model/"
Format = Literal["gguf", "onnx", "checkpoint"]


@dataclass(frozen=True, slots=True)
class Gate:
    """What a new version has to hold: a measure of its score, no worse than that of the one in use by more than this."""

    measure: str
    margin: float = 0.0
    better: Literal["higher", "lower"] = "higher"

    def reason_against(self, new: Mapping[str, Any], used: Mapping[str, Any]) -> str:
        """Why the new version may not be put to use; empty if it may. Raises ArtifactError if it was not measured."""
        if self.measure not in new:
            raise ArtifactError(
                f"the version has no {self.measure}: it was measured by {', '.join(new) or 'nothing'}",
                hint="measure it, or choose another measure",
            )
        if self.measure not in used:
            return ""
        one, other = float(new[self.measure]), float(used[self.measure])
        worse_by = other - one if self.better == "higher" else one - other
        if worse_by <= self.margin:
            return ""
        return f"{self.measure} {one:.4f} is worse than {other:.4f} of the one in use by more than {self.margin:g}"


def keep(
    database: Database, source: Path, *, name: str, store: Path, card: Mapping[str, Any], score: Mapping[str, float]
) -> Artifact:  # fmt: skip
    """Copy an artefact (a GGUF file, an ONNX folder, a folder of Transformers) into the store, as a version that is ready.

    card: what it learned from and under which licence. Raises ArtifactError if it is damaged, Conflict for a name of
    the hub, StorageError.
    """
    if plain_id(name) != name or name in entries():
        raise Conflict(
            f"{name!r} cannot be the name of a model of one's own",
            hint="small letters, digits, dots, dashes",
        )
    format_ = format_of(source)
    files = _files(source)
    digest = files[0].sha256 if source.is_file() else folder_digest(files)
    target = store / digest
    _copy(source, files, target)
    spec = {
        "name": name, "format": format_, "sha256": digest, "path": str(target / source.name if source.is_file() else target),
        "files": {file.name: file.sha256 for file in files}, "card": dict(card),
    }  # fmt: skip
    with database.connection() as conn:
        version = artifacts.begin(conn, KIND + name, spec)
        artifacts.finish(conn, version.id, score)
        return artifacts.get(conn, version.id)


def format_of(source: Path) -> Format:
    """What an artefact is. Raises ArtifactError if it is damaged or none that can be served."""
    if source.is_file():
        read_header(source)
        return "gguf"
    if (source / CARD).is_file():
        read_card(source)
        return "onnx"
    if (source / "config.json").is_file():
        check(source)
        return "checkpoint"
    raise ArtifactError(
        f"{source} is nothing that can be served", hint="name a .gguf file or an exported folder"
    )


def put_to_use(
    database: Database, version_id: int, *, cache_folder: Path, gate: Gate | None = None
) -> Artifact:
    """Let NAME mean this version. Raises Refused if the gate keeps it out, NotFound, Conflict, ArtifactError."""
    with database.connection() as conn:
        version = artifacts.get(conn, version_id, lock=True)
        _check_whole(version)
        used = artifacts.in_use(conn, version.kind)
        if gate is not None and used is not None and used.id != version.id:
            reason = gate.reason_against(version.score, used.score)
            if reason:
                raise Refused(
                    f"version {version.id} stays out: {reason}",
                    hint="give a larger margin, or make a better one",
                )
        switched = artifacts.switch(conn, version.id)
        _point(switched, cache_folder)
        return switched


def roll_back(database: Database, name: str, *, cache_folder: Path) -> Artifact | None:
    """Let NAME mean the version before; None if there was none, and NAME means nothing. Raises Conflict, ArtifactError."""
    with database.connection() as conn:
        before = artifacts.roll_back(conn, KIND + name)
        if before is None:
            added.forget(name, cache_folder)
        else:
            _check_whole(before)
            _point(before, cache_folder)
        return before


def versions(conn: Connection, name: str) -> list[Artifact]:
    """All versions of a name, the newest first."""
    return artifacts.listing(conn, KIND + name)


def names(conn: Connection) -> Sequence[str]:
    """Names under which there are versions."""
    rows = conn.execute(
        "select distinct kind from artifacts where kind like %s order by 1", [KIND + "%"]
    )
    return [str(kind).removeprefix(KIND) for (kind,) in rows.fetchall()]


def discard(database: Database, version_id: int) -> None:
    """Delete a version that is not in use, and its files if no other version has them. Raises NotFound, Conflict."""
    with database.connection() as conn:
        version = artifacts.get(conn, version_id, lock=True)
        artifacts.delete(conn, version_id)
        left = [each for name in names(conn) for each in versions(conn, name)]
        if not any(each.spec["sha256"] == version.spec["sha256"] for each in left):
            path = Path(version.spec["path"])
            shutil.rmtree(
                path.parent if version.spec["format"] == "gguf" else path, ignore_errors=True
            )


def _point(version: Artifact, cache_folder: Path) -> None:
    """Have the name mean this version's files."""
    spec = version.spec
    path = Path(spec["path"])
    sizes = {file: _place(path, file).stat().st_size for file in spec["files"]}
    files = tuple(File(name, sizes[name], digest, ()) for name, digest in spec["files"].items())
    card = spec["card"]
    entry = Entry(
        id=spec["name"], title=f"{spec['name']}, version {version.id}", format=spec["format"],
        licence=str(card.get("licence") or "none stated"), stated_by="its card",
        file_name=path.name, size_bytes=sum(sizes.values()), sha256=spec["sha256"],
        folder=() if spec["format"] == "gguf" else files, path=str(path),
        upstream=str(card.get("made_from", "")),
    )  # fmt: skip
    added.forget(entry.id, cache_folder)
    added.add(entry, cache_folder)


def _place(path: Path, name: str) -> Path:
    return path if path.is_file() else path / name


def _check_whole(version: Artifact) -> None:
    """Raises ArtifactError if a file is not as it was kept, Conflict if the version is not finished."""
    if version.state not in (State.READY, State.RETIRED, State.IN_USE):
        raise Conflict(
            f"version {version.id} is {version.state.value}",
            hint="only a finished version can be put to use",
        )
    path = Path(version.spec["path"])
    for name, digest in version.spec["files"].items():
        try:
            whole = _hash(_place(path, name)) == digest
        except OSError:
            whole = False
        if not whole:
            raise ArtifactError(
                f"version {version.id} cannot be used: {_place(path, name)} is lacking or not as it was kept",
                hint="deploy the artefact again",
            )


def _files(source: Path) -> tuple[File, ...]:
    paths = [source] if source.is_file() else sorted(p for p in source.iterdir() if p.is_file())
    return tuple(File(path.name, path.stat().st_size, _hash(path), ()) for path in paths)


def _copy(source: Path, files: Sequence[File], target: Path) -> None:
    """Into a folder of its own, whole or not at all."""
    if target.is_dir():
        return
    part = target.with_name(f".{target.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        for file in files:
            shutil.copyfile(_place(source, file.name), part / file.name)
        part.replace(target)
    except OSError as error:
        raise StorageError(
            f"{target} cannot be written: {error.strerror}", hint="free some space"
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
