"""The parts of the benchmark `recommend` that are about one leave-one-out set; what is common to them is made once."""

import resource
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import recommend_networks, recommend_rivals, recommend_sasrec, recommend_sets
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
from shopkeeper.recommend.evidence import Fit, Knowledge
from shopkeeper.recommend.histories import Ints, Table
from shopkeeper.recommend.protocol import Split
from shopkeeper.recommend.recommender import Ground
from shopkeeper.training.next_items import ON_A_CARD

SEEDS = (0, 1, 2)
MEMBERS = 3  # networks of one seed, whose scores are averaged
QUICK = 3000  # people, in a quick run
EASE_LIMIT = 12_500  # items; the inverse of Sports would take most of the time of the whole run
BASELINES: dict[str, Callable[[Histories], Recommender]] = {
    "popularity": popularity.fit,
    "itemknn": neighbours.fit,
    "next_item": next_item.fit,
    "ease": ease.fit,
}
Figures = dict[str, Any]


class Bench:
    """A set that is looked into: its splits, what is known of its items, and the closed forms."""

    def __init__(self, name: str, data: Path, *, quick: bool) -> None:
        found = recommend_sets.load(data, name)
        self.name, self.about, self.quick = name, found.about, quick
        histories = found.histories.select(np.arange(QUICK)) if quick else found.histories
        self.validation, self.test = protocol.leave_one_out(histories)
        self.recipe = replace(ON_A_CARD, epochs=1) if quick else ON_A_CARD
        print(
            f"\n{name}: {len(histories):,} people, {histories.count:,} items, "
            f"{len(histories.items):,} events",
            flush=True,
        )

    @cache  # noqa: B019  one of each set lives as long as the process
    def known(self) -> Knowledge:
        """From texts and values."""
        return know(self.about)

    @cache  # noqa: B019
    def ground(self) -> Ground:
        """The closed forms."""
        return recommender.prepare(self.test.fit, self.known())

    def networks(self, meanings: Table, seeds: Sequence[int]) -> Fit:
        """The networks of these seeds, trained once and then found again."""
        members = [MEMBERS * seed + member for seed in seeds for member in range(MEMBERS)]
        if self.quick:
            members = members[:1]
        return lambda had: recommend_networks.trained(had, meanings, self.recipe, members)

    def ask(self, label: str, model: Recommender, *, split: Split | None = None) -> Figures:
        """Figures of the test, or of another split."""
        begun = time.perf_counter()
        ranks = protocol.ranks(model, split or self.test)
        return self.note(label, ranks, time.perf_counter() - begun)

    def note(self, label: str, ranks: Ints, seconds: float = 0.0) -> Figures:
        """Figures of these ranks, printed with an interval of 95 % over people."""
        low, high = bootstrap(
            lambda rows: protocol.ndcg(ranks[rows]), len(ranks), seed=0, draws=200
        )
        print(
            f"  {label:22s} NDCG@10 {protocol.ndcg(ranks):.4f} [{low:.4f}, {high:.4f}] HR@10 "
            f"{protocol.hit_rate(ranks):.4f} NDCG@5 {protocol.ndcg(ranks, 5):.4f} HR@5 "
            f"{protocol.hit_rate(ranks, 5):.4f}; asked in {seconds:.0f} s, at most {memory_gb()} GB so far",
            flush=True,
        )
        return {
            f"{self.name}.ndcg@10{label}": round(protocol.ndcg(ranks), 4),
            f"{self.name}.hr@10{label}": round(protocol.hit_rate(ranks), 4),
        }


def memory_gb() -> float:
    """What this process took at most until now."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)


def closed_form(bench: Bench) -> Figures:
    """The base install's: everything but the sequential Transformer."""
    model = recommender.weigh(bench.ground())
    figures = bench.ask(".closed_form", model)
    return figures | bench.ask(".closed_form.validation", model, split=bench.validation)


def fit(bench: Bench) -> Figures:
    """What it costs to fit the base install's, from texts and events on."""
    begun = time.perf_counter()
    recommender.fit(bench.test.fit, know(bench.about))
    seconds = time.perf_counter() - begun
    print(f"  fitted in {seconds:.0f} s, at most {memory_gb()} GB", flush=True)
    return {f"{bench.name}.fit_s": round(seconds, 1), f"{bench.name}.fit_gb": memory_gb()}


def seed(bench: Bench, number: int) -> Figures:
    """Ours with the networks of one seed beside the closed forms, and the networks alone."""
    sequence = bench.networks(bench.known().meanings, [number])
    model = recommender.weigh(bench.ground(), {"sequence": sequence})
    figures = bench.ask(f".seed{number}", model)
    figures |= bench.ask(f".seed{number}.validation", model, split=bench.validation)
    return figures | bench.ask(f".sequence{number}", model.evidence.others["sequence"])


def together(bench: Bench) -> Figures:
    """The same with the networks of all seeds, whose scores are averaged."""
    sequence = bench.networks(bench.known().meanings, SEEDS)
    model = recommender.weigh(bench.ground(), {"sequence": sequence})
    figures = bench.ask(".together", model)
    return figures | bench.ask(".together.validation", model, split=bench.validation)


def refit(bench: Bench) -> Figures:
    """The same as the first seed, with the item of validation to learn from as well."""
    sequence = bench.networks(bench.known().meanings, SEEDS[:1])
    model = recommender.fit(bench.test.ask, bench.known(), others={"sequence": sequence})
    return bench.ask(".refit", model)


def ids_only(bench: Bench) -> Figures:
    """Nothing known of the items."""
    nothing = know([About("")] * bench.test.fit.count)
    ground = recommender.prepare(bench.test.fit, nothing)
    figures = bench.ask(".ids_only.closed_form", recommender.weigh(ground))
    empty = np.zeros((bench.test.fit.count, 1), np.float32)
    model = recommender.weigh(ground, {"sequence": bench.networks(empty, SEEDS[:1])})
    return figures | bench.ask(".ids_only", model)


def baselines(bench: Bench) -> Figures:
    """Our own simple models, one by one."""
    figures: Figures = {}
    for label, fit in BASELINES.items():
        if label != "ease" or bench.test.fit.count <= EASE_LIMIT:
            figures |= bench.ask(f".{label}", fit(bench.test.fit))
    return figures


def rivals(bench: Bench) -> Figures:
    """Libraries of others, where they are installed beside the project."""
    figures: Figures = {}
    for label, ranks in recommend_rivals.measure(bench.validation, bench.test):
        figures |= bench.note(f".{label}", ranks)
    return figures


def sasrec(bench: Bench) -> Figures:
    """RecTools' SASRec, where it is installed beside the project."""
    if not recommend_sasrec.there():
        return {}
    return bench.note(".sasrec", recommend_sasrec.measure(bench.validation, bench.test))


def steps(bench: Bench) -> Figures:
    """Steps a second that our network and RecTools' SASRec learn at one size, and how many times as many ours makes."""
    figures: Figures = {}
    if not recommend_sasrec.there():
        return figures
    for loss, ours, theirs in recommend_sasrec.speeds(bench.test.fit):
        print(f"  {loss}: {ours:.2f} steps a second, {theirs:.2f} of RecTools", flush=True)
        figures[f"{bench.name}.steps_per_s.{loss}"] = round(ours, 2)
        figures[f"{bench.name}.steps_per_s.{loss}.sasrec"] = round(theirs, 2)
        figures[f"{bench.name}.steps_ratio.{loss}"] = round(ours / theirs, 2)
    return figures


PARTS: dict[str, Callable[[Bench], Figures]] = {
    "fit": fit,
    "closed_form": closed_form,
    **{f"seed{number}": lambda bench, number=number: seed(bench, number) for number in SEEDS},  # type: ignore[misc]
    "baselines": baselines,
    "together": together,
    "refit": refit,
    "ids_only": ids_only,
    "rivals": rivals,
    "sasrec": sasrec,
    "steps": steps,
}
ONCE = ("fit", "ids_only", "rivals", "sasrec", "steps")  # measured on the first set alone


def parts_of(name: str) -> Iterator[str]:
    """The parts of one of `SETS`, in the order in which they are measured."""
    yield from (part for part in PARTS if name == SETS[0] or part not in ONCE)


def measure(name: str, part: str, *, data: Path, quick: bool) -> Figures:
    """The figures of a part of a set."""
    return PARTS[part](_bench(name, data, quick))


@cache
def _bench(name: str, data: Path, quick: bool) -> Bench:
    return Bench(name, data, quick=quick)
