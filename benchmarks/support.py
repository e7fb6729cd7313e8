"""Customer service as a whole: what it may do, how it speaks, what it understands and answers, and what attacks come to.

Part by part, each kept as soon as it is measured, so that a run that is stopped goes on where it was (the file is named at
the beginning; what was kept of other code is not used):

    writes       gold and mutated writes of tau-bench's retail shop (`support_tools.py`)
    adversary    100,000 turns of a hostile model (`support_adversary.py`), in four pieces
    dialogues    scripted customers over its 74 train tasks, no model (`support_dialogues.py`), a piece for each of four seeds
    local        the same with the local model where the rules understand nothing, two of the seeds; where it is installed
    intents      what is wanted, from ten texts an intent (`support_intents.py`), a piece for each set
    understood   what the agent takes a customer's sentence for (`support_understood.py`)
    grounding    questions about the demo shop (`support_knowledge.py`), by words and by meaning
    injections   attacks in every text that others write (`support_injections.py`), in four pieces
    load         fifty conversations at once over HTTP (`support_load.py`)

With `--endpoint URL` a language model plays the customers instead (`support_customers.py`), and nothing else is run.
"""

import hashlib
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import shopkeeper.support
from benchmarks import (
    support_adversary,
    support_customers,
    support_dialogues,
    support_injections,
    support_intents,
    support_knowledge,
    support_load,
    support_tools,
    support_understood,
)
from benchmarks.support_dialogues import Held
from benchmarks.tau_shop import tau_shop
from shopkeeper.models.prompting import Kept

SEED = support_tools.SEED
TURNS, PIECES = 100_000, 4
LOCAL = "qwen2.5-coder-1.5b"
Part = Callable[[], dict[str, Any]]


def run(
    *, quick: bool, data: Path, endpoint: str = "", model: str = "", tasks: int = 0, tries: int = 4,
    file: Path | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The figures. endpoint, model, tasks, tries: see `support_customers.run`."""
    if endpoint:
        tasks, tries = (8, 1) if quick else (tasks, tries)
        return support_customers.run(
            data=data, endpoint=endpoint, model=model, tasks=tasks, tries=tries
        )
    where = file or Path(tempfile.gettempdir()) / "shopkeeper-support" / f"{_state()}.jsonl"
    kept = Kept(None if quick else where)
    if not quick:
        print(f"what came of each part: {where}; a run goes on from it, remove it to begin anew")
    told: dict[str, dict[str, Any]] = {}
    for name, measure in parts(quick=quick, data=data):
        told[name] = kept.get(name, partial(_timed, name, measure))
    return _together(told)


def parts(*, quick: bool, data: Path) -> Iterator[tuple[str, Part]]:
    """What is measured, one piece after another, each by itself."""
    seeds = support_dialogues.REPORTED[: 1 if quick else 4]
    pieces = 1 if quick else PIECES
    yield "writes", partial(support_tools.run, quick=quick, data=data)
    turns = 2_000 if quick else TURNS // PIECES
    for n in range(pieces):
        yield f"adversary.{n}", partial(_adversary, data, turns, SEED + 2 * n)
    for seed in seeds:
        yield f"dialogues.{seed}", partial(_dialogues, data, seed)
    for seed in () if quick else seeds[:2]:
        yield f"local.{seed}", partial(_dialogues, data, seed, model=LOCAL)
    for name in support_intents.SETS:
        yield f"intents.{name}", partial(support_intents.measure, name, data, quick=quick)
    yield "understood", partial(support_understood.measure, data, quick=quick)
    yield "grounding.words", partial(support_knowledge.run, meaning=False)
    if not quick:
        yield "grounding.meaning", partial(support_knowledge.run, meaning=True)
    for n in range(pieces):
        yield (
            f"injections.{n}",
            partial(support_injections.counted, data, piece=n, of=48 if quick else PIECES),
        )
    yield "injections.refusals", partial(support_injections.refusals, data)
    yield "load", partial(support_load.run, quick=quick, data=data)


def _adversary(data: Path, turns: int, seed: int) -> dict[str, Any]:
    with tau_shop(data) as shop:
        return support_adversary.attack(shop, turns=turns, seed=seed)


def _dialogues(data: Path, seed: int, *, model: str = "") -> dict[str, Any]:
    understands = support_dialogues.local(model) if model else ()
    held = support_dialogues.hold(data=data, seeds=(seed,), understands=understands)
    return {"held": [h.told() for h in held]}


def _together(told: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The figures of all pieces."""
    figures: dict[str, Any] = {"seed": SEED}
    sums: dict[str, dict[str, int]] = {"adversary": {}, "injections": {}}
    held: dict[str, list[Held]] = {"dialogues": [], "local": []}
    for name, found in told.items():
        part = name.partition(".")[0]
        figures[f"cpu_s.{part}"] = round(figures.get(f"cpu_s.{part}", 0) + found["cpu_s"], 1)
        found = {k: v for k, v in found.items() if k not in ("cpu_s", "seed")}
        if part in held:
            held[part] += [Held(**row) for row in found["held"]]
        elif part in sums and name != "injections.refusals":
            for key, value in found.items():
                sums[part][key] = sums[part].get(key, 0) + value
        else:
            figures |= found
    figures |= sums["adversary"] | support_injections.figures(sums["injections"])
    figures |= support_dialogues.figures(held["dialogues"])
    if held["local"]:
        local = support_dialogues.figures(held["local"])
        figures |= {f"{key}.local": local[key] for key in ("pass^1", "needless_handover")}
    return figures


def _timed(name: str, measure: Part) -> dict[str, Any]:
    """A part's figures with the processor seconds that it took here (the database's own are not among them)."""
    print(f"-- {name}", file=sys.stderr)
    began, wall = _cpu_s(), time.perf_counter()
    found = measure()
    spent = _cpu_s() - began
    print(f"   {spent:.0f} s of processor, {time.perf_counter() - wall:.0f} s", file=sys.stderr)
    return found | {"cpu_s": round(spent, 1)}


def _cpu_s() -> float:
    each = (resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in each)


def _state() -> str:
    """Changes whenever the code of customer service or of its measurement does."""
    ours = sorted(Path(shopkeeper.support.__file__).parent.rglob("*.*"))
    files = [*ours, *sorted(Path(__file__).parent.glob("support*")), *sorted(Path(__file__).parent.glob("*custom*"))]  # fmt: skip
    whole = hashlib.sha256()
    for file in files:
        if file.suffix in (".py", ".toml"):
            whole.update(file.read_bytes())
    return whole.hexdigest()[:16]
