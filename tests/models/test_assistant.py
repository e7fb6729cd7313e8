"""The default assistant: large where there is memory, small elsewhere, and none where none is wanted."""

from pathlib import Path

import pytest

from shopkeeper.models import assistant, hub
from shopkeeper.models.lock import Wheel
from shopkeeper.settings import Settings
from tests.models.world import BODY, entry_of, use

LARGE, SMALL = (name for name, _ in assistant.RECOMMENDED)
PLENTY, LITTLE = 4 * 10**9, 4 * 10**9 - 1


@pytest.fixture
def wanted(tmp_path: Path) -> Settings:
    """As settings are by default, with an empty cache."""
    return Settings(cache_folder=tmp_path / "cache", assistant="auto")


def put(settings: Settings, name: str) -> Path:
    """A file of the right size in the cache, with nothing in it."""
    path = hub.place(hub.entry(name), settings.cache_folder)
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        file.truncate(hub.entry(name).size_bytes)
    return path


def test_the_large_one_is_chosen_where_four_gigabytes_are_free(wanted: Settings) -> None:
    assert assistant.chosen(wanted, free=lambda: PLENTY) == LARGE
    assert assistant.chosen(wanted, free=lambda: LITTLE) == SMALL
    assert assistant.chosen(wanted, free=lambda: None) == LARGE


def test_without_room_on_the_disk_the_small_one_is_chosen(
    wanted: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = entry_of(Wheel("absent==9", "a"), name=LARGE, size_bytes=10**18)
    use(monkeypatch, large, entry_of(Wheel("absent==9", "a"), name=SMALL))
    assert assistant.chosen(wanted, free=lambda: PLENTY) == SMALL


def test_what_is_here_is_kept_to_whatever_memory_there_is(wanted: Settings) -> None:
    path = put(wanted, SMALL)
    assert assistant.chosen(wanted, free=lambda: PLENTY) == SMALL
    assert assistant.here(wanted) == path
    better = put(wanted, LARGE)
    assert assistant.chosen(wanted, free=lambda: 0) == LARGE
    assert assistant.here(wanted) == better


def test_it_is_here_only_when_it_is_whole(wanted: Settings) -> None:
    assert assistant.here(wanted) is None
    path = put(wanted, SMALL)
    path.write_bytes(BODY)
    assert assistant.here(wanted) is None


def test_who_names_one_gets_it_and_who_names_none_gets_none(wanted: Settings) -> None:
    named = wanted.model_copy(update={"assistant": "smollm2-135m"})
    assert assistant.chosen(named) == "smollm2-135m"
    entry = assistant.entry_of(named)
    assert entry is not None and entry.licence == "Apache-2.0"
    none = wanted.model_copy(update={"assistant": ""})
    assert assistant.chosen(none) is None and assistant.here(none) is None
    assert assistant.entry_of(none) is None


def test_a_name_that_is_none_is_never_here(wanted: Settings) -> None:
    assert assistant.here(wanted.model_copy(update={"assistant": "nonsense"})) is None
