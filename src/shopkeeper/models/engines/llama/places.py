"""Places of a model: so many requests are worked on at once, so many more wait in line, others are turned away."""

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from shopkeeper.errors import EngineOverloaded, EngineTimeout, EngineUnavailable

WAITING_EACH = 16  # that may wait for each that is worked on


class Places:
    """First come, first served. Safe to share between threads."""

    def __init__(self, name: str, parallel: int) -> None:
        self._name = name
        self._parallel = parallel
        self._changed = threading.Condition()
        self._line: deque[object] = deque()
        self._working = 0
        self._closed = False

    @property
    def waiting(self) -> int:
        return len(self._line)

    @contextmanager
    def place(self, deadline: float) -> Iterator[None]:
        """To be worked on, from now on until it is left. Raises EngineOverloaded, EngineTimeout, EngineUnavailable."""
        with self._changed:
            self._wait(deadline)
            self._working += 1
        try:
            yield
        finally:
            with self._changed:
                self._working -= 1
                self._changed.notify_all()

    def close(self) -> None:
        """Who waits, and who comes, gets EngineUnavailable."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _wait(self, deadline: float) -> None:
        most = self._parallel * WAITING_EACH
        if len(self._line) >= most:
            raise EngineOverloaded(f"{most} requests wait for {self._name} already")
        ticket = object()
        self._line.append(ticket)
        try:
            left = max(0.0, deadline - time.monotonic())
            if not self._changed.wait_for(lambda: self._closed or self._is_next(ticket), left):
                raise EngineTimeout(f"{self._name} was busy for the whole time budget")
        finally:
            self._line.remove(ticket)
            self._changed.notify_all()
        if self._closed:
            raise EngineUnavailable(f"{self._name} was closed")

    def _is_next(self, ticket: object) -> bool:
        return self._line[0] is ticket and self._working < self._parallel
