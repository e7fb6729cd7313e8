"""What a model hub says of a repository: its files with their hashes, its licence, and who may have it.

    entry = describe(Reference.parse("hf:Qwen/Qwen3-0.6B-GGUF/Qwen3-0.6B-Q8_0.gguf"), places)

The answer is an entry like those of the lock file, with the revision pinned, ready to be shown and then fetched.
Source: the hub's HTTP API, `/api/models/OWNER/NAME/revision/REVISION?blobs=true`.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote, urlsplit

from shopkeeper.errors import ArtifactError, FetchError, UnknownModel
from shopkeeper.models import checkpoint, web
from shopkeeper.models.lock import Entry, File, Provenance, Repo, folder_digest
from shopkeeper.models.pulling import Places

PREFIX = "hf:"
_FORM = re.compile(
    r"hf:(?P<repo>[\w.-]+/[\w.-]+)(@(?P<revision>[\w.-]+))?(/(?P<file>[\w. +-]+(/[\w. +-]+)*))?", re.ASCII
)  # fmt: skip
MAX_ANSWER_BYTES = 1 << 25
MAX_SMALL_BYTES = (
    1 << 24
)  # of a file without a hash of its own: the hub keeps larger ones by their sha256
MAX_TEXT = 300


@dataclass(frozen=True, slots=True)
class Reference:
    """A file of a hub, or a repository with a checkpoint: `hf:OWNER/NAME[@REVISION][/FILE.gguf]`."""

    repo: str
    revision: str = "main"
    file: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises UnknownModel if it is none."""
        found = _FORM.fullmatch(text)
        file = (found and found["file"]) or ""
        if found is None or ".." in text or (file and not file.endswith(".gguf")):
            raise UnknownModel(
                f"{text!r} names no model of a hub",
                hint="write hf:OWNER/NAME/FILE.gguf, or hf:OWNER/NAME for a folder of safetensors; "
                "@REVISION may follow NAME",
            )
        return cls(found["repo"], found["revision"] or "main", file)

    def __str__(self) -> str:
        return f"{PREFIX}{self.repo}@{self.revision}" + (f"/{self.file}" if self.file else "")


@dataclass(frozen=True, slots=True)
class _Listed:
    """A file as a hub lists it. sha256 is empty for a small one, which has git's own hash alone."""

    name: str
    size_bytes: int
    sha256: str
    git_hash: str


@dataclass(frozen=True, slots=True)
class _Page:
    """What a hub says of one revision of a repository."""

    revision: str
    files: Mapping[str, _Listed]
    card: Mapping[str, Any]
    gated: bool


def describe(reference: Reference, places: Places) -> Entry:
    """The entry of this model as the hub has it now. Raises FetchError, and ArtifactError if it cannot be used."""
    if places.offline:
        raise FetchError(
            f"{reference} is not asked for: offline is set", hint="unset SHOPKEEPER_OFFLINE"
        )
    page = _page(reference, places)
    pinned = Reference(reference.repo, page.revision, reference.file)
    return _gguf(pinned, page, places) if reference.file else _folder(pinned, page, places)


def _gguf(pinned: Reference, page: _Page, places: Places) -> Entry:
    listed = page.files.get(pinned.file)
    if listed is None:
        ggufs = [name for name in page.files if name.endswith(".gguf")]
        raise FetchError(
            f"{pinned} is not there", hint=f"it has {', '.join(ggufs[:20]) or 'no GGUF file'}"
        )
    if re.search(r"-\d+-of-\d+\.gguf$", pinned.file):
        raise ArtifactError(f"{pinned} is one piece of a split file", hint="take a whole one")
    file = _file(pinned, listed, places)
    name = pinned.file.rpartition("/")[2]
    said = _provenance(pinned, page, places)
    return Entry(
        id=plain_id(name.removesuffix(".gguf")), title=name, format="gguf", file_name=name,
        size_bytes=file.size_bytes, sha256=file.sha256, sources=file.sources, licence=said.licence,
        stated_by=said.stated_by, upstream=said.upstream, warning=said.warning,
    )  # fmt: skip


def _folder(pinned: Reference, page: _Page, places: Places) -> Entry:
    names = checkpoint.data_files(page.files, of=str(pinned))
    files = tuple(_file(pinned, page.files[name], places) for name in names)
    body = _small(pinned, page.files[checkpoint.CONFIG], places)
    config = checkpoint.read_config(body, of=f"{pinned}/{checkpoint.CONFIG}")
    name = pinned.repo.rpartition("/")[2]
    said = _provenance(pinned, page, places)
    code = " It is made for code from its repository, which is not fetched: it may not work."
    return Entry(
        id=plain_id(name), title=f"{name}: {checkpoint.described(config)}", format="checkpoint",
        file_name=plain_id(name), size_bytes=sum(file.size_bytes for file in files), sha256=folder_digest(files),
        folder=files, licence=said.licence, stated_by=said.stated_by, upstream=said.upstream,
        warning=said.warning + (code if checkpoint.wants_code(config) else ""),
    )  # fmt: skip


def _file(pinned: Reference, listed: _Listed, places: Places) -> File:
    source = Repo(pinned.repo, pinned.revision, listed.name)
    sha256 = listed.sha256
    if not sha256:
        sha256 = hashlib.sha256(_small(pinned, listed, places)).hexdigest()
    return File(listed.name, listed.size_bytes, sha256, (source,))


def _small(pinned: Reference, listed: _Listed, places: Places) -> bytes:
    """A small file's content, which is what git's hash of it says."""
    if listed.size_bytes > MAX_SMALL_BYTES:
        raise ArtifactError(
            f"the hub tells no sha256 of {listed.name}, which is too large for that"
        )
    source = Repo(pinned.repo, pinned.revision, listed.name)
    url = web.address(source, places.hub_url)
    body = _read(url, places, most_bytes=listed.size_bytes)
    blob = hashlib.sha1(b"blob %d\0" % len(body) + body, usedforsecurity=False).hexdigest()
    if len(body) != listed.size_bytes or blob != listed.git_hash:
        raise ArtifactError(f"{source} is another file than the hub lists")
    return body


def _page(reference: Reference, places: Places) -> _Page:
    path = f"api/models/{reference.repo}/revision/{quote(reference.revision, safe='')}"
    url = web.under(places.hub_url, path) + "?blobs=true"
    body = _read(url, places, most_bytes=MAX_ANSWER_BYTES)
    try:
        found = json.loads(body)
        files = {}
        for listed in found["siblings"]:
            large = listed.get("lfs") or {}
            size = large.get("size", listed.get("size", 0))
            file = _Listed(
                str(listed["rfilename"]), int(size or 0), str(large.get("sha256", "")).lower(), str(listed.get("blobId", ""))
            )  # fmt: skip
            files[file.name] = file
        revision = str(found["sha"])
        if not re.fullmatch("[0-9a-f]{40}", revision):
            raise ValueError(f"revision {revision!r}")
        card = found.get("cardData") or {}
        return _Page(
            revision, files, card if isinstance(card, dict) else {}, bool(found.get("gated"))
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtifactError(
            f"{url} answered something else than a hub does: {error!r}",
            hint="check SHOPKEEPER_HUB_URL",
        ) from error


def _read(url: str, places: Places, *, most_bytes: int) -> bytes:
    return web.read(url, most_bytes=most_bytes, token=places.hub_token, stall_s=places.stall_s)


def _provenance(pinned: Reference, page: _Page, places: Places) -> Provenance:
    host = urlsplit(places.hub_url).hostname or places.hub_url
    owner = pinned.repo.partition("/")[0]
    licence, link = _licence(page.card)
    base = page.card.get("base_model")
    bases = [plain(each) for each in (base if isinstance(base, list) else [base]) if each]
    warning = f"Anyone may publish on {host}: that this is what it says rests on {owner} alone."
    if not licence:
        warning += " No licence is stated: find out whether you may use it."
    elif link:
        warning += f" The licence is its own: read {link}."
    if page.gated:
        warning += f" {owner} gives it only to those who accept its terms on its page."
    return Provenance(
        licence or "none stated",
        f"{owner}, on the model's page" if licence else "nobody",
        f"{pinned.repo} on {host}" + (f", made from {', '.join(bases)}" if bases else ""),
        warning,
    )


def _licence(card: Mapping[str, Any]) -> tuple[str, str]:
    """The licence and, if it is none of the known ones, where it stands."""
    said = card.get("license")
    said = plain(said[0] if isinstance(said, list) and said else said)
    link = plain(card.get("license_link"))
    if said.lower() == "other":
        return plain(card.get("license_name")) or "other", link
    return said, ""


def plain(value: object) -> str:
    """One line of printable text of what somebody else wrote; empty for what is none."""
    text = value if isinstance(value, str) else ""
    return "".join(c if c.isprintable() else " " for c in text)[:MAX_TEXT].strip()


def plain_id(name: str) -> str:
    """A name as an id: small letters, digits, dots and dashes."""
    return re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-._") or "model"
