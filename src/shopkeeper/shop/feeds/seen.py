"""Which keys have come before, for files of any length: some ten bytes a key, not the keys themselves."""

from collections.abc import Hashable

import numpy as np

_BLOCK = 200_000


class Seen:
    """Counts keys by their 64-bit hash. Two keys of one hash would be taken for one: once in 10^6 files of 10^6 keys."""

    def __init__(self) -> None:
        self._recent: set[int] = set()
        self._older = np.empty(0, dtype=np.int64)  # sorted
        self._again: dict[int, int] = {}

    def count(self, key: Hashable) -> int:
        """How often the key has come by now, this time included."""
        code = hash(key)
        if code in self._recent or self._is_older(code):
            times = self._again.get(code, 1) + 1
            self._again[code] = times
            return times
        self._recent.add(code)
        if len(self._recent) >= _BLOCK:
            recent = np.fromiter(self._recent, dtype=np.int64, count=len(self._recent))
            self._older = np.sort(np.concatenate([self._older, recent]))
            self._recent.clear()
        return 1

    def _is_older(self, code: int) -> bool:
        if not self._older.size:
            return False
        place = int(np.searchsorted(self._older, code))
        return place < self._older.size and int(self._older[place]) == code
