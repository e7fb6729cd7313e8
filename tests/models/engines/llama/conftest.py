"""One engine for all tests that only ask it something, and a way to open more."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shopkeeper.models.engines.llama import LlamaEngine
from shopkeeper.settings import EngineSettings


def opened(path: Path, *, tried: bool = False, **given: Any) -> LlamaEngine:
    """The engine of a file, with a small context. tried: of the hub, so that it needs no trial."""
    known = {"kind": "llama.cpp", "model": str(path), "context_tokens": 512, "parallel": 2}
    return LlamaEngine.open(
        path, name="tiny", settings=EngineSettings(**known | given), tried=tried
    )


@pytest.fixture(scope="session")
def engine(smollm2: Path) -> Iterator[LlamaEngine]:
    """SmolLM2, two requests at once."""
    made = opened(smollm2, tried=True)
    yield made
    made.close()


@pytest.fixture
def another(smollm2: Path) -> Iterator[LlamaEngine]:
    """SmolLM2 once more, for tests that close it."""
    made = opened(smollm2, tried=True)
    yield made
    made.close()
