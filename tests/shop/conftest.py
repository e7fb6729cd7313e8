"""What tests of the ground floor share: a shop of their own, and a disk that is soon full."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from shopkeeper.settings import Settings, load_settings
from shopkeeper.shop.database import Database
from tests.conftest import copy_shop, end

SMALL_DISK = "180m"  # enough for a shop to start in, little enough to fill


@pytest.fixture
def server_url(database: Database) -> str:
    """Where the tests' migrated database is."""
    return database.url


@pytest.fixture
def shop_settings(folder: Path) -> Settings:
    """The settings of that folder."""
    return load_settings(data_folder=folder, pool_size=4)


@pytest.fixture
def small_disk(made_folder: Path, bare_folder: Path) -> Iterator[Path]:
    """A data folder with an empty shop on a disk of its own that is soon full."""
    disk = bare_folder / "disk"
    disk.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={SMALL_DISK}", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(["mount", *options], capture_output=True).returncode:
        pytest.skip("only root may mount a small disk to fill")
    try:
        (disk / "shop").mkdir()
        copy_shop(made_folder, disk / "shop")
        yield disk / "shop"
    finally:
        end(disk / "shop")
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
