"""One way to run a language model, in a process of its own, for `lm_serving`: asked by JSON lines, answers likewise.

`bare` is xllamacpp as its README shows it, `engine` our engine, `transformers` the same weights by Transformers. Each
line in says what to `do`; each line out has seconds until the first token and in all, and numbers of tokens.
"""

import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Told = dict[str, float]
Ask = Callable[[str, int], Told]

CONTEXT = 2048
STREAMS = 8


def main(kind: str, path: str, threads: int) -> None:
    ask = {"bare": bare, "engine": engine, "transformers": transformers}[kind](Path(path), threads)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        wanted = json.loads(line)
        if wanted["do"] == "one":
            told = ask(wanted["prompts"][0], wanted["tokens"])
        else:
            told = together(ask, wanted["prompts"], wanted["tokens"])
        print(json.dumps(told), flush=True)


def together(ask: Ask, prompts: list[str], tokens: int) -> Told:
    """All prompts at once."""
    told: list[Told] = []
    begun = time.perf_counter()
    each = [threading.Thread(target=lambda p=p: told.append(ask(p, tokens))) for p in prompts]
    for thread in each:
        thread.start()
    for thread in each:
        thread.join()
    return {"total_s": time.perf_counter() - begun, "tokens": sum(one["tokens"] for one in told)}


def bare(path: Path, threads: int) -> Ask:
    """xllamacpp's server by function calls, streaming. threads 0: its default."""
    import xllamacpp

    wanted = xllamacpp.CommonParams()
    wanted.model.path = str(path)
    wanted.n_ctx = CONTEXT * STREAMS
    wanted.n_parallel = STREAMS
    wanted.verbosity = -1
    if threads:
        wanted.cpuparams.n_threads = wanted.cpuparams_batch.n_threads = threads
    server = xllamacpp.Server(wanted)

    def ask(prompt: str, tokens: int) -> Told:
        told: Told = {}
        begun = time.perf_counter()

        def hear(said: dict[str, Any]) -> None:
            now = time.perf_counter() - begun
            if said["choices"][0]["text"]:
                told.setdefault("first_s", now)
            if usage := said.get("usage"):
                told.update(
                    total_s=now,
                    tokens=usage["completion_tokens"],
                    prompt_tokens=usage["prompt_tokens"],
                )

        body = {"prompt": prompt, "max_tokens": tokens, "temperature": 0, "stream": True}
        server.handle_completions(body, hear)
        return told

    return ask


def engine(path: Path, threads: int) -> Ask:
    """Our engine, streaming. threads 0: by its own policy."""
    from shopkeeper.models.engines.llama import LlamaEngine
    from shopkeeper.models.records import Controls, Request
    from shopkeeper.settings import EngineSettings

    settings = EngineSettings(
        kind="llama.cpp", model=str(path), context_tokens=CONTEXT, parallel=STREAMS, threads=threads
    )
    opened = LlamaEngine.open(path, name=path.stem, settings=settings, tried=True)
    opened.count_tokens("load it")

    def ask(prompt: str, tokens: int) -> Told:
        first = 0.0
        begun = time.perf_counter()
        for piece in opened.stream(Request(prompt, Controls(max_new_tokens=tokens))):
            first = first or time.perf_counter() - begun
            if piece.generation:
                used = piece.generation.usage
        return {
            "first_s": first, "total_s": time.perf_counter() - begun, "tokens": used.completion_tokens,
            "prompt_tokens": used.prompt_tokens, "cached_tokens": used.cached_tokens,
        }  # fmt: skip

    return ask


def transformers(path: Path, threads: int) -> Ask:
    """The weights of the GGUF file as 32-bit floats."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    torch.set_num_threads(threads)
    folder, file = str(path.parent), path.name
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=file)
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=torch.float32)

    def ask(prompt: str, tokens: int) -> Told:
        ids = tokenizer(prompt, return_tensors="pt")
        taken = []
        for count in (1, tokens):
            begun = time.perf_counter()
            made = model.generate(**ids, max_new_tokens=count, do_sample=False, pad_token_id=0)
            taken.append(time.perf_counter() - begun)
        read = ids["input_ids"].shape[1]
        return {
            "first_s": taken[0],
            "total_s": taken[1],
            "tokens": made.shape[1] - read,
            "prompt_tokens": read,
        }

    return ask


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
