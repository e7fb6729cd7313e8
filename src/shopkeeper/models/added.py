"""The lock file of what people added themselves: `models.lock.toml` in the cache folder, in the form of the shipped one.

An entry is written when its files were fetched and verified for the first time; from then on its revision and hashes
are pinned, as those of the shipped entries are.
"""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from shopkeeper.errors import ArtifactError, Conflict
from shopkeeper.models import lock
from shopkeeper.models.cache import only_one, storing
from shopkeeper.models.lock import Entry, File, Repo

Result = TypeVar("Result")

FILE_NAME = "models.lock.toml"
_HEAD = "# Models that were added on this machine: what they must be and where they come from. Written by shopkeeper.\n"
_PLAIN = (
    "title",
    "format",
    "licence",
    "stated_by",
    "upstream",
    "warning",
    "file_name",
    "size_bytes",
    "sha256",
    "path",
)


def read(cache_folder: Path) -> dict[str, Entry]:
    """What was added here, by id. Raises ArtifactError if the file is damaged."""
    path = cache_folder / FILE_NAME
    try:
        return lock.parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:  # of TOML, of UTF-8, of an entry
        raise ArtifactError(
            f"{path} cannot be read: {error}", hint="mend the line named, or delete the file"
        ) from error


def add(entry: Entry, cache_folder: Path) -> Entry:
    """Write an entry. Raises Conflict if its id is taken by other files."""

    def put(known: dict[str, Entry]) -> Entry:
        check_free(entry, {**known, **lock.entries()})
        known[entry.id] = entry
        return entry

    return _change(cache_folder, put)


def check_free(entry: Entry, known: Mapping[str, Entry]) -> None:
    """Raises Conflict if the id of this entry is that of other files."""
    there = known.get(entry.id, entry)
    if (there.sha256, there.path) != (entry.sha256, entry.path):
        raise Conflict(
            f"{entry.id} is the id of another model here: {there.title}",
            hint="give this one an id of its own with --as",
        )


def forget(name: str, cache_folder: Path) -> bool:
    """Take an entry out. False if it was none of those that were added."""
    if name not in read(cache_folder):
        return False
    return _change(cache_folder, lambda known: known.pop(name, None)) is not None


def _change(cache_folder: Path, change: Callable[[dict[str, Entry]], Result]) -> Result:
    path = cache_folder / FILE_NAME
    with only_one(cache_folder, FILE_NAME, waiting=lambda: None):
        known = read(cache_folder)
        result = change(known)
        text = _HEAD + "".join(f"\n{_table(entry)}" for entry in known.values())
        _check(text)
        with storing(path):
            new = path.with_suffix(".new")
            with new.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
    return result


def _check(text: str) -> None:
    """What is written can be read again. Raises ArtifactError: an entry is none that a lock file may have."""
    try:
        lock.parse(text)
    except ValueError as error:
        raise ArtifactError(f"it cannot be put into a lock file: {error}") from error


def _table(entry: Entry) -> str:
    lines = [f"[{_text(entry.id)}]"]
    lines += [f"{key} = {_value(getattr(entry, key))}" for key in _PLAIN if getattr(entry, key)]
    if entry.sources:
        lines.append(f"sources = {_sources(entry)}")
    if entry.folder:
        lines.append("folder = [")
        lines += [f"    {_inline(_of_file(file))}," for file in entry.folder]
        lines.append("]")
    return "\n".join(lines) + "\n"


def _of_file(file: File) -> Mapping[str, str]:
    values: dict[str, Any] = {
        "name": file.name,
        "size_bytes": file.size_bytes,
        "sha256": file.sha256,
    }
    return {key: _value(value) for key, value in values.items()} | (
        {"sources": _sources(file)} if file.sources else {}
    )


def _sources(of: Entry | File) -> str:
    repos = [source for source in of.sources if isinstance(source, Repo)]
    parts = [{"repo": r.repo, "revision": r.revision, "file": r.file} for r in repos]
    return f"[{', '.join(_inline({k: _text(v) for k, v in part.items()}) for part in parts)}]"


def _inline(values: Mapping[str, str]) -> str:
    return f"{{ {', '.join(f'{key} = {value}' for key, value in values.items())} }}"


def _value(value: str | int) -> str:
    return _text(value) if isinstance(value, str) else str(value)


def _text(value: str) -> str:
    """A basic string of TOML: JSON's escapes, and that of DEL, which JSON leaves as it is."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
