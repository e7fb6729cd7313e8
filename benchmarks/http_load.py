"""A small HTTP client for timing: several connections that each ask one thing after the other, and no library between."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Timing:
    """What asking took. statuses other than 200 count as failed."""

    p50_ms: float
    p99_ms: float
    per_s: float
    failed: int


def ask(host: str, port: int, paths: Sequence[str], *, key: str = "", clients: int = 1) -> Timing:
    """GET each path once, spread over so many connections."""
    return asyncio.run(_ask(host, port, paths, key, clients))


async def _ask(host: str, port: int, paths: Sequence[str], key: str, clients: int) -> Timing:
    taken: list[float] = []
    failed = 0
    waiting = iter(paths)

    async def one_client() -> None:
        nonlocal failed
        reader, writer = await asyncio.open_connection(host, port)
        for path in waiting:
            begun = time.perf_counter()
            writer.write(_request(host, port, path, key))
            status, _ = await read_answer(reader)
            taken.append(time.perf_counter() - begun)
            failed += status != 200
        writer.close()

    begun = time.perf_counter()
    await asyncio.gather(*(one_client() for _ in range(clients)))
    seconds = time.perf_counter() - begun
    p50, p99 = np.percentile(np.array(taken) * 1000, [50, 99])
    return Timing(
        round(float(p50), 2), round(float(p99), 2), round(len(taken) / seconds, 1), failed
    )


def _request(host: str, port: int, path: str, key: str) -> bytes:
    authorization = f"Authorization: Bearer {key}\r\n" if key else ""
    return f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n{authorization}\r\n".encode()


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Status and body of one answer that says how long it is."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    lines = head.split("\r\n")
    lengths = [line for line in lines if line.lower().startswith("content-length:")]
    length = int(lengths[0].partition(":")[2])
    return int(lines[0].split()[1]), await reader.readexactly(length)
