"""Data folders with a database in them, each its own, made by copying one that was made once."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shopkeeper.settings import Settings, load_settings
from shopkeeper.shop import postgres_programs
from shopkeeper.shop.database import Database, open_database
from tests.conftest import scratch_folder

SMALL_DISK = "180m"  # enough for a shop to start in, little enough to fill


@pytest.fixture(scope="session")
def made_folder() -> Iterator[Path]:
    """A data folder with an empty, migrated database, whose server is stopped. Not to be used, only copied."""
    folder = scratch_folder("made")
    open_database(load_settings(data_folder=folder)).close()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def server_url(database: Database) -> str:
    """Where the tests' migrated database is."""
    return database.url


@pytest.fixture
def new_folder(made_folder: Path) -> Iterator[Callable[[], Path]]:
    """Makes data folders with an empty shop; their servers are stopped afterwards."""
    made: list[Path] = []

    def make() -> Path:
        folder = scratch_folder("shop")
        made.append(folder)
        copy_shop(made_folder, folder)
        return folder

    yield make
    for folder in made:
        end(folder)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def folder(new_folder: Callable[[], Path]) -> Path:
    """A data folder with an empty shop that nobody uses yet."""
    return new_folder()


@pytest.fixture
def shop_settings(folder: Path) -> Settings:
    """The settings of that folder."""
    return load_settings(data_folder=folder, pool_size=4)


@pytest.fixture
def small_disk(made_folder: Path, tmp_path: Path) -> Iterator[Path]:
    """A data folder with an empty shop on a disk of its own that is soon full."""
    disk = tmp_path / "disk"
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


def copy_shop(source: Path, folder: Path) -> None:
    """Copy a database that is not running, with its owner."""
    subprocess.run(["cp", "-a", str(source / "postgres"), str(folder)], check=True)


def end(folder: Path) -> None:
    """End the server of a folder, whoever left it running and in whatever state."""
    postgres_programs.end_orphans(folder / "postgres")
