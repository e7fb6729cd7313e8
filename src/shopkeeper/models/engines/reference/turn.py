"""One request's place in the engine: its time, and its steps, one forward pass at a time.

Steps of several requests alternate, so that none waits for the whole of another.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from shopkeeper.errors import EngineTimeout, EngineUnavailable
from shopkeeper.models.engines.reference.checkpoint import Checkpoint
from shopkeeper.models.records import Timing


class Turn:
    """A request being worked on."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        lock: threading.RLock,
        *,
        begun: float,
        timeout_s: float,
        is_closed: Callable[[], bool],
    ) -> None:
        self.checkpoint = checkpoint
        self._lock = lock
        self._begun = begun
        self._timeout_s = timeout_s
        self._is_closed = is_closed
        self._first_s: float | None = None

    @property
    def left_s(self) -> float:
        """Seconds of the request's time that are left, not below 0."""
        return max(0.0, self._timeout_s - (time.monotonic() - self._begun))

    def check(self) -> None:
        """Raises EngineTimeout once the time is spent, EngineUnavailable once the engine is closed."""
        if self._is_closed():
            raise EngineUnavailable("the engine was closed")
        if self.left_s == 0:
            raise EngineTimeout(f"no whole answer within {self._timeout_s:g} s")

    @contextmanager
    def step(self) -> Iterator[None]:
        """The model for one pass. Raises as `check`."""
        if not self._lock.acquire(timeout=self.left_s):
            raise EngineTimeout(f"the model was busy for the whole {self._timeout_s:g} s")
        try:
            self.check()
            with torch.inference_mode():
                yield
        finally:
            self._lock.release()
        self.check()

    def first_token(self) -> None:
        """The first one is there."""
        if self._first_s is None:
            self._first_s = time.monotonic() - self._begun

    def timing(self) -> Timing:
        total = time.monotonic() - self._begun
        first = total if self._first_s is None else self._first_s
        return Timing(round(first * 1000, 3), round(total * 1000, 3))
