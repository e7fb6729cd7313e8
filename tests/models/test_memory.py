"""Free memory: what the kernel says, and less where a container may have less."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from shopkeeper.models.memory import free_bytes

MEMINFO = "MemTotal:       24684092 kB\nMemFree:  1000 kB\nMemAvailable:   2000000 kB\n"
AVAILABLE = 2_000_000 * 1024
VERSION_2 = {
    "memory.max": "1000000\n", "memory.current": "700000\n", "memory.stat": "anon 5\ninactive_file 200000\n",
}  # fmt: skip
VERSION_1 = {
    "memory/memory.limit_in_bytes": "1000000\n", "memory/memory.usage_in_bytes": "900000\n",
    "memory/memory.stat": "cache 7\ntotal_inactive_file 300000\n",
}  # fmt: skip


def free(folder: Path, files: Mapping[str, str]) -> int | None:
    (folder / "meminfo").write_text(MEMINFO)
    for name, text in files.items():
        path = folder / "groups" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return free_bytes(folder / "meminfo", folder / "groups")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, AVAILABLE),
        (VERSION_2, 500_000),
        (VERSION_1, 400_000),
        (VERSION_2 | {"memory.max": "max\n"}, AVAILABLE),
        (VERSION_2 | {"memory.max": str(2**62)}, AVAILABLE),
        (VERSION_2 | {"memory.current": "9000000\n"}, 0),
    ],
    ids=["no container", "version 2", "version 1", "no limit", "a limit beyond all", "over it"],
)
def test_the_least_of_machine_and_container_is_free(
    tmp_path: Path, files: Mapping[str, str], said: int
) -> None:
    assert free(tmp_path, files) == said


def test_where_the_system_tells_nothing_it_is_not_known(tmp_path: Path) -> None:
    assert free_bytes(tmp_path / "absent", tmp_path) is None
