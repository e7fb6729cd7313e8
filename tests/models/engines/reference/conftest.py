"""Tiny checkpoints, made once a session, and engines of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from shopkeeper.models.engines.reference.engine import ReferenceEngine
from shopkeeper.models.engines.reference.opening import open_engine
from shopkeeper.settings import EngineSettings
from tests.models.engines.reference import tiny

MAKERS = {
    "gpt2": tiny.save_decoder,
    "llama": lambda folder: tiny.save_decoder(folder, architecture="llama"),
    "bert": tiny.save_encoder,
    "t5": tiny.save_encoder_decoder,
}


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Threads that wait for each other make tiny models slow."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Checkpoints:
    """Folders with a checkpoint, each made when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __getitem__(self, name: str) -> Path:
        folder = self._folder / name
        return folder if folder.exists() else MAKERS[name](folder)


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Checkpoints:
    """By name: gpt2, llama, bert, t5."""
    return Checkpoints(tmp_path_factory.getbasetemp() / "checkpoints")  # one for all files of tests


def opened(path: Path, **given: Any) -> ReferenceEngine:
    """The engine of a checkpoint."""
    known: dict[str, Any] = {
        "kind": "transformers", "model": str(path), "context_tokens": 512, "parallel": 2, "threads": 1,
    }  # fmt: skip
    return open_engine("tiny", EngineSettings(**known | given), cache_folder=path)


class Engines:
    """Open engines of the checkpoints, each opened when it is first asked for."""

    def __init__(self, checkpoints: Checkpoints) -> None:
        self._checkpoints = checkpoints
        self._opened: dict[str, ReferenceEngine] = {}

    def __getitem__(self, name: str) -> ReferenceEngine:
        if name not in self._opened:
            self._opened[name] = opened(self._checkpoints[name])
        return self._opened[name]

    def close(self) -> None:
        for engine in self._opened.values():
            engine.close()


@pytest.fixture(scope="session")
def engines(checkpoints: Checkpoints) -> Iterator[Engines]:
    """By name as the checkpoints, for tests that only ask."""
    made = Engines(checkpoints)
    yield made
    made.close()
