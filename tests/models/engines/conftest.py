"""A real, small language model, where it has been fetched."""

from pathlib import Path

import pytest

from shopkeeper.models import hub

SMOLLM2 = "smollm2-135m"


@pytest.fixture(scope="session")
def smollm2(cache_folder: Path) -> Path:
    """SmolLM2-135M-Instruct as GGUF; tests that need it are skipped where it is not."""
    path = hub.path_here(SMOLLM2, cache_folder)
    if path is None:
        pytest.skip(f"{SMOLLM2} is not fetched: shopkeeper models pull {SMOLLM2}")
    return path
