"""Files that were uploaded to be imported: each waits in a folder of its own until it is in, or is thrown away."""

import os
import re
import secrets
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from shopkeeper.errors import NotFound

_TOKEN = re.compile(r"[0-9a-f]{16}")
_UNSAFE = re.compile(r"[^\w.() -]")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that waits. token: names it in addresses."""

    token: str
    path: Path
    size_bytes: int
    uploaded_at: datetime

    @property
    def name(self) -> str:
        """What the file was called, without what no file name needs."""
        return self.path.name


def uploads_folder(data_folder: Path) -> Path:
    """Where the files wait."""
    return data_folder / "uploads"


def keep(data_folder: Path, name: str, file: BinaryIO) -> Upload:
    """Put an upload on disk, safe before this returns."""
    token = secrets.token_hex(8)
    folder = uploads_folder(data_folder) / token
    folder.mkdir(parents=True, mode=0o700)
    safe = _UNSAFE.sub("_", Path(name).name)[-100:].lstrip(".") or "feed"
    try:
        with (folder / safe).open("xb") as kept:
            shutil.copyfileobj(file, kept, 1024 * 1024)
            kept.flush()
            os.fsync(kept.fileno())
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return find(data_folder, token)


def find(data_folder: Path, token: str) -> Upload:
    """The upload of this token. Raises NotFound."""
    folder = uploads_folder(data_folder) / token
    files = sorted(folder.iterdir()) if _TOKEN.fullmatch(token) and folder.is_dir() else []
    if not files:
        raise NotFound("this upload is not here any more", hint="upload the file again")
    state = files[0].stat()
    return Upload(token, files[0], state.st_size, datetime.fromtimestamp(state.st_mtime, UTC))


def waiting(data_folder: Path, taken: Collection[str]) -> list[Upload]:
    """Uploads that nobody has started to import, the newest first. taken: paths of files that jobs work on."""
    folder = uploads_folder(data_folder)
    tokens = [f.name for f in folder.iterdir() if any(f.iterdir())] if folder.is_dir() else []
    found = [find(data_folder, token) for token in tokens if _TOKEN.fullmatch(token)]
    free = [upload for upload in found if str(upload.path) not in taken]
    return sorted(free, key=lambda upload: upload.uploaded_at, reverse=True)


def discard(data_folder: Path, token: str) -> None:
    """Throw an upload away; nothing happens if it is gone."""
    if _TOKEN.fullmatch(token):
        shutil.rmtree(uploads_folder(data_folder) / token, ignore_errors=True)


def remove(path: Path, data_folder: Path) -> None:
    """Throw a file away that is in the shop now, if it was an upload."""
    if path.parent.parent == uploads_folder(data_folder):
        discard(data_folder, path.parent.name)
