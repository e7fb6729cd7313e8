"""The time budget of a request, which everything done for it shares."""

import time


class Deadline:
    """A point in time after which nothing is waited for."""

    def __init__(self, seconds: float) -> None:
        self._begun = time.monotonic()
        self._end = self._begun + seconds

    @property
    def spent_s(self) -> float:
        """Seconds since it was set."""
        return time.monotonic() - self._begun

    @property
    def left_s(self) -> float:
        """Seconds that are left, 0 if none are."""
        return max(0.0, self._end - time.monotonic())

    def wait_s(self) -> float:
        """How long one operation may take. Raises TimeoutError if there is no time left."""
        left = self.left_s
        if left <= 0:
            raise TimeoutError
        return left

    def at_most(self, seconds: float) -> "Deadline":
        """One that ends no later than this one and in no more than so many seconds."""
        return Deadline(min(seconds, self.left_s))
