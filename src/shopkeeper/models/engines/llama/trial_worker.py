"""Loads a model as the engine would, and has it do one thing, in a process that may end with it.

Run as a file: path, `vectors` or `text`, then files of adapters. Exits with 0 if the model works.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import xllamacpp


def main(path: str, use: str, *adapters: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        wanted = xllamacpp.CommonParams()
        wanted.model.path = path
        wanted.hostnames = [str(Path(folder) / "trial.sock")]
        wanted.n_ctx = wanted.n_batch = wanted.n_ubatch = 64
        wanted.n_parallel = wanted.cpuparams.n_threads = wanted.cpuparams_batch.n_threads = 1
        wanted.cache_ram_mib = 0
        wanted.warmup = wanted.fit_params = False
        wanted.offline = True
        wanted.verbosity = -1
        wanted.embedding = use == "vectors"
        wanted.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(file, 1.0) for file in adapters]
        server = xllamacpp.Server(wanted)
        said: dict[str, Any]
        if use == "vectors":
            said = server.handle_embeddings({"input": "a"})
        else:
            said = server.handle_completions({"prompt": "a", "max_tokens": 2, "temperature": 0})
        return 0 if "data" in said or "choices" in said else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
