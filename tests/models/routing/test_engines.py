"""Engines stay open while memory holds them; the assistant comes into use when its file does."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shopkeeper.errors import EngineUnavailable
from shopkeeper.models import hub
from shopkeeper.models.engines import LanguageModel
from shopkeeper.models.engines.llama import LlamaEngine
from shopkeeper.models.records import Controls, Request
from shopkeeper.models.routing import ASSISTANT, LanguageModels
from shopkeeper.models.routing.engines import ROOM, SPARE_BYTES, Engines
from shopkeeper.models.routing.opening import open_engine
from shopkeeper.settings import EngineSettings, Settings
from shopkeeper.shop.database import Database

SMALL = "smollm2-135m"
MANY = 10**9
HELLO = Request("Hello", Controls(max_new_tokens=1))


@pytest.fixture(scope="module")
def weights(cache_folder: Path) -> Path:
    """The smallest language model there is."""
    path = hub.path_here(SMALL, cache_folder)
    if path is None:
        pytest.skip(f"{SMALL} is not in the cache: shopkeeper models pull {SMALL}")
    return path


@pytest.fixture
def local(weights: Path) -> EngineSettings:
    return EngineSettings(kind="llama.cpp", model=str(weights), context_tokens=256, parallel=1)


class Shelf:
    """Engines over a memory of a given size, whose models count as so large as they are said to be."""

    def __init__(self, free: int) -> None:
        self.opened: list[str] = []
        self.closed: list[str] = []
        self.engines = Engines(
            self._open, size_bytes=lambda settings: MANY, free_bytes=lambda: free
        )

    def _open(self, name: str, settings: EngineSettings) -> LanguageModel:
        self.opened.append(name)
        engine = open_engine(name, settings, cache_folder=Path("/nowhere"))
        assert isinstance(engine, LlamaEngine)
        shelf, close = self, engine.close

        def closing() -> None:
            shelf.closed.append(name)
            close()

        engine.close = closing  # type: ignore[method-assign]
        return engine


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    """Memory for two models of a thousand million bytes, and no third."""
    made = Shelf(int(2 * MANY + (ROOM - 1) * MANY) + SPARE_BYTES)
    yield made
    made.engines.close()


def test_an_engine_stays_open_between_uses(shelf: Shelf, local: EngineSettings) -> None:
    for _ in range(3):
        with shelf.engines.use("a", local) as engine:
            assert "generate" in engine.abilities
    assert shelf.opened == ["a"] and shelf.closed == []


def test_the_longest_unused_makes_room_for_another(shelf: Shelf, local: EngineSettings) -> None:
    for name in ("a", "b", "a", "c"):
        with shelf.engines.use(name, local):
            pass
    assert shelf.opened == ["a", "b", "c"] and shelf.closed == ["b"]
    assert shelf.engines.is_open("a") and not shelf.engines.is_open("b")


def test_looking_at_an_engine_closes_no_other(shelf: Shelf, local: EngineSettings) -> None:
    for name in ("a", "b"):
        with shelf.engines.use(name, local):
            pass
    for _ in range(2):
        assert "generate" in shelf.engines.look("c", local).abilities
    assert shelf.closed == [] and shelf.opened == ["a", "b", "c"]
    with shelf.engines.use("c", local) as engine:
        assert engine is shelf.engines.look("c", local)
    assert shelf.closed == ["a"] and shelf.opened == ["a", "b", "c"]


def test_what_is_in_use_is_not_closed_for_another(shelf: Shelf, local: EngineSettings) -> None:
    with shelf.engines.use("a", local), shelf.engines.use("b", local):
        with pytest.raises(EngineUnavailable, match="GB of memory") as caught:
            shelf.engines.use("c", local).__enter__()
        assert "smaller model" in caught.value.hint
    assert shelf.closed == []
    with shelf.engines.use("c", local):
        assert shelf.closed == ["a"]


def test_other_settings_of_a_name_take_over_and_the_old_engine_ends_when_it_is_free(
    shelf: Shelf, local: EngineSettings
) -> None:
    with shelf.engines.use("a", local) as old:
        with shelf.engines.use("a", local.model_copy(update={"parallel": 2})) as new:
            assert new is not old
        assert shelf.closed == []
    assert shelf.closed == ["a"] and shelf.opened == ["a", "a"]


def test_the_assistant_comes_into_use_without_a_restart(
    weights: Path, settings: Settings, db: Database, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    models = LanguageModels(
        settings.model_copy(update={"assistant": SMALL, "cache_folder": cache}), db
    )
    lm = models.route("support")
    with pytest.raises(EngineUnavailable, match="no language model for support"):
        lm.generate(HELLO)
    assert models.engines() == {}
    there = hub.place(hub.entry(SMALL), cache)
    there.parent.mkdir(parents=True)
    there.symlink_to(weights)  # as if it had been fetched
    assert lm.generate(HELLO).usage.completion_tokens == 1
    assert list(models.engines()) == [ASSISTANT]
    assert models.listing()[0].open and "chat" in models.listing()[0].abilities
    models.close()


def test_a_model_is_asked_by_its_id_or_its_path(
    weights: Path, settings: Settings, db: Database
) -> None:
    models = LanguageModels(settings, db)
    for name in (SMALL, str(weights)):
        assert "chat" in models.engine(name).abilities
    models.close()
