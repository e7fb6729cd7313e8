"""What the tests of training share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch


@pytest.fixture(scope="package", autouse=True)
def one_thread() -> Iterator[None]:
    """Small products of matrices are slower on several threads, and much slower where the machine is busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def cache_folder() -> Path:
    """The cache of fetched files, as the programs use it."""
    named = os.environ.get("SHOPKEEPER_CACHE_FOLDER", "~/.cache/shopkeeper")
    return Path(named).expanduser()
