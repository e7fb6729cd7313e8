"""Engines whose servers behave as their addresses say."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from shopkeeper.models.engines.remote import RemoteEngine, Retries
from shopkeeper.settings import EngineSettings
from tests.models.engines.bad_server import MODEL, World, serving

Make = Callable[..., RemoteEngine]
KEY = "sk-canary-8f3a"


@pytest.fixture
def world() -> Iterator[World]:
    with serving() as world:
        yield world


@pytest.fixture
def engine_for(world: World) -> Iterator[Make]:
    """Makes engines whose server does the named things, one after the other."""
    made: list[RemoteEngine] = []

    def make(
        *behaviours: str, kind: str = "openai", breaker: Any = None, **settings: Any
    ) -> RemoteEngine:
        given = {
            "url": world.url(*behaviours, kind=kind),
            "api_key": KEY,
            "timeout_s": 5,
        } | settings
        made.append(
            RemoteEngine(
                "cloud",
                EngineSettings(kind="openai", model=MODEL, **given),
                retries=Retries(pause_s=0.002),
                breaker=breaker,
            )
        )
        return made[-1]

    yield make
    for engine in made:
        engine.close()
