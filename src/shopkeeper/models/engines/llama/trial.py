"""A first run of a model from outside in a process of its own.

A header can be sound and still say what makes llama.cpp end its process: no layers at all, a vocabulary that its
tokenizer does not fit. Such a file is found out here, where only a child of ours ends. What the lock file of the hub
names has been tried before and needs no trial.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from shopkeeper.errors import EngineUnavailable

PATIENCE_S = 300.0
PROGRAM = Path(__file__).with_name("trial_worker.py")
KEPT = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "TMPDIR")


def try_out(path: Path, *, vectors: bool, adapters: Iterable[Path]) -> None:
    """Raises EngineUnavailable if llama.cpp does not survive this model, or refuses it."""
    command = [sys.executable, "-I", str(PROGRAM), str(path), "vectors" if vectors else "text"]
    environment = {key: os.environ[key] for key in KEPT if key in os.environ}
    with tempfile.TemporaryDirectory(prefix="shopkeeper-trial-") as folder:
        try:
            ended = subprocess.run(
                [*command, *map(str, adapters)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, timeout=PATIENCE_S, cwd=folder, check=False,
                env=environment | {"GGML_NO_BACKTRACE": "1"},
            ).returncode  # fmt: skip
        except subprocess.TimeoutExpired:
            raise EngineUnavailable(
                f"{path} was not loaded within {PATIENCE_S:g} s", hint="it is damaged, or too large"
            ) from None
        except OSError as error:
            raise EngineUnavailable(f"no process to try {path} in: {error.strerror}") from error
    if ended != 0:
        how = f"ends with signal {-ended}" if ended < 0 else "refuses it"
        raise EngineUnavailable(
            f"{path} cannot be used: on a trial llama.cpp {how}",
            hint="the file or an adapter is damaged, too large for this machine, or newer than this llama.cpp",
        )
