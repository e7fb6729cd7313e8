"""Models of one's own: a GGUF file or a folder of safetensors, from a hub or where they lie on this machine.

    offered = offer("hf:owner/name/file.gguf", places)   # to be shown: licence, size, where it comes from
    entry = take(offered, cache_folder, places=places)   # fetched, verified, checked, and from now on pinned

What lies on this machine stays where it is. Files are checked before anything runs them, and the entry is written last.
"""

import hashlib
import re
from dataclasses import replace
from pathlib import Path

from shopkeeper.errors import ArtifactError, ModelError
from shopkeeper.models import added, checkpoint, hub
from shopkeeper.models.gguf import Header, read_header
from shopkeeper.models.hub_pages import PREFIX, Reference, describe, plain, plain_id
from shopkeeper.models.lock import Entry, File, Provenance, folder_digest
from shopkeeper.models.pulling import Places, Progress

MAX_CARD_CHARACTERS = 1 << 16
_LICENCE = re.compile(r"\A---\n(?:.*\n)*?license:\s*(?P<licence>\S.*)\n(?:.*\n)*?---", re.MULTILINE)


def is_reference(name: str) -> bool:
    """True if this names a model of a hub and not an entry."""
    return name.startswith(PREFIX)


def offer(name: str, places: Places, *, cache_folder: Path) -> Entry:
    """What `hf:OWNER/NAME[@REVISION][/FILE.gguf]` stands for: as it was pinned here, else as the hub has it now.

    Raises UnknownModel if it is written otherwise, FetchError, and ArtifactError if it cannot be used.
    """
    reference = Reference.parse(name)
    return _pinned(reference, cache_folder) or describe(reference, places)


def _pinned(reference: Reference, cache_folder: Path) -> Entry | None:
    """The entry that was added under this reference; any revision of it, if the reference names none."""
    for entry in added.read(cache_folder).values():
        for source in entry.files[0].sources:
            same = getattr(source, "repo", "") == reference.repo and (
                bool(entry.folder)
                if not reference.file
                else getattr(source, "file", "") == reference.file
            )
            if same and reference.revision in ("main", getattr(source, "revision", "")):
                return entry
    return None


def take(
    offered: Entry,
    cache_folder: Path,
    *,
    places: Places | None = None,
    progress: Progress = lambda step: None,
) -> Entry:
    """Fetch what was offered, check it and pin it. Raises ArtifactError, FetchError, StorageError, Conflict."""
    known = hub.all_entries(cache_folder)
    added.check_free(offered, known)
    path = hub.fetch(offered, cache_folder, places=places, progress=progress)
    if known.get(offered.id) == offered:
        return offered
    try:
        return added.add(_checked(path, offered), cache_folder)
    except ModelError:
        if not any(entry.sha256 == offered.sha256 for entry in known.values()):
            hub.discard(offered, cache_folder)
        raise


def from_path(path: Path) -> Entry:
    """The entry of a GGUF file or a checkpoint where it lies; all of it is hashed. Raises ArtifactError."""
    path = path.expanduser().absolute()
    return _of_folder(path) if path.is_dir() else _of_file(path)


def _of_file(path: Path) -> Entry:
    header = read_header(path)
    file = _hashed(path)
    said = _own(plain(header.licence), "the file itself")
    return Entry(
        id=plain_id(path.stem), title=_title(header, path.stem), format="gguf", file_name=path.name,
        size_bytes=file.size_bytes, sha256=file.sha256, path=str(path), licence=said.licence,
        stated_by=said.stated_by, upstream=plain(header.made_from), warning=said.warning,
    )  # fmt: skip


def _of_folder(path: Path) -> Entry:
    names = checkpoint.data_files((each.name for each in path.iterdir()), of=str(path))
    config = checkpoint.check(path)
    files = tuple(_hashed(path / name) for name in names)
    card = path / "README.md"
    found = _LICENCE.search(_beginning(card)) if card.is_file() else None
    said = _own(plain(found["licence"]) if found else "", "its README.md")
    return Entry(
        id=plain_id(path.name), title=f"{path.name}: {checkpoint.described(config)}", format="checkpoint",
        file_name=plain_id(path.name), size_bytes=sum(file.size_bytes for file in files),
        sha256=folder_digest(files), folder=files, path=str(path), licence=said.licence, stated_by=said.stated_by,
        warning=said.warning,
    )  # fmt: skip


def _beginning(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.read(MAX_CARD_CHARACTERS)


def _own(licence: str, by: str) -> Provenance:
    if licence:
        return Provenance(licence, by)
    warning = "No licence is stated: find out whether you may use it."
    return Provenance("none stated", "nobody", warning=warning)


def _hashed(path: Path) -> File:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return File(path.name, path.stat().st_size, digest, ())
    except OSError as error:
        raise ArtifactError(f"{path} cannot be read: {error.strerror}") from error


def _checked(path: Path, offered: Entry) -> Entry:
    """What was offered, with what the files tell beyond it. Raises ArtifactError if they cannot be used."""
    if offered.format == "checkpoint":
        checkpoint.check(path)
        return offered
    header = read_header(path)
    titled = replace(offered, title=_title(header, offered.title.removesuffix(".gguf")))
    licence = plain(header.licence)
    if offered.licence != "none stated" or not licence:
        return titled
    return replace(titled, licence=licence, stated_by="the file itself")


def _title(header: Header, fallback: str) -> str:
    facts = [
        header.architecture, f"{header.parameters / 1e6:,.0f} M parameters", header.quantisation,
        f"{header.context_tokens:,} tokens of context" if header.context_tokens else "",
        "" if header.chat_template else "no chat template",
    ]  # fmt: skip
    return f"{plain(header.name) or fallback}: {', '.join(plain(fact) for fact in facts if fact)}"
