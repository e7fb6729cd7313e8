"""Several programs and one cache: two at once, one that is killed, one that finds no room."""

import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from shopkeeper.models import hub
from tests.models.bad_hub import PATH, SOURCE, Hub, cut, send, whole
from tests.models.world import BODY, entry_of, tiny, use

ROOT = Path(__file__).parents[2]
PROGRAM = """
import resource, sys
from pathlib import Path
from shopkeeper.errors import ShopkeeperError
from shopkeeper.models import hub, lock
from tests.models.bad_hub import SOURCE
from tests.models.world import entry_of, tiny

url, folder, limit = sys.argv[1:]
if int(limit):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
entry = entry_of(SOURCE if url else tiny())
lock.entries = lambda: {"tiny": entry}
try:
    print(hub.pull("tiny", Path(folder), places=hub.Places(hub_url=url)))
except ShopkeeperError as error:
    print(f"{type(error).__name__}: {error.message}")
"""


def program(url: str, folder: Path, *, limit: int = 0) -> subprocess.Popen[str]:
    """Another program that pulls from this hub, or without one from the index, and says how it went."""
    command = [sys.executable, "-c", PROGRAM, url, str(folder), str(limit)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def said(running: subprocess.Popen[str]) -> str:
    return running.communicate(timeout=60)[0].strip()


def files_in(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.rglob("*") if p.is_file() and p.parent.name != "locks")


def slowly(request: BaseHTTPRequestHandler, _: int) -> None:
    """The whole file, with a pause in which another program can come."""
    send(request, BODY[:700], length=len(BODY))
    time.sleep(0.5)
    request.wfile.write(BODY[700:])


def test_two_programs_at_once_download_once_and_both_have_the_file(
    hub_server: Hub, tmp_path: Path
) -> None:
    hub_server.answers = [slowly]
    paths = [said(each) for each in [program(hub_server.url, tmp_path) for _ in range(2)]]
    assert [Path(path).read_bytes() for path in paths] == [BODY, BODY]
    assert hub_server.asked == [(PATH, "")]


def test_a_killed_pull_leaves_no_half_file_and_the_next_goes_on(
    hub_server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go = threading.Event()

    def stop_in_the_middle(request: BaseHTTPRequestHandler, start: int) -> None:
        cut(request, start)
        let_go.wait(60)

    hub_server.answers = [stop_in_the_middle, whole]
    use(monkeypatch, entry_of(SOURCE))
    with program(hub_server.url, tmp_path) as running:
        while not any(p.stat().st_size == 700 for p in tmp_path.rglob("asset.js.part")):
            assert running.poll() is None
            time.sleep(0.05)
        running.kill()
    let_go.set()
    assert hub.cached("tiny", tmp_path) is None
    path = hub.pull("tiny", tmp_path, places=hub.Places(hub_url=hub_server.url))
    assert path.read_bytes() == BODY
    assert hub_server.asked[-1] == (PATH, "bytes=700-")
    assert files_in(tmp_path) == ["asset.js"]


def test_what_a_killed_program_left_in_the_scratch_folder_is_swept(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, entry_of(tiny()))
    left = tmp_path / "cache" / "scratch" / "dead"
    left.mkdir(parents=True)
    (left / "alive").touch()
    (left / "wheel").write_bytes(BODY)
    hub.pull("tiny", tmp_path / "cache")
    assert files_in(tmp_path / "cache") == ["asset.js"]


def test_a_full_disk_is_told_and_leaves_nothing(hub_server: Hub, tmp_path: Path) -> None:
    hub_server.answers = [whole]
    answer = said(program(hub_server.url, tmp_path, limit=1000))
    assert answer.startswith("StorageError:")
    assert "full" in answer
    assert files_in(tmp_path) == []


def test_a_disk_that_is_full_for_pip_is_told_and_leaves_nothing(
    index: Path, tmp_path: Path
) -> None:
    answer = said(program("", tmp_path / "cache", limit=200))
    assert answer.startswith("StorageError:")
    assert "full" in answer
    assert files_in(tmp_path / "cache") == []
