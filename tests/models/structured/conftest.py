"""A real model for the tests of answers, where it is here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shopkeeper.models.engines.llama import LlamaEngine
from shopkeeper.settings import EngineSettings
from tests.models.engines.conftest import smollm2

__all__ = ["smollm2"]


@pytest.fixture(scope="session")
def engine(smollm2: Path) -> Iterator[LlamaEngine]:
    """SmolLM2."""
    settings = EngineSettings(kind="llama.cpp", model=str(smollm2), context_tokens=2048, parallel=1)
    made = LlamaEngine.open(smollm2, name="smollm2-135m", settings=settings)
    yield made
    made.close()
