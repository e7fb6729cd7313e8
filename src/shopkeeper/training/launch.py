"""Starting a training on many processes: a file that says what to train, and `torchrun`, which reads it in each."""

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from shopkeeper.errors import ArtifactError, ModelError
from shopkeeper.training.storage import storing

LAUNCH = "launch.json"


@dataclass(frozen=True, slots=True)
class Launch:
    """Where everything is. data_folder: of the shop whose database records the run; config: its settings file.

    An address of a database, which has a password in it, is in neither: the processes find SHOPKEEPER_DATABASE_URL.
    """

    name: str
    run: str
    corpus: str
    data_folder: str
    config: str = ""

    def write(self) -> Path:
        """Into the run's folder. Returns the file. Raises StorageError."""
        path = Path(self.run) / LAUNCH
        with storing(path.parent):
            path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
        return path


def read_launch(path: Path) -> Launch:
    """What `write` wrote. Raises ArtifactError."""
    try:
        return Launch(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, TypeError, ValueError) as error:
        raise ArtifactError(
            f"{path} cannot be read: {error}",
            hint="shopkeeper lm pretrain RUN --parallel … writes it",
        ) from error


def command(path: Path, processes: int) -> list[str]:
    """What starts the processes on this machine."""
    start = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    return [sys.executable, *start, "-m", "shopkeeper.training", str(path)]


def processes_here() -> int:
    """One a GPU; two where there is none."""
    import torch

    return torch.cuda.device_count() or 2


def start(path: Path, processes: int, *, database_url: str | None = None) -> None:
    """Train on so many processes of this machine. Ctrl-C reaches them all. Raises ModelError if they failed."""
    environment = dict(os.environ)
    environment.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // processes)))
    if database_url:
        environment["SHOPKEEPER_DATABASE_URL"] = database_url
    program = subprocess.Popen(command(path, processes), env=environment)
    while True:
        try:
            code = program.wait()
            break
        except KeyboardInterrupt:  # they stop by themselves, with a checkpoint
            continue
    if code:
        raise ModelError(
            f"the training on {processes} processes ended with {code}",
            hint="what they said is above; the last checkpoint is whole",
        )
