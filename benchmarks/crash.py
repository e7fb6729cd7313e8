"""Kill -9 at random instants while a shop is written to: is every acknowledged row there afterwards, once?

A writing program commits batches (events, orders, products with variants, each batch one transaction) and tells of
each one after its commit. At a random instant the program, the database's main process or all of its processes are
killed, now and then while they are still starting. Then the shop is opened again and what is in it is compared with
what was told. A batch that was never told may be there or not, but whole. After an error the writer sends the same
batch again, as a program should that does not know what became of it.
"""

import multiprocessing
import os
import random
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

from shopkeeper.errors import DatabaseError
from shopkeeper.settings import Settings, load_settings
from shopkeeper.shop import customers, events, orders, postgres_programs, products  # noqa: F401
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

RESTART_MAX_S = 5  # the bar
EVENTS, ORDERS, LINES, PRODUCTS, VARIANTS = 20, 3, 4, 2, 3  # of one batch
WHOLE = (EVENTS, ORDERS, ORDERS * LINES, PRODUCTS, PRODUCTS * VARIANTS)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


class Victim(StrEnum):
    """What is killed."""

    PROGRAM = "program"
    SERVER = "server"  # the main process; its children find themselves without
    EVERYTHING = "everything"


@dataclass
class Tally:
    """What the kills did."""

    kills: dict[Victim, int] = field(default_factory=lambda: dict.fromkeys(Victim, 0))
    acknowledged: int = 0
    lost: int = 0
    duplicated: int = 0
    torn: int = 0
    restarts_s: list[float] = field(default_factory=list)


def run(*, quick: bool, data: Path) -> dict[str, Any]:
    """The figures. data is not read: the rows are made here."""
    wanted, seed = (40 if quick else 500), 7
    with tempfile.TemporaryDirectory(
        prefix="shopkeeper-crash-", ignore_cleanup_errors=True
    ) as name:
        tally = kill_and_compare(Path(name), kills=wanted, seed=seed)
    slowest, rows = max(tally.restarts_s), sum(WHOLE)
    print(
        f"{sum(tally.kills.values())} kills: {', '.join(f'{n} x {v}' for v, n in tally.kills.items())}"
    )
    print(f"{tally.acknowledged:,} rows acknowledged, {tally.lost} lost, {tally.duplicated} twice")
    print(f"restart: median {sorted(tally.restarts_s)[wanted // 2]:.2f} s, slowest {slowest:.2f} s")
    return {
        "seed": seed,
        "kills": sum(tally.kills.values()),
        **{f"kills.{victim}": count for victim, count in tally.kills.items()},
        "acknowledged": tally.acknowledged,
        "rows_per_batch": rows,
        "lost": tally.lost,
        "duplicated": tally.duplicated,
        "torn": tally.torn,
        "restart_median_s": round(sorted(tally.restarts_s)[wanted // 2], 3),
        "restart_max_s": round(slowest, 3),
        "nothing_lost_ok": tally.lost == tally.duplicated == tally.torn == 0,
        "restart_ok": slowest <= RESTART_MAX_S,
    }


def kill_and_compare(folder: Path, *, kills: int, seed: int) -> Tally:
    """Kill so many times, and after each time look for what was acknowledged, at the end for all of it."""
    rng = random.Random(seed)
    settings = load_settings(data_folder=folder)
    tally = Tally()
    acknowledged: dict[int, set[int]] = {}
    shop = open_database(settings)
    try:
        for number in range(kills):
            victim = rng.choice(list(Victim))
            if rng.random() < 0.25:
                shop.close()  # so that the writer starts the server itself, and may be killed at that
            acknowledged[number] = one_kill(settings, number, victim, rng)
            tally.kills[victim] += 1
            began = time.perf_counter()
            shop = answering(shop, settings)
            tally.restarts_s.append(time.perf_counter() - began)
            _compare(shop, {number: acknowledged[number]}, tally)
        tally.acknowledged = sum(WHOLE) * sum(map(len, acknowledged.values()))
        _compare(shop, acknowledged, tally)
    finally:
        shop.close()
    return tally


def one_kill(settings: Settings, number: int, victim: Victim, rng: random.Random) -> set[int]:
    """Start a writer, kill at a random instant. Returns the batches that it told of."""
    cluster = settings.data_folder / "postgres"
    with writer(settings.data_folder, number) as (process, told):
        if rng.random() < 0.8:
            told.poll(60)  # most kills while it writes, some while it starts
        time.sleep(rng.uniform(0, 0.25))
        if victim is not Victim.PROGRAM:
            server = postgres_programs.postmaster(cluster)
            doomed = [server] if victim is Victim.SERVER else postgres_programs.processes(cluster)
            for pid in doomed:
                with suppress(ProcessLookupError, TypeError):  # there is none yet
                    os.kill(pid, signal.SIGKILL)  # type: ignore[arg-type]  # see above
        if victim is Victim.SERVER:
            time.sleep(rng.uniform(0, 0.4))  # the program may bring it back and go on
        process.kill()
        process.join()
        return set(_received(told))


@contextmanager
def writer(folder: Path, number: int) -> Iterator[tuple[Any, Pipe]]:
    """A program that writes until it is killed, and the pipe on which it tells of what is committed."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["benchmarks.crash"])
    told, tell = context.Pipe(duplex=False)
    process = context.Process(target=write_on, args=(folder, number, tell), daemon=True)
    process.start()
    tell.close()
    try:
        yield process, told
    finally:
        process.kill()
        process.join()
        process.close()
        told.close()


def write_on(folder: Path, number: int, tell: Pipe) -> None:
    """Write batch after batch, telling of each once it is committed."""
    batch, database = 0, None
    settings = load_settings(data_folder=folder)
    while True:
        try:
            database = database or open_database(settings)
            with database.connection() as conn:
                write_batch(conn, number, batch)
        except DatabaseError:
            continue  # it is not known whether it was committed: the same batch again
        tell.send(batch)
        batch += 1


def write_batch(conn: Any, number: int, batch: int) -> None:
    """One transaction over the three kinds of records."""
    name = f"{number:05}-{batch:05}"
    at = LONG_AGO + timedelta(seconds=batch)
    orders.upsert(conn, [_order(f"{name}-{i}", str(number), at) for i in range(ORDERS)])
    products.upsert(conn, [_product(f"{name}-{i}", str(number)) for i in range(PRODUCTS)])
    events.add(
        conn,
        [
            Event(EventId(f"{name}-{i}"), "view", at, session_id=str(number), object_id="p")
            for i in range(EVENTS)
        ],
    )


def _order(name: str, number: str, at: datetime) -> Order:
    line = OrderLine(ProductId("p"), 1, Money(Decimal("9.90"), "USD"))
    return Order(OrderId(name), CustomerId(number), (line,) * LINES, placed_at=at)


def _product(name: str, number: str) -> Product:
    price = Money(Decimal("9.90"), "USD")
    variants = tuple(Variant(VariantId(f"{name}-{i}"), str(i), price) for i in range(VARIANTS))
    return Product(ProductId(name), "A thing", variants, brand=number)


def answering(shop: Database, settings: Settings) -> Database:
    """The shop as its next program finds it: opened anew if it was closed, else asked until it answers."""
    if shop.closed:
        return open_database(settings)
    while True:
        try:
            with shop.connection() as conn:
                conn.execute("select 1")
            return shop
        except DatabaseError:
            continue


def _received(told: Pipe) -> Iterator[int]:
    with suppress(EOFError, OSError):  # the last message may have been cut
        while True:
            yield told.recv()


def _compare(shop: Database, acknowledged: dict[int, set[int]], tally: Tally) -> None:
    found = {number: _rows_of(shop, number) for number in acknowledged}
    for number, batches in acknowledged.items():
        for batch in batches | set(found[number]):
            rows = found[number].get(batch, (0,) * len(WHOLE))
            missing = sum(max(0, want - have) for want, have in zip(WHOLE, rows, strict=True))
            tally.duplicated += sum(max(0, h - w) for w, h in zip(WHOLE, rows, strict=True))
            if batch in batches:
                tally.lost += missing
            elif missing:
                tally.torn += 1


def _rows_of(shop: Database, number: int) -> dict[int, tuple[int, ...]]:
    """Batch -> number of events, orders, lines, products and variants of one writer."""
    kinds = (
        "select id from events where session_id = %s",
        "select id from orders where customer_id = %s",
        "select o.id from orders o join order_lines x on x.order_id = o.id where o.customer_id = %s",
        "select id from products where brand = %s",
        "select p.id from products p join variants v on v.product_id = p.id where p.brand = %s",
    )
    found: dict[int, list[int]] = {}
    with shop.connection() as conn:
        # One snapshot: the server may still be committing what a program asked for before it was killed.
        conn.execute("set transaction isolation level repeatable read, read only")
        for place, query in enumerate(kinds):
            counted = (
                f"select split_part(id, '-', 2)::int, count(*) from ({query}) x(id) group by 1"
            )
            for batch, count in conn.execute(counted, [str(number)]):
                found.setdefault(batch, [0] * len(kinds))[place] = count
    return {batch: tuple(counts) for batch, counts in found.items()}
