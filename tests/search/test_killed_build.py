"""A version that is being built and killed: what is in use stays in use, and the next build goes on from there."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from shopkeeper import artifacts
from shopkeeper.artifacts import State
from shopkeeper.face import Shop
from shopkeeper.models.embed import fetch_embedder, load_embedder
from shopkeeper.search import versions
from shopkeeper.shop import products, vectors
from tests.search.conftest import make

PROGRAM = [sys.executable, "-c", "from shopkeeper.cli.main import main; main()"]
USED, OTHER = "wordllama", "minilm-l6"
PRODUCTS = 160


@pytest.fixture
def shop(folder: Path) -> Iterator[Shop]:
    """A shop in a folder of its own, searching by meaning already."""
    with Shop.open(folder) as opened:
        with opened.database.connection() as conn:
            products.upsert(
                conn, [make(f"p{i:03}", f"Blue mug number {i}") for i in range(PRODUCTS)]
            )
        cache = opened.settings.cache_folder
        for name in (USED, OTHER):
            fetch_embedder(name, cache)
        opened.search.refresh()
        opened.search.build_version(load_embedder(USED, cache))
        yield opened


def count(shop: Shop, digest: str) -> int:
    with shop.database.connection() as conn:
        return vectors.count(conn, digest, "own")


def states(shop: Shop) -> list[State]:
    """Of all versions, the newest first."""
    with shop.database.connection() as conn:
        return [version.state for version in artifacts.listing(conn, versions.KIND)]


def test_a_build_killed_half_way_changes_nothing_and_is_taken_up_again(shop: Shop) -> None:
    digest = load_embedder(OTHER, shop.settings.cache_folder).digest
    folder = str(shop.settings.data_folder)
    building = subprocess.Popen([*PROGRAM, "--data-folder", folder, "index", "build", OTHER])
    while not count(shop, digest) and building.poll() is None:
        time.sleep(0.02)
    building.kill()
    building.wait()
    half = count(shop, digest)
    assert 0 < half < PRODUCTS
    assert states(shop) == [State.BUILDING, State.IN_USE]
    shop.search.refresh()
    assert shop.search.embedder == USED
    assert shop.find("mug").total == PRODUCTS

    seen: list[int] = []
    embedder = load_embedder(OTHER, shop.settings.cache_folder)
    made = shop.search.build_version(embedder, on_progress=lambda done, _: seen.append(done))
    assert made is not None and made.state is State.IN_USE
    assert states(shop) == [State.IN_USE, State.RETIRED]
    assert count(shop, digest) == PRODUCTS
