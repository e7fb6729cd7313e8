"""How fast 100,000 products are recommended over HTTP after a million events, and how cost grows up to a million products.

Everything is simulated from a seed, since no open log of views has this size: people like a few narrow categories, and
inside each some products far more than others. The server and the client share the machine's cores. `growth.*` are of
one thread inside the program, without database and network; beyond `LARGEST_FIT` items a model is not fitted but made
up with as many neighbours as a fitted one has.
"""

import json
import os
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil  # type: ignore[import-untyped]  # has no types of its own

from benchmarks.growth import grown
from benchmarks.http_load import ask
from benchmarks.serving import Served, command, served
from shopkeeper.settings import load_settings
from shopkeeper.shop import events, orders, products
from shopkeeper.shop.database import Database, open_database
from shopkeeper.shop.records import (
    CustomerId,
    Event,
    EventId,
    Money,
    Order,
    OrderId,
    OrderLine,
    Product,
    ProductId,
    Variant,
    VariantId,
)

SEED = 11
WARM_UP = 300
BATCH = 20_000  # records written together
EACH = 5  # events of a person, on average
GB = 2**30
CORES = min(os.cpu_count() or 1, 8)  # that share the lists for everybody
PLOT = Path(__file__).parent / "results" / "recommend_growth.svg"
NOUNS = ("lamp", "scarf", "kettle", "spade", "chair", "jacket", "puzzle", "bottle", "rug", "clock")
TINTS = ("red", "blue", "green", "oak", "steel", "linen", "black", "white", "brass", "clay")


@dataclass(frozen=True, slots=True)
class World:
    """Who looked at what: (E,) person and item, in the order of time; leaf: (N,) the narrowest category of each."""

    person: npt.NDArray[np.intp]
    item: npt.NDArray[np.intp]
    leaf: npt.NDArray[np.intp]


def world(items: int, number: int, *, seed: int = SEED) -> World:
    """So many items and events."""
    rng = np.random.default_rng(seed)
    leaves = max(items // 50, 2)
    leaf = np.sort(rng.integers(leaves, size=items))
    start = np.searchsorted(leaf, np.arange(leaves + 1))
    people = max(number // EACH, 1)
    person = np.sort(rng.integers(people, size=number))
    liked = rng.integers(leaves, size=(people, 2))[person, rng.integers(2, size=number)]
    size = np.maximum(start[liked + 1] - start[liked], 1)
    within = (size * rng.random(number) ** 2.5).astype(np.intp)  # some far more than others
    return World(person, np.minimum(start[liked] + within, items - 1), leaf)


def run(*, quick: bool, data: Path) -> dict[str, Any]:
    """The figures. quick: 2,000 products and 20,000 events."""
    items, number, asked = (2_000, 20_000, 300) if quick else (100_000, 1_000_000, 3_000)
    os.environ["SHOPKEEPER_EMBEDDER"] = ""
    os.environ["SHOPKEEPER_RETRAIN_HOURS"] = "0"
    made = world(items, number)
    figures: dict[str, Any] = {"items": items, "events": number}
    with tempfile.TemporaryDirectory(prefix="shopkeeper-recommend-") as name:
        folder = Path(name)
        database = open_database(load_settings(data_folder=folder))
        try:
            fill(database, made)
        finally:
            database.close()
        figures["train_s"] = timed(folder, "recommend", "train")
        with served(folder) as server:
            wait_for_model(server)
            figures |= speeds(server, made, asked)
        lists = folder / "lists.jsonl"
        seconds = timed(folder, "recommend", "batch", "--out", lists, "--processes", str(CORES))
        with lists.open("rb") as file:
            figures["batch_users"] = sum(1 for _ in file)
        figures["batch_users_per_s"] = round(figures["batch_users"] / seconds, 1)
    figures |= grown(world, quick=quick, plot=None if quick else PLOT)
    for key, value in figures.items():
        print(f"{key:28} {value}")
    return {"seed": SEED} | figures


def fill(database: Database, made: World) -> None:
    """Write products, events, and an order of every fifth person."""
    now = datetime.now(UTC)
    price = Money(Decimal("19.90"), "USD")
    with database.connection() as conn:
        for part in parts(_products(made, price)):
            products.upsert(conn, part)
    ages = np.random.default_rng(SEED).random(int(made.person.max()) + 1) * 90  # days
    with database.connection() as conn:
        for rows in parts(range(len(made.person))):
            events.add(conn, [_event(made, e, now, ages) for e in rows])
        bought = (
            Order(
                OrderId(f"o{p}"), CustomerId(f"c{p}"),
                (OrderLine(ProductId(f"p{made.item[e]}"), 1, price),),
                placed_at=now - timedelta(days=float(ages[p])),
            )
            for e, p in zip(*_firsts(made.person), strict=True)
            if p % 5 == 0
        )  # fmt: skip
        for part in parts(bought):
            orders.upsert(conn, part)
    with database.connection() as conn:
        conn.execute("analyze")


def _firsts(person: npt.NDArray[np.intp]) -> tuple[list[int], list[int]]:
    who, first = np.unique(person, return_index=True)
    return first.tolist(), who.tolist()


def _products(made: World, price: Money) -> Iterator[Product]:
    for n, leaf in enumerate(made.leaf.tolist()):
        noun, tint = NOUNS[leaf % len(NOUNS)], TINTS[n % len(TINTS)]
        yield Product(
            ProductId(f"p{n}"), f"{tint} {noun} of line{leaf} number{n % 97}",
            (Variant(VariantId(f"v{n}"), "", price),), brand=f"Brand{leaf % 500}",
            category=(f"Department{leaf % 20}", f"{noun} line{leaf}"),
        )  # fmt: skip


def _event(made: World, e: int, now: datetime, ages: npt.NDArray[np.float64]) -> Event:
    person = int(made.person[e])
    at = now - timedelta(days=float(ages[person]), seconds=-(e % 1000) / 10)
    customer = CustomerId(f"c{person}") if person % 5 == 0 else None
    return Event(
        EventId(f"e{e}"), "view", min(at, now), f"s{person}", f"d{person}", customer,
        object_id=f"p{made.item[e]}", object_id_type="product",
    )  # fmt: skip


def parts(records: Any) -> Iterator[list[Any]]:
    """Records, many at a time."""
    waiting = iter(records)
    while part := [record for record, _ in zip(waiting, range(BATCH), strict=False)]:
        yield part


def timed(folder: Path, *arguments: str | Path) -> float:
    """Seconds that a command takes, with the program's start."""
    begun = time.perf_counter()
    command(folder, *arguments)
    return round(time.perf_counter() - begun, 1)


def speeds(server: Served, made: World, asked: int) -> dict[str, Any]:
    """Latency at one client, answers a second at eight, memory; nine in ten visitors have been here before."""
    rng = np.random.default_rng(SEED)
    people = rng.integers(int(made.person.max()) + 1, size=2 * asked + WARM_UP).tolist()
    paths = [
        f"/v1/recommend/home?limit=10&session_id={'s' if rng.random() < 0.9 else 'new'}{p}"
        for p in people
    ]
    ask("127.0.0.1", server.port, paths[:WARM_UP], key=server.key)
    one = ask("127.0.0.1", server.port, paths[WARM_UP:][:asked], key=server.key)
    eight = ask("127.0.0.1", server.port, paths[WARM_UP + asked :], key=server.key, clients=8)
    similar = [f"/v1/recommend/similar?limit=10&product_id=p{i}" for i in made.item[:asked]]
    about = ask("127.0.0.1", server.port, similar, key=server.key)
    peak = psutil.Process(server.process.pid).memory_info().rss
    return {
        "live_p50_ms": one.p50_ms, "live_p99_ms": one.p99_ms, "rps_8": eight.per_s, "similar_p99_ms": about.p99_ms,
        "failed": one.failed + eight.failed + about.failed, "rss_gb": round(peak / GB, 2),
    }  # fmt: skip


def wait_for_model(server: Served) -> None:
    """Wait until the version that was trained is served."""
    deadline = time.monotonic() + 300
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}/v1/recommend/home",
        headers={"Authorization": f"Bearer {server.key}"},
    )
    while time.monotonic() < deadline:
        with urllib.request.urlopen(request, timeout=60) as answer:
            if json.loads(answer.read())["model"]:
                return
        time.sleep(0.5)
    raise TimeoutError("the version that was trained was not served within five minutes")
