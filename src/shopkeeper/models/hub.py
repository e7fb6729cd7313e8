"""Fetched files, by hash: what a lock file names is brought into a cache once and verified, then used offline.

    path = pull("minilm-l6", settings.cache_folder)

`lock` reads the lock file that is shipped and `added` keeps one of one's own beside the cache, `cache` keeps whole files
and nothing else, `pulling` asks the sources in their order, `wheels` and `web` bring files, `convert` makes those that
are made here. The hash decides.
"""

import logging
import shutil
from collections.abc import Mapping
from pathlib import Path

from shopkeeper.errors import UnknownModel
from shopkeeper.models import added, lock
from shopkeeper.models.cache import only_one, place, places_of_files, scratch, storing
from shopkeeper.models.lock import Entry, entries, entry, inputs
from shopkeeper.models.pulling import Places, Progress, Pull, Step, is_here_whole
from shopkeeper.settings import Settings

__all__ = [
    "Entry",
    "Places",
    "Progress",
    "Step",
    "all_entries",
    "cached",
    "discard",
    "entries",
    "entry",
    "fetch",
    "find",
    "inputs",
    "is_here",
    "path_here",
    "place",
    "places_of",
    "pull",
    "remove",
]

log = logging.getLogger(__name__)


def places_of(settings: Settings) -> Places:
    """Where the settings say that files may come from."""
    token = settings.hub_token.get_secret_value() if settings.hub_token else ""
    return Places(settings.model_folder, settings.hub_url, settings.offline, hub_token=token)


def all_entries(cache_folder: Path) -> Mapping[str, Entry]:
    """What the shipped lock file names, and what was added here. Raises ArtifactError if the latter is damaged."""
    return {**added.read(cache_folder), **lock.entries()}


def find(name: str, cache_folder: Path) -> Entry:
    """The entry of this id. Raises UnknownModel, and ArtifactError if the lock file of what was added is damaged."""
    shipped = lock.entries()
    if name in shipped:
        return shipped[name]
    known = all_entries(cache_folder)
    if name not in known:
        raise UnknownModel(
            f"nothing is called {name!r} here",
            hint=f"there are {', '.join(sorted(known))}; others come by `shopkeeper models pull hf:OWNER/NAME/FILE`",
        )
    return known[name]


def is_here(name: str, cache_folder: Path) -> bool:
    """True if a file of the right size is in the cache: a quick look, which `cached` makes sure of."""
    return path_here(name, cache_folder) is not None


def path_here(name: str, cache_folder: Path) -> Path | None:
    """Where the file or folder lies, by the same quick look: what is in the cache was verified on its way in."""
    wanted = find(name, cache_folder)
    try:
        whole = all(
            path.stat().st_size == file.size_bytes
            for file, path in places_of_files(wanted, cache_folder)
        )
    except OSError:
        return None
    return place(wanted, cache_folder) if whole else None


def cached(name: str, cache_folder: Path) -> Path | None:
    """Where the file or folder lies, or None if it was not fetched yet or is damaged. All of it is hashed."""
    wanted = find(name, cache_folder)
    path = place(wanted, cache_folder)
    if is_here_whole(wanted, cache_folder):
        return path
    if path.exists():
        log.warning("cached file is damaged id=%s path=%s", name, path)
    return None


def pull(
    name: str,
    cache_folder: Path,
    *,
    places: Places | None = None,
    progress: Progress = lambda step: None,
) -> Path:
    """The file or folder, fetched if it is not in the cache, and the entries that it needs.

    Raises UnknownModel; ArtifactError if what a source has is not what the lock file says; FetchError if none could
    be reached; StorageError if it cannot be kept. What each source said is in the message.
    """
    return fetch(find(name, cache_folder), cache_folder, places=places, progress=progress)


def fetch(
    wanted: Entry,
    cache_folder: Path,
    *,
    places: Places | None = None,
    progress: Progress = lambda step: None,
) -> Path:
    """As `pull`, for an entry that no lock file names yet."""
    every = [wanted, *(entry(needed) for needed in wanted.needs)]
    if all(is_here_whole(each, cache_folder) for each in every):
        return place(wanted, cache_folder)
    with scratch(cache_folder) as folder:
        run = Pull(cache_folder, folder, places or Places(), progress)
        try:
            for each in every:
                run.fetch(each)
        finally:
            for each in run.fetched_inputs:
                discard(each, cache_folder)
    return place(wanted, cache_folder)


def remove(name: str, cache_folder: Path) -> bool:
    """Take the file out of the cache; what was added is forgotten too, and stays where its owner keeps it.

    False if nothing was here.
    """
    wanted = find(name, cache_folder)
    forgotten = added.forget(name, cache_folder)
    others = (each for each in all_entries(cache_folder).values() if each.id != name)
    shared = any(each.sha256 == wanted.sha256 for each in others)
    taken = not (wanted.path or shared) and discard(wanted, cache_folder)
    return taken or forgotten


def discard(wanted: Entry, cache_folder: Path) -> bool:
    """Take an entry's files out of the cache and forget nothing. False if they were not there."""
    folder = place(wanted, cache_folder).parent
    with only_one(cache_folder, folder.name, waiting=lambda: None):
        there = folder.exists()
        with storing(folder):
            if there:
                shutil.rmtree(folder)
    return there
