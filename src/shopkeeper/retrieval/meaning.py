"""Retrieval by meaning: an exact scan over unit vectors in memory, the best by cosine.

Letters: `N` vectors, `D` their width, `H` width of their heads, `K` keys asked about.

Vectors are turned so that their first `H` numbers carry most of what tells them apart (the principal axes of those
first put in); a scan looks at these heads alone and then compares a shortlist of `SHORTLIST` in full. Up to that many
vectors the answer is exact by construction, but for the 16 bits that each number of a full vector is kept in; beyond,
what the heads rank too low is missed. Documents go by the same 64-bit keys as in the word index.

Snapshots never change. A change writes behind the last row any snapshot can see and marks replaced rows dead, so it
costs what changed and not the catalogue; when a quarter is dead everything is written anew.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]
Vectors = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float32]
Rows = npt.NDArray[np.intp]
Steps = npt.NDArray[
    np.int16
]  # multiples of STEP: more exact than half floats, and sooner floats again

STEP = np.float32(1 / 32767)
HEAD = 128
SHORTLIST = 1000
SAMPLE = 20_000  # vectors that the axes are taken from
COMPACT_AT = 0.25
ROOM = 1.5  # how much longer a full buffer becomes


@dataclass(slots=True)
class _Buffer:
    """Rows that snapshots share. Only the snapshot that sees all `used` rows may write behind them in place."""

    full: Steps  # (capacity, D)
    head: Vectors  # (capacity, H)
    keys: Keys  # (capacity,)
    used: int = 0


@dataclass(frozen=True, slots=True)
class CloseUp:
    """The vectors of some documents, in full precision. known: (K,) which of the keys have one."""

    known: Bools
    turned: Vectors  # multiples of STEP
    axes: Vectors

    def scores(self, query: Vectors) -> Scores:
        """(K,) cosine of each key's vector with a vector (D,); nan where a key has none."""
        found = np.full(len(self.known), np.nan, np.float32)
        found[self.known] = self.turned @ (STEP * _turned(query, self.axes))
        return found


@dataclass(frozen=True, slots=True)
class Meanings:
    """One snapshot of vectors by key. Build with `build`, change with `changed`."""

    width: int
    axes: Vectors  # (D, D) orthogonal; a vector times it is turned
    centre: Vectors  # (D,) mean of the unit vectors first put in, turned
    alive: Bools  # (N,)
    sorted_keys: Keys
    sorted_rows: Rows
    _buffer: _Buffer = field(repr=False)

    @property
    def size(self) -> int:
        """How many documents have a vector."""
        return len(self.sorted_keys)

    def search(self, query: Vectors, k: int) -> tuple[Keys, Scores]:
        """The `k` keys nearest to a vector and their cosines, the best first; fewer where there are fewer.

        query: (D,), of any length but zero.
        """
        turned = _turned(query, self.axes)
        if not self.size or k <= 0:
            return np.zeros(0, np.uint64), np.zeros(0, np.float32)
        rows = self._shortlist(turned, max(k, SHORTLIST))
        scores = self._cosines(rows, turned)
        best = np.argsort(-scores, kind="stable")[:k]
        return self._buffer.keys[rows[best]], scores[best]

    def background(self, query: Vectors) -> float:
        """The mean cosine between a vector (D,) and those first put in: how near anything at all is."""
        return float(_turned(query, self.axes) @ self.centre)

    def scores(self, query: Vectors, keys: Keys) -> Scores:
        """(K,) cosine of each key's vector with a vector (D,); nan where a key has none."""
        return self.close_up(keys).scores(query)

    def close_up(self, keys: Keys) -> "CloseUp":
        """The vectors of some documents, to be compared several times."""
        rows, known = self._rows(keys)
        return CloseUp(known, self._buffer.full[rows].astype(np.float32), self.axes)

    def vectors(self, keys: Keys) -> tuple[Vectors, Bools]:
        """The unit vectors of those keys that have one, as they were given, and which of the keys these are."""
        rows, known = self._rows(keys)
        wide: Vectors = self._buffer.full[rows].astype(np.float32) @ (STEP * self.axes.T)
        return wide, known

    def changed(self, keys: Keys, vectors: Vectors, deleted: Iterable[int] = ()) -> "Meanings":
        """A snapshot with vectors (K, D) added or replaced, and other keys taken out."""
        if vectors.shape != (len(keys), self.width):
            raise ValueError(f"{len(keys)} keys of width {self.width}, vectors {vectors.shape}")
        last = {int(key): place for place, key in enumerate(keys)}
        if len(last) < len(keys):
            places = sorted(last.values())
            keys, vectors = keys[places], vectors[places]
        gone = np.concatenate([keys, np.fromiter(deleted, np.uint64)])
        alive = self.alive.copy()
        alive[self._rows(gone)[0]] = False
        dead = len(alive) - np.count_nonzero(alive)
        if dead > COMPACT_AT * max(1000, len(alive)):
            return self._compacted(alive)._appended(keys, vectors)
        return self._snapshot(alive, self._buffer)._appended(keys, vectors)

    def _appended(self, keys: Keys, vectors: Vectors) -> "Meanings":
        begin, end = len(self.alive), len(self.alive) + len(keys)
        buffer = self._buffer
        if buffer.used != begin or end > len(buffer.keys):
            buffer = _copied(buffer, begin, max(end, int(ROOM * begin)))
        turned = _unit(np.asarray(vectors, np.float32)) @ self.axes
        buffer.full[begin:end] = np.rint(turned / STEP)
        buffer.head[begin:end] = turned[:, : buffer.head.shape[1]]
        buffer.keys[begin:end] = keys
        buffer.used = end
        return self._snapshot(np.append(self.alive, np.ones(len(keys), np.bool_)), buffer)

    def _compacted(self, alive: Bools) -> "Meanings":
        rows = np.flatnonzero(alive)
        old = self._buffer
        fresh = _Buffer(old.full[rows], old.head[rows], old.keys[rows], len(rows))
        return self._snapshot(np.ones(len(rows), np.bool_), fresh)

    def _snapshot(self, alive: Bools, buffer: _Buffer) -> "Meanings":
        rows = np.flatnonzero(alive)
        keys = buffer.keys[rows]
        order = np.argsort(keys)
        return Meanings(self.width, self.axes, self.centre, alive, keys[order], rows[order], buffer)

    def _rows(self, keys: Keys) -> tuple[Rows, Bools]:
        if not len(self.sorted_keys):
            return np.zeros(0, np.intp), np.zeros(len(keys), np.bool_)
        at = np.searchsorted(self.sorted_keys, keys)
        at[at == len(self.sorted_keys)] = 0
        known: Bools = self.sorted_keys[at] == keys
        rows: Rows = self.sorted_rows[at[known]]
        return rows, known

    def _shortlist(self, turned: Vectors, length: int) -> Rows:
        number = len(self.alive)
        if number <= length:
            return np.flatnonzero(self.alive)
        head = self._buffer.head[:number]
        near = head @ turned[: head.shape[1]]  # (N,)
        near[~self.alive] = -np.inf
        rows = np.sort(np.argpartition(near, number - length)[number - length :])
        return rows[self.alive[rows]]

    def _cosines(self, rows: Rows, turned: Vectors) -> Scores:
        found: Scores = self._buffer.full[rows].astype(np.float32) @ (STEP * turned)
        return found


def build(keys: Keys, vectors: Vectors) -> Meanings:
    """The vectors (K, D) of a catalogue by key. What is built from no vectors at all must be built again later, as
    its axes tell nothing: it works, and a scan is no faster than one over full vectors."""
    width = vectors.shape[1]
    unit = _unit(np.asarray(vectors[:SAMPLE], np.float32))
    axes = _axes(unit, width)
    centre = unit.mean(axis=0) @ axes if len(unit) else np.zeros(width, np.float32)
    head = min(HEAD, width)
    buffer = _Buffer(
        np.zeros((0, width), np.int16), np.zeros((0, head), np.float32), np.zeros(0, np.uint64)
    )
    no_keys, no_rows = np.zeros(0, np.uint64), np.zeros(0, np.intp)
    empty = Meanings(width, axes, centre, np.zeros(0, np.bool_), no_keys, no_rows, buffer)
    return empty.changed(keys, vectors)


def _axes(vectors: Vectors, width: int) -> Vectors:
    """Orthogonal axes (D, D), those along which the vectors are largest first."""
    if not len(vectors):
        return np.eye(width, dtype=np.float32)
    _, axes = np.linalg.eigh(vectors.T.astype(np.float64) @ vectors)
    return np.ascontiguousarray(axes[:, ::-1], np.float32)


def _turned(query: Vectors, axes: Vectors) -> Vectors:
    turned: Vectors = _unit(np.asarray(query, np.float32)[None])[0] @ axes
    return turned


def _unit(vectors: Vectors) -> Vectors:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)
    return unit


def _copied(buffer: _Buffer, used: int, capacity: int) -> _Buffer:
    """The first rows of a buffer in one that holds more."""
    fresh = _Buffer(
        np.zeros((capacity, buffer.full.shape[1]), np.int16),
        np.zeros((capacity, buffer.head.shape[1]), np.float32),
        np.zeros(capacity, np.uint64),
        used,
    )
    fresh.full[:used], fresh.head[:used] = buffer.full[:used], buffer.head[:used]
    fresh.keys[:used] = buffer.keys[:used]
    return fresh
