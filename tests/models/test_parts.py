"""A file in twenty-two pieces out of three packages: joined, shown as one, gone on with, and what goes wrong."""

import hashlib
import subprocess
import sys
import time
from pathlib import Path

import pytest

from shopkeeper.errors import ArtifactError, FetchError, StorageError
from shopkeeper.models import cache, hub
from shopkeeper.models.lock import Entry, Part, Parts, Repo, Wheel
from tests.models.world import digest, entry_of, only_index, use, write_wheel

pytestmark = pytest.mark.usefixtures("small_pip")

COUNT = 22
ROOT = Path(__file__).parents[2]
PIECES = [hashlib.sha256(bytes([n])).digest() * 40 for n in range(1, COUNT + 1)]
BODY = b"".join(PIECES)
SIZE = len(PIECES[0])

PROGRAM = """
import sys
from pathlib import Path
from shopkeeper.models import hub, lock
from tests.models.test_parts import entry

lock.entries = lambda: {"tiny": entry()}
hub.pull("tiny", Path(sys.argv[1]))
"""


def entry(*, wrong: int = 0) -> Entry:
    """A file of 22 pieces; the hash of the piece `wrong` is another."""
    parts = [
        Part(len(body), digest(body if n != wrong else b"another"), wheel_of(n))
        for n, body in enumerate(PIECES, 1)
    ]
    return entry_of(Parts(tuple(parts)), body=BODY)


def package_of(number: int) -> str:
    """The first six pieces, the seventh, and the rest are in a package each."""
    return f"tiny-{'first' if number < 7 else 'seventh' if number == 7 else 'rest'}"


def wheel_of(number: int) -> Wheel:
    return Wheel(f"{package_of(number)}==1.0", f"data/part{number}.bin", size_bytes=3000)


@pytest.fixture
def index_of_parts(index: Path) -> Path:
    """A package index with the pieces."""
    for package in {package_of(number) for number in range(1, COUNT + 1)}:
        bodies = {
            f"data/part{n}.bin": b for n, b in enumerate(PIECES, 1) if package_of(n) == package
        }
        write_wheel(index, bodies, name=package)
    return index


def take_away(index: Path, package: str) -> None:
    next(index.glob(f"{package.replace('-', '_')}-*")).unlink()


def part_file(folder: Path) -> Path:
    return hub.place(entry(), folder).with_name("asset.js.part")


def test_the_pieces_make_one_file_and_one_line_of_progress(
    index_of_parts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, entry())
    steps: list[hub.Step] = []
    path = hub.pull("tiny", tmp_path / "c", progress=steps.append)
    assert path.read_bytes() == BODY
    under_way = [step for step in steps if step.doing != "waiting"]
    assert {step.total_bytes for step in under_way} == {len(BODY)}
    assert [s.done_bytes for s in under_way] == sorted(s.done_bytes for s in under_way)
    assert not list((tmp_path / "c").rglob("*.whl"))


def test_a_wrong_hash_in_part_7_names_it_and_keeps_the_six_before(
    index_of_parts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, entry(wrong=7))
    with pytest.raises(
        ArtifactError, match=r"part 7 of 22, .*tiny-seventh==1\.0: .*another sha256"
    ):
        hub.pull("tiny", tmp_path)
    assert hub.path_here("tiny", tmp_path) is None
    assert part_file(tmp_path).read_bytes() == b"".join(PIECES[:6])
    take_away(index_of_parts, "tiny-first")  # it is not needed again
    use(monkeypatch, entry())
    assert hub.pull("tiny", tmp_path).read_bytes() == BODY


def test_a_package_that_is_lacking_is_named(
    index_of_parts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, entry())
    take_away(index_of_parts, "tiny-rest")
    with pytest.raises(FetchError, match="part 8 of 22"):
        hub.pull("tiny", tmp_path)


def test_a_hub_goes_on_where_the_packages_ended(
    index_of_parts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the other way round: pieces that a hub brought are verified and kept."""
    use(monkeypatch, entry())
    path = part_file(tmp_path)
    path.parent.mkdir(parents=True)
    path.write_bytes(BODY[: SIZE * 7 + 300])
    take_away(index_of_parts, "tiny-first")
    take_away(index_of_parts, "tiny-seventh")
    assert hub.pull("tiny", tmp_path).read_bytes() == BODY


def test_a_beginning_that_is_another_file_is_thrown_away(
    index_of_parts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, entry())
    path = part_file(tmp_path)
    path.parent.mkdir(parents=True)
    path.write_bytes(BODY[:SIZE] + b"something else" * 500)
    assert hub.pull("tiny", tmp_path).read_bytes() == BODY


def test_a_disk_that_fills_half_way_ends_the_pull_and_leaves_nothing(
    index_of_parts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, entry())

    def fill(step: hub.Step) -> None:
        if step.done_bytes > SIZE * 6:  # from now on there is no room for a wheel
            monkeypatch.setattr(cache, "SPARE", 10**18)

    with pytest.raises(StorageError, match="MB are needed") as caught:
        hub.pull("tiny", tmp_path, progress=fill)
    assert "SHOPKEEPER_CACHE_FOLDER" in caught.value.hint
    assert not part_file(tmp_path).exists()


def test_who_stops_it_ends_it_and_goes_on_another_time(
    index_of_parts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stop(Exception):
        pass

    def stop(step: hub.Step) -> None:
        if step.done_bytes >= SIZE * 7:
            raise Stop

    use(monkeypatch, entry())
    with pytest.raises(Stop):
        hub.pull("tiny", tmp_path, progress=stop)
    kept = part_file(tmp_path).read_bytes()
    assert kept == BODY[: SIZE * 7]
    take_away(index_of_parts, "tiny-first")
    assert hub.pull("tiny", tmp_path).read_bytes() == BODY


def test_a_program_killed_half_way_is_gone_on_with_by_the_next(
    index_of_parts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, entry())
    monkeypatch.delenv("PYTHONPATH")  # by the real pip, which leaves time to kill it
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "c")]
    with subprocess.Popen(command, cwd=ROOT, env=only_index(index_of_parts)) as running:
        part = part_file(tmp_path / "c")
        while not (part.exists() and part.stat().st_size >= SIZE * 6):
            assert running.poll() is None
            time.sleep(0.02)
        running.kill()
    take_away(index_of_parts, "tiny-first")
    assert hub.pull("tiny", tmp_path / "c").read_bytes() == BODY


def test_packages_are_asked_when_the_hub_cannot_be_reached(
    index_of_parts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shopkeeper.models.web.PAUSE_S", 0.01)
    official = Repo("owner/name", "0" * 40, "file.gguf")
    use(monkeypatch, entry_of(official, *entry().sources, body=BODY))
    places = hub.Places(hub_url="http://127.0.0.1:1")
    assert hub.pull("tiny", tmp_path, places=places).read_bytes() == BODY
