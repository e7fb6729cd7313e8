"""How fast 48,194 real products are searched over HTTP, and how soon a change is seen.

The queries are runs of one to four words from titles of the catalogue, some with a letter wrong, drawn with a seed;
each is asked once in each way, so that no vector of a query is remembered. Hostile queries are timed too: they should cost no more. Suggestions are asked for what stands in
the search box while such a query is typed. The server and the client share the machine's cores.
"""

import json
import os
import random
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pyarrow.parquet as pq

from benchmarks.http_load import ask
from benchmarks.serving import Served, command, served

SEED = 7
WARM_UP = 200


def run(*, quick: bool, data: Path) -> dict[str, Any]:
    """The figures. quick: fewer queries, and the static embedder, whose vectors are made in seconds."""
    asked = 300 if quick else 2000
    embedder = "wordllama" if quick else "minilm-l6"
    source = data / "search" / "retrotech" / "products.parquet"
    queries = queries_of(source, asked * 2 + WARM_UP)
    os.environ["SHOPKEEPER_EMBEDDER"] = ""  # no other is fetched while we measure
    with tempfile.TemporaryDirectory(prefix="shopkeeper-speed-") as name:
        folder = Path(name)
        command(folder, "import", "products", source)
        begun = time.perf_counter()
        command(folder, "index", "build", embedder)
        figures: dict[str, Any] = {
            "embedder": embedder,
            "build_s": round(time.perf_counter() - begun, 1),
        }
        with served(folder) as server:
            wait_for_meaning(server)
            figures |= speeds(server, queries, asked)
            figures |= freshness(server, rounds=5 if quick else 20)
    for key, value in figures.items():
        print(f"{key:20} {value}")
    return {"seed": SEED} | figures


def wait_for_meaning(server: Served) -> None:
    """Wait until the server searches by meaning, and has what it suggests ready."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        meant = _call(server, "GET", "/v1/search?q=camera&limit=1")["meaning_weight"]
        if meant and _call(server, "GET", "/v1/suggest?q=ca")["items"]:
            return
        time.sleep(0.5)
    raise TimeoutError("search by meaning was not ready within two minutes")


def speeds(server: Served, queries: list[str], asked: int) -> dict[str, float]:
    """Latency at one client and answers a second at eight, by words, by words and meaning, and of suggestions."""
    figures: dict[str, float] = {}
    failed = 0
    warm, first, rest = queries[:WARM_UP], queries[WARM_UP:][:asked], queries[WARM_UP + asked :]
    for way, one_name, eight_name in (
        ("words", "words_", "words_qps_8"),
        ("hybrid", "hybrid_", "qps_8"),
    ):
        ask("127.0.0.1", server.port, _paths(warm, way), key=server.key)
        one = ask("127.0.0.1", server.port, _paths(first, way), key=server.key)
        eight = ask("127.0.0.1", server.port, _paths(rest, way), key=server.key, clients=8)
        figures[f"{one_name}p50_ms"], figures[f"{one_name}p99_ms"] = one.p50_ms, one.p99_ms
        figures[eight_name] = eight.per_s
        failed += one.failed + eight.failed
    mean = ask("127.0.0.1", server.port, _paths(hostile(len(first) // 4), "hybrid"), key=server.key)
    figures["hostile_p50_ms"], figures["hostile_p99_ms"] = mean.p50_ms, mean.p99_ms
    typed = [f"/v1/suggest?q={quote_plus(q[: 2 + n % 9])}" for n, q in enumerate(first)]
    suggested = ask("127.0.0.1", server.port, typed, key=server.key)
    figures["suggest_p50_ms"], figures["suggest_p99_ms"] = suggested.p50_ms, suggested.p99_ms
    return figures | {"failed": failed + mean.failed + suggested.failed}


def _paths(queries: list[str], way: str) -> list[str]:
    return [f"/v1/search?q={quote_plus(q)}&limit=24&way={way}" for q in queries]


def queries_of(source: Path, count: int) -> list[str]:
    """Queries as people type them: some words of a title, one in twenty with a slip."""
    titles = pq.read_table(source, columns=["name"])["name"].to_pylist()
    rng = random.Random(SEED)
    found: dict[str, None] = {}
    while len(found) < count:
        words = [w for w in str(rng.choice(titles)).lower().split() if w.isalnum()]
        length = rng.choice((1, 2, 2, 3, 3, 4))
        if len(words) < length:
            continue
        start = rng.randrange(len(words) - length + 1)
        found[slipped(" ".join(words[start : start + length]), rng)] = None
    return list(found)


def hostile(count: int) -> list[str]:
    """Queries that mean harm: long ones, operators, quotes, scripts, SQL, bombs of expressions, right to left."""
    rng = random.Random(SEED)
    kinds = (
        "camera " * 70, "m" * 500, 'a AND (b OR -c) NOT title:"x"~3^9 +brand:* [a TO z}', "\"'`“”«»''\"" * 40,
        "'; drop table products; --", "(a+)+$ ((((((a*)*)*)*)*)*b " + "a" * 60, "!!! ??? --- ... ((( )))" * 20,
        "<script>alert(1)</script>", "כוס \u202e قدح \u202c camera", "👩‍👩‍👧‍👦 camera", "b" + "\u0301" * 200, "蓝色马克杯" * 90,
    )  # fmt: skip
    return [f"{rng.choice(kinds)}{number}"[:500] for number in range(count)]


def slipped(query: str, rng: random.Random) -> str:
    """The query, now and then with one letter left out."""
    if rng.random() >= 0.05 or len(query) < 5:
        return query
    place = rng.randrange(1, len(query))
    return query[:place] + query[place + 1 :]


def freshness(server: Served, *, rounds: int) -> dict[str, float]:
    """Seconds from the answer to a write until a search shows it, the worst of several, at 20 searches a second."""
    stop = threading.Event()
    traffic = threading.Thread(target=_traffic, args=(server, stop))
    traffic.start()
    try:
        price = [_seen(server, i, new=False) for i in range(rounds)]
        product = [_seen(server, i, new=True) for i in range(rounds)]
        deleted = [_gone(server, i) for i in range(rounds)]
    finally:
        stop.set()
        traffic.join()
    return {
        "fresh_price_s": round(max(price), 3),
        "fresh_product_s": round(max(product), 3),
        "fresh_delete_s": round(max(deleted), 3),
    }


def _traffic(server: Served, stop: threading.Event) -> None:
    while not stop.is_set():
        _call(server, "GET", "/v1/search?q=camera&limit=24")
        stop.wait(0.05)


def _product(number: int, price: str) -> dict[str, Any]:
    money = {"amount": price, "currency": "USD"}
    variant = {"id": f"bench-{number}-v", "title": "", "price": money}
    title = f"Quillonfeather number{number}"
    return {"id": f"bench-{number}", "title": title, "variants": [variant]}


def _seen(server: Served, number: int, *, new: bool) -> float:
    """Seconds until a written price, or a product written anew, is found."""
    price = f"{number + 11}.25" if new else f"{number + 21}.75"
    if new:
        _call(server, "DELETE", f"/v1/products/bench-{number}")
        _wait(server, number, lambda found: not found)
    else:
        _call(server, "PUT", f"/v1/products/bench-{number}", _product(number, "9.99"))
        _wait(server, number, bool)
    _call(server, "PUT", f"/v1/products/bench-{number}", _product(number, price))
    return _wait(server, number, lambda found: price in json.dumps(found))


def _gone(server: Served, number: int) -> float:
    _call(server, "DELETE", f"/v1/products/bench-{number}")
    return _wait(server, number, lambda found: not found)


def _wait(server: Served, number: int, is_so: Any) -> float:
    begun = time.perf_counter()
    while time.perf_counter() - begun < 30:
        answer = _call(server, "GET", f"/v1/search?q=quillonfeather+number{number}&price_min=0")
        hits = [h["product"] for h in answer["hits"] if h["product_id"] == f"bench-{number}"]
        if is_so(hits):
            return time.perf_counter() - begun
        time.sleep(0.01)
    raise TimeoutError(f"a change of bench-{number} was not seen in 30 s")


def _call(server: Served, method: str, path: str, body: Any = None) -> Any:
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}{path}", method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=30) as answer:
        text = answer.read()
    return json.loads(text) if text else None
