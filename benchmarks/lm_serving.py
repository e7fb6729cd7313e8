"""What our engine and gateway cost over bare xllamacpp, on the same model and prompts, asked in turn.

Each way runs in a process of its own, all with as many threads as there are cores, and streams its answer: the first
token says how fast a prompt of some 450 tokens is read, the others how fast text is written. Then eight streams
against one, a second question on a shared beginning of 1,000 tokens against the first, and, with every core kept busy
by other programs, our choice of threads against the default. Transformers runs the same weights beside.
"""

import http.client
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.serving import Served, served
from shopkeeper.models import hub
from shopkeeper.settings import load_settings

MODELS = {"smollm2": "smollm2-135m", "qwen0.5b": "qwen2.5-coder-0.5b"}
NEW_TOKENS = 48
STREAMS = 8
SENTENCE = (
    "The shop sells shoes, lamps and toys; it is open from nine to five and ships within two days. "
)
Told = dict[str, float]
Ask = Callable[..., Told]


def run(*, quick: bool, data: Path) -> dict[str, Any]:
    """The figures; the ones without a model's name are the least over models. quick: SmolLM2 only, fewer rounds."""
    del data  # prompts are made here
    rounds = 3 if quick else 7
    figures: dict[str, Any] = {}
    for name, id_ in list(MODELS.items())[: 1 if quick else None]:
        figures |= {f"{key}.{name}": value for key, value in figures_of(id_, rounds).items()}
    for key in (
        "decode_ratio",
        "prefill_ratio",
        "gateway_ratio",
        "parallel8_ratio",
        "prefix_speedup",
    ):
        figures[key] = min(
            figures[f"{key}.{name}"] for name in list(MODELS)[: 1 if quick else None]
        )
    figures["busy_ratio"] = busy_ratio(_path(MODELS["smollm2"]), 1 if quick else 3)
    for key, value in figures.items():
        print(f"{key:44} {value}")
    return {"seed": 0} | figures


def figures_of(id_: str, rounds: int) -> dict[str, float]:
    """All figures of one model."""
    path = _path(id_)
    with ExitStack() as opened:
        bare, engine = (opened.enter_context(worker(kind, path)) for kind in ("bare", "engine"))
        gateway = opened.enter_context(through_gateway(id_))
        ways = {"bare": bare, "engine": engine, "gateway": gateway}
        for ask in ways.values():  # the first answer pays for what is read once
            ask([_prompt(-1)], 4)
        told: dict[str, list[Told]] = {name: [] for name in ways}
        for n in range(rounds):
            for name, ask in ways.items():
                told[name].append(ask([_prompt(n)], NEW_TOKENS))
        figures = speeds(told)
        figures |= parallel(engine, max(2, rounds // 2))
        figures["parallel8_ratio.bare"] = parallel(bare, max(2, rounds // 2))["parallel8_ratio"]
        figures |= prefix(engine, max(2, rounds // 2))
    if importlib.util.find_spec("torch"):
        with worker("transformers", path) as ask:
            slow = [ask([_prompt(n)], NEW_TOKENS) for n in range(2)]
        figures["decode_tokens_per_s.transformers"] = round(_middle(decode, slow), 1)
        figures["prefill_tokens_per_s.transformers"] = round(_middle(prefill, slow), 1)
    return figures


def speeds(told: dict[str, list[Told]]) -> dict[str, float]:
    """Tokens a second of each way, and ours over the bare one's, by medians."""
    figures: dict[str, float] = {}
    for way, each in told.items():
        for name, rate in (("decode", decode), ("prefill", prefill)):
            rates = sorted(map(rate, each))
            figures[f"{name}_tokens_per_s.{way}"] = round(statistics.median(rates), 1)
            figures[f"{name}_tokens_per_s.{way}.least"] = round(rates[0], 1)
            figures[f"{name}_tokens_per_s.{way}.most"] = round(rates[-1], 1)
    for name, rate in (("decode", decode), ("prefill", prefill)):
        bare = _middle(rate, told["bare"])
        figures[f"{name}_ratio"] = round(_middle(rate, told["engine"]) / bare, 3)
        figures[f"gateway_{name}_ratio"] = round(_middle(rate, told["gateway"]) / bare, 3)
    figures["gateway_ratio"] = min(
        figures[f"gateway_{name}_ratio"] for name in ("decode", "prefill")
    )
    return figures


def parallel(ask: Ask, rounds: int) -> dict[str, float]:
    """Tokens a second of eight streams over those of one, on short prompts."""
    one, eight = [], []
    for n in range(rounds):
        prompts = [f"{n}.{k}. {SENTENCE}" for k in range(STREAMS)]
        alone = ask(prompts[:1], NEW_TOKENS)
        one.append(alone["tokens"] / alone["total_s"])
        together = ask(prompts, NEW_TOKENS, do="together")
        eight.append(together["tokens"] / together["total_s"])
    figures = {"tokens_per_s.1": statistics.median(one), "tokens_per_s.8": statistics.median(eight)}
    ratio = figures["tokens_per_s.8"] / figures["tokens_per_s.1"]
    return {key: round(value, 1) for key, value in figures.items()} | {
        "parallel8_ratio": round(ratio, 2)
    }


def prefix(ask: Ask, rounds: int) -> dict[str, float]:
    """Milliseconds until the first token of a question after 1,000 tokens, and of another after the same."""
    first, second = [], []
    for n in range(rounds):
        shared = f"{n + 1000}. {SENTENCE * 45}"
        first.append(ask([f"{shared} When is it open?"], 4))
        second.append(ask([f"{shared} How soon does it ship?"], 4))
    if min(one["prompt_tokens"] for one in first) < 1000:
        raise RuntimeError("the shared beginning has fewer than 1,000 tokens")
    cold, warm = (statistics.median(one["first_s"] for one in each) for each in (first, second))
    return {
        "first_token_ms": round(cold * 1000, 1), "next_first_token_ms": round(warm * 1000, 1),
        "prefix_speedup": round(cold / warm, 1),
    }  # fmt: skip


def busy_ratio(path: Path, rounds: int) -> float:
    """Tokens a second of our choice of threads over the default's, while every core has another program to run."""
    loop = [sys.executable, "-c", "while True: pass"]
    with ExitStack() as opened:
        for _ in range(cores()):
            opened.callback(_end, subprocess.Popen(loop))
        bare, engine = (opened.enter_context(worker(kind, path, 0)) for kind in ("bare", "engine"))
        told = [(ask([_prompt(n)[:200]], 16)) for n in range(rounds) for ask in (engine, bare)]
    ours, theirs = (statistics.median(map(decode, told[side::2])) for side in (0, 1))
    print(f"every core busy: {ours:.1f} tokens/s by our choice of threads, {theirs:.1f} by default")
    return round(ours / theirs, 2)


@contextmanager
def worker(kind: str, path: Path, threads: int | None = None) -> Iterator[Ask]:
    """A way to ask a model that runs in a process of its own, until the block ends."""
    count = cores() if threads is None else threads
    command = [sys.executable, "-m", "benchmarks.lm_serving_worker", kind, str(path), str(count)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        asked, answers = process.stdin, process.stdout

        def ask(prompts: list[str], tokens: int, *, do: str = "one") -> Told:
            print(
                json.dumps({"do": do, "prompts": prompts, "tokens": tokens}), file=asked, flush=True
            )
            told: Told = json.loads(answers.readline())
            return told

        answers.readline()  # it is ready
        try:
            yield ask
        finally:
            asked.close()


@contextmanager
def through_gateway(id_: str) -> Iterator[Ask]:
    """A way to ask the same model over HTTP, of the real server."""
    engine = {
        "kind": "llama.cpp", "model": id_, "context_tokens": 2048, "parallel": STREAMS, "threads": cores(),
    }  # fmt: skip
    os.environ |= {
        "SHOPKEEPER_ENGINES": json.dumps({"bench": engine}),
        "SHOPKEEPER_ROUTES": json.dumps({"default": ["bench"]}),
        "SHOPKEEPER_ASSISTANT": "",
        "SHOPKEEPER_EMBEDDER": "",
    }
    with (
        tempfile.TemporaryDirectory(prefix="shopkeeper-lm-") as folder,
        served(Path(folder)) as server,
    ):
        yield lambda prompts, tokens: _over_http(server, prompts[0], tokens)


def _over_http(server: Served, prompt: str, tokens: int) -> Told:
    body = {
        "model": "bench", "prompt": prompt, "max_tokens": tokens, "temperature": 0, "stream": True,
        "stream_options": {"include_usage": True},
    }  # fmt: skip
    headers = {"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"}
    told: Told = {}
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
    begun = time.perf_counter()
    connection.request("POST", "/v1/completions", json.dumps(body), headers)
    answer = connection.getresponse()
    if answer.status != 200:
        raise RuntimeError(f"the gateway answered {answer.status}: {answer.read()[:500]!r}")
    for line in answer:
        if not line.startswith(b"data: {"):
            continue
        event = json.loads(line[6:])
        if any(choice["text"] for choice in event["choices"]):
            told.setdefault("first_s", time.perf_counter() - begun)
        if usage := event.get("usage"):
            told["tokens"] = usage["completion_tokens"]
            told["prompt_tokens"] = usage["prompt_tokens"]
    told["total_s"] = time.perf_counter() - begun
    connection.close()
    return told


def decode(told: Told) -> float:
    """Tokens a second after the first."""
    return (told["tokens"] - 1) / (told["total_s"] - told["first_s"])


def prefill(told: Told) -> float:
    """Tokens of the prompt a second, until the first token came."""
    return told["prompt_tokens"] / told["first_s"]


def cores() -> int:
    return len(os.sched_getaffinity(0))


def _middle(rate: Callable[[Told], float], told: list[Told]) -> float:
    return statistics.median(map(rate, told))


def _prompt(number: int) -> str:
    """Some 450 tokens that no prompt before began with."""
    return f"{number + 100}. {SENTENCE * 20}\nA poem about this shop, in many verses:\n"


def _path(id_: str) -> Path:
    path = hub.path_here(id_, load_settings().cache_folder)
    if path is None:
        raise SystemExit(f"{id_} is not fetched: shopkeeper models pull {id_}")
    return path


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
