"""Files of the pages that never change under their address: it carries a hash of what they hold."""

import gzip
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from shopkeeper.models import hub

TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
HTMX = "htmx.js"


@dataclass(frozen=True, slots=True)
class File:
    """One file as it is sent."""

    content: bytes
    packed: bytes  # the same by gzip
    type: str
    digest: str


_fetched: dict[str, Path] = {}  # name -> file that was fetched and not shipped


def use_fetched(cache_folder: Path) -> None:
    """Serve what was fetched into this folder. Called once by the server; without it the pages are plain."""
    path = hub.cached("htmx", cache_folder)
    if path is not None:
        _fetched[HTMX] = path
        file.cache_clear()


def has_htmx() -> bool:
    """True if htmx can be served."""
    return HTMX in _fetched


@cache
def file(name: str) -> File | None:
    """The file of this name, or None."""
    suffix = name.rpartition(".")[2]
    if name in _fetched:
        content = _fetched[name].read_bytes()
    else:
        found = files("shopkeeper.pages").joinpath("static", name)
        if "/" in name or suffix not in TYPES or not found.is_file():
            return None
        content = found.read_bytes()
    packed = gzip.compress(content, mtime=0)
    return File(content, packed, TYPES[suffix], sha256(content).hexdigest()[:12])


def url(name: str) -> str:
    """Where a file is, for templates."""
    found = file(name)
    assert found is not None, f"there is no static file {name}"
    return f"/static/{found.digest}/{name}"
