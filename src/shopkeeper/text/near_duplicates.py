"""Texts that are nearly the same: MinHash signatures, and bands by which candidates meet without comparing all pairs.

Source: Broder 1997, «On the resemblance and containment of documents»; Leskovec et al., «Mining of Massive Datasets», 3.4.
"""

import hashlib
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

Signature = NDArray[np.uint64]

_MIX = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)
SHINGLE = 5  # words of a shingle; characters times 2 where words are not written apart


def shingles(text: str) -> set[str]:
    """What a text consists of: every run of five words, or of ten characters in text with hardly a space."""
    folded = " ".join(text.casefold().split())
    words = folded.split(" ")
    if len(folded) > 12 * len(words):
        joined = folded.replace(" ", "")
        return {joined[i : i + 2 * SHINGLE] for i in range(max(1, len(joined) - 2 * SHINGLE + 1))}
    return {" ".join(words[i : i + SHINGLE]) for i in range(max(1, len(words) - SHINGLE + 1))}


def resemblance(first: str, second: str) -> float:
    """Jaccard similarity of the shingles, in [0, 1]: what signatures estimate."""
    a, b = shingles(first), shingles(second)
    return len(a & b) / len(a | b)


class NearDuplicates:
    """Remembers texts and says of a new one whether it nearly is one of them.

    permutations: numbers of a signature; the estimate's error is about 1/sqrt of it. threshold: resemblance from which
    on a text counts as seen. Memory: about 8·permutations bytes a text that was kept.
    """

    def __init__(
        self, *, threshold: float = 0.8, permutations: int = 128, bands: int = 16, seed: int = 1
    ) -> None:
        if permutations % bands:
            raise ValueError(f"{permutations} permutations cannot be cut into {bands} bands")
        random = np.random.default_rng(seed)
        self._added, self._factor = random.integers(0, 1 << 64, (2, permutations), dtype=np.uint64)
        self._factor |= np.uint64(1)  # odd, so that multiplying loses nothing
        self._threshold, self._bands = threshold, bands
        self._kept: list[Signature] = []
        self._buckets: dict[bytes, list[int]] = {}

    def add(self, text: str) -> int | None:
        """None, and the text is remembered; or the number of the remembered text that this one nearly is."""
        signature = self.signature(text)
        keys = list(self._keys(signature))
        candidates = {number for key in keys for number in self._buckets.get(key, ())}
        for number in sorted(candidates):
            if (self._kept[number] == signature).mean() >= self._threshold:
                return number
        for key in keys:
            self._buckets.setdefault(key, []).append(len(self._kept))
        self._kept.append(signature)
        return None

    def signature(self, text: str) -> Signature:
        """The smallest of each of the permutations' values over the shingles."""
        hashes = np.fromiter((_hash(s) for s in shingles(text)), dtype=np.uint64)
        smallest = np.full(len(self._added), np.iinfo(np.uint64).max, dtype=np.uint64)
        for start in range(0, len(hashes), 1024):
            mixed = (hashes[start : start + 1024, None] + self._added) * self._factor
            mixed = (mixed ^ (mixed >> _SHIFT)) * _MIX
            smallest = np.minimum(smallest, mixed.min(axis=0))
        return smallest

    def _keys(self, signature: Signature) -> Iterator[bytes]:
        rows = len(signature) // self._bands
        for band in range(self._bands):
            yield bytes([band]) + signature[band * rows : (band + 1) * rows].tobytes()


def _hash(shingle: str) -> int:
    digest = hashlib.blake2b(shingle.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def without_near_duplicates(texts: Iterable[str], *, threshold: float = 0.8) -> Iterator[str]:
    """The texts in their order, without those that nearly repeat an earlier one."""
    seen = NearDuplicates(threshold=threshold)
    return (text for text in texts if seen.add(text) is None)
