"""Fetched files: the hash decides, the cache is whole or empty, and failures say what each source answered."""

import hashlib
import os
import threading
import zipfile
from pathlib import Path

import pytest

from shopkeeper.errors import ArtifactError, ModelError
from shopkeeper.models import hub

BODY = b"console.log('hello')\n"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for its only package index, holding one small wheel with BODY inside."""
    folder = tmp_path / "index"
    folder.mkdir()
    info = "tinyasset-1.0.dist-info"
    with zipfile.ZipFile(folder / "tinyasset-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tinyasset/asset.js", BODY)
        wheel.writestr("tinyasset/__init__.py", "raise RuntimeError('imported')\n")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tinyasset\nVersion: 1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    for key in list(os.environ):
        if key.startswith("PIP_"):
            monkeypatch.delenv(key)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def lock(
    monkeypatch: pytest.MonkeyPatch, *, body: bytes = BODY, file: str = "tinyasset/asset.js"
) -> str:
    entry = hub.Entry(
        id="tiny", title="Tiny", format="javascript", licence="0BSD", file_name="asset.js",
        size_bytes=len(body), sha256=hashlib.sha256(body).hexdigest(),
        sources=({"wheel": "absent==9", "file": file}, {"wheel": "tinyasset==1.0", "file": file}),
    )  # fmt: skip
    monkeypatch.setattr(hub, "entries", lambda: {"tiny": entry})
    return entry.sha256


def test_the_next_source_is_asked_when_one_fails(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = lock(monkeypatch)
    path = hub.pull("tiny", tmp_path / "cache")
    assert path.read_bytes() == BODY
    assert path.parent.name == digest


def test_a_pulled_file_needs_no_index_afterwards(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock(monkeypatch)
    path = hub.pull("tiny", tmp_path / "cache")
    (index / "tinyasset-1.0-py3-none-any.whl").unlink()
    assert hub.pull("tiny", tmp_path / "cache") == path


def test_another_hash_is_refused_and_leaves_nothing(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock(monkeypatch, body=BODY.upper())
    with pytest.raises(ModelError, match="another sha256"):
        hub.pull("tiny", tmp_path / "cache")
    assert not list((tmp_path).glob("cache/**/*.js"))


def test_a_damaged_file_of_the_cache_is_fetched_again(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock(monkeypatch)
    path = hub.pull("tiny", tmp_path / "cache")
    path.write_bytes(BODY[:-1] + b"!")
    assert hub.cached("tiny", tmp_path / "cache") is None
    assert hub.pull("tiny", tmp_path / "cache").read_bytes() == BODY


def test_without_any_source_the_error_tells_what_each_answered(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock(monkeypatch, file="tinyasset/other.js")
    with pytest.raises(ModelError, match=r"absent==9.*holds no tinyasset/other\.js") as caught:
        hub.pull("tiny", tmp_path / "cache")
    assert caught.value.hint


def test_two_pulls_at_once_both_get_the_whole_file(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock(monkeypatch)
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(hub.pull("tiny", tmp_path / "c").read_bytes()))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [BODY, BODY]


def test_the_lock_file_is_sound() -> None:
    for entry in hub.entries().values():
        assert len(entry.sha256) == 64
        assert entry.sources
        assert entry.licence


def test_an_unknown_id_is_an_error_that_lists_the_known() -> None:
    with pytest.raises(ModelError) as caught:
        hub.entry("nonsense")
    assert "htmx" in caught.value.hint
    assert not isinstance(caught.value, ArtifactError)
