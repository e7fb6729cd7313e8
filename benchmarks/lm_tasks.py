"""How good small language models are at a shop's tasks, with how many examples shown, beside a linear classifier.

Sentiment of English and Chinese reviews, 27 intents of customers, attributes out of titles: real rows (`lm_task_sets`),
a seeded sample of the test part, smaller for larger models and longer prompts, the smaller ones being the beginning of
the larger. Labels are measured calibrated and as the model says them (`greedy`). `linear` has learned from the whole
train part, `linear.few` from the examples that models are shown: 8 reviews, 10 utterances an intent. What came of each
row is kept in a file, so that a run that was stopped goes on where it was.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.lm_task_sets import SEED, TaskSet, task_sets
from shopkeeper.models import hub
from shopkeeper.models.embed import load_embedder
from shopkeeper.models.engines.contract import LanguageModel
from shopkeeper.models.engines.llama import LlamaEngine
from shopkeeper.models.prompting import Example, Kept, Report, evaluate, pool
from shopkeeper.models.prompting.rival import rival
from shopkeeper.settings import EngineSettings, Settings

SHOTS = (0, 1, 4, 8)
# Rows for each number of shots: what a row costs grows with the model and with the examples in its prompt.
ROWS = {
    "smollm2-135m": (120, 120, 120, 120),
    "qwen2.5-coder-0.5b": (48, 48, 24, 16),
    "qwen2.5-coder-1.5b": (24, 24, 12, 8),
}
QUICK_ROWS, QUICK_SHOTS = 16, (0, 4)
CONTEXT_TOKENS = 3072
BUDGET_TOKENS = 2048


def run(*, quick: bool, data: Path) -> dict[str, Any]:
    """All cells, printed as they are measured."""
    kept_file = Path(tempfile.gettempdir()) / "shopkeeper-lm-tasks" / "kept.jsonl"
    print(f"what came of each row: {kept_file}; a run goes on from it, remove it to begin anew")
    sets = list(task_sets(data))
    models = dict(list(ROWS.items())[: 1 if quick else None])
    figures: dict[str, Any] = {"seed": SEED}
    gains: dict[str, list[float]] = {name: [] for name in models}
    for one in sets:
        figures |= _rivals(one, QUICK_ROWS if quick else ROWS[next(iter(ROWS))][0])
    for name, usual in models.items():
        with opened(name) as model:
            if model is None:
                print(f"{name} is not fetched: shopkeeper models pull {name}")
                continue
            for one in sets:
                for shots, most in zip(SHOTS, usual, strict=True):
                    if quick and shots not in QUICK_SHOTS:
                        continue
                    rows = QUICK_ROWS if quick else round(most * one.share)
                    report = measure(one, model, rows=rows, shots=shots, kept=Kept(kept_file))
                    figures |= _figures(one.name, report)
                    if report.greedy is not None:
                        gains[name].append(report.figure - report.greedy)
    for name, gained in gains.items():
        if gained:
            figures[f"calibrated_gain.{name}"] = round(sum(gained) / len(gained), 4)
    return figures


def measure(
    one: TaskSet, model: LanguageModel, *, rows: int, shots: int, kept: Kept | None = None
) -> Report:
    """One cell: a model at a task with so many examples."""
    embedder = None
    if one.nearest and shots:
        embedder = load_embedder(one.nearest, Settings().cache_folder)
    begun = time.perf_counter()
    report = evaluate(
        one.task,
        one.rows[:rows],
        model,
        pool=pool(one.task, one.pool, seed=SEED, embedder=embedder),
        shots=shots,
        unlabelled=one.unlabelled,
        budget_tokens=BUDGET_TOKENS,
        kept=kept,
    )
    _show(one.name, report, str(shots), wall_s=time.perf_counter() - begun)
    return report


def _rivals(one: TaskSet, rows: int) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for name, known in (("linear", one.train), ("linear.few", _few(one))):
        if name == "linear.few" and len(known) == len(one.train):
            continue
        begun = time.perf_counter()
        found = rival(one.task, known, one.rows[:rows], seed=SEED)
        if found is None:
            continue
        _show(one.name, found, f"{len(known)}", wall_s=time.perf_counter() - begun)
        figures[f"{one.name}.{name}"] = round(found.figure, 4)
        figures[f"{one.name}.{name}.learned_from"] = len(known)
    return figures


def _few(one: TaskSet) -> Sequence[Example[Any, Any]]:
    """What models may be shown: the pool where each row has its own examples of it, else those that all are shown."""
    if one.nearest:
        return one.pool
    return pool(one.task, one.pool, seed=SEED).choose(one.rows[0].given, shots=max(SHOTS))


def _figures(task: str, report: Report) -> dict[str, Any]:
    key = f"{task}.{report.model}.{report.shots}"
    figures: dict[str, Any] = {
        key: round(report.figure, 4),
        f"{key}.between": f"{report.low:.3f}–{report.high:.3f}",
        f"{key}.rows": report.rows,
    }
    if report.greedy is not None:
        figures[f"{key}.greedy"] = round(report.greedy, 4)
    return figures


def _show(task: str, report: Report, shots: str, *, wall_s: float) -> None:
    greedy = "" if report.greedy is None else f"greedy {report.greedy:.3f}"
    print(
        f"{task:13} {report.model:19} {shots:>6} {report.measure:8} {report.figure:.3f} "
        f"({report.low:.3f}–{report.high:.3f}) {greedy:12} {report.rows:4} rows "
        f"{report.failed:3} failed {report.faulty:3} faulty {report.prompt_tokens:7} tokens "
        f"{report.seconds:6.0f} s of the model, {wall_s:6.0f} s now",
        flush=True,
    )


@contextmanager
def opened(name: str) -> Iterator[LanguageModel | None]:
    """The model by llama.cpp, or None if it was not fetched."""
    path = hub.path_here(name, Settings().cache_folder)
    if path is None:
        yield None
        return
    settings = EngineSettings(
        kind="llama.cpp",
        model=name,
        context_tokens=CONTEXT_TOKENS,
        parallel=1,
        threads=1,
        timeout_s=600,
    )
    engine = LlamaEngine.open(path, name=name, settings=settings, tried=True)
    try:
        yield engine
    finally:
        engine.close()
