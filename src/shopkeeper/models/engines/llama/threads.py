"""How many threads to compute with: as many as there are cores free, since ggml's threads wait for each other.

At every step of a layer all threads meet at a barrier. Where a thread has no core of its own, all the others wait
until the system lets it run again, and more threads make it slower, not faster.
"""

import math
import os
import time
from pathlib import Path

WATCHED_S = 0.2
CPU_TIMES = Path("/proc/stat")
QUOTA = Path("/sys/fs/cgroup/cpu.max")


def thread_count(asked: int) -> int:
    """`asked`, but no more than the cores given to this process; for 0, as many as are free now, at least one."""
    allowed = allowed_cores()
    return min(asked, allowed) if asked else max(1, min(allowed, round(idle_cores(WATCHED_S))))


def allowed_cores() -> int:
    """Cores that this process may use: by affinity, and by the container's quota."""
    given = len(_affinity())
    try:
        quota, period = QUOTA.read_text().split()
        return given if quota == "max" else max(1, min(given, math.floor(int(quota) / int(period))))
    except (OSError, ValueError):  # no such limit on this system
        return given


def idle_cores(seconds: float) -> float:
    """How many of our cores were idle, on average, over the next moment; all of them where it cannot be known."""
    before = _idle_and_all()
    time.sleep(seconds)
    after = _idle_and_all()
    passed = after[1] - before[1]
    share = (after[0] - before[0]) / passed if passed > 0 else 1.0
    return share * len(_affinity())


def _affinity() -> set[int]:
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


def _idle_and_all() -> tuple[int, int]:
    """Idle and all clock ticks since the start, of the cores that are ours (proc(5), /proc/stat)."""
    try:
        lines = CPU_TIMES.read_text().splitlines()
    except OSError:
        return 0, 0
    ours = {f"cpu{number}" for number in _affinity()}
    idle = total = 0
    for name, *ticks in (line.split() for line in lines if line.startswith("cpu")):
        if name in ours:
            idle += int(ticks[3]) + int(ticks[4])  # idle, and waiting for a disk
            total += sum(int(t) for t in ticks[:8])
    return idle, total
