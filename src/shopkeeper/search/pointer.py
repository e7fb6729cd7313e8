"""Which word index is in use, and how far it has followed the outbox: the file `current` beside the indexes.

A position of the outbox is a transaction number. It means nothing in another database, nor in an older copy of the
same one, so the pointer says whose it is.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from shopkeeper.shop import products
from shopkeeper.shop.database import Connection

NAME = "current"


@dataclass(frozen=True, slots=True)
class Pointer:
    """An index by the name of its folder, the version that made it, whose outbox it follows and how far."""

    folder: str
    version: str
    outbox: str
    position: int

    def fits(self, conn: Connection) -> bool:
        """True if the position is one of this database's outbox."""
        _, newest = products.changes_since(conn, products.NEWEST)
        return self.outbox == products.outbox_id(conn) and self.position <= newest


def read_pointer(folder: Path) -> Pointer | None:
    """The pointer in the folder of the indexes, or None if there is none that can be read."""
    try:
        data = json.loads((folder / NAME).read_text(encoding="utf-8"))
        return Pointer(
            str(data["folder"]), str(data["version"]), str(data["outbox"]), int(data["position"])
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_pointer(folder: Path, pointer: Pointer) -> None:
    """Replace the pointer at once: there is always the old or the new one."""
    fresh = folder / f"{NAME}.new"
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(asdict(pointer), file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / NAME)
