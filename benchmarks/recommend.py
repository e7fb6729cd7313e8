"""How well the next item is found, on public data, beside simple models and rivals fitted on the same.

Leave-one-out on Amazon Beauty, Toys and Sports (5-core, 2014): everybody's last item is wanted; «strict» models learn
from all but the last two of each; `refit` from all but the last, with nothing chosen anew. All items are ranked, what
a person has is left out, ties count against. Every choice was made on the last but one (`validation`); the order is learnt by each fit
inside what it is given. `ids_only`: the same without any text of the items.
`closed_form` is deterministic, what the base install has. Ours is that with a sequential Transformer beside it (extra
`train`): the mean of the figures of `seeds` seeds (of none: the closed forms alone, as no network was measured yet), and
`spread`, the largest less the smallest NDCG@10. Each seed is three networks, as by default, and its own three; learnt
over all items on a graphics card (`ON_A_CARD`). `together` has the networks of all seeds at once, `refit` those of the
first; `sequence` are they alone. `steps_ratio` says how many times as many steps a second ours makes as RecTools' SASRec.
Then the next baskets of households (`next_basket.py`).

All of it takes hours, so it is measured in parts (`recommend_parts.py`), each kept as it is done in
`benchmarks/results/recommend/`, with the commit. A part that is kept is not measured again: take the file away for that.

    python -m benchmarks.recommend beauty.closed_form beauty.seed0     # some parts, in this order
    python -m benchmarks.recommend                                     # all that are not kept yet
    python -m benchmarks recommend --save                              # put together those that are kept
"""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks import next_basket, recommend_parts
from benchmarks.data import data_folder
from benchmarks.recommend_sets import SETS

KEPT = Path(__file__).parent / "results" / "recommend"
BASKET = "basket"
ABOUT = ("commit", "machine", "seconds")  # of a part, beside its figures
QUICK = [f"{SETS[0]}.{part}" for part in ("baselines", "closed_form", "seed0")]


def run(*, quick: bool, data: Path) -> dict[str, Any]:
    """The parts that are kept, together. A quick run measures a few anew, on less, and keeps nothing."""
    torch.set_num_threads(1)  # products too small for several
    if quick:
        parts = {name: _measure(name, data, quick=True) for name in (*QUICK, BASKET)}
    else:
        names = list(_names(()))
        there = [name for name in names if (KEPT / f"{name}.json").exists()] or names
        print(
            f"not measured: {', '.join(name for name in names if name not in there) or 'nothing'}"
        )
        parts = {name: _kept(name, data) for name in there}
    return _together(parts)


def main(asked: Sequence[str]) -> None:
    """Measure and keep the parts that are asked for."""
    torch.set_num_threads(1)
    torch.set_float32_matmul_precision("high")  # of a graphics card, where there is one
    for name in _names(asked):
        _kept(name, data_folder())


def _names(asked: Sequence[str]) -> Iterator[str]:
    """Parts in the order that is asked for: each by its name, or all of a set. Without any, all."""
    every = [
        *(f"{name}.{part}" for name in SETS for part in recommend_parts.parts_of(name)),
        BASKET,
    ]
    for word in asked or (*SETS, BASKET):
        found = [name for name in every if name == word or name.split(".")[0] == word]
        if not found:
            raise SystemExit(f"there is no part {word!r}; there are: {', '.join(every)}")
        yield from found


def _kept(name: str, data: Path) -> dict[str, Any]:
    """The figures of a part as they are kept, or measured and kept now."""
    file = KEPT / f"{name}.json"
    if not file.exists():
        begun = time.perf_counter()
        figures = _measure(name, data, quick=False)
        if not figures:  # what is wanted for it is not installed
            return figures
        seconds = round(time.perf_counter() - begun, 1)
        figures |= {"commit": _commit(), "machine": _machine(), "seconds": seconds}
        KEPT.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(figures, indent=1) + "\n")
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def _measure(name: str, data: Path, *, quick: bool) -> dict[str, Any]:
    if name == BASKET:
        return next_basket.measure(data, quick=quick)
    return recommend_parts.measure(*name.split("."), data=data, quick=quick)


def _together(parts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """All figures, and for each set the means over its seeds, or the closed forms where there are none."""
    figures: dict[str, Any] = {}
    for name in SETS:
        for measure in ("ndcg@10", "hr@10"):
            for split in (".validation", ""):
                key = f"{name}.{measure}"
                closed = parts.get(f"{name}.closed_form", {}).get(f"{key}.closed_form{split}")
                of = _seeds(parts, key, split) or ([] if closed is None else [closed])
                if of:
                    figures[f"{key}{split}"] = round(float(np.mean(of)), 4)
        of = _seeds(parts, f"{name}.ndcg@10", "")
        figures[f"{name}.seeds"] = len(of)
        if of:
            figures[f"{name}.ndcg@10.spread"] = round(max(of) - min(of), 4)
    for part in parts.values():
        figures |= {key: part[key] for key in part if key not in ABOUT}
    commits = sorted({part["commit"] for part in parts.values() if "commit" in part})
    machines = sorted({part["machine"] for part in parts.values() if "machine" in part})
    return figures | (
        {"measured_at": ", ".join(commits), "measured_on": "; ".join(machines)} if commits else {}
    )


def _seeds(parts: dict[str, dict[str, Any]], key: str, split: str) -> list[float]:
    names = [f"{key}.seed{number}{split}" for number in recommend_parts.SEEDS]
    return [part[name] for part in parts.values() for name in names if name in part]


def _machine() -> str:
    card = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    return f"{platform.machine()}, {os.cpu_count()} cores{card}"


def _commit() -> str:
    asked = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    main(sys.argv[1:])
