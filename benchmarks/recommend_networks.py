"""The networks of the benchmark `recommend`, kept beside the checkout once they are trained.

A network takes minutes and several parts ask for the same ones, also after a run was cut off. It is found again by
what it depends on: histories, what is known of items, the recipe and the code that trains it. Parts that are measured
side by side wait for each other's.
"""

import fcntl
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from shopkeeper.recommend import Histories
from shopkeeper.recommend.histories import Table
from shopkeeper.recommend.sequential import MEANING, Sequential, Together
from shopkeeper.training import next_items
from shopkeeper.training.next_items import Recipe

FOLDER = Path(__file__).parents[1] / ".cache" / "networks"


def trained(had: Histories, meanings: Table, recipe: Recipe, seeds: Sequence[int]) -> Together:
    """As `sequential.fit`, which knows nothing of files."""
    return Together(tuple(_one(had, meanings, replace(recipe, seed=seed)) for seed in seeds))


def _one(had: Histories, meanings: Table, recipe: Recipe) -> Sequential:
    code = Path(next_items.__file__).read_bytes()
    parts = (
        had.items.tobytes(),
        had.start.tobytes(),
        (np.round(meanings, 3) + 0).tobytes(),  # the last bits are not the same every time
        repr(recipe).encode(),
        code,
    )
    file = FOLDER / f"{hashlib.sha256(b''.join(parts)).hexdigest()[:24]}.npz"
    FOLDER.mkdir(parents=True, exist_ok=True)
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            _train(file, had, meanings, recipe)
    with np.load(file) as found:
        return Sequential.of([found["graph"].tobytes()], found["vectors"], recipe.longest)


def _train(file: Path, had: Histories, meanings: Table, recipe: Recipe) -> None:
    model = next_items.train(had.items, had.start, MEANING * meanings, recipe)
    graph = np.frombuffer(b"".join(next_items.onnx_graph(model).chunks()), np.uint8)
    vectors = (model.vectors() * model.sharpness).detach().numpy()
    whole = file.with_suffix(".part.npz")
    np.savez(whole, graph=graph, vectors=vectors)
    whole.rename(file)
    print(f"  trained on {len(had.items):,} events, seed {recipe.seed}", flush=True)
