"""Small histories for the tests of this folder."""

import numpy as np
from hypothesis import strategies as st

from shopkeeper.recommend.histories import Histories

ITEMS = 12


def histories(*, people: int = 40, items: int = ITEMS, seed: int = 0) -> Histories:
    """Random histories of three to seven different items, in which item i is often followed by i + 1."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(people):
        at, row = int(rng.integers(items)), []
        for _ in range(int(rng.integers(3, 8))):
            row.append(at)
            free = [i for i in range(items) if i not in row]
            following = (at + 1) % items
            likely = following in free and rng.random() < 0.7
            at = following if likely else int(rng.choice(free))
        made.append(row)
    return Histories.of(made, items)


def some_histories() -> st.SearchStrategy[Histories]:
    """Histories of different items, at least three each."""
    row = st.lists(st.integers(0, ITEMS - 1), min_size=3, max_size=8, unique=True)
    return st.lists(row, min_size=2, max_size=12).map(lambda rows: Histories.of(rows, ITEMS))
