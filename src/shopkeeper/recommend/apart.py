"""Models fitted in a process of its own: what that needs of memory goes back when it ends, and no answer waits for it.

The process reads what to do as one JSON object from standard input, so that no password stands on a command line, and
writes a JSON object a line: steps, and at last what came of it or why nothing did.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from shopkeeper.errors import Refused, ShopkeeperError
from shopkeeper.recommend import behaviour, fitting, goods, learning, trust
from shopkeeper.recommend.histories import Places
from shopkeeper.recommend.model import Model
from shopkeeper.shop.database import Database

LOOK_EVERY_S = 0.2
PROGRAM = f"from {__name__} import main; main()"


class Stopped(ShopkeeperError):
    """The work was to stop, and did."""


def learn(
    database: Database,
    data_folder: Path,
    *,
    switch: bool,
    on_step: Callable[[int, int, str], None],
    stopping: Callable[[], bool],
) -> Mapping[str, Any]:
    """What came of `learning.learn`: version, state, what spoke against it. Raises Refused as that does, Stopped, and
    ShopkeeperError if the process was ended from outside."""
    asked = {"do": "learn", "folder": str(data_folder), "switch": switch}
    for said in _told(database, asked, stopping):
        if "step" in said:
            on_step(*said["step"])
        else:
            return dict(said["made"])
    raise _ended(stopping)


def fit(database: Database, *, stopping: Callable[[], bool]) -> Model:
    """A model of what there is and of all that was done. Raises as `learn`."""
    with TemporaryDirectory(prefix="shopkeeper-fit-") as folder:
        for _ in _told(database, {"do": "fit", "folder": folder}, stopping):
            return Model.load(Path(folder))
    raise _ended(stopping)


def fit_here(database: Database) -> Model:
    """The same in this process."""
    with database.connection() as conn:
        there = list(goods.read(conn))
        done = behaviour.read(conn, Places(tuple(good.id for good in there)))
    return fitting.fit(there, trust.sift(done)[0])


def _told(
    database: Database, asked: Mapping[str, Any], stopping: Callable[[], bool]
) -> Iterator[dict[str, Any]]:
    """What the process says, line by line. It is ended with the iterator, or when the work should stop."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
        start_new_session=True,  # Ctrl-C is for the shop, which ends what it began
    )  # fmt: skip
    assert process.stdin and process.stdout
    watching = threading.Thread(target=_end_with, args=(stopping, process), daemon=True)
    watching.start()
    try:
        process.stdin.write(json.dumps({**asked, "url": database.url}))
        process.stdin.close()
        for line in process.stdout:
            said = json.loads(line)
            if "refused" in said:
                raise Refused(said["refused"], hint=said["hint"])
            yield said
    finally:
        process.kill()
        process.stdout.close()
        process.wait()
        watching.join()


def _end_with(stopping: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    """End the process as soon as the work should stop, in the midst of a step too."""
    while process.poll() is None:
        if stopping():
            process.kill()
            return
        time.sleep(LOOK_EVERY_S)


def _ended(stopping: Callable[[], bool]) -> ShopkeeperError:
    if stopping():
        return Stopped("the fit was to stop")
    return ShopkeeperError(
        "the fit ended before it was done", hint="see the log; is there memory enough?"
    )


def main() -> None:
    """What the process does."""
    asked = json.load(sys.stdin)
    database = Database(asked["url"], pool_size=2)
    folder = Path(asked["folder"])
    try:
        if asked["do"] == "fit":
            fit_here(database).save(folder)
            _say(made={})
            return
        made = learning.learn(
            database, folder, switch=asked["switch"],
            on_step=lambda done, total, message: _say(step=(done, total, message)),
        )  # fmt: skip
        _say(made={"version": made.id, "state": made.state.value, "against": made.score["against"]})
    except ShopkeeperError as error:
        _say(refused=error.message, hint=error.hint)
    finally:
        database.close()


def _say(**what: Any) -> None:
    sys.stdout.write(f"{json.dumps(what)}\n")
    sys.stdout.flush()
