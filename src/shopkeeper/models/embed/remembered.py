"""The vectors of recent queries, so that what is often asked is encoded once."""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

import numpy as np

from shopkeeper.models.embed.contract import Embedder, Kind, Vectors


class RememberedQueries:
    """An `Embedder` that keeps the vectors of its last `size` queries. Passages pass through."""

    def __init__(self, embedder: Embedder, *, size: int = 4096) -> None:
        if size < 1:
            raise ValueError(f"size is {size}, must be at least 1")
        self.id = embedder.id
        self.digest = embedder.digest
        self.dimension = embedder.dimension
        self.languages = embedder.languages
        self._embedder = embedder
        self._size = size
        self._vectors: OrderedDict[str, Vectors] = OrderedDict()
        self._changing = Lock()

    def encode(self, texts: Sequence[str], *, kind: Kind) -> Vectors:
        """See `Embedder.encode`."""
        if kind != "query":
            return self._embedder.encode(texts, kind=kind)
        with self._changing:
            known = {text: self._vectors[text] for text in texts if text in self._vectors}
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            known |= zip(missing, self._embedder.encode(missing, kind=kind), strict=True)
        self._keep(known)
        rows = np.empty((len(texts), self.dimension), np.float32)
        for row, text in enumerate(texts):
            rows[row] = known[text]
        return rows

    def _keep(self, used: dict[str, Vectors]) -> None:
        with self._changing:
            for text, vector in used.items():
                self._vectors[text] = vector
                self._vectors.move_to_end(text)
            while len(self._vectors) > self._size:
                self._vectors.popitem(last=False)
