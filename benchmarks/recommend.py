"""How well the next item is found, on public data, beside simple models fitted in the same run.

Leave-one-out on Amazon Beauty, Toys and Sports (5-core, 2014): everybody's last item is wanted; «strict» models learn
from all but the last two of each; `refit` from all but the last, with nothing chosen anew. All items are ranked, what
a person has is left out, ties count against. Every choice was made on the last but one (`validation`); the weights of
the models are learnt by each fit inside what it is given. `ids_only`: the same without any text of the items.
Ours is the closed forms (`closed_form`, deterministic, what the base
install has) with a sequential Transformer beside them (extra `train`): the mean of the figures of three seeds, and
`spread`, the largest less the smallest NDCG@10; `refit` is of the first seed. Then the next baskets of households (`next_basket.py`). NDCG@10 and HR@10, with an interval of 95 % over people for ours.
"""

import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

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
    sequential,
)
from shopkeeper.recommend.evidence import Fit
from shopkeeper.recommend.histories import Ints
from shopkeeper.recommend.protocol import Split
from shopkeeper.training.next_items import Recipe

SEEDS = (0, 1, 2)
QUICK = 3000  # people, in a quick run
EASE_LIMIT = 12_500  # items; the inverse of Sports would take most of the time of the whole run
BASELINES: dict[str, Callable[[Histories], Recommender]] = {
    "popularity": popularity.fit,
    "itemknn": neighbours.fit,
    "next_item": next_item.fit,
    "ease": ease.fit,
}


def run(*, quick: bool, data: Path) -> dict[str, Any]:
    """All sets, all models."""
    torch.set_num_threads(1)  # products too small for several
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
    if name == SETS[0]:
        nothing = know([About("")] * histories.count)
        table.add(".ids_only", lambda had: recommender.fit(had, nothing), test)
    begun = time.perf_counter()
    known = know(found.about)
    knowing = time.perf_counter() - begun
    spent = table.add(
        ".closed_form", lambda had: recommender.fit(had, known), test, also=validation
    )
    table.figures[f"{name}.fit_s"] = round(knowing + spent, 1)
    table.figures[f"{name}.fit_gb"] = table.memory()
    recipe = Recipe(epochs=2) if quick else Recipe()

    def ours(seed: int) -> Callable[[Histories], Recommender]:
        one: Fit = lambda had: sequential.fit(had, known.meanings, recipe, seeds=[seed])  # noqa: E731
        return lambda had: recommender.fit(had, known, others={"sequence": one})

    for seed in SEEDS[:1] if quick else SEEDS:
        table.add(f".seed{seed}", ours(seed), test, also=validation)
    table.add(".refit", ours(SEEDS[0]), refit)
    table.together(".seed")
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
        if also is not None:
            self._note(f"{label}.validation", protocol.ranks(model, also))
        begun = time.perf_counter()
        ranks = protocol.ranks(model, split)
        self._note(label, ranks)
        low, high = bootstrap(
            lambda rows: protocol.ndcg(ranks[rows]), len(ranks), seed=0, draws=200
        )
        print(
            f"  {label:12s} NDCG@10 {protocol.ndcg(ranks):.4f} [{low:.4f}, {high:.4f}] HR@10 "
            f"{protocol.hit_rate(ranks):.4f} NDCG@5 {protocol.ndcg(ranks, 5):.4f} HR@5 "
            f"{protocol.hit_rate(ranks, 5):.4f}; fit {spent:.0f} s, asked {time.perf_counter() - begun:.0f} s, "
            f"at most {self.memory():.1f} GB so far",
            flush=True,
        )
        return spent

    def _note(self, label: str, ranks: Ints) -> None:
        self.figures[f"{self.name}.ndcg@10{label}"] = round(protocol.ndcg(ranks), 4)
        self.figures[f"{self.name}.hr@10{label}"] = round(protocol.hit_rate(ranks), 4)

    def together(self, label: str) -> None:
        """The mean over seeds, and how far their NDCG@10 lie apart."""
        for measure in ("ndcg@10", "hr@10"):
            for split in (".validation", ""):
                of = [
                    self.figures[key]
                    for key in self.figures
                    if key.startswith(f"{self.name}.{measure}{label}")
                    and key.endswith(".validation") == bool(split)
                ]
                self.figures[f"{self.name}.{measure}{split}"] = round(float(np.mean(of)), 4)
                if measure == "ndcg@10" and not split:
                    self.figures[f"{self.name}.{measure}.spread"] = round(max(of) - min(of), 4)

    @staticmethod
    def memory() -> float:
        """GB that this process took at most until now."""
        return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)
