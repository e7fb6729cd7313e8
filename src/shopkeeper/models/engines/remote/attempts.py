"""What stands between a request and the server: a place in line, a breaker that spares a dead server, and retries."""

import contextlib
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from shopkeeper.errors import EngineError, EngineTimeout, EngineUnavailable
from shopkeeper.models.engines.remote.deadline import Deadline

log = logging.getLogger(__name__)

T = TypeVar("T")


class Failure(Exception):
    """An attempt that failed: the error that it ends in, whether another may go better, and if the server is to blame."""

    def __init__(
        self,
        error: EngineError,
        *,
        again: bool = False,
        blame: bool = False,
        wait_s: float = 0,
        status: int = 0,
    ) -> None:
        super().__init__(error.message)
        self.error = error
        self.again = again
        self.blame = blame
        self.wait_s = wait_s  # what the server asks to wait
        self.status = status  # that it answered with, 0 if it did not


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and how patiently a request is sent again, within its time budget.

    A pause is drawn between 0 and a length that doubles each time ("full jitter"), so that callers who failed together do
    not return together. Source: Brooker, Exponential Backoff And Jitter, AWS Architecture Blog 2015.
    """

    attempts: int = 4
    pause_s: float = 0.5
    longest_pause_s: float = 8.0

    def pause(self, failed: int, draw: Callable[[], float]) -> float:
        """Seconds before the next attempt, after so many that failed."""
        return draw() * min(self.longest_pause_s, self.pause_s * 2.0 ** (failed - 1))


class Breaker:
    """Lets nothing through for a while after failures in a row, then one request; if that goes well, all.

    `clock` counts seconds. Shared by threads.
    """

    def __init__(
        self,
        name: str,
        *,
        failures: int = 5,
        rest_s: float = 15.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._most = failures
        self._rest_s = rest_s
        self._clock = clock
        self._lock = threading.Lock()
        self._in_a_row = 0
        self._open_until: float | None = None
        self._trying = False

    @property
    def is_open(self) -> bool:
        """True while nothing but a trial is let through."""
        return self._open_until is not None

    def enter(self) -> None:
        """Before an attempt. Raises Failure while the breaker is open."""
        with self._lock:
            if self._open_until is None:
                return
            wait = self._open_until - self._clock()
            if wait <= 0 and not self._trying:
                self._trying = True
                return
            failures = self._in_a_row
        said = f"for {wait:.0f} s more" if wait > 0 else "until one request has gone well"
        raise Failure(
            EngineUnavailable(
                f"engine {self._name} failed {failures} times in a row and is left alone {said}",
                hint="look at the server that the engine's url names",
            )
        )

    def blame(self) -> None:
        """After a failure later than the attempt: a stream that broke off."""
        with self._lock:
            self._count(tried=False)

    def leave(self, *, failed: bool | None) -> None:
        """After an attempt; None if it says nothing about the server's health."""
        with self._lock:
            tried, self._trying = self._trying, False
            if failed is None:
                return
            if not failed:
                if self._open_until is not None:
                    log.info("breaker engine=%s closed", self._name)
                self._in_a_row, self._open_until = 0, None
                return
            self._count(tried=tried)

    def _count(self, *, tried: bool) -> None:
        self._in_a_row += 1
        if tried or self._in_a_row >= self._most:
            if self._open_until is None:
                log.warning("breaker engine=%s opened failures=%d", self._name, self._in_a_row)
            self._open_until = self._clock() + self._rest_s


class Places:
    """So many requests at once; others wait, within their time budget, and none after `close`."""

    def __init__(self, name: str, places: int) -> None:
        self._name = name
        self._free = places
        self._places = places
        self._changed = threading.Condition()
        self.closed = False

    @contextlib.contextmanager
    def taken(self, deadline: Deadline) -> Iterator[None]:
        """Hold a place. Raises EngineTimeout or EngineUnavailable."""
        with self._changed:
            ready = self._changed.wait_for(lambda: self.closed or self._free > 0, deadline.left_s)
            self.check_open()
            if not ready:
                raise EngineTimeout(
                    f"engine {self._name}: all {self._places} places were taken for {deadline.spent_s:.1f} s",
                    hint=f"allow more time, or set engines.{self._name}.parallel higher if the server can take it",
                )
            self._free -= 1
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify()

    def check_open(self) -> None:
        """Raises EngineUnavailable if it is closed."""
        if self.closed:
            raise EngineUnavailable(f"engine {self._name} was closed")

    def sleep(self, seconds: float) -> None:
        """Wait so long, or until `close`."""
        with self._changed:
            self._changed.wait_for(lambda: self.closed, seconds)

    def close(self) -> None:
        """Wake all who wait, with an error."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()


class Line:
    """Places, breaker and retries of one engine."""

    def __init__(
        self,
        name: str,
        places: Places,
        breaker: Breaker,
        *,
        retries: Retries,
        draw: Callable[[], float],
    ) -> None:
        self._name = name
        self.places = places
        self.breaker = breaker
        self._retries = retries
        self._draw = draw

    def attempt(self, ask: Callable[[], T], deadline: Deadline) -> T:
        """What `ask` returns, asked again while it raises a Failure that allows it and there is time. Raises EngineError."""
        failed = 0
        while True:
            try:
                return self._once(ask)
            except Failure as failure:
                self.places.check_open()
                failed += 1
                pause = max(failure.wait_s, self._retries.pause(failed, self._draw))
                log.debug(
                    "engine=%s attempt=%d %s", self._name, failed, type(failure.error).__name__
                )
                enough = failed >= self._retries.attempts or self.breaker.is_open
                if enough or not failure.again or pause >= deadline.left_s:
                    raise failure.error from None
            self.places.sleep(pause)
            self.places.check_open()

    def _once(self, ask: Callable[[], T]) -> T:
        self.breaker.enter()
        outcome: bool | None = None
        try:
            result = ask()
            outcome = False
            return result
        except Failure as failure:
            outcome = True if failure.blame else None
            raise
        finally:
            self.breaker.leave(failed=outcome)


def jitter() -> Callable[[], float]:
    """Numbers in [0, 1), other ones in each process."""
    return random.Random().random
