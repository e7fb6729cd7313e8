"""Engines, opened when they are first asked and kept open, as long as the memory of this machine holds them."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from shopkeeper.errors import EngineUnavailable
from shopkeeper.models.engines.contract import LanguageModel
from shopkeeper.settings import EngineSettings

log = logging.getLogger(__name__)

Opener = Callable[[str, EngineSettings], LanguageModel]

ROOM = 1.25  # memory of a model to the size of its file: the cache of what was read comes on top
SPARE_BYTES = 300 * 2**20  # that stay free for the rest of the shop


@dataclass(slots=True)
class _Opened:
    name: str
    settings: EngineSettings
    engine: LanguageModel
    size_bytes: int
    users: int = 0
    outdated: bool = (
        False  # it has left `_opened` while it was used: other settings came, or another model
    )


class Engines:
    """Open engines by name. Safe to share between threads.

    open_engine: makes one. size_bytes: of its weights in this program, 0 for one that runs elsewhere.
    free_bytes: of memory, None if it is not known; then nothing is closed for another.
    """

    def __init__(
        self,
        open_engine: Opener,
        *,
        size_bytes: Callable[[EngineSettings], int],
        free_bytes: Callable[[], int | None],
    ) -> None:
        self._open_engine = open_engine
        self._size_bytes = size_bytes
        self._free_bytes = free_bytes
        self._opened: OrderedDict[str, _Opened] = OrderedDict()  # the least recently used first
        self._outdated: list[_Opened] = []
        self._looked: dict[str, tuple[EngineSettings, LanguageModel]] = {}  # at, and not used yet
        self._lock = threading.Lock()
        self._closed = False

    @contextmanager
    def use(self, name: str, settings: EngineSettings) -> Iterator[LanguageModel]:
        """The engine, which is not closed for another while it is used.

        Raises EngineUnavailable if it does not fit into memory, and what opening it raises.
        """
        with self._lock:
            opened = self._find(name, settings)
            opened.users += 1
        try:
            yield opened.engine
        finally:
            with self._lock:
                opened.users -= 1
                if opened.outdated and not opened.users and not self._closed:
                    self._outdated.remove(opened)
                    opened.engine.close()

    def look(self, name: str, settings: EngineSettings) -> LanguageModel:
        """The engine, for what it says of itself only: its weights are not to be read, so no other is closed for it."""
        with self._lock:
            opened = self._opened.get(name)
            if opened is not None and opened.settings == settings:
                return opened.engine
            return self._looked_at(name, settings)

    def is_open(self, name: str) -> bool:
        """True if it was used and is kept."""
        with self._lock:
            return name in self._opened

    def close(self) -> None:
        """Close them all; what is under way ends with EngineUnavailable."""
        with self._lock:
            self._closed = True
            opened = [each.engine for each in (*self._opened.values(), *self._outdated)]
            looked_at = [engine for _, engine in self._looked.values()]
            self._opened.clear()
            self._looked.clear()
        for engine in (*opened, *looked_at):
            engine.close()

    def _find(self, name: str, settings: EngineSettings) -> _Opened:
        if self._closed:
            raise EngineUnavailable("the shop is being closed")
        opened = self._opened.get(name)
        if opened is not None and opened.settings == settings:
            self._opened.move_to_end(name)
            return opened
        if opened is not None:
            self._retire(name)
        size_bytes = self._size_bytes(settings)
        self._make_room(name, size_bytes)
        made = _Opened(name, settings, self._looked_at(name, settings), size_bytes)
        del self._looked[name]
        self._opened[name] = made
        log.info("opened engine=%s kind=%s megabytes=%d", name, settings.kind, size_bytes // 10**6)
        return made

    def _looked_at(self, name: str, settings: EngineSettings) -> LanguageModel:
        if self._closed:
            raise EngineUnavailable("the shop is being closed")
        found, engine = self._looked.get(name, (None, None))
        if engine is None or found != settings:
            if engine is not None:
                engine.close()
            engine = self._open_engine(name, settings)
            self._looked[name] = settings, engine
        return engine

    def _retire(self, name: str) -> None:
        opened = self._opened.pop(name)
        if opened.users:
            opened.outdated = True
            self._outdated.append(opened)
        else:
            opened.engine.close()
            log.info("closed engine=%s", name)

    def _make_room(self, name: str, size_bytes: int) -> None:
        wanted = int(size_bytes * ROOM) + SPARE_BYTES
        while size_bytes:
            free = self._free_bytes()
            if free is None:
                return
            # Weights are mapped from their files, and the system counts what is mapped as free.
            free -= sum(each.size_bytes for each in (*self._opened.values(), *self._outdated))
            if free >= wanted:
                return
            idle = (o.name for o in self._opened.values() if o.size_bytes and not o.users)
            longest_idle = next(idle, None)
            if longest_idle is None:
                raise EngineUnavailable(
                    f"{name} wants {wanted / 1e9:.1f} GB of memory and {free / 1e9:.1f} GB are free",
                    hint="use a smaller model, or one on another machine",
                )
            self._retire(longest_idle)
