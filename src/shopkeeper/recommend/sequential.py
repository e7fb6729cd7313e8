"""The sequential Transformer in use: ONNX Runtime turns a history into a state, whose products score the items.

It is trained by `shopkeeper.training.next_items` (extra `train`) and needs no torch here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime

from shopkeeper.recommend.histories import Histories, Ints, Table

BLOCK = 1000  # histories of one length that are turned together


@dataclass(frozen=True, slots=True)
class Sequential:
    """vectors: (N, D) of the items; longest: newest items of a history that are looked at."""

    session: Any  # onnxruntime.InferenceSession, which comes without types
    vectors: Table
    longest: int

    @classmethod
    def of(
        cls, graph: Iterable[bytes], vectors: Table, longest: int, *, threads: int = 1
    ) -> "Sequential":
        """From the bytes of the network."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        providers = ["CPUExecutionProvider"]
        session = onnxruntime.InferenceSession(b"".join(graph), options, providers=providers)
        return cls(session, vectors, longest)

    def states(self, histories: Histories) -> Table:
        """(P, D) of each history; zeros for an empty one."""
        found = np.zeros((len(histories), self.vectors.shape[1]), np.float32)
        lengths = np.minimum(histories.lengths, self.longest)
        for length in np.unique(lengths[lengths > 0]).tolist():
            people = np.flatnonzero(lengths == length)
            for block in np.split(people, range(BLOCK, len(people), BLOCK)):
                found[block] = self._turn(histories, block, length)
        return found

    def scores(self, histories: Histories) -> Table:
        """(P, N) the states' products with the items' vectors."""
        scores: Table = self.states(histories) @ self.vectors.T
        return scores

    def _turn(self, histories: Histories, people: Ints, length: int) -> Table:
        rows = histories.start[people + 1][:, None] - np.arange(length, 0, -1)
        items = histories.items[rows].astype(np.int64)
        state: Table = self.session.run(["state"], {"items": items})[0]
        return state
