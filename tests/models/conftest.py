"""The embedders, from the cache that all programs share: fetched if they are not there yet."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def cache_folder() -> Path:
    """The cache of fetched files, as the programs use it."""
    named = os.environ.get("SHOPKEEPER_CACHE_FOLDER", "~/.cache/shopkeeper")
    return Path(named).expanduser()
