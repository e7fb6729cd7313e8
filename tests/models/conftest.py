"""The cache that all programs share, and a small package index."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.models.bad_hub import Hub, serving
from tests.models.world import BODY, FILE, only_index, write_wheel


@pytest.fixture(scope="session")
def cache_folder() -> Path:
    """The cache of fetched files, as the programs use it."""
    named = os.environ.get("SHOPKEEPER_CACHE_FOLDER", "~/.cache/shopkeeper")
    return Path(named).expanduser()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for its only package index, holding one small wheel with BODY inside."""
    folder = tmp_path / "index"
    folder.mkdir()
    write_wheel(folder, {FILE: BODY, "tinyasset/__init__.py": b"raise RuntimeError('imported')\n"})
    for key in list(os.environ):
        if key.startswith("PIP_"):
            monkeypatch.delenv(key)
    for key, value in only_index(folder).items():
        monkeypatch.setenv(key, value)
    return folder


@pytest.fixture
def small_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs that are started from here have a pip that only knows that folder: the real one takes long to start."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).with_name("small_pip")))


@pytest.fixture
def hub_server() -> Iterator[Hub]:
    """A model hub that answers as it is told."""
    with serving() as world:
        yield world
