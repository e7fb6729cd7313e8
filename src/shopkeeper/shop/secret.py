"""The shop's secret: what it signs with. It lies in the data folder, readable by its owner alone.

Each use mixes in a name of its own ("session:", "customer:"), so that what is signed for one is worth nothing to another.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from shopkeeper.errors import DatabaseError

_SECRET_BYTES = 32


def secret_of(folder: Path) -> bytes:
    """The secret kept in this folder, made when there is none. Raises DatabaseError if it cannot be."""
    path = folder / "session.key"
    fresh = folder / f".session.key.{os.getpid()}"
    try:
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                fresh.unlink()  # left by a program that died just here
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as f:
                f.write(secrets.token_bytes(_SECRET_BYTES))
            with suppress(FileExistsError):
                os.link(fresh, path)  # whole or not at all, and the first of two programs wins
            fresh.unlink()
        secret = path.read_bytes()
    except OSError as error:
        raise DatabaseError(
            f"the shop's secret {path} cannot be read or made: {error.strerror}",
            hint="the data folder must be writable and have free space",
        ) from error
    if len(secret) != _SECRET_BYTES:
        raise DatabaseError(
            f"the shop's secret {path} is damaged",
            hint="delete it: a new one is made, and everybody signs in again",
        )
    return secret
