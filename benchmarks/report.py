"""The page of results: every figure kept in `benchmarks/results/`, beside what it should reach."""

import json
import operator
import tomllib
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
PAGE = FOLDER.parent / "docs" / "benchmarks.md"
_HOLDS = {"<=": operator.le, ">=": operator.ge, "==": operator.eq}
_ABOUT = ("name", "seed", "commit", "machine", "load", "seconds", "quick", "command")
_HEAD = """# Measured

Made by `python -m benchmarks report` from what `python -m benchmarks NAME --save` measured; each figure can be had
again by the command above it. Times are of the machine named, with its load at the start beside it.
"""


def write(results: Path, page: Path = PAGE) -> None:
    """Make the page from the results that there are."""
    bars = tomllib.loads((FOLDER / "bars.toml").read_text(encoding="utf-8"))
    files = sorted(results.glob("*.json"), key=lambda file: [*bars, file.stem].index(file.stem))
    parts = [_part(json.loads(file.read_text()), bars.get(file.stem, {})) for file in files]
    page.write_text("\n".join([_HEAD, *parts]), encoding="utf-8")


def _part(figures: dict[str, Any], bars: dict[str, str]) -> str:
    name = figures["name"]
    quick = ", a quick run" if figures.get("quick") else ""
    lines = [
        f"## {name}\n",
        f"`python -m benchmarks {figures.get('command', name)}` at commit {figures['commit']}{quick}; {figures['machine']}, "
        f"load {figures['load']}, {figures['seconds']} s, seed {figures['seed']}.\n",
        "| figure | value | should be | |",
        "| --- | ---: | ---: | --- |",
    ]
    for key, value in figures.items():
        if key not in _ABOUT:
            bar = bars.get(key, "")
            lines.append(f"| `{key}` | {_text(value)} | {bar} | {_verdict(value, bar)} |")
    missing = [key for key in bars if key not in figures]
    lines += [f"| `{key}` | not measured | {bars[key]} | missed |" for key in missing]
    return "\n".join(lines) + "\n"


def _text(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _verdict(value: Any, bar: str) -> str:
    if not bar:
        return ""
    sign, _, limit = bar.partition(" ")
    return "met" if _HOLDS[sign](float(value), float(limit)) else "missed"
