"""How well the next item is found, on public data, beside simple models fitted in the same run.

Leave-one-out on Amazon Beauty, Toys and Sports (5-core, 2014): everybody's last item is wanted; «strict» models learn
from all but the last two of each; `refit` from all but the last, with nothing chosen anew. All items are ranked, what
a person has is left out, ties count against. Every choice was made on the last but one (`validation`); the weights of
the models are learnt by each fit inside what it is given. `ids_only`: the same without any text of the items.
Deterministic: there is no seed to be lucky with. Then the next baskets of households (`next_basket.py`). NDCG@10 and HR@10, with an interval of 95 % over people for ours.
"""

import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import next_basket, recommend_sets
from benchmarks.recommend_sets import SETS
from shopkeeper.measures import bootstrap
from shopkeeper.recommend import (
    About,
    Histories,
    Recommender,
    ease,
    know,
    neighbours,
    next_item,
    popularity,
    protocol,
    recommender,
)
from shopkeeper.recommend.histories import Ints
from shopkeeper.recommend.protocol import Split

QUICK = 3000  # people, in a quick run
EASE_LIMIT = 13_000  # items; the inverse of Sports would take most of the time of the whole run
BASELINES: dict[str, Callable[[Histories], Recommender]] = {
    "popularity": popularity.fit,
    "itemknn": neighbours.fit,
    "next_item": next_item.fit,
    "ease": ease.fit,
}


def run(*, quick: bool, data: Path) -> dict[str, Any]:
    """All sets, all models."""
    figures: dict[str, Any] = {}
    for name in SETS[:1] if quick else SETS:
        figures |= _measure(name, recommend_sets.load(data, name), quick=quick)
    return figures | next_basket.measure(data, quick=quick)


def _measure(name: str, found: recommend_sets.ReviewSet, *, quick: bool) -> dict[str, Any]:
    histories = found.histories.select(np.arange(QUICK)) if quick else found.histories
    validation, test = protocol.leave_one_out(histories)
    refit = Split(test.ask, test.ask, test.wanted)
    print(
        f"\n{name}: {len(histories):,} people, {histories.count:,} items, {len(histories.items):,} events"
    )
    table = _Table(name)
    for model, fit in BASELINES.items():
        if model != "ease" or (histories.count <= EASE_LIMIT and not quick):
            table.add(f".{model}", fit, test)
    nothing = know([About("")] * histories.count)
    begun = time.perf_counter()
    known = know(found.about)
    knowing = time.perf_counter() - begun
    table.add(".ids_only", lambda had: recommender.fit(had, nothing), test)
    spent = table.add("", lambda had: recommender.fit(had, known), test, also=validation)
    table.add(".refit", lambda had: recommender.fit(had, known), refit)
    table.figures[f"{name}.fit_s"] = round(knowing + spent, 1)
    return table.figures


class _Table:
    """Figures of one set, printed as they come."""

    def __init__(self, name: str) -> None:
        self.name, self.figures = name, dict[str, Any]()

    def add(
        self,
        label: str,
        fit: Callable[[Histories], Recommender],
        split: Split,
        *,
        also: Split | None = None,
    ) -> float:
        """Fit a model and ask it. Returns the seconds of the fit."""
        begun = time.perf_counter()
        model = fit(split.fit)
        spent = time.perf_counter() - begun
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        if not label:
            self.figures[f"{self.name}.fit_gb"] = round(memory, 2)
        if also is not None:
            self._note(".validation", protocol.ranks(model, also))
        begun = time.perf_counter()
        ranks = protocol.ranks(model, split)
        self._note(label, ranks)
        low, high = bootstrap(
            lambda rows: protocol.ndcg(ranks[rows]), len(ranks), seed=0, draws=200
        )
        print(
            f"  {label or '.ours':12s} NDCG@10 {protocol.ndcg(ranks):.4f} [{low:.4f}, {high:.4f}] HR@10 "
            f"{protocol.hit_rate(ranks):.4f} NDCG@5 {protocol.ndcg(ranks, 5):.4f} HR@5 "
            f"{protocol.hit_rate(ranks, 5):.4f}; fit {spent:.0f} s, asked {time.perf_counter() - begun:.0f} s, "
            f"at most {memory:.1f} GB so far",
            flush=True,
        )
        return spent

    def _note(self, label: str, ranks: Ints) -> None:
        self.figures[f"{self.name}.ndcg@10{label}"] = round(protocol.ndcg(ranks), 4)
        self.figures[f"{self.name}.hr@10{label}"] = round(protocol.hit_rate(ranks), 4)
