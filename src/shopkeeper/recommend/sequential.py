"""The sequential Transformer in use: ONNX Runtime turns a history into a state, whose products score the items.

Made by `fit` (extra `train`; `shopkeeper.training.next_items`). What was made needs no torch.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime

from shopkeeper.errors import SettingsError
from shopkeeper.recommend.histories import Histories, Ints, Table

if TYPE_CHECKING:
    from shopkeeper.training.next_items import Recipe

MEANING = np.float32(2)  # length of what describes an item, beside vectors that begin near 0
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


@dataclass(frozen=True, slots=True)
class Together:
    """Several of the same kind, trained from different seeds: their mean."""

    models: tuple[Sequential, ...]

    def scores(self, histories: Histories) -> Table:
        """(P, N)."""
        first, *others = self.models
        total = first.scores(histories)
        for other in others:
            total += other.scores(histories)
        return total / np.float32(len(self.models))


def fit(
    histories: Histories,
    meanings: Table,
    recipe: "Recipe | None" = None,
    *,
    seeds: Sequence[int] = (0, 1, 2),
) -> Together:
    """Trained on these histories, once for each seed; meanings: (N, M) unit rows, what is known of the items; recipe:
    without a word what the machine is good for.

    Scores are logarithms but for a constant of each history, as `evidence.fit` wants them. Raises SettingsError where
    the extra `train` is missing.
    """
    if find_spec("torch") is None:
        raise SettingsError(
            "training a sequential model needs torch", hint='pip install "shopkeeper[train]"'
        )
    from shopkeeper.training import next_items

    recipe = recipe or next_items.usual()
    known = MEANING * meanings
    found = []
    for seed in seeds:
        model = next_items.train(
            histories.items, histories.start, known, replace(recipe, seed=seed)
        )
        vectors = (model.vectors() * model.sharpness).detach().numpy()
        graph = next_items.onnx_graph(model).chunks()
        found.append(Sequential.of(graph, vectors, recipe.longest))
    return Together(tuple(found))
