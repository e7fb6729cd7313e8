"""How many titles an embedder turns into vectors in a second of one core, how soon a query has its own, and how good
the order is that cosines alone give.

Titles and judged queries of `search/crowdflower`; titles only, so that all embedders read the same. NDCG@10 with the
linear gain label - 1, unjudged 0. Rates are those of CPU time, which other programs disturb least: minimum, median and
maximum of the rounds. A batch must give what its titles give one by one.
"""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil  # type: ignore[import-untyped]  # has no types of its own
import pyarrow.parquet as parquet

from shopkeeper.measures import ndcg
from shopkeeper.models.embed import EMBEDDERS, Embedder, Vectors, fetch_embedder, load_embedder
from shopkeeper.settings import Settings

ROUNDS = 5
TITLES = {"wordllama": 5000}  # of a round; else PER_ROUND
PER_ROUND = 400
BARS = {"minilm-l6": 250, "wordllama": 5000}  # titles a CPU-second
K = 10


def run(*, quick: bool, data: Path) -> dict[str, Any]:
    """The figures of every embedder."""
    folder = data / "search" / "crowdflower"
    products = parquet.read_table(folder / "products.parquet").to_pylist()
    titles = [str(row["product_title"]) for row in products]
    figures: dict[str, Any] = {}
    print(
        f"{'embedder':10} titles/CPU-s (min, median, max)  query ms  open ms  memory MB  NDCG@{K}"
    )
    for name in EMBEDDERS:
        fetch_embedder(name, Settings().cache_folder)
        found = figures_of(name, titles, rounds=2 if quick else ROUNDS)
        order = "-"
        if not quick:
            ids = [str(row["product_id"]) for row in products]
            embedder = load_embedder(name, Settings().cache_folder, threads=2)
            vectors = embedder.encode(titles, kind="passage")
            found[f"ndcg@{K}"] = round(quality(embedder, vectors, ids, folder), 4)
            order = f"{found[f'ndcg@{K}']:.4f}"
        print(
            f"{name:10} {found['titles_per_cpu_s_min']:8.0f} {found['titles_per_cpu_s']:8.0f} "
            f"{found['titles_per_cpu_s_max']:8.0f} {found['query_ms']:18.1f} {found['open_ms']:8.0f} "
            f"{found['memory_mb']:10.0f}  {order}"
        )
        figures |= {f"{name}.{key}": value for key, value in found.items()}
    return figures


def figures_of(name: str, titles: Sequence[str], *, rounds: int) -> dict[str, Any]:
    """Rates, times and memory of one embedder on one thread."""
    before = psutil.Process().memory_info().rss
    begun = time.perf_counter()
    embedder = load_embedder(name, Settings().cache_folder)
    embedder.encode(["warm"], kind="query")
    open_ms = 1000 * (time.perf_counter() - begun)
    count = TITLES.get(name, PER_ROUND)
    rates = sorted(_rates(embedder, titles[: rounds * count], count))
    query_ms = sorted(_query_ms(embedder, titles[-40:]))
    together = embedder.encode(titles[:64], kind="passage")
    alone = np.concatenate([embedder.encode([t], kind="passage") for t in titles[:64]])
    figures: dict[str, Any] = {
        "titles_per_cpu_s": round(rates[len(rates) // 2], 1),
        "titles_per_cpu_s_min": round(rates[0], 1),
        "titles_per_cpu_s_max": round(rates[-1], 1),
        "query_ms": round(query_ms[len(query_ms) // 2], 2),
        "open_ms": round(open_ms, 1),
        "memory_mb": round((psutil.Process().memory_info().rss - before) / 2**20, 1),
        "batch_gap": round(float(1 - (together * alone).sum(axis=1).min()), 7),
    }
    if name in BARS:
        figures["titles_per_cpu_s_ok"] = figures["titles_per_cpu_s_max"] >= BARS[name]
    return figures


def _rates(embedder: Embedder, titles: Sequence[str], count: int) -> Iterator[float]:
    for start in range(0, len(titles) - count + 1, count):
        begun = time.process_time()
        embedder.encode(titles[start : start + count], kind="passage")
        yield count / (time.process_time() - begun)


def _query_ms(embedder: Embedder, titles: Sequence[str]) -> Iterator[float]:
    for title in titles:
        query = " ".join(title.split()[:3])
        begun = time.process_time()
        embedder.encode([query], kind="query")
        yield 1000 * (time.process_time() - begun)


def quality(embedder: Embedder, vectors: Vectors, ids: Sequence[str], folder: Path) -> float:
    """Mean NDCG@10 of the judged queries, ordered by cosine alone."""
    asked = parquet.read_table(folder / "queries.parquet").to_pylist()
    grades: dict[Any, dict[str, float]] = {row["query_id"]: {} for row in asked}
    for row in parquet.read_table(folder / "labels.parquet").to_pylist():
        grades[row["query_id"]][str(row["product_id"])] = row["median_relevance"] - 1.0
    queries = embedder.encode([row["query"] for row in asked], kind="query")
    order = np.argsort(-(queries @ vectors.T), axis=1, kind="stable")[:, :K]
    return float(
        np.mean(
            [
                ndcg([ids[i] for i in best], grades[row["query_id"]], k=K)
                for row, best in zip(asked, order, strict=True)
            ]
        )
    )
