"""Real files through `shopkeeper import`, each into a new embedded database: rows per second, memory, what stays out,
and whether what went in comes out again.

Each file is imported by the command in a process of its own, whose wall time (start of program and database included)
and peak of memory are the figures. Then its records are written as JSON lines, taken into a second database and
compared there, record by record, with what the reader says of the file; products also by way of Shopify's CSV and
Google's XML, as far as these hold what a product is.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from benchmarks.round_trips import round_trips
from shopkeeper.face import Shop
from shopkeeper.shop import orders
from shopkeeper.shop.feeds import BadRow, imports
from shopkeeper.shop.feeds.imports import Import

ROWS, ROWS_PER_S, FINDABLE_S = 48_194, 800, 60
ORDER_LINES, ORDER_LINES_PER_S, ORDERS_S = 1_469_307, 12_000, 120
RSS_MB = 400
QUICK_LINES = 100_000
KB_PER_MB = 1024
QUERY = "camcorder"  # words that some product of retrotech has in its title


@dataclass(frozen=True)
class File:
    """A real file and what is taken out of it. formats: in which its products go out and come back."""

    name: str
    path: str
    kinds: tuple[str, ...] = ("products",)
    formats: tuple[str, ...] = ("jsonl", "shopify", "google")


_SAMPLES = "content/shopify-product-csvs"
FILES = (
    File("retrotech", "search/retrotech/products.parquet", formats=("jsonl", "shopify")),
    File("journey_orders", "recsys/complete_journey/transactions.parquet", ("orders",)),
    File("journey_products", "recsys/complete_journey/products.parquet", formats=("jsonl",)),
    File("shopify_apparel", f"{_SAMPLES}/apparel.csv.gz"),
    File("shopify_home", f"{_SAMPLES}/home-and-garden.csv.gz"),
    File("shopify_jewelery", f"{_SAMPLES}/jewelery.csv.gz"),
    File("dummyjson", "content/dummyjson-products/products.json.gz"),
    File("amazon_1k", "content/amazon-catalog-1k/amazon_2020_sample_1000.csv.gz"),
    File("tau_retail", "support/tau-retail/db.json.gz", ("products", "customers", "orders")),
    File("ubi_esci", "search/esci_us_queries/ubi_queries_events.ndjson.gz", ("events",)),
)
# What the files hold: every record must be in, or be a bad row with its reason.
HELD = {
    "retrotech.products": ROWS, "journey_orders.orders": 155_848, "journey_products.products": 92_331,
    "shopify_apparel.products": 20, "shopify_home.products": 20, "shopify_jewelery.products": 20,
    "dummyjson.products": 194, "dummyjson.reviews": 582, "amazon_1k.products": 1_000, "tau_retail.products": 50,
    "tau_retail.customers": 500, "tau_retail.orders": 1_000, "ubi_esci.events": 3_448, "ubi_esci.queries": 473,
}  # fmt: skip
_HEAD = f"{'file':18}{'kind':11}{'in':>9}{'bad':>6}{'seconds':>9}{'per s':>8}{'MB':>6}  comes out equal as"


@dataclass
class Outcome:
    """What came of one kind of a file."""

    file: File
    kind: str
    created: int
    bad: list[BadRow]
    seconds: float
    rss_mb: float
    equal: dict[str, bool] = field(default_factory=dict)
    lines: int = 0
    findable_s: float = 0.0


def run(*, quick: bool, data: Path) -> dict[str, Any]:
    """The figures. quick: without the largest files, and a part of the orders."""
    outcomes: list[Outcome] = []
    print(_HEAD)
    for file in FILES:
        if quick and file.name == "journey_products":
            continue
        for outcome in _one_file(file, data, quick=quick):
            outcomes.append(outcome)
            _tell(outcome)
    for outcome in outcomes:
        for row in outcome.bad:
            print(f"{outcome.file.name}:{row.line}: {row.field}: {row.reason} ({row.hint})")
    return _figures(outcomes, quick=quick)


def _one_file(file: File, data: Path, *, quick: bool) -> Iterator[Outcome]:
    with tempfile.TemporaryDirectory(prefix="shopkeeper-import-") as name:
        folder = Path(name)
        path = data / file.path
        if quick and file.name == "journey_orders":
            path = _first_lines(path, folder / "transactions.parquet")
        last = 0
        for kind in file.kinds:
            seconds, rss_mb = _imported(folder / "shop", kind, path)
            with Shop.open(folder / "shop") as shop:
                for done in _imports(shop, after=last):
                    last = done.id
                    formats = file.formats if done.kind == "products" else ("jsonl",)
                    outcome = Outcome(
                        file, done.kind, done.created, _bad_rows(shop, done), seconds, rss_mb
                    )
                    if done.kind == "orders":
                        outcome.lines = _order_lines(shop)
                    if file.name == "retrotech":
                        outcome.findable_s = seconds + _findable(shop)
                    outcome.equal = round_trips(
                        shop, done.kind, path, formats=formats, folder=folder
                    )
                    yield outcome


def _first_lines(path: Path, target: Path) -> Path:
    pq.write_table(pq.read_table(path).slice(0, QUICK_LINES), target)
    return target


def _imported(folder: Path, kind: str, path: Path) -> tuple[float, float]:
    """Seconds and megabytes of `shopkeeper import`."""
    program = Path(sys.executable).with_name("shopkeeper")
    command = [str(program), "--data-folder", str(folder), "import", kind, str(path)]
    begun, peak_kb = time.perf_counter(), 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as child:
        while (
            child.poll() is None
        ):  # the system's own record of the peak, as last seen before the end
            peak_kb = max(peak_kb, _peak_kb(child.pid))
            time.sleep(0.05)
    seconds = time.perf_counter() - begun
    if child.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {child.returncode}")
    return seconds, peak_kb / KB_PER_MB


def _peak_kb(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(x.split()[1]) for x in status.splitlines() if x.startswith("VmHWM")), 0)


def _imports(shop: Shop, *, after: int) -> list[Import]:
    """The imports behind the one with this id, the first one first."""
    with shop.database.connection() as conn:
        return [i for i in reversed(imports.list_imports(conn)) if i.id > after]


def _bad_rows(shop: Shop, done: Import) -> list[BadRow]:
    with shop.database.connection() as conn:
        return imports.bad_rows(conn, done.id, limit=1_000_000)


def _order_lines(shop: Shop) -> int:
    with shop.database.connection() as conn:
        return orders.count_lines(conn)


def _findable(shop: Shop) -> float:
    """Seconds until the imported products are found by words."""
    begun = time.perf_counter()
    if not shop.find(QUERY).total:
        raise RuntimeError(f"nothing is found for {QUERY!r}")
    return time.perf_counter() - begun


def _tell(outcome: Outcome) -> None:
    count = outcome.lines or outcome.created
    equal = ", ".join(name if same else f"NOT {name}" for name, same in outcome.equal.items())
    print(
        f"{outcome.file.name:18}{outcome.kind:11}{outcome.created:>9,}{len(outcome.bad):>6,}{outcome.seconds:>9.1f}"
        f"{count / outcome.seconds:>8,.0f}{outcome.rss_mb:>6.0f}  {equal}", flush=True,
    )  # fmt: skip


def _figures(outcomes: list[Outcome], *, quick: bool) -> dict[str, Any]:
    by_name = {(o.file.name, o.kind): o for o in outcomes}
    products, journey = by_name["retrotech", "products"], by_name["journey_orders", "orders"]
    bad = [row for outcome in outcomes for row in outcome.bad]
    rss_mb = max(o.rss_mb for o in outcomes)
    figures: dict[str, Any] = {
        "rows": products.created,
        "rows_per_s": round(products.created / products.seconds),
        "findable_s": round(products.findable_s, 1),
        "orders": journey.created,
        "order_lines": journey.lines,
        "order_lines_per_s": round(journey.lines / journey.seconds),
        "orders_s": round(journey.seconds, 1),
        "rss_mb": round(rss_mb, 1),
        "quarantined": len(bad),
        "quarantined_with_reason": sum(1 for row in bad if row.reason and row.hint and row.raw),
        "comes_out_equal": all(all(o.equal.values()) for o in outcomes),
    }
    told = {f"{o.file.name}.{o.kind}": o for o in outcomes}
    figures |= {name: o.created for name, o in told.items()}
    return figures | {
        "rows_ok": figures["rows"] == ROWS and figures["rows_per_s"] >= ROWS_PER_S,
        "findable_ok": figures["findable_s"] <= FINDABLE_S,
        "order_lines_ok": figures["order_lines"] == ORDER_LINES
        and figures["order_lines_per_s"] >= ORDER_LINES_PER_S
        and figures["orders_s"] <= ORDERS_S,
        "rss_ok": rss_mb <= RSS_MB,
        "all_in_or_told_ok": all(
            o.created + len(o.bad) == HELD[name]
            for name, o in told.items()
            if not (quick and o is journey)
        ),
        "quarantined_ok": figures["quarantined"] == figures["quarantined_with_reason"],
    }
