"""Each embedder of the catalogue, opened once a session; its files are fetched if they are not in the cache."""

from pathlib import Path

import pytest

from shopkeeper.models import hub
from shopkeeper.models.embed import EMBEDDERS, Embedder, load_embedder


@pytest.fixture(scope="session", params=list(EMBEDDERS))
def embedder(request: pytest.FixtureRequest, cache_folder: Path) -> Embedder:
    """Every embedder in turn."""
    name: str = request.param
    for wanted in (name, *hub.entry(name).needs):
        hub.pull(wanted, cache_folder)
    return load_embedder(name, cache_folder)
