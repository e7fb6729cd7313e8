"""Customers played by a language model behind any OpenAI-compatible server, over train tasks of tau-bench's retail shop.

    python -m benchmarks support --endpoint http://127.0.0.1:8000/v1 [--model M] [--tasks N] [--tries K] [--save]

The model is told a task's scenario and speaks with the agent turn by turn (`played_customer.py`); the shop afterwards is
compared with what the task's solution makes of it. Two agents meet the same customers: `.rules` understands by rules alone,
`.model` has the same model write down what a message asks for. `ended.*` counts how conversations came to their end,
`not_understood.model` in how many of the second kind the model failed the agent at least once, so that rules went on.

A customer who says the wrong thing loses a conversation as an agent does: what comes out is of the pair. Published runs
(Claude Sonnet 4.5 as the agent: pass^1 86.2 %) had a strong model as customer, other prompts, and all tasks; only figures
with the same model as customer and the same tasks are comparable. `--tasks N`: the first N in the order of the file.

Each conversation is kept as soon as it has ended, in a file that is named at the beginning: a run that was cut, or stopped
because the server could not be had, goes on from it. `ENDPOINT_KEY` is sent as the bearer token, if it is set.
"""

import hashlib
import json
import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from pydantic import SecretStr

import shopkeeper.support
from benchmarks import support_dialogues
from benchmarks.played_customer import PATIENCE_S, Played
from benchmarks.support_dialogues import Held, Speaks
from benchmarks.tau_shop import read
from shopkeeper.errors import ModelError, SettingsError
from shopkeeper.models.engines.contract import LanguageModel
from shopkeeper.models.engines.remote import RemoteEngine
from shopkeeper.models.prompting import Kept
from shopkeeper.settings import EngineSettings
from shopkeeper.support.dialogue import ByModel, Command, View

SEEDS = support_dialogues.REPORTED
AGENTS = ("rules", "model")
CONTEXT_TOKENS = 4_096  # that answers are planned for, unless the server says it has fewer


class Failing:
    """Understanding by the model that counts how often it failed."""

    def __init__(self, model: LanguageModel) -> None:
        self._by = ByModel(model)
        self.failed = 0

    def commands(self, message: str, view: View) -> list[Command]:
        """See `Understands`. Raises ModelError."""
        try:
            return self._by.commands(message, view)
        except ModelError:
            self.failed += 1
            raise


def run(*, data: Path, endpoint: str, model: str, tasks: int, tries: int) -> dict[str, Any]:
    """The figures of both agents. tasks: how many, 0 for all; tries: conversations about each. Ends the program with a
    sentence where the server cannot be had."""
    key = os.environ.get("ENDPOINT_KEY", "")
    called = model or _only_model(endpoint, key)
    settings = EngineSettings(
        kind="openai", url=endpoint, model=called, private=True, timeout_s=PATIENCE_S,
        context_tokens=CONTEXT_TOKENS, api_key=SecretStr(key) if key else None,
    )  # fmt: skip
    wanted = [task["id"] for task in read(data, "tasks_train")][: tasks or None]
    file = _file(endpoint, called)
    print(f"what came of each conversation: {file}; a run goes on from it, remove it to begin anew")
    try:
        engine = RemoteEngine("endpoint", settings)
        talks = _Talks(data, engine, file)
        held = {name: talks.hold(name, wanted, SEEDS[:tries]) for name in AGENTS}
    except (ModelError, SettingsError) as error:
        raise SystemExit(
            f"the model at {endpoint} failed: {error.message}. What was held is kept in {file}: run the same command again."
        ) from None
    part = f" --tasks {tasks}" if tasks else ""
    found: dict[str, Any] = {
        "seed": SEEDS[0], "customer": called, "tasks": len(wanted),
        "command": f"support --endpoint URL --model {called}{part} --tries {tries}",
    }  # fmt: skip
    for name, rows in held.items():
        figures = support_dialogues.figures([Held(**row["held"]) for row in rows])
        found |= {f"{key}.{name}": value for key, value in figures.items()}
        ends = Counter(row["ended"] for row in rows)
        found |= {f"ended.{how.replace(' ', '_')}.{name}": n for how, n in sorted(ends.items())}
    found["not_understood.model"] = sum(row["failed"] > 0 for row in held["model"])
    return found


class _Talks:
    """Conversations, each kept as it ends."""

    def __init__(self, data: Path, engine: LanguageModel, file: Path) -> None:
        self._data, self._engine, self._kept = data, engine, Kept(file)

    def hold(self, agent: str, tasks: Sequence[str], seeds: Sequence[int]) -> list[dict[str, Any]]:
        """What came of each; those not held before are held now. Raises ModelError."""
        for seed in seeds:
            left = tuple(t for t in tasks if not self._kept.has(_key(agent, seed, t)))
            if left:
                self._held_now(agent, left, seed)
        return [self._kept.get(_key(agent, seed, t), dict) for seed in seeds for t in tasks]

    def _held_now(self, agent: str, tasks: tuple[str, ...], seed: int) -> None:
        by = Failing(self._engine)

        def ended(talk: Held, customer: Speaks) -> None:
            assert isinstance(customer, Played)
            how = "handed over" if talk.handed_over else customer.ended or "turns used up"
            row = {"held": talk.told(), "ended": how, "failed": by.failed, "lines": talk.lines}
            self._kept.get(_key(agent, seed, talk.task), lambda: row)
            by.failed = 0
            print(f"{agent}, task {talk.task}, seed {seed}: {'right' if talk.right else 'wrong'}, {how}", flush=True)  # fmt: skip

        support_dialogues.hold(
            data=self._data, seeds=(seed,), tasks=tasks, after=ended,
            understands=(by,) if agent == "model" else (),
            customer=lambda task, number: Played.of(task, self._engine, number),
        )  # fmt: skip


def _key(agent: str, seed: int, task: str) -> str:
    return f"{agent}.{seed}.{task}"


def _file(endpoint: str, model: str) -> Path:
    """Where conversations are kept: another file for another server, model, customer or agent."""
    whole = hashlib.sha256(f"{endpoint} {model}".encode())
    code = sorted(Path(shopkeeper.support.__file__).parent.rglob("*.*"))
    for file in (*code, Path(__file__).with_name("played_customer.py")):
        if file.suffix in (".py", ".toml"):
            whole.update(file.read_bytes())
    return Path(tempfile.gettempdir()) / "shopkeeper-support" / f"customers-{whole.hexdigest()[:16]}.jsonl"  # fmt: skip


def _only_model(endpoint: str, key: str) -> str:
    """What the server calls its model, if it has one only. Ends the program with a sentence otherwise."""
    request = Request(f"{endpoint.rstrip('/')}/models")
    if key:
        request.add_header("Authorization", f"Bearer {key}")
    try:
        with urlopen(request, timeout=30) as answer:
            rows = json.load(answer)["data"]
            names = [row["id"] for row in rows if row.get("owned_by") != "embedder"]
    except (URLError, OSError, ValueError, KeyError, TypeError) as error:
        raise SystemExit(f"{endpoint}/models lists no models: {error}; name one with --model") from None  # fmt: skip
    if len(names) != 1:
        raise SystemExit(f"{endpoint} has {len(names)} models; name one with --model: {', '.join(names)}")  # fmt: skip
    return str(names[0])
