"""A recommender trained in a process of its own: what it needs of memory goes back when it ends, and the shop's answers
do not wait for it.

    python -m shopkeeper.jobs.training_apart

reads `url`, `folder` and `switch` as one JSON object from standard input, so that no password stands on a command line,
and writes a JSON object a line: steps, and at last what came of it or why nothing did.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shopkeeper.errors import Refused, ShopkeeperError
from shopkeeper.jobs.progress import Progress, StopRequested
from shopkeeper.recommend.learning import learn
from shopkeeper.shop.database import Database

LOOK_EVERY_S = 0.2


def train_apart(
    progress: Progress, database: Database, folder: Path, *, switch: bool
) -> Mapping[str, Any]:
    """What came of a training: the version, its state, what spoke against it. Raises ShopkeeperError as `learn` does,
    or if the process was ended from outside; StopRequested, which ends it."""
    process = subprocess.Popen(
        [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
        start_new_session=True,  # Ctrl-C is for the shop, which ends what it began
    )  # fmt: skip
    assert process.stdin and process.stdout
    watching = threading.Thread(target=_end_with, args=(progress, process), daemon=True)
    watching.start()
    try:
        asked = {"url": database.url, "folder": str(folder), "switch": switch}
        process.stdin.write(json.dumps(asked))
        process.stdin.close()
        for line in process.stdout:
            said = json.loads(line)
            if "step" in said:
                done, total, message = said["step"]
                progress.report(done, total, "steps", message)
            elif "refused" in said:
                raise Refused(said["refused"], hint=said["hint"])
            else:
                return dict(said["made"])
    finally:
        process.kill()
        process.stdout.close()
        process.wait()
        watching.join()
    if progress.stopping():
        raise StopRequested
    raise ShopkeeperError(
        "the training ended before it was done", hint="see the log; is there memory enough?"
    )


def _end_with(progress: Progress, process: subprocess.Popen[str]) -> None:
    """End the process as soon as the job should end, in the midst of a step too."""
    while process.poll() is None:
        if progress.stopping():
            process.kill()
            return
        time.sleep(LOOK_EVERY_S)


def main() -> None:
    """What the process does."""
    asked = json.load(sys.stdin)
    database = Database(asked["url"], pool_size=2)
    try:
        made = learn(
            database, Path(asked["folder"]), switch=asked["switch"],
            on_step=lambda done, total, message: _say(step=(done, total, message)),
        )  # fmt: skip
        against = made.score["against"]
        _say(made={"version": made.id, "state": made.state.value, "against": against})
    except ShopkeeperError as error:
        _say(refused=error.message, hint=error.hint)
    finally:
        database.close()


def _say(**what: Any) -> None:
    sys.stdout.write(f"{json.dumps(what)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
