"""How the cost of recommending grows with the catalogue, from 10,000 to a million products, and its plot."""

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import psutil  # type: ignore[import-untyped]  # has no types of its own
from scipy import sparse

from shopkeeper.recommend import fitting
from shopkeeper.recommend.batch import Batch, People
from shopkeeper.recommend.behaviour import Behaviour, of_events
from shopkeeper.recommend.following import State
from shopkeeper.recommend.goods import Good
from shopkeeper.recommend.histories import Places
from shopkeeper.recommend.model import Model, Neighbours
from shopkeeper.recommend.scoring import Scorer, Trail
from shopkeeper.recommend.shelf import stocked

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
LARGEST_FIT = 100_000
EVENTS = 10  # an item
ASKED, LISTED = 400, 512  # trails that are timed one by one, people of a block
NOW = 2e9
MB = 2**20


def grown(world: Callable[[int, int], Any], *, quick: bool, plot: Path | None) -> dict[str, float]:
    """`growth.N.fit_s`, `score_p50_ms`, `batch_users_per_s`, `model_mb` and `rss_mb`; plot: where to draw them."""
    figures: dict[str, float] = {}
    lines: dict[str, list[tuple[int, float]]] = {}
    small: Model | None = None
    for size in SIZES[:1] if quick else SIZES:
        goods, behaviour = _shop(world(size, EVENTS * size), size)
        begun = time.perf_counter()
        if size <= LARGEST_FIT:
            model = small = fitting.fit(goods, behaviour)
            found = {"fit_s": time.perf_counter() - begun}
        else:
            assert small is not None
            model, found = _made_up(small, size), {}
        with tempfile.TemporaryDirectory() as folder:
            model.save(Path(folder))
            found["model_mb"] = sum(f.stat().st_size for f in Path(folder).iterdir()) / MB
            model = Model.load(Path(folder))
            found |= _served(model, goods, behaviour)
        for name, value in found.items():
            figures[f"growth.{size}.{name}"] = round(value, 3)
            lines.setdefault(name, []).append((size, value))
    if plot is not None:
        plot.parent.mkdir(exist_ok=True)
        plot.write_text(drawn(lines), encoding="utf-8")
    return figures


def _shop(made: Any, size: int) -> tuple[list[Good], Behaviour]:
    goods = [
        Good(
            id=f"p{n}", title=f"thing of line{leaf} number{n % 97}", category=(f"line{leaf}",), brand=f"Brand{leaf % 500}",
            words=f"thing of line{leaf} number{n % 97}", values=(f"brand=Brand{leaf % 500}", f"in=line{leaf}"),
            thing=f"thing {n}", sellable=True, price=10.0, cost=6.0, created_at=0.0,
        )
        for n, leaf in enumerate(made.leaf.tolist())
    ]  # fmt: skip
    number, people = len(made.item), int(made.person.max()) + 1
    at = NOW - 60 * 86_400 * np.random.default_rng(1).random(people)[made.person] + np.arange(number) % 1000  # fmt: skip
    histories, times = of_events(made.person, made.item, at, np.ones(number), people=people, count=size)  # fmt: skip
    baskets = histories.select(np.arange(0, people, 5)).last(1)
    return goods, Behaviour(
        histories, times, tuple(f"d{p}" for p in range(people)), baskets, np.arange(0, people, 5),
        times[np.maximum(histories.start[1:] - 1, 0)][::5], NOW,
    )  # fmt: skip


def _made_up(small: Model, size: int) -> Model:
    """A model of as many items as wanted, with the neighbours of a smaller one over and over."""
    times = -(-size // len(small.items))
    base = np.arange(times)[:, None, None] * len(small.items)

    def more(links: Neighbours) -> Neighbours:
        of = (links.of[None] + base).reshape(-1, links.of.shape[1])[:size]
        return Neighbours((of % size).astype(np.int32), np.tile(links.value, (times, 1))[:size])

    def rows(words: Any) -> Any:
        return replace(words, rows=sparse.csr_array(sparse.vstack([words.rows] * times)[:size]))

    columns: dict[str, Any] = {
        name: np.tile(getattr(small, name), times)[:size]
        for name in ("popular", "people", "baskets", "again")
    }
    return replace(
        small, items=Places(tuple(f"p{n}" for n in range(size))),
        links={name: more(links) for name, links in small.links.items()},
        words=rows(small.words), values=rows(small.values), **columns,
    )  # fmt: skip


def _served(model: Model, goods: list[Good], behaviour: Behaviour) -> dict[str, float]:
    """Milliseconds of one visitor, and lists a second of many."""
    state = State(Scorer(model), stocked(model, goods), lambda selection: [])
    histories, taken = behaviour.histories, []
    people = np.flatnonzero(histories.lengths > 0)[:ASKED]
    for person in people.tolist():
        events = slice(histories.start[person], histories.start[person + 1])
        weight = histories.weight[events].astype(np.float64)
        trail = Trail.of(histories.items[events], weight, NOW - behaviour.at[events])
        begun = time.perf_counter()
        state.scorer.score(trail)
        taken.append(time.perf_counter() - begun)
    chosen = np.flatnonzero(histories.lengths > 0)[:LISTED]
    at = np.concatenate([behaviour.at[histories.start[p] : histories.start[p + 1]] for p in chosen])
    block = People(tuple(f"d{p}" for p in chosen), histories.select(chosen), at)
    batch = Batch(state, limit=10, now=datetime.fromtimestamp(NOW, UTC))
    begun = time.perf_counter()
    listed = sum(1 for _ in batch(block))
    return {
        "score_p50_ms": float(np.percentile(taken, 50)) * 1000,
        "batch_users_per_s": listed / (time.perf_counter() - begun),
        "rss_mb": psutil.Process().memory_info().rss / MB,
    }


COLOURS = ("#1f5f4a", "#b0542b", "#3a5a9b", "#8a6d1a", "#7b3f7d")


def drawn(lines: Mapping[str, list[tuple[int, float]]], *, width: int = 640, height: int = 320) -> str:  # fmt: skip
    """An SVG with both axes in powers of ten, each line labelled at its end."""
    values = [v for points in lines.values() for _, v in points if v > 0]
    low, high = np.floor(np.log10(min(values))), np.ceil(np.log10(max(values)))
    left, right = np.log10(SIZES[0]), np.log10(SIZES[-1])

    def place(size: float, value: float) -> tuple[float, float]:
        x = 50 + (width - 220) * (np.log10(size) - left) / (right - left)
        return float(x), float(20 + (height - 60) * (high - np.log10(value)) / ((high - low) or 1))

    parts = []
    for power in range(int(low), int(high) + 1):
        y = place(SIZES[0], 10.0**power)[1]
        parts.append(f'<line x1="50" x2="{width - 170}" y1="{y:.0f}" y2="{y:.0f}" stroke="#ddd"/><text x="44" y="{y + 4:.0f}" text-anchor="end">{10.0**power:g}</text>')  # fmt: skip
    for size in SIZES:
        parts.append(f'<text x="{place(size, 10.0**low)[0]:.0f}" y="{height - 18}" text-anchor="middle">{size:,}</text>')  # fmt: skip
    for (name, points), colour in zip(lines.items(), COLOURS, strict=False):
        path = " ".join(f"{x:.0f},{y:.0f}" for x, y in (place(*p) for p in points))
        x, y = place(*points[-1])
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/><text x="{x + 6:.0f}" y="{y + 4:.0f}" fill="{colour}">{name} {points[-1][1]:.3g}</text>')  # fmt: skip
    parts.append(f'<text x="50" y="{height - 2}">products</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="system-ui, sans-serif" '
        f'font-size="12" role="img"><title>Cost by the number of products</title>{"".join(parts)}</svg>\n'
    )
