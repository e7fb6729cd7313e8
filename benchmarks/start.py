"""How long the demo takes to its first page, how long a second start takes, and how much memory the server wants.

`shopkeeper serve --demo` on an empty data folder, asked for `/` until it answers, browsed a little, stopped, and
started again: without a model, as on a fresh machine, and once more with the models that this machine has fetched
(`….with_models`). Installing the environment is not counted.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]  # has no types of its own

from benchmarks.serving import free_port, wait_for
from shopkeeper.settings import load_settings
from shopkeeper.shop import postgres_programs

FIRST_PAGE_S, SECOND_START_S, STOP_S, RSS_MB = 90, 5, 3, 250  # the bars
BROWSED = ("/", "/v1/search?q=blue", "/v1/search?q=jacket&limit=100", "/v1/products", "/console")
MB = 2**20


def run(*, quick: bool, data: Path) -> dict[str, Any]:
    """The figures. quick leaves the models out; data makes no difference."""
    with tempfile.TemporaryDirectory(prefix="shopkeeper-start-") as name:
        shop, no_models = Path(name) / "shop", Path(name) / "cache"
        first = one_start(shop, no_models, patience_s=300)
        second = one_start(shop, no_models, patience_s=60)
        with_models = {} if quick else one_start(shop, cache_folder(), patience_s=60)
    rss_mb = max(first["rss_mb"], second["rss_mb"])
    figures = {
        "first_page_s": first["page_s"],
        "second_start_s": second["page_s"],
        "stop_s": max(first["stop_s"], second["stop_s"]),
        "rss_mb": rss_mb,
        "pss_mb": max(first["pss_mb"], second["pss_mb"]),
        "postgres_pss_mb": max(first["postgres_pss_mb"], second["postgres_pss_mb"]),
        **{f"{key}.with_models": value for key, value in with_models.items() if key != "left"},
        "first_page_ok": first["page_s"] <= FIRST_PAGE_S,
        "second_start_ok": second["page_s"] <= SECOND_START_S,
        "stop_ok": max(first["stop_s"], second["stop_s"]) <= STOP_S,
        "rss_ok": rss_mb <= RSS_MB,
        "nothing_left_ok": not (first["left"] or second["left"]),
    }
    for name, value in figures.items():
        print(f"{name:30} {value}")
    return figures


def cache_folder() -> Path:
    """Where this machine keeps what was fetched, models for searching by meaning perhaps among it."""
    return load_settings().cache_folder


def one_start(folder: Path, cache: Path, *, patience_s: float) -> dict[str, Any]:
    """Start the server, browse, stop it: seconds and megabytes."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    program = Path(sys.executable).with_name("shopkeeper")
    command = [str(program), "--data-folder", str(folder), "serve", "--demo", "--port", str(port)]
    begun = time.perf_counter()
    environment = os.environ | {"SHOPKEEPER_CACHE_FOLDER": str(cache), "SHOPKEEPER_ASSISTANT": ""}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment) as server:
        try:
            wait_for(f"{base}/", server, patience_s)
            page_s = time.perf_counter() - begun
            for path in BROWSED * 3:
                with urllib.request.urlopen(base + path) as answer:
                    answer.read()
            memory = psutil.Process(server.pid).memory_full_info()
            postgres = sum(p.memory_full_info().pss for p in postgres_of(folder))
        finally:
            begun = time.perf_counter()
            server.send_signal(signal.SIGINT)
            server.wait(timeout=60)
    return {
        "page_s": round(page_s, 2),
        "stop_s": round(time.perf_counter() - begun, 2),
        "rss_mb": round(memory.rss / MB, 1),
        "pss_mb": round(memory.pss / MB, 1),
        "postgres_pss_mb": round(postgres / MB, 1),
        "left": len(postgres_of(folder)),
    }


def postgres_of(folder: Path) -> list[psutil.Process]:
    """The processes of the embedded database in this folder."""
    return [psutil.Process(pid) for pid in postgres_programs.processes(folder / "postgres")]
