"""One engine for all tests that only ask it something, and a way to open more."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shopkeeper.models.engines.llama import LlamaEngine
from shopkeeper.settings import EngineSettings

Open = Callable[..., LlamaEngine]


def opened(path: Path, **given: Any) -> LlamaEngine:
    """The engine of a file, with a small context."""
    known = {"kind": "llama.cpp", "model": str(path), "context_tokens": 512, "parallel": 2}
    return LlamaEngine.open(path, name="tiny", settings=EngineSettings(**known | given))


@pytest.fixture(scope="session")
def engine(smollm2: Path) -> Iterator[LlamaEngine]:
    """SmolLM2, two requests at once."""
    made = opened(smollm2)
    yield made
    made.close()


@pytest.fixture
def another(smollm2: Path) -> Iterator[LlamaEngine]:
    """SmolLM2 once more, for tests that close it."""
    made = opened(smollm2)
    yield made
    made.close()
