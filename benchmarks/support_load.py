"""Fifty customers speak with customer service at once: when the first words of an answer come, and whether any is lost.

The demo shop is served by the real program, the customers are this one, and both share the machine's cores. Each customer
of a conversation is signed in, has orders, and says what customers of shops say: where an order is, what the shop's pages
answer, what would be sent back. They read and type between two messages (`THINK_S` on average); `burst.*` is all of them
without a pause, each sending the next message the moment the last answer is there. Every tenth line is cut just after
the message was sent, and the message sent again under its key, as the chat does. `lost` counts messages that are not
there, there twice, or without exactly one answer (none, where a person has the conversation by then). `stalled.*`: the same shop with a large language model whose
server takes every request and never answers.
"""

import asyncio
import json
import os
import random
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.http_load import read_answer
from benchmarks.serving import Served, served
from shopkeeper.face import Shop
from shopkeeper.shop.demo import Size

SEED = 23
CONVERSATIONS = 50
THINK_S = 8.0
CUT = 0.1  # of the lines
TURNS = (
    "Hello",
    "Where is order {order}?",
    "How long is the warranty?",
    "I want to return order {order}",
    "Can I return something after 40 days?",
    "我的订单 {order} 在哪里？",
    "Show me my orders",
    "Thanks, that is all",
)


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody who writes: a token that signs them in, and an order of theirs."""

    token: str
    order: str


@dataclass
class Heard:
    """What was measured, in seconds."""

    first: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    cut: int = 0
    lost: int = 0
    handed_over: int = 0


def run(*, quick: bool, data: Path) -> dict[str, Any]:
    """The figures. Nothing of `data` is used."""
    size = Size(customers=300, orders=1200, visits=500) if quick else Size()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "shop"
        Path(name).chmod(0o755)
        customers = _made(folder, size)
        with served(folder) as server:
            asyncio.run(_speak(server, customers[:5], think_s=0))  # so that everything is loaded
            paced = asyncio.run(_speak(server, customers, think_s=1.0 if quick else THINK_S))
            begun = time.perf_counter()
            burst = asyncio.run(_speak(server, customers, think_s=0))
            burst_s = time.perf_counter() - begun
        with _never_answering() as url, _with_model(url), served(folder) as server:
            stalled = asyncio.run(_speak(server, customers, think_s=0.5))
    figures = {
        "seed": SEED,
        "conversations": len(customers),
        "turns": len(paced.whole),
        "think_s": 1.0 if quick else THINK_S,
        "first_token_p50_s": _percentile(paced.first, 50),
        "first_token_p95_s": _percentile(paced.first, 95),
        "turn_p95_s": _percentile(paced.whole, 95),
        "cut": paced.cut + burst.cut + stalled.cut,
        "handed_over": paced.handed_over,
        "lost": paced.lost + burst.lost + stalled.lost,
        "burst.turn_p95_s": _percentile(burst.whole, 95),
        "burst.turns_per_s": round(len(burst.whole) / burst_s, 1),
        "stalled.first_token_p50_s": _percentile(stalled.first, 50),
        "stalled.first_token_p95_s": _percentile(stalled.first, 95),
        "stalled.first_token_max_s": round(max(stalled.first), 3),
    }
    print(_said(figures))
    return figures


def _said(figures: dict[str, Any]) -> str:
    return (
        f"{figures['conversations']} conversations at once, {figures['turns']} turns: first words after "
        f"{figures['first_token_p50_s']} s (median), {figures['first_token_p95_s']} s (95 %); {figures['cut']} lines cut, "
        f"{figures['lost']} messages lost; {figures['burst.turns_per_s']} turns/s at most; with a model that never answers "
        f"{figures['stalled.first_token_p50_s']} s (median), {figures['stalled.first_token_max_s']} s (the longest)"
    )


def _percentile(seconds: list[float], share: float) -> float:
    return round(float(np.percentile(np.array(seconds), share)), 3)


def _made(folder: Path, size: Size) -> list[Customer]:
    """The demo shop in this folder, and customers of it with an order that has arrived or is on its way."""
    with Shop.open(folder, demo=True) as shop:
        shop.build_demo(size=size)
        with shop.database.connection() as conn:
            rows = conn.execute(
                "select distinct on (customer_id) customer_id, id from orders where status in ('shipped', 'delivered') "
                "order by customer_id, placed_at desc, id"
            ).fetchall()
        chosen = random.Random(SEED).sample(rows, CONVERSATIONS)
        day = timedelta(days=1)
        return [Customer(shop.support.sign(customer, day), order) for customer, order in chosen]


async def _speak(server: Served, customers: list[Customer], *, think_s: float) -> Heard:
    heard = Heard()
    talks = (
        _conversation(server, c, random.Random(f"{SEED} {n}"), think_s, heard)
        for n, c in enumerate(customers)
    )
    await asyncio.gather(*talks)
    return heard


async def _conversation(
    server: Served, customer: Customer, chance: random.Random, think_s: float, heard: Heard
) -> None:
    """One customer's whole conversation, and whether everything in it is there afterwards."""
    path = "/v1/support/conversations"
    talk = json.loads(await _ask(server, "POST", path, {"token": customer.token}))["id"]
    said = [turn.format(order=customer.order) for turn in TURNS]
    for number, text in enumerate(said):
        if think_s:
            await asyncio.sleep(chance.expovariate(1 / think_s))
        body = {"text": text, "key": f"k{number}"}
        begun = time.perf_counter()
        if chance.random() < CUT:
            heard.cut += 1
            await _post_and_leave(server, f"{path}/{talk}/messages", body)
        first = await _post(server, f"{path}/{talk}/messages", body)
        heard.first.append(first - begun)
        heard.whole.append(time.perf_counter() - begun)
    found = json.loads(await _ask(server, "GET", f"{path}/{talk}/messages"))
    kept = found["messages"]
    mine = [m["text"] for m in kept if m["who"] == "customer"]
    answered = [m["turn"] for m in kept if m["who"] == "agent"]
    expected = (
        answered[-1] if found["with_a_person"] else len(said)
    )  # from then on a person answers
    heard.lost += sum(mine.count(t) != 1 for t in said) + (
        sorted(answered) != list(range(1, expected + 1))
    )
    heard.handed_over += found["with_a_person"]


def _request(
    server: Served, method: str, path: str, body: dict[str, Any] | None, accept: str
) -> bytes:
    data = b"" if body is None else json.dumps(body).encode()
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nAuthorization: Bearer {server.key}\r\n"
        f"Accept: {accept}\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + data


async def _ask(server: Served, method: str, path: str, body: dict[str, Any] | None = None) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(_request(server, method, path, body, "application/json"))
    status, answer = await read_answer(reader)
    writer.close()
    if status >= 300:
        raise RuntimeError(f"{method} {path}: {status} {answer[:300]!r}")
    return answer


async def _post(server: Served, path: str, body: dict[str, Any]) -> float:
    """Say something, and read the stream to its end. Returns when the first words came."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(_request(server, "POST", path, body, "text/event-stream"))
    read, first = b"", 0.0
    while part := await reader.read(65536):
        read += part
        if not first and (b"event: text" in read or b"event: end" in read):
            first = time.perf_counter()
    writer.close()
    if b"event: end" not in read:
        raise RuntimeError(f"no answer: {read[-500:]!r}")
    return first


async def _post_and_leave(server: Served, path: str, body: dict[str, Any]) -> None:
    """Say something, and hang up before the answer."""
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(_request(server, "POST", path, body, "text/event-stream"))
    await writer.drain()
    await asyncio.sleep(0.01)
    writer.close()


class _Silent(BaseHTTPRequestHandler):
    """Takes what is sent and says nothing for a minute."""

    ending = threading.Event()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.ending.wait(60)
        self.close_connection = True

    do_GET = do_POST

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def _never_answering() -> Iterator[str]:
    """The address of a model's server that never answers."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Silent) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        _Silent.ending.set()
        server.shutdown()


@contextmanager
def _with_model(url: str) -> Iterator[None]:
    """Programs that are started meanwhile understand messages by the large model at this address."""
    engine = {"slow": {"kind": "openai", "model": "large", "url": url, "private": True}}
    more = {
        "SHOPKEEPER_ENGINES": json.dumps(engine),
        "SHOPKEEPER_ROUTES": json.dumps({"support": ["slow"]}),
        "SHOPKEEPER_SUPPORT_UNDERSTANDING": "large",
        "SHOPKEEPER_SUPPORT_REWORDING": "true",
    }
    before = dict(os.environ)
    os.environ.update(more)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
