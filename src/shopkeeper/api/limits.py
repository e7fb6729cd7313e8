"""A token bucket for each caller, kept in the memory of this process."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

MAX_CALLERS = 10_000  # the one not heard of for longest is forgotten


class RateLimiter:
    """Lets each caller make `per_second` requests a second on average and `burst` at once."""

    def __init__(
        self,
        per_second: float,
        burst: float,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tokens, as of when
        self._lock = threading.Lock()

    def take(self, caller: str, tokens: float = 1.0) -> float:
        """Use up tokens of a caller. 0 if there were enough, else the seconds until there will be."""
        now = self._clock()
        with self._lock:
            left, since = self._buckets.pop(caller, (self._burst, now))
            left = min(self._burst, left + (now - since) * self._per_second)
            wait_s = max(0.0, (tokens - left) / self._per_second)
            self._buckets[caller] = (left if wait_s else left - tokens, now)
            if len(self._buckets) > MAX_CALLERS:
                self._buckets.popitem(last=False)
        return wait_s

    def give_back(self, caller: str, tokens: float = 1.0) -> None:
        """Return tokens that were taken for something that did not count after all."""
        with self._lock:
            if caller in self._buckets:
                left, since = self._buckets[caller]
                self._buckets[caller] = (left + tokens, since)
