"""Writing what training leaves behind, so that a full disk is said as such and a kill leaves nothing half."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from safetensors import SafetensorError

from shopkeeper.errors import ArtifactError, StorageError

T = TypeVar("T")


@contextmanager
def storing(folder: Path) -> Iterator[None]:
    """Turn an OSError of what is written inside, or what safetensors says of a full disk, into a StorageError."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        raise StorageError(
            f"{folder} cannot be written: {getattr(error, 'strerror', '') or error}",
            hint="free some space, or choose another folder",
        ) from error


def sync(path: Path) -> None:
    """Have the kernel put a file, or the names in a folder, onto the disk before going on."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_values(path: Path, made: Callable[[Mapping[str, Any]], T]) -> T | None:
    """What `made` makes of the values in a file; None if there is none. Raises ArtifactError if it cannot be read."""
    try:
        return made(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ArtifactError(f"{path} cannot be read: {error}", hint="choose another run") from error


def write_values(path: Path, values: Mapping[str, Any]) -> None:
    """Write plain values, the whole file or nothing, its folder made if need be. Raises StorageError."""
    with storing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        part.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
        part.replace(path)
