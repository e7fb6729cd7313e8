"""Run one benchmark, or all of them, and print its figures; the last line is one flat JSON object."""

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.data import data_folder

RESULTS = Path(__file__).parent / "results"
ONE_THREAD = {
    "search"
}  # whose products of matrices are too small for NumPy's threads to be worth waiting for
MODULES = {"import": "import_"}
NAMES = (
    "start",
    "import",
    "search",
    "search_speed",
    "embedding",
    "crash",
    "fuzz_feeds",
    "personal_data",
    "lm_serving",
    "lm_agree",
    "lm_structured",
    "lm_choices",
    "lm_tasks",
    "recommend",
    "recommend_shop",
    "recommend_speed",
    "poisoning",
    "support",
    "support_lamda",
    "compress",
    "pretrain",
    "finetune",
)

BY_NAME_ONLY = ("pretrain_gpu",)  # needs a GPU, so it is not one of all


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "name",
        choices=(*NAMES, *BY_NAME_ONLY, "all", "report"),
        help="report: only the page of what was kept",
    )
    parser.add_argument("--quick", action="store_true", help="a smaller run, to see that it works")
    parser.add_argument("--data", type=Path, default=None, help="folder of the data sets")
    parser.add_argument(
        "--save", action="store_true", help="keep the figures in benchmarks/results/"
    )
    parser.add_argument(
        "--endpoint", default="", help="support: an OpenAI-compatible server whose model plays the customers"
    )  # fmt: skip
    parser.add_argument(
        "--model", default="", help="with --endpoint: what the server calls its model, where it has several"
    )  # fmt: skip
    parser.add_argument(
        "--tasks", type=int, default=0, help="with --endpoint: only the first so many of the 74 tasks"
    )  # fmt: skip
    parser.add_argument(
        "--tries", type=int, default=4, help="with --endpoint: conversations about each task, the k of pass^k"
    )  # fmt: skip
    arguments = parser.parse_args()
    if arguments.endpoint and arguments.name != "support":
        parser.error("--endpoint is for `support`")
    if arguments.endpoint and arguments.quick and arguments.save:
        parser.error("a quick run with a model as customer is not kept")
    if (arguments.model or arguments.tasks or arguments.tries != 4) and not arguments.endpoint:
        parser.error("--model, --tasks and --tries go with --endpoint")
    if not 1 <= arguments.tries <= 4 or arguments.tasks < 0:
        parser.error("--tries is 1 to 4, --tasks not below 0")
    options = {k: getattr(arguments, k) for k in ("endpoint", "model", "tasks", "tries")}
    if arguments.name == "report":
        report.write(RESULTS)
        return 0
    names = NAMES if arguments.name == "all" else (arguments.name,)
    for name in names:
        figures = run(
            name, quick=arguments.quick, data=arguments.data or data_folder(),
            **(options if arguments.endpoint else {}),
        )  # fmt: skip
        if arguments.save or arguments.name == "all":
            RESULTS.mkdir(exist_ok=True)
            figures["name"] = f"{name}_endpoint" if arguments.endpoint else name
            (RESULTS / f"{figures['name']}.json").write_text(json.dumps(figures, indent=1) + "\n")
            report.write(RESULTS)
        print(json.dumps(figures), flush=True)
    return 0


def run(name: str, *, quick: bool, data: Path, **options: Any) -> dict[str, Any]:
    """One benchmark's figures with where and when they were taken."""
    if name in ONE_THREAD:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    module = importlib.import_module(f"benchmarks.{MODULES.get(name, name)}")
    load = os.getloadavg()[0]
    begun = time.perf_counter()
    figures: dict[str, Any] = module.run(quick=quick, data=data, **options)
    about = {
        "name": name,
        "seed": figures.pop("seed", 0),
        "commit": _commit(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "load": round(load, 2),
        "seconds": round(time.perf_counter() - begun, 1),
    }
    return about | {"quick": quick} | figures


def _commit() -> str:
    found = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
