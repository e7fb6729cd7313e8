"""A small world of sources for the hub's tests: an index that pip takes for its only one, and lock files to pull by."""

import hashlib
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from shopkeeper.models import hub, lock
from shopkeeper.models.lock import Entry, Source, Wheel

BODY = b"console.log('hello')\n" * 100
FILE = "tinyasset/asset.js"
WHEEL = "tinyasset-1.0-py3-none-any.whl"


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def entry_of(*sources: Source, name: str = "tiny", body: bytes = BODY, **more: Any) -> Entry:
    """An entry for this content from these sources."""
    values: dict[str, Any] = {
        "title": name.capitalize(), "format": "javascript", "licence": "0BSD", "stated_by": "us",
        "file_name": "asset.js", "size_bytes": len(body), "sha256": digest(body),
    }  # fmt: skip
    return Entry(id=name, sources=sources, **values | more)


def use(monkeypatch: pytest.MonkeyPatch, *entries: Entry) -> None:
    """Let these be what the lock file names."""
    found = {entry.id: entry for entry in entries}
    for module in (lock, hub):
        monkeypatch.setattr(module, "entries", lambda: found)


def tiny(**more: Any) -> Wheel:
    """The wheel of the small index."""
    return Wheel("tinyasset==1.0", **{"file": FILE} | more)


def write_wheel(
    folder: Path, files: dict[str, bytes], *, symlink: str = "", name: str = "tinyasset"
) -> Path:
    """A wheel that pip takes for one, with these files inside."""
    plain = name.replace("-", "_")
    info = f"{plain}-1.0.dist-info"
    path = folder / f"{plain}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for inside, body in files.items():
            member = zipfile.ZipInfo(inside)
            member.external_attr = (0o120777 if inside == symlink else 0o100644) << 16
            wheel.writestr(member, body)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return path


def only_index(folder: Path) -> dict[str, str]:
    """Environment in which pip knows no other index than this folder."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
    return kept | {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(folder),
    }
