"""The one door to language models: by purpose, along the routes of the settings, or by name."""

import difflib
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath
from typing import Literal, Protocol, runtime_checkable

from shopkeeper.errors import ModelError, UnknownModel
from shopkeeper.models import assistant, hub
from shopkeeper.models.memory import free_bytes
from shopkeeper.models.records import Ability
from shopkeeper.models.routing.asking import House, Named
from shopkeeper.models.routing.budgets import Budgets, Standing
from shopkeeper.models.routing.engines import Engines, Opener
from shopkeeper.models.routing.opening import in_process, open_engine, place_of
from shopkeeper.models.routing.recording import CallRecorder
from shopkeeper.models.routing.route import Route
from shopkeeper.settings import EngineSettings, Settings
from shopkeeper.shop.database import Database

log = logging.getLogger(__name__)

ASSISTANT = "assistant"
DEFAULT = "default"
PATIENT_S = 3600  # for engines without settings: the time of each request decides


@dataclass(frozen=True, slots=True)
class EngineState:
    """An engine as it stands. why_not: the reason if it cannot be opened. purposes: whose routes name it.

    size_bytes: of its weights, 0 for one that runs elsewhere. resting: it failed several times and is left alone now.
    """

    name: str
    settings: EngineSettings
    open: bool
    abilities: frozenset[Ability] = frozenset()
    purposes: tuple[str, ...] = ()
    why_not: str = ""
    size_bytes: int = 0
    resting: bool = False


@runtime_checkable
class _Rests(Protocol):
    """An engine that is left alone for a while after failures."""

    @property
    def resting(self) -> bool: ...


class LanguageModels:
    """Language models for every job of a shop. Engines are opened when they are first asked, and closed with it.

    opener: makes an engine of its name and settings, if not as `opening` does.
    """

    def __init__(
        self, settings: Settings, database: Database, *, opener: Opener | None = None
    ) -> None:
        self._settings = settings
        self._house = House(
            Engines(
                opener or partial(open_engine, cache_folder=settings.cache_folder),
                size_bytes=self._size_bytes,
                free_bytes=free_bytes,
            ),
            Budgets(database, settings.budgets),
            CallRecorder(database),
        )

    def route(self, purpose: str) -> Route:
        """The language model for this purpose, whichever engine will answer.

        A purpose without a route takes that of `default`; without one, the assistant. Asking raises what
        `LanguageModel` says, and BudgetExceeded; EngineUnavailable also while there is no language model at all.
        """
        return Route(purpose, lambda: list(self._on_route(purpose)), self._house)

    def engine(self, name: str, *, purpose: str = "direct") -> Route:
        """One language model by its name, and no other: of the settings, `assistant`, an id of the hub or a path.

        purpose: under which its use is recorded and limited. Raises UnknownModel.
        """
        settings = self._by_name(name)
        called = name if name in self._settings.engines else PurePath(name).stem
        named = Named(called, settings)  # records have no paths
        return Route(purpose, lambda: [named], self._house)

    def assistant(self, *, purpose: str = "direct") -> Route:
        """The default assistant and no other, whether it is here yet or not."""

        def named() -> list[Named]:
            settings = self._settings.engines.get(ASSISTANT) or self._assistant()
            return [Named(ASSISTANT, settings)] if settings else []

        return Route(purpose, named, self._house)

    def engines(self) -> dict[str, EngineSettings]:
        """The engines that can be asked by name: those of the settings, and the assistant if it is there."""
        named = dict(self._settings.engines)
        if default := self._assistant():
            named.setdefault(ASSISTANT, default)
        return named

    def listing(self) -> list[EngineState]:
        """The same engines as they stand. Those on other machines are asked what they can do, which may take seconds."""
        known = self.engines()
        with ThreadPoolExecutor(max(1, len(known))) as pool:
            return list(pool.map(self._state, known, known.values()))

    def names(self) -> list[str]:
        """What `engine` may be asked for now: these engines, and GGUF models of the hub that are here besides."""
        known = self.engines()
        folder = self._settings.cache_folder
        taken = {*known, *(each.model for each in known.values())}
        others = (e for e in hub.all_entries(folder).values() if e.format == "gguf")
        return [*known, *(e.id for e in others if e.id not in taken and hub.is_here(e.id, folder))]

    def routes(self) -> dict[str, tuple[str, ...]]:
        """Purpose -> engines in the order in which they are asked; `default` is for purposes that have no route."""
        return {DEFAULT: (ASSISTANT,)} | self._settings.routes

    def spending(self) -> list[Standing]:
        """What each purpose has used today beside what it may use."""
        return self._house.budgets.standing()

    def flush(self) -> None:
        """Write the records of calls that wait to be written."""
        self._house.recorder.flush()

    def close(self) -> None:
        """Close the engines and write what is yet to be recorded."""
        self._house.engines.close()
        self._house.recorder.close()

    def _on_route(self, purpose: str) -> Iterator[Named]:
        routes = self._settings.routes
        for name in routes.get(purpose) or routes.get(DEFAULT) or (ASSISTANT,):
            settings = self._settings.engines.get(name)
            if settings is None and name == ASSISTANT:
                settings = self._assistant()
            if settings is not None:
                yield Named(name, settings)

    def _by_name(self, name: str) -> EngineSettings:
        if name in self._settings.engines:
            return self._settings.engines[name]
        if name == ASSISTANT and (default := self._assistant()):
            return default
        path = place_of(name, self._settings.cache_folder)
        if path is not None and (path.is_dir() or path.suffix == ".gguf"):
            kind: Literal["llama.cpp", "transformers"] = (
                "transformers" if path.is_dir() else "llama.cpp"
            )
            return EngineSettings(kind=kind, model=name, timeout_s=PATIENT_S)
        if name in hub.all_entries(self._settings.cache_folder):
            raise UnknownModel(
                f"the language model {name} is not here, or is none",
                hint=f"shopkeeper models pull {name} fetches it",
            )
        known = [*self._settings.engines, ASSISTANT]
        near = difflib.get_close_matches(name, known, n=1)
        raise UnknownModel(
            f"there is no language model {name!r}",
            hint=f"did you mean {near[0]}?"
            if near
            else "shopkeeper lm models lists those there are",
        )

    def _assistant(self) -> EngineSettings | None:
        """The default assistant, as soon as its file is here."""
        name = assistant.chosen(self._settings)
        if name is None or assistant.here(self._settings) is None:
            return None
        return EngineSettings(kind="llama.cpp", model=name, timeout_s=PATIENT_S)

    def _state(self, name: str, settings: EngineSettings) -> EngineState:
        purposes = tuple(p for p, names in self.routes().items() if name in names)
        is_open = self._house.engines.is_open(name)
        size_bytes = self._size_bytes(settings)
        try:
            engine = self._house.engines.look(name, settings)
            abilities = engine.abilities
        except ModelError as error:
            return EngineState(
                name, settings, is_open, purposes=purposes, why_not=error.message, size_bytes=size_bytes
            )  # fmt: skip
        resting = isinstance(engine, _Rests) and engine.resting
        return EngineState(name, settings, is_open, abilities, purposes, "", size_bytes, resting)

    def _size_bytes(self, settings: EngineSettings) -> int:
        if not in_process(settings):
            return 0
        path = place_of(settings.model, self._settings.cache_folder)
        if path is None:
            return 0
        files = path.rglob("*.safetensors") if path.is_dir() else (path,)
        return sum(file.stat().st_size for file in files)
