"""A million mutated rows of every format through the readers: none may crash them, and memory stays small.

The reading is done in a process of its own, whose peak of memory is the figure. A crash is told with the seed that
makes it again: `python -m benchmarks.fuzz_feeds SAMPLE SEED`.
"""

import io
import json
import resource
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks import mutations

ROWS, QUICK_ROWS = 1_000_000, 50_000
RSS_MB = 400
FILE_ROWS = 1_000
KB_PER_MB = 1024


def run(*, quick: bool, data: Path) -> dict[str, Any]:
    """The figures, from a child process."""
    rows = QUICK_ROWS if quick else ROWS
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.fuzz_feeds", str(rows)], stdout=subprocess.PIPE, text=True
    ) as child:  # fmt: skip
        assert child.stdout is not None
        *_, last = list(_echoed(child.stdout))
    figures: dict[str, Any] = json.loads(last)
    figures["crashes_ok"] = figures["crashes"] == 0
    figures["rows_ok"] = figures["rows"] >= rows
    figures["rss_ok"] = figures["rss_mb"] <= RSS_MB
    return figures


def _echoed(lines: Any) -> Any:
    for line in lines:
        if not line.startswith("{"):
            print(line, end="", flush=True)
        yield line


def fuzz(wanted: int) -> dict[str, Any]:
    """Files of every sample in turn until so many rows were read."""
    found: Counter[str] = Counter()
    of_sample: dict[str, Counter[str]] = {}
    begun, rows, seed = time.perf_counter(), 0, 0
    samples: list[mutations.Sample | None] = [*mutations.samples(), None]
    with tempfile.TemporaryDirectory(prefix="shopkeeper-fuzz-") as folder:
        while rows < wanted:
            seed += 1
            for sample in samples:
                name, counts = one(Path(folder), sample, seed)
                of_sample.setdefault(name, Counter()).update(counts)
                found.update(counts)
                rows += FILE_ROWS
    for name, counts in of_sample.items():
        print(
            f"{name:28} {counts['records']:>9,} records {counts['bad']:>9,} bad rows "
            f"{counts['refused']:>5,} files refused {counts['crashes']:>3} crashes", flush=True,
        )  # fmt: skip
    seconds = time.perf_counter() - begun
    return {
        "rows": rows, "crashes": found["crashes"], "records": found["records"], "bad_rows": found["bad"],
        "files_refused": found["refused"], "files": seed * len(samples), "rows_per_s": round(rows / seconds),
        "rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KB_PER_MB, 1),
    }  # fmt: skip


def one(folder: Path, sample: mutations.Sample | None, seed: int) -> tuple[str, dict[str, int]]:
    """One mutated file read to its end; the sample's name and the counts."""
    if sample is None:
        name, kind, suffix = "parquet-products", "products", ".parquet"
        made = mutations.parquet(seed, FILE_ROWS)
    else:
        name, kind, suffix = str(sample), sample.kind, sample.suffix
        made = mutations.mutated(sample, seed, FILE_ROWS)
    path = folder / f"feed{suffix}"
    path.write_bytes(made)
    try:
        return name, mutations.check(path, kind)
    except Exception:  # whatever it is, it is the finding
        print(f"crash: python -m benchmarks.fuzz_feeds {name} {seed}")
        traceback.print_exc(limit=-4, file=sys.stdout)
        return name, {"crashes": 1}


def _again(name: str, seed: int) -> None:
    """One case alone, its file kept to look at."""
    sample = next((s for s in mutations.samples() if str(s) == name), None)
    folder = Path(tempfile.mkdtemp(prefix="shopkeeper-fuzz-"))
    print(one(folder, sample, seed), folder)


if __name__ == "__main__":
    assert isinstance(sys.stdout, io.TextIOWrapper)
    sys.stdout.reconfigure(errors="backslashreplace")  # findings may hold what is no text
    if len(sys.argv) == 3:
        _again(sys.argv[1], int(sys.argv[2]))
    else:
        print(json.dumps(fuzz(int(sys.argv[1]))))
