"""A shop served by the real program, for benchmarks that ask it over HTTP."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAM = Path(sys.executable).with_name("shopkeeper")


@dataclass(frozen=True, slots=True)
class Served:
    """A running server and a secret key to it."""

    folder: Path
    port: int
    key: str
    process: subprocess.Popen[bytes]


def command(folder: Path, *arguments: str | Path) -> str:
    """Run `shopkeeper` on a data folder to its end; what it printed."""
    done = subprocess.run(
        [str(PROGRAM), "--data-folder", str(folder), *map(str, arguments)],
        capture_output=True, text=True, check=False, env=os.environ | {"COLUMNS": "200", "NO_COLOR": "1"},
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"shopkeeper {' '.join(map(str, arguments))}: {done.stderr[-2000:]}")
    return done.stdout


@contextmanager
def served(folder: Path, *options: str, patience_s: float = 300) -> Iterator[Served]:
    """Serve a data folder until the block ends. No assistant is fetched meanwhile, unless the environment names one."""
    key = command(folder, "keys", "create", "benchmark").split()[-1]
    port = free_port()
    arguments = [str(PROGRAM), "--data-folder", str(folder), "serve", "--port", str(port), *options]
    free = {"SHOPKEEPER_ASSISTANT": "", **os.environ, "SHOPKEEPER_REQUESTS_PER_SECOND": "100000"}
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, env=free) as process:
        try:
            wait_for(f"http://127.0.0.1:{port}/readyz", process, patience_s)
            yield Served(folder, port, key, process)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for(url: str, server: subprocess.Popen[bytes], patience_s: float) -> None:
    """Ask until the answer is a page."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(f"the server ended with {server.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                answer.read()
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    raise TimeoutError(f"{url} did not answer in {patience_s} s")
