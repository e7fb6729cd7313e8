"""How much memory is free for another model, as the kernel and the container see it."""

from pathlib import Path

_GROUPS = (  # limit, what is used, statistics and which of them: of version 2 and of version 1
    ("memory.max", "memory.current", "memory.stat", "inactive_file"),
    (
        "memory/memory.limit_in_bytes",
        "memory/memory.usage_in_bytes",
        "memory/memory.stat",
        "total_inactive_file",
    ),
)


def free_bytes(
    meminfo: Path = Path("/proc/meminfo"), groups: Path = Path("/sys/fs/cgroup")
) -> int | None:
    """Bytes that a program may still take without others being pushed out; None where the system does not tell."""
    free = [size for size in (_available(meminfo), _left_in_group(groups)) if size is not None]
    return min(free, default=None)


def _available(meminfo: Path) -> int | None:
    try:
        lines = meminfo.read_text().splitlines()
    except OSError:
        return None
    found = (line.split() for line in lines if line.startswith("MemAvailable:"))
    return next((int(words[1]) * 1024 for words in found), None)


def _left_in_group(groups: Path) -> int | None:
    for limit_file, used_file, statistics, unused in _GROUPS:
        try:
            limit = (groups / limit_file).read_text().strip()
            used = int((groups / used_file).read_text())
            lines = (groups / statistics).read_text().splitlines()
        except OSError:
            continue
        if limit == "max":
            return None
        # Pages of files that nobody has touched lately are given up when memory is wanted.
        given_up = sum(int(line.split()[1]) for line in lines if line.split()[0] == unused)
        return max(0, int(limit) - used + given_up)
    return None
