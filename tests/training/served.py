"""What was exported, served by a process that cannot import torch: JSON in, JSON out (`python -m tests.training.served`).

In: {"texts": […], "paths": [GGUF files, ONNX folders]}. Out: for each path what it makes of each text, the ids of the
tokens that it says or the likelihoods of its labels.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def served(texts: Sequence[str], *paths: Path) -> list[list[Any]]:
    """The same from this process, by starting that one."""
    asked = json.dumps({"texts": list(texts), "paths": list(map(str, paths))})
    command = [sys.executable, "-m", "tests.training.served"]
    done = subprocess.run(command, input=asked, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: list[list[Any]] = json.loads(done.stdout)
    return found


def main() -> None:
    """Answer what comes in."""
    sys.modules["torch"] = None  # type: ignore[assignment]  # an import of it fails from now on
    from shopkeeper.models.embed.folder import Classifier
    from shopkeeper.models.engines.llama import LlamaEngine
    from shopkeeper.models.records import Controls, Request
    from shopkeeper.settings import EngineSettings

    def said(path: Path, texts: Sequence[str]) -> list[Any]:
        if path.is_dir():
            return list(Classifier(path).likelihoods(texts).tolist())
        settings = EngineSettings(
            kind="llama.cpp", model=str(path), context_tokens=256, parallel=1, threads=1
        )
        engine = LlamaEngine.open(path, name="made", settings=settings, tried=True)
        most = Controls(max_new_tokens=8, temperature=0)
        answers = [list(engine.generate(Request(text, most)).token_ids) for text in texts]
        engine.close()
        return answers

    asked = json.load(sys.stdin)
    json.dump([said(Path(path), asked["texts"]) for path in asked["paths"]], sys.stdout)


if __name__ == "__main__":
    main()
