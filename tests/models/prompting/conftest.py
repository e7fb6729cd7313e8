"""A real, small language model for the tasks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shopkeeper.models import hub
from shopkeeper.models.engines.contract import LanguageModel
from shopkeeper.models.engines.llama import LlamaEngine
from shopkeeper.settings import EngineSettings

SMOLLM2 = "smollm2-135m"


@pytest.fixture(scope="session")
def model(cache_folder: Path) -> Iterator[LanguageModel]:
    """SmolLM2, in this process."""
    path = hub.path_here(SMOLLM2, cache_folder)
    if path is None:
        pytest.skip(f"{SMOLLM2} is not fetched: shopkeeper models pull {SMOLLM2}")
    settings = EngineSettings(kind="llama.cpp", model=SMOLLM2, parallel=1, threads=1)
    engine = LlamaEngine.open(path, name=SMOLLM2, settings=settings, tried=True)
    yield engine
    engine.close()
