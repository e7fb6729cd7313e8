"""What the examination says about search by meaning: not there, not wanted, in use, in use and lost."""

from pathlib import Path

import pytest

from shopkeeper import artifacts
from shopkeeper.health import Finding, Light, work
from shopkeeper.models.embed import fetch_embedder, load_embedder
from shopkeeper.search import versions
from shopkeeper.settings import Settings
from shopkeeper.shop import products
from shopkeeper.shop.database import Database
from tests.search.conftest import SHOP

NAME = "wordllama"


def found(db: Database, settings: Settings, **changes: object) -> Finding:
    with db.connection() as conn:
        return work.meaning(conn, settings.model_copy(update=changes))


@pytest.fixture
def used(db: Database, settings: Settings) -> Database:
    """A shop with a version in use, whose vectors are not made yet."""
    fetch_embedder(NAME, settings.cache_folder)
    spec = versions.spec_of(load_embedder(NAME, settings.cache_folder))
    with db.connection() as conn:
        products.upsert(conn, SHOP)
        made = artifacts.begin(conn, versions.KIND, spec)
        artifacts.finish(conn, made.id, {})
        artifacts.switch(conn, made.id)
    return db


def test_a_shop_that_goes_by_words_says_whether_that_is_wanted(
    db: Database, settings: Settings
) -> None:
    assert found(db, settings, embedder="").light is Light.GREEN
    missing = found(db, settings, embedder="auto")
    assert missing.light is Light.YELLOW and "shopkeeper index build" in missing.remedy


def test_the_version_in_use_says_what_it_does_not_know_yet(
    used: Database, settings: Settings
) -> None:
    told = found(used, settings)
    assert told == Finding("search by meaning", Light.GREEN, "in use, with wordllama; 4 products await it")  # fmt: skip


def test_an_embedder_whose_files_are_gone_is_said_so(
    used: Database, settings: Settings, tmp_path: Path
) -> None:
    told = found(used, settings, cache_folder=tmp_path)
    assert told.light is Light.YELLOW and "search goes by words" in told.text
    assert "shopkeeper models pull" in told.remedy


def test_an_embedder_that_has_changed_is_to_be_built_anew(
    used: Database, settings: Settings
) -> None:
    with used.connection() as conn:
        conn.execute('update artifacts set spec = spec || \'{"digest": "other"}\'')
    told = found(used, settings)
    assert told.light is Light.YELLOW and "`shopkeeper index build wordllama`" in told.remedy
