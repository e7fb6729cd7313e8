"""The default assistant: which language model a shop gets when nobody has chosen one, and where it lies.

A large one where there is memory for it, a small one elsewhere. What is in the cache already is kept to, so that a
machine does not change its mind with the memory of the moment.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

from shopkeeper.errors import UnknownModel
from shopkeeper.models import hub
from shopkeeper.models.cache import SPARE
from shopkeeper.models.lock import Entry
from shopkeeper.models.memory import free_bytes
from shopkeeper.settings import Settings

AUTO = "auto"
DEFAULT = "default"  # what `shopkeeper models pull` calls the one that is chosen

# The better first, each with the memory that is to be free when it is chosen: it takes half, the shop lives too.
RECOMMENDED = (("qwen2.5-coder-1.5b", 4 * 10**9), ("qwen2.5-coder-0.5b", 0))


def chosen(settings: Settings, *, free: Callable[[], int | None] = free_bytes) -> str | None:
    """The id of the model that the settings want as assistant, whether it is here or not; None for none at all.

    `auto` is the best that is here, else the best for which there is memory and room on the disk.
    """
    if settings.assistant != AUTO:
        return settings.assistant or None
    for name, _ in RECOMMENDED:
        if hub.is_here(name, settings.cache_folder):
            return name
    memory = free()
    room = _room(settings.cache_folder)
    for name, wanted in RECOMMENDED:
        fits = memory is None or memory >= wanted
        if fits and hub.entry(name).size_bytes + SPARE <= room:
            return name
    return RECOMMENDED[-1][0]  # fetching it will say what is lacking


def here(settings: Settings) -> Path | None:
    """The file of the assistant, ready for use; None while it is not here, or if none is wanted or known."""
    name = chosen(settings)
    if name is None:
        return None
    try:
        return hub.path_here(name, settings.cache_folder)
    except UnknownModel:
        return None


def entry_of(settings: Settings) -> Entry | None:
    """What is known of the assistant that the settings want. Raises UnknownModel if they name one that is none."""
    name = chosen(settings)
    return None if name is None else hub.find(name, settings.cache_folder)


def _room(folder: Path) -> int:
    """Bytes free where the cache is, or will be."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(there).free
