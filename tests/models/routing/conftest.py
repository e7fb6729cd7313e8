"""A shop's language models over servers that behave as their addresses say."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from shopkeeper.models.engines.remote import RemoteEngine, Retries
from shopkeeper.models.records import Controls, Message, Request
from shopkeeper.models.routing import LanguageModels
from shopkeeper.settings import EngineSettings, Settings
from shopkeeper.shop import model_calls
from shopkeeper.shop.database import Database
from shopkeeper.shop.model_calls import ModelCall
from tests.models.engines.bad_server import MODEL, World, serving

Make = Callable[..., LanguageModels]
QUESTION = Request((Message("user", "hello"),), Controls(max_new_tokens=20), timeout_s=5)
ANSWER = "You said: hello"


def quick(name: str, settings: EngineSettings) -> RemoteEngine:
    """An engine that pauses briefly before it tries again."""
    return RemoteEngine(name, settings, retries=Retries(pause_s=0.002))


@pytest.fixture
def world() -> Iterator[World]:
    with serving() as world:
        yield world


@pytest.fixture
def make(world: World, db: Database, settings: Settings) -> Iterator[Make]:
    """Makes language models: make(first=("stall",), second=("well",)) has engines of these names, in this order on `support`."""
    made: list[LanguageModels] = []

    def make(
        *,
        budgets: Mapping[str, Any] | None = None,
        prices: Mapping[str, float] | None = None,
        routes: Mapping[str, tuple[str, ...]] | None = None,
        **engines: tuple[str, ...],
    ) -> LanguageModels:
        given = {
            "engines": {
                name: {
                    "kind": "openai", "model": MODEL, "url": world.url(*does),
                    "output_price": (prices or {}).get(name, 0), "context_tokens": 2000 + 1000 * n,
                }
                for n, (name, does) in enumerate(engines.items())
            },
            "routes": routes or {"support": tuple(engines)},
            "budgets": budgets or {},
        }  # fmt: skip
        models = LanguageModels(Settings(**settings.model_dump() | given), db, opener=quick)
        made.append(models)
        return models

    yield make
    for models in made:
        models.close()


@pytest.fixture
def calls(db: Database) -> Callable[[LanguageModels], list[ModelCall]]:
    """The recorded calls, the oldest first."""

    def recorded(models: LanguageModels) -> list[ModelCall]:
        models.flush()
        with db.connection() as conn:
            return model_calls.recent(conn, 100)[::-1]

    return recorded
