"""Recommenders of others on the splits of the benchmark `recommend`: ALS and BPR of `implicit`.

They are no dependency of the project: `pip install --target RIVALS --no-deps implicit` and PYTHONPATH=RIVALS; without
it there is nothing to measure. Of a few settings each the best on validation is taken.
"""

from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from scipy import sparse

from shopkeeper.recommend import protocol
from shopkeeper.recommend.histories import Histories, Ints, Table
from shopkeeper.recommend.protocol import Split

Fit = Callable[..., tuple[Table, Table]]
ALS = (
    {"factors": 64, "regularization": 0.05, "alpha": 2.0},
    {"factors": 128, "regularization": 0.05, "alpha": 2.0},
    {"factors": 128, "regularization": 0.05, "alpha": 10.0},
)
BPR = (
    {"factors": 64, "learning_rate": 0.05, "regularization": 0.005, "iterations": 100},
    {"factors": 64, "learning_rate": 0.05, "regularization": 0.01, "iterations": 200},
)


def measure(validation: Split, test: Split) -> Iterator[tuple[str, Ints]]:
    """Name and ranks on the test of each rival that is installed."""
    if not find_spec("implicit"):
        print("  implicit is not installed: no ALS, no BPR", flush=True)
        return
    for name, module, settings in (
        ("als", "implicit.als:AlternatingLeastSquares", ALS),
        ("bpr", "implicit.bpr:BayesianPersonalizedRanking", BPR),
    ):
        fitted = [_fit(module, validation.fit, setting) for setting in settings]
        scores = [protocol.ndcg(_ranks(*found, validation)) for found in fitted]
        best = int(np.argmax(scores))
        print(f"  {name}: {settings[best]}, of {np.round(scores, 4).tolist()}", flush=True)
        yield name, _ranks(*fitted[best], test)


def _fit(path: str, histories: Histories, setting: dict[str, Any]) -> tuple[Table, Table]:
    """(P, D) of people and (N, D) of items. People are as they were when it was fitted, in the test too."""
    module, name = path.split(":")
    model = getattr(import_module(module), name)(random_state=0, num_threads=1, **setting)
    model.fit(sparse.csr_matrix(histories.matrix()), show_progress=False)
    return np.asarray(model.user_factors), np.asarray(model.item_factors)


def _ranks(people: Table, items: Table, split: Split) -> Ints:
    found = []
    for block in np.split(np.arange(len(people)), range(1024, len(people), 1024)):
        scores = people[block] @ items.T
        found.append(protocol.ranks_in(scores, split.ask.select(block), split.wanted[block]))
    return np.concatenate(found)
