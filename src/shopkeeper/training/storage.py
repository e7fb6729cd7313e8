"""Writing what training leaves behind, so that a full disk is said as such and a kill leaves nothing half."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from shopkeeper.errors import StorageError


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
